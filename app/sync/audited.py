"""What the audit log holds of jobs and runs."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.keys.audit import Actor, record
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.sync.destinations.service import Tried
from app.sync.schemas import bare

_DEEDS = {"pause": "paused", "resume": "resumed", "stop": "stopped"}


async def of_job(
    session: AsyncSession,
    now: datetime,
    actor: Actor,
    deed: str,
    job: SyncJob,
    tried: Tried | None = None,
    **detail: Any,
) -> None:
    """An entry of a job, in the transaction of its change: with the place its records go to from now on."""
    told = {"integrated_account_id": job.account_id, "resources": bare(job.resources), **detail}
    if tried is not None:
        told["destination"] = {"type": tried.made.type, **tried.made.same_place}
    await record(session, now, job.environment_id, actor, f"sync_job.{deed}", job.id, detail=told)


async def of_run(
    session: AsyncSession, now: datetime, actor: Actor, deed: str, run: SyncRun, **detail: Any
) -> None:
    """The same of a run; `deed` is what was asked of it."""
    told = {"sync_job_id": run.job_id, "integrated_account_id": run.account_id, **detail}
    action = f"sync_job_run.{_DEEDS.get(deed, deed)}"
    await record(session, now, run.environment_id, actor, action, run.id, detail=told)
