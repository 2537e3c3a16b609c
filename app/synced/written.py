"""What a write through this gateway left, taken into the copies at once."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.sync_jobs import SyncJob
from app.synced.differences import Sight, sight_of
from app.synced.store import Origin, Owner, alone, bury, see
from app.synced.units import Unit, home, homes
from connectors.kit.connector import Connector
from connectors.kit.operations import Answer
from unified_models import MODELS


@dataclass(frozen=True, slots=True)
class Written:
    """A record as a write left it. `sight` None: it is gone, and one of `units` may know it."""

    owner: Owner
    id: str
    units: tuple[Unit, ...]
    sight: Sight | None = None


def left(owner: Owner, connector: Connector, path: str, answer: Answer) -> Written | None:
    """What an answer shows of a resource's record. None when it is not the whole of one."""
    model, _, name = path.partition("/")
    if answer.model is not None:  # an action may make a record of another kind
        name = next((name for (_, name), kind in MODELS.items() if kind is answer.model), name)
    resource = connector.resources.get((model, name))
    if resource is None or answer.record.get("is_partial", True):
        return None
    side = answer.record.get(resource.by) if resource.by else None
    unit = home(connector, f"{model}/{name}", side)
    if unit.side is None and resource.plain_sides and unit.resource == name:
        return None  # whose side it is on is not told
    sight = sight_of(answer, unit.part(connector))
    return Written(owner, sight.id, (unit,), sight)


def gone(owner: Owner, connector: Connector, path: str, id: str) -> Written:
    """What the deletion of a resource's record left."""
    return Written(owner, id, tuple(homes(connector, path)))


async def kept(session: AsyncSession, written: Written) -> Written | None:
    """What of it an active job keeps. None: nothing; else the account's copies are the caller's to change."""
    jobs = await session.scalars(
        select(SyncJob.resources).where(
            SyncJob.account_id == written.owner.account_id, SyncJob.is_active.is_(True)
        )
    )
    covered = frozenset(path for resources in jobs for path in resources)
    units = tuple(unit for unit in written.units if unit.path in covered)
    if not units:
        return None
    await alone(session, written.owner)
    return replace(written, units=units)


async def take_in(
    session: AsyncSession, written: Written, origin: Origin, asked_at: datetime, now: datetime
) -> None:
    """Into the copies, with its event. It was asked of the provider at `asked_at`."""
    for unit in written.units:
        if written.sight is None:
            await bury(session, written.owner, unit, [written.id], "write", now, origin)
        else:
            sights = [written.sight]
            await see(session, written.owner, unit, sights, "write", now, asked_at=asked_at, origin=origin)
