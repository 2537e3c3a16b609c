"""The change feed: what happened to an account's records, in the order it was seen."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.models.events import Event, EventHead

KEPT = timedelta(days=30)
"""How long events can be asked for."""


async def changes(
    session: AsyncSession,
    environment_id: str,
    account_id: str,
    resources: Collection[str] | None,
    after: int,
    limit: int,
    *,
    foreign_only: bool,
) -> list[Event]:
    """Record events past the sequence `after`, oldest first. `foreign_only` leaves echoes of own writes out."""
    query = (
        select(Event)
        .where(
            Event.environment_id == environment_id,
            Event.account_id == account_id,
            Event.sequence > after,
            Event.record_id.is_not(None),
        )
        .order_by(Event.sequence)
        .limit(limit)
    )
    if resources is not None:
        query = query.where(Event.resource.in_(resources))
    if not foreign_only:
        return list(await session.scalars(query))
    found: list[Event] = []
    while len(found) < limit:  # what an event echoes stands in its payload: pages until there are enough
        rows = list(await session.scalars(query))
        found += (row for row in rows if row.payload.get("origin") is None)
        if len(rows) < limit:
            break
        query = query.where(Event.sequence > rows[-1].sequence)
    return found[:limit]


async def check(session: AsyncSession, environment_id: str, after: int) -> None:
    """Problem cursor_expired when events past `after` are gone already."""
    if after == 0:
        return
    oldest = await session.scalar(
        select(Event.sequence).where(Event.environment_id == environment_id).order_by(Event.sequence).limit(1)
    )
    if oldest is None:
        oldest = (await head(session, environment_id)) + 1
    if after + 1 < oldest:
        detail = (
            "What followed this cursor is no longer kept; read the records anew, then start without a cursor."
        )
        raise Problem("cursor_expired", detail, parameter="next_cursor")


async def head(session: AsyncSession, environment_id: str) -> int:
    """The last sequence there is."""
    found: int | None = await session.scalar(
        select(EventHead.sequence).where(EventHead.environment_id == environment_id)
    )
    return found or 0
