"""The queue of messages: who may be sent now, and what became of those that were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.models.events import Event
from app.models.webhooks import Webhook, WebhookAttempt, WebhookMessage
from app.webhooks import outbox, schedule
from app.webhooks.catalogue import Happening
from app.webhooks.schedule import Health

LEASE = timedelta(seconds=20)
AT_ONCE = 4
"""Messages of one endpoint under way at the same time, over all processes."""

_KEPT_ANSWER = 1_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message that is ours to send: its event, and the webhook as it was when it was claimed."""

    message_id: str
    lease: str
    event: Event
    webhook: Webhook


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `status` None: there was no answer, and `error` says why."""

    parcel: Parcel
    at: datetime
    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str | None = None
    retry_after: float | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def is_due(now: datetime) -> Select[int]:
    """Finds a row when a message may be sent."""
    return select(Webhook.position).where(*_is_open(now), _has_room(now), _has_due(now)).limit(1)


async def claim(session: AsyncSession, now: datetime, most: int) -> list[Parcel]:
    """At most `most` messages that are due, a few of each endpoint: none waits for another's.

    A degraded endpoint gives one, and rests again.
    """
    endpoints = await session.scalars(
        select(Webhook)
        .where(*_is_open(now), _has_room(now), _has_due(now))
        .order_by(func.random())
        .limit(max(1, most // AT_ONCE))
        .with_for_update(skip_locked=True, of=Webhook)
    )
    parcels: list[Parcel] = []
    for webhook in endpoints:
        parcels += await _of(session, webhook, now)
    return parcels


async def settle(session: AsyncSession, now: datetime, outcomes: Sequence[Outcome]) -> None:
    """Stores what came of attempts, and how the endpoints fared."""
    for outcome in sorted(outcomes, key=lambda one: one.parcel.webhook.id):  # all lock in the same order
        webhook = await session.get(Webhook, outcome.parcel.webhook.id, with_for_update=True)
        message = await session.get(WebhookMessage, outcome.parcel.message_id)
        if webhook is None or message is None or message.lease != outcome.parcel.lease:
            continue  # it was ended, or somebody else has taken it over: what they see counts
        session.add(_attempt(message, outcome))
        message.attempts += 1
        message.lease = message.lease_until = None
        message.last_attempt_at, message.last_status, message.last_error = (
            outcome.at,
            outcome.status,
            outcome.error,
        )
        off = webhook.health == "disabled" or not webhook.is_active
        if outcome.good:
            message.state, message.due_at, message.delivered_at = "delivered", None, now
            if not off:
                _fared(webhook, schedule.succeeded(now))
            continue
        if off:  # switched off while this was under way: only a person switches it on
            message.state, message.due_at = "cancelled", None
            continue
        wait = schedule.wait_after(message.attempts, outcome.retry_after)
        message.state = "pending" if wait is not None else "dead"
        message.due_at = now + timedelta(seconds=wait) if wait is not None else None
        _fared(webhook, schedule.failed(_health(webhook), now, outcome.status, outcome.retry_after))
        if webhook.health == "disabled":
            await _disabled(session, webhook, now)


async def _of(session: AsyncSession, webhook: Webhook, now: datetime) -> list[Parcel]:
    """What of one endpoint may go now."""
    room = AT_ONCE
    if webhook.health == "degraded":
        room, webhook.probe_at = 1, now + schedule.PROBE
    under_way = await session.scalar(
        select(func.count()).where(WebhookMessage.webhook_id == webhook.id, WebhookMessage.lease_until > now)
    )
    room -= under_way or 0
    if room < 1:
        return []
    rows = await session.execute(
        select(WebhookMessage, Event)
        .join(
            Event,
            (Event.environment_id == WebhookMessage.environment_id)
            & (Event.sequence == WebhookMessage.sequence),
        )
        .where(WebhookMessage.webhook_id == webhook.id, WebhookMessage.due_at <= now, _is_free(now))
        .order_by(WebhookMessage.due_at, WebhookMessage.sequence)
        .limit(room)
    )
    parcels: list[Parcel] = []
    for message, event in rows:
        lease = message.lease = new_id("lea")
        message.lease_until = now + LEASE
        parcels.append(Parcel(message.id, lease, event, webhook))
    return parcels


def _is_open(now: datetime) -> tuple[Any, ...]:
    """An endpoint that may be sent to."""
    rested = (Webhook.probe_at.is_(None)) | (Webhook.probe_at <= now)
    return Webhook.is_active, Webhook.health != "disabled", rested


def _is_free(now: datetime) -> Any:
    return (WebhookMessage.lease_until.is_(None)) | (WebhookMessage.lease_until <= now)


def _has_room(now: datetime) -> Any:
    """Few enough of its messages are under way: who waits for an endpoint takes nobody's turn."""
    under_way = (
        select(func.count())
        .where(WebhookMessage.webhook_id == Webhook.id, WebhookMessage.lease_until > now)
        .correlate(Webhook)
        .scalar_subquery()
    )
    return under_way < AT_ONCE


def _has_due(now: datetime) -> Any:
    return (
        select(WebhookMessage.id)
        .where(WebhookMessage.webhook_id == Webhook.id, WebhookMessage.due_at <= now, _is_free(now))
        .exists()
    )


def _attempt(message: WebhookMessage, outcome: Outcome) -> WebhookAttempt:
    return WebhookAttempt(
        id=new_id("wha"),
        environment_id=message.environment_id,
        message_id=message.id,
        at=outcome.at,
        milliseconds=outcome.milliseconds,
        status=outcome.status,
        error=outcome.error,
        answer=(outcome.answer or "")[:_KEPT_ANSWER] or None,
    )


def _health(webhook: Webhook) -> Health:
    return Health(
        webhook.health,
        webhook.failures,
        webhook.failing_since,
        webhook.succeeded_at,
        webhook.probe_at,
        webhook.health_detail,
    )


def _fared(webhook: Webhook, health: Health) -> None:
    webhook.health, webhook.health_detail = health.word, health.detail
    webhook.failures, webhook.failing_since = health.failures, health.failing_since
    webhook.succeeded_at, webhook.probe_at = health.succeeded_at, health.probe_at


async def _disabled(session: AsyncSession, webhook: Webhook, now: datetime) -> None:
    """Nothing more is sent there until somebody switches it on again; whoever else listens is told."""
    await session.execute(
        update(WebhookMessage)
        .where(WebhookMessage.webhook_id == webhook.id, WebhookMessage.state == "pending")
        .values(state="cancelled", due_at=None)
        .execution_options(synchronize_session=False)
    )
    payload: Mapping[str, Any] = {
        "id": webhook.id,
        "target_url": webhook.target_url,
        "reason": webhook.health_detail,
    }
    await outbox.record(session, now, webhook.environment_id, None, Happening.WEBHOOK_DISABLED, payload)
