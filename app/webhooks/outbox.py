"""Where events wait to be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import failpoints
from app.core.ids import new_id
from app.models.base import Exact
from app.models.events import Event, EventHead
from app.webhooks.catalogue import Happening


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell. `resource` and `record_id` are of a record's event."""

    event: Happening
    payload: Mapping[str, Any]
    resource: str | None = None
    record_id: str | None = None


async def record(
    session: AsyncSession,
    now: datetime,
    environment_id: str,
    account_id: str | None,
    event: Happening,
    payload: Mapping[str, Any],
) -> None:
    """Appends an event within the caller's transaction; other appends of the environment wait for its end.

    `payload` is plain JSON without secrets.
    """
    await append(session, now, environment_id, account_id, [Told(event, payload)])


async def append(
    session: AsyncSession, now: datetime, environment_id: str, account_id: str | None, told: Sequence[Told]
) -> int:
    """The same for many, in their order; the sequence of the first. A record's payload also gets its own."""
    first = await _reserve(session, environment_id, len(told))
    rows = [
        {
            "environment_id": environment_id,
            "sequence": sequence,
            "id": new_id("evt"),
            "account_id": account_id,
            "event": one.event.value,
            "payload": Exact({"sequence": sequence, **one.payload} if one.record_id else dict(one.payload)),
            "resource": one.resource,
            "record_id": one.record_id,
            "created_at": now,
        }
        for sequence, one in enumerate(told, first)
    ]
    if rows:
        await session.execute(insert(Event), rows)
    failpoints.hit("tx.mid")
    return first


async def _reserve(session: AsyncSession, environment_id: str, count: int) -> int:
    """The first of `count` sequences that are the caller's from now on."""
    upsert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    head = upsert(EventHead).values(environment_id=environment_id, sequence=count)
    head = head.on_conflict_do_update(
        index_elements=[EventHead.environment_id],
        set_={"sequence": EventHead.__table__.c.sequence + count},
    )
    last = (await session.execute(head.returning(EventHead.sequence))).scalar_one()
    return last - count + 1
