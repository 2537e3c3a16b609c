"""A destination's rows: what it still has to get, and how far it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.json import instant
from app.models.base import Document
from app.models.sync_destinations import SyncDestination
from app.models.sync_jobs import SyncJob
from app.models.synced_records import SyncedRecord
from app.synced.store import wake

LEASE = timedelta(seconds=180)
"""For so long a delivery that does not report is left alone; longer than any batch may take."""


@dataclass(slots=True)
class Delivery:
    """A delivery under way: whose, under which lease, and where it stands."""

    row: SyncDestination
    lease: str
    position: int
    resources: Sequence[str]


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[SyncDestination]:
    """Destinations to look after, of jobs that are on, locked."""
    rows = await session.scalars(
        select(SyncDestination)
        .join(SyncJob, SyncJob.id == SyncDestination.job_id)
        .where(SyncDestination.due_at <= now, SyncJob.is_active)
        .order_by(SyncDestination.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=SyncDestination)
    )
    return rows.all()


async def take(session: AsyncSession, destination_id: str, turn: int, now: datetime) -> Delivery | None:
    """The delivery of this turn, under a new lease; None when another turn's is due, or the job is off or gone."""
    lease = new_id("lea")
    row = await session.scalar(
        update(SyncDestination)
        .where(SyncDestination.id == destination_id, SyncDestination.turn == turn)
        .values(lease=lease, due_at=now + LEASE)
        .returning(SyncDestination)
    )
    job = None if row is None else await session.get(SyncJob, row.job_id)
    if row is None or job is None or not job.is_active:
        return None
    return Delivery(row, lease, row.position, [path.partition("/")[2] for path in job.resources])


async def batch(session: AsyncSession, delivery: Delivery, limit: int) -> Sequence[SyncedRecord]:
    """What comes after the position, in order. A record is there once, as it is now, tombstones too.

    Sequences are given out under the lock of `EventHead`, held to the commit: none before the last one read can
    still appear.
    """
    rows = await session.scalars(
        select(SyncedRecord)
        .where(*_ahead(delivery.row.account_id, delivery.resources, delivery.position))
        .order_by(SyncedRecord.sequence)
        .limit(limit)
    )
    return rows.all()


async def waiting(session: AsyncSession, row: SyncDestination, resources: Collection[str]) -> int:
    """How many records are still to go."""
    ahead = _ahead(row.account_id, resources, row.position)
    return await session.scalar(select(func.count()).select_from(SyncedRecord).where(*ahead)) or 0


async def arrived(
    session: AsyncSession, delivery: Delivery, position: int, count: int, now: datetime
) -> bool:
    """Moves on past a batch that is there; False when somebody else holds the lease by now."""
    values = {
        "position": position,
        "delivered": SyncDestination.delivered + count,
        "delivered_at": now,
        "due_at": now + LEASE,
        "failures": 0,
        "error": None,
    }
    return await _move(session, delivery, values)


_OVER = {"lease": None, "turn": SyncDestination.turn + 1}
"""A delivery that ended holds nothing, and is not looked for."""


async def rest(session: AsyncSession, delivery: Delivery, now: datetime) -> None:
    """The end of a delivery: nothing is due, or what came meanwhile is at once. First the lock, then the look."""
    values = {**_OVER, "due_at": None, "failures": 0, "error": None}
    if await _move(session, delivery, values) and await batch(session, delivery, 1):
        await wake(session, delivery.row.account_id, now)


async def fail(
    session: AsyncSession, delivery: Delivery, error: Mapping[str, Any], wait: timedelta, now: datetime
) -> None:
    """The end of a delivery that did not get through: again after `wait`."""
    before = delivery.row.error
    told: Document = {**error, "since": before["since"] if before else instant(now)}
    values = {**_OVER, "due_at": now + wait, "failures": SyncDestination.failures + 1, "error": told}
    await _move(session, delivery, values)


async def _move(session: AsyncSession, delivery: Delivery, values: Mapping[str, Any]) -> bool:
    done = await session.execute(
        update(SyncDestination)
        .where(
            SyncDestination.id == delivery.row.id,
            SyncDestination.lease == delivery.lease,
            SyncDestination.position == delivery.position,
        )
        .values(**values)
        .returning(SyncDestination.id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar_one_or_none() is not None


def _ahead(account_id: str, resources: Collection[str], position: int) -> list[ColumnElement[bool]]:
    return [
        SyncedRecord.account_id == account_id,
        SyncedRecord.resource.in_(resources),
        SyncedRecord.sequence > position,
    ]
