"""What happened long ago is forgotten: events, and the messages made of them."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.events import Event
from app.models.webhooks import WebhookMessage

KEPT = timedelta(days=30)
_BATCH = 500


async def forget(session: AsyncSession, now: datetime) -> bool:
    """Deletes a batch of what is past its time, in the caller's transaction. Whether there may be more.

    Messages go before the events they are of; their attempts go with them.
    """
    before = now - KEPT
    messages = list(
        await session.scalars(
            select(WebhookMessage.id).where(WebhookMessage.created_at < before).limit(_BATCH)
        )
    )
    if messages:
        await session.execute(delete(WebhookMessage).where(WebhookMessage.id.in_(messages)))
        return True
    events = list(await session.scalars(select(Event.id).where(Event.created_at < before).limit(_BATCH)))
    if events:
        await session.execute(delete(Event).where(Event.id.in_(events)))
    return len(events) == _BATCH
