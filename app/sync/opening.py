"""The sync room, put together."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets.vault import Vault
from app.gateway.engine import Gateway
from app.jobs.queues import SYNC
from app.jobs.service import Jobs
from app.models.sync_runs import SyncRun
from app.sync.service import Sync
from app.sync.slices import Slices

_SLICE = "sync.slice"
_SOONER = {"adhoc": 1, "full": 3, "initial": 4}
_USUAL = 2


def open_sync(
    database: Database, clock: Clock, accounts: Accounts, gateway: Gateway, vault: Vault, jobs: Jobs
) -> Sync:
    """What the API needs; slices are run by whichever process works."""

    async def queue(session: AsyncSession, run: SyncRun, wait: float) -> None:
        await jobs.enqueue(
            session,
            _SLICE,
            _job_id(run),
            run.id,
            run.slice,
            partition=run.account_id,
            delay=wait or None,
            priority=_SOONER.get(run.kind, _USUAL),
        )

    async def is_alive(run: SyncRun) -> bool:
        job = await jobs.get(_job_id(run))
        return job is not None and job.state in ("delayed", "queued", "running")

    slices = Slices(database, clock, accounts, gateway, vault, queue, lambda: jobs.stopping)
    jobs.register(_SLICE, SYNC, slices.run)
    sync = Sync(database, clock, accounts, queue, is_alive)
    jobs.register_due(sync.due)
    jobs.register_due(sync.strays)
    return sync


def _job_id(run: SyncRun) -> str:
    return f"sync:{run.id}:{run.slice}"
