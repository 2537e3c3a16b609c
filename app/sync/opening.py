"""The sync room, put together."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.ids import new_id
from app.core.secrets.vault import Vault
from app.gateway.engine import Gateway
from app.jobs.queues import REREAD, SYNC
from app.jobs.service import Jobs
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.sync.rereads import Rereads
from app.sync.service import Sync
from app.sync.slices import Slices
from app.sync.source import Source
from app.synced import hints

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

    async def uncovered(session: AsyncSession, job: SyncJob) -> None:
        if await hints.hooks(session, job.account_id):
            await jobs.enqueue(session, hints.UNCOVERED, new_id("job"), job.environment_id, job.account_id)

    slices = Slices(database, clock, accounts, gateway, vault, queue, lambda: jobs.stopping)
    jobs.register(_SLICE, SYNC, slices.run)
    sync = Sync(database, clock, accounts, queue, is_alive, uncovered)
    source = Source(database, clock, gateway, vault)
    rereads = Rereads(database, clock, accounts, source, jobs, sync.hinted)
    jobs.register(hints.TURN, REREAD, rereads.run)
    jobs.register_due(rereads.strays)
    jobs.register_due(sync.due)
    jobs.register_due(sync.strays)
    return sync


def _job_id(run: SyncRun) -> str:
    return f"sync:{run.id}:{run.slice}"
