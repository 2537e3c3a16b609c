"""The sync room, put together."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.http.egress import Egress
from app.core.ids import new_id
from app.core.secrets.vault import Vault
from app.core.settings import Settings
from app.gateway.engine import Gateway
from app.jobs.queues import DELIVER, REREAD, SYNC
from app.jobs.service import Jobs
from app.models.sync_destinations import SyncDestination
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.sync import quarantine
from app.sync.destinations.delivery import Deliveries
from app.sync.destinations.places import Places
from app.sync.destinations.service import Destinations
from app.sync.rereads import Rereads
from app.sync.service import Sync
from app.sync.slices import Slices
from app.sync.source import Source
from app.synced import hints

_SLICE = "sync.slice"
_DELIVERY = "sync.delivery"
_SOONER = {"adhoc": 1, "full": 3, "initial": 4}
_USUAL = 2


def open_sync(
    settings: Settings,
    database: Database,
    clock: Clock,
    accounts: Accounts,
    gateway: Gateway,
    vault: Vault,
    jobs: Jobs,
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
        return await _is_alive(jobs, _job_id(run))

    async def uncovered(session: AsyncSession, job: SyncJob) -> None:
        if await hints.hooks(session, job.account_id):
            await jobs.enqueue(session, hints.UNCOVERED, new_id("job"), job.environment_id, job.account_id)

    slices = Slices(database, clock, accounts, gateway, vault, queue, lambda: jobs.stopping)
    jobs.register(_SLICE, SYNC, slices.run)
    places = Places(Egress(settings.egress_networks), settings.export_folder, settings.export_stores)
    sync = Sync(database, clock, accounts, Destinations(database, vault, places), queue, is_alive, uncovered)
    source = Source(database, clock, gateway, vault)
    rereads = Rereads(database, clock, accounts, source, jobs, sync.hinted)
    jobs.register(hints.TURN, REREAD, rereads.run)
    jobs.register_due(rereads.strays, every=15.0)
    jobs.register_due(sync.due)
    jobs.register_due(sync.strays, every=15.0)
    jobs.register_due(quarantine.forget, every=60.0)
    open_deliveries(database, clock, accounts, vault, places, jobs)
    return sync


def open_deliveries(
    database: Database, clock: Clock, accounts: Accounts, vault: Vault, places: Places, jobs: Jobs
) -> None:
    """Destinations get what is synced, by whichever process works."""

    async def queue(session: AsyncSession, row: SyncDestination) -> None:
        await jobs.enqueue(session, _DELIVERY, _delivery_id(row), row.id, row.turn, partition=row.job_id)

    async def is_alive(row: SyncDestination) -> bool:
        return await _is_alive(jobs, _delivery_id(row))

    deliveries = Deliveries(database, clock, accounts, vault, places, queue, is_alive, lambda: jobs.stopping)
    jobs.register(_DELIVERY, DELIVER, deliveries.run)
    jobs.register_due(deliveries.due)


async def _is_alive(jobs: Jobs, job_id: str) -> bool:
    job = await jobs.get(job_id)
    return job is not None and job.state in ("delayed", "queued", "running")


def _job_id(run: SyncRun) -> str:
    return f"sync:{run.id}:{run.slice}"


def _delivery_id(row: SyncDestination) -> str:
    return f"deliver:{row.id}:{row.turn}"
