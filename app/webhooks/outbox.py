"""Where events wait to be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.models.events import Event, EventHead
from app.webhooks.catalogue import Happening


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
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    head = insert(EventHead).values(environment_id=environment_id, sequence=1)
    head = head.on_conflict_do_update(
        index_elements=[EventHead.environment_id],
        set_={"sequence": EventHead.__table__.c.sequence + 1},
    )
    sequence = (await session.execute(head.returning(EventHead.sequence))).scalar_one()
    session.add(
        Event(
            environment_id=environment_id,
            sequence=sequence,
            id=new_id("evt"),
            account_id=account_id,
            event=event.value,
            payload=dict(payload),
            created_at=now,
        )
    )
