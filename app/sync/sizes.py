"""How much of a run is left, as far as anybody knows."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Account
from app.models.sync_runs import SyncRun
from app.sync import passes
from app.sync.passes import Position, Way
from app.synced import store
from app.synced.store import Owner
from app.synced.units import Unit


async def calls_left(session: AsyncSession, account: Account, run: SyncRun) -> int | None:
    """Provider calls to the end of a run, details of changed records aside. None: a size is not known yet."""
    owner = Owner(account.environment_id, account.id, account.tenant_id)
    total = 0
    for at, stored in enumerate(run.plan):
        unit = Unit.of(stored)
        known = await store.cursor(session, owner, unit)
        position = Position.of(run.position) if at == 0 and run.position is not None else None
        whole = unit.whole or known is None or passes.way_of(unit.part(account.connector)) is Way.WHOLE
        if not whole:
            total += 1
            continue
        if known is None:
            return None
        pages = -(-await store.size(session, owner, unit) // passes.PAGE) or 1
        total += max(1, pages - (position.pages if position is not None else 0))
    return total
