"""How far a run came: its row, its counts, and the events that tell of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.integrated_accounts import IntegratedAccount
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.synced.store import Counts
from app.synced.units import Unit
from app.webhooks import outbox
from app.webhooks.catalogue import Happening


class Fenced(Exception):
    """Somebody else runs this now, or it was paused or stopped: nothing was committed."""


async def advance(session: AsyncSession, run: SyncRun, now: datetime, **values: Any) -> None:
    """The run goes on by one step. Fenced unless it is still ours and where we think it is."""
    done = await session.execute(
        update(SyncRun)
        .where(
            SyncRun.id == run.id,
            SyncRun.lease == run.lease,
            SyncRun.step == run.step,
            SyncRun.state == "running",
        )
        .values(step=run.step + 1, touched_at=now, **values)
        .returning(SyncRun.id)
        .execution_options(synchronize_session=False)
    )
    if done.scalar_one_or_none() is None:
        raise Fenced


def counted(
    stats: Mapping[str, Any], unit: Unit, counts: Counts, aside: int, calls: int
) -> dict[str, dict[str, Any]]:
    """The counts so far with those of a page added."""
    before = stats.get(unit.name, {})
    page = {
        "rows": counts.rows,
        "created": counts.created,
        "updated": counts.updated,
        "deleted": counts.deleted,
        "quarantined": aside,
        "calls": calls,
    }
    sums = {name: before.get(name, 0) + value for name, value in page.items()}
    return {**stats, unit.name: {**before, **sums}}


def noted(
    stats: Mapping[str, Any], unit: Unit, name: str, code: str, message: str
) -> dict[str, dict[str, Any]]:
    """The counts so far, with something to know about how a unit was read."""
    told = {"code": code, "message": message, "resource": unit.path}
    return {**stats, unit.name: {**stats[unit.name], name: told}}


def failed(
    stats: Mapping[str, Any], unit: Unit, error: Mapping[str, Any], calls: int
) -> dict[str, dict[str, Any]]:
    """The counts so far, with why a unit was left out."""
    done = counted(stats, unit, Counts(), 0, calls)
    return {**done, unit.name: {**done[unit.name], "error": dict(error)}}


def read_anew(stats: Mapping[str, Any], unit: Unit) -> dict[str, dict[str, Any]]:
    """The counts so far, with a note that a delta would have told too little of a unit."""
    return {**stats, unit.name: {**stats.get(unit.name, {}), "resync": "cursor_expired"}}


def left_out(stats: Mapping[str, Any]) -> dict[str, Any] | None:
    """Why a unit was left out, or may be in part, if one was: what was waited out is no error of the run."""
    told = (counts.get("error") or counts.get("incomplete") for counts in stats.values())
    return next((each for each in told if each is not None), None)


def count_left_out(stats: Mapping[str, Any]) -> int:
    """How many units were left out."""
    return sum("error" in counts for counts in stats.values())


async def owe(session: AsyncSession, run: SyncRun, now: datetime) -> None:
    """A run that ended because its account is not active is due again, so that it begins once the account is."""
    account = await session.get(IntegratedAccount, run.account_id)
    job = await session.get(SyncJob, run.job_id)
    planned = "next_sweep_at" if run.kind == "full" else "next_run_at"
    if account is None or account.status == "active" or job is None or getattr(job, planned) is None:
        return
    setattr(job, planned, now)
    if job.is_active:
        job.due_at = now


async def tell_run(session: AsyncSession, run: SyncRun, event: Happening, now: datetime) -> None:
    """Records that something happened to a run, as it is now."""
    payload = {
        "id": run.id,
        "sync_job_id": run.job_id,
        "integrated_account_id": run.account_id,
        "kind": run.kind,
        "state": run.state,
        "percent": run.percent,
        "stats": run.stats,
        "error": run.error,
    }
    await outbox.record(session, now, run.environment_id, run.account_id, event, payload)
