"""From events to messages: every webhook looks at every event once, in order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.models.events import Event, EventHead
from app.models.webhooks import Webhook, WebhookMessage
from app.webhooks.catalogue import Happening

PAGE = 500


def is_behind() -> Select[int]:
    """Finds a row when there are events some webhook has not looked at."""
    return (
        select(Webhook.position)
        .join(EventHead, EventHead.environment_id == Webhook.environment_id)
        .where(Webhook.is_active, Webhook.health != "disabled", Webhook.position < EventHead.sequence)
        .limit(1)
    )


async def fan_out(session: AsyncSession, now: datetime, webhooks: int) -> bool:
    """A page of events for each of at most so many webhooks that are behind, in the caller's transaction.

    Whether some may be behind still. What is committed with a webhook's position is neither lost nor doubled.
    """
    found = await session.execute(
        select(Webhook, EventHead.sequence)
        .join(EventHead, EventHead.environment_id == Webhook.environment_id)
        .where(Webhook.is_active, Webhook.health != "disabled", Webhook.position < EventHead.sequence)
        .order_by(func.random())
        .limit(webhooks)
        .with_for_update(skip_locked=True, of=Webhook)
    )
    behind = found.all()
    more = len(behind) == webhooks
    for webhook, head in behind:
        events = await _following(session, webhook)
        await _queue(session, webhook, [event for event in events if wants(webhook, event)], now)
        # without any, those up to the head were forgotten before it came to them
        webhook.position = events[-1].sequence if events else head
        more = more or len(events) == PAGE
    return more


async def _following(session: AsyncSession, webhook: Webhook) -> Sequence[Event]:
    rows = await session.scalars(
        select(Event)
        .where(Event.environment_id == webhook.environment_id, Event.sequence > webhook.position)
        .order_by(Event.sequence)
        .limit(PAGE)
    )
    return rows.all()


async def _queue(session: AsyncSession, webhook: Webhook, events: Sequence[Event], now: datetime) -> None:
    rows = [
        {
            "id": new_id("whm"),
            "environment_id": webhook.environment_id,
            "webhook_id": webhook.id,
            "sequence": event.sequence,
            "event_id": event.id,
            "event": event.event,
            "account_id": event.account_id,
            "state": "pending",
            "created_at": event.created_at,
            "due_at": now,
        }
        for event in events
    ]
    if rows:
        await session.execute(insert(WebhookMessage), rows)


def wants(webhook: Webhook, event: Event) -> bool:
    """Whether a webhook is told of an event. A test goes to the one it is of, by itself."""
    if event.event == Happening.TEST:
        return False
    if webhook.event_types and not any(_names(pattern, event.event) for pattern in webhook.event_types):
        return False
    if webhook.account_ids and event.account_id not in webhook.account_ids:
        return False
    payload: Mapping[str, Any] = event.payload
    if webhook.tenant_ids and payload.get("tenant_id") not in webhook.tenant_ids:
        return False
    if event.record_id is None:
        return True
    if webhook.exclude_origin and payload.get("origin") is not None:
        return False
    if webhook.resources and event.resource not in webhook.resources:
        return False
    if not webhook.changed_fields or payload.get("change") != "updated":
        return True
    perhaps = {*payload.get("changed_fields", ()), *payload.get("newly_told", ())}
    return not perhaps.isdisjoint(webhook.changed_fields)


def _names(pattern: str, event: str) -> bool:
    return pattern == event or (pattern.endswith(":*") and event.startswith(pattern[:-1]))
