"""How each of a job's resources is kept current, at what cost, and how far it is."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Account
from app.models.sync_jobs import SyncJob
from app.sync import passes, quarantine
from app.sync.passes import Way
from app.sync.schemas import SyncedResource
from app.synced import hints, store
from app.synced.store import Owner
from app.synced.units import units_of

_SEES = {
    Way.KEYSET: "changes and new records; deletions with the next sweep",
    Way.SINCE: "changes and new records; deletions with the next sweep",
    Way.NEWEST: "changes and new records; deletions with the next sweep",
    Way.WINDOW: f"changes of records dated in the last {passes.WINDOW.days} days; older ones with the next sweep",
    Way.WHOLE: "changes, new records and deletions",
}


async def coverage(session: AsyncSession, account: Account, job: SyncJob) -> list[SyncedResource]:
    """One row for each list that is read."""
    owner = Owner(account.environment_id, account.id, account.tenant_id)
    hooks = await hints.hooks(session, account.id)
    aside = await quarantine.counts(session, account.id)
    found: list[SyncedResource] = []
    for path in job.resources:
        for unit in units_of(account.connector, path):
            hook = hooks.get(unit.name)
            way = passes.way_of(unit.part(account.connector))
            known = await store.cursor(session, owner, unit)
            found.append(
                SyncedResource(
                    resource=unit.resource,
                    side=unit.side,
                    strategy=way.value,
                    sees=_SEES[way],
                    mode=hints.mode_of(hook),
                    last_delivery_at=hook.last_delivery_at if hook else None,
                    calls=None if way in (Way.WHOLE, Way.WINDOW) else 1,
                    synced_until=known.since if known else None,
                    swept_at=known.swept_at if known else None,
                    records=await store.size(session, owner, unit),
                    quarantined=aside.get(unit.name, 0),
                )
            )
    return found
