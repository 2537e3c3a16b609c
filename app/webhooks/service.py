"""Webhooks: made, changed, tested, their secrets rotated, their messages sent again."""

import base64
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.http.egress import Egress, EgressRefused
from app.core.ids import new_id
from app.core.secrets import OpenKey, Vault
from app.keys.audit import Actor, record
from app.models.events import Event, EventHead
from app.models.webhooks import Webhook, WebhookAttempt, WebhookMessage
from app.webhooks import outbox, signing
from app.webhooks.catalogue import Happening
from app.webhooks.delivery import owner_of, sealed_as, still_signs
from app.webhooks.narrowing import check, check_accounts
from app.webhooks.schemas import ReplayRequest, WebhookChange, WebhookRequest
from connectors.kit.faults import FieldError

_STILL_SIGNS = timedelta(hours=24)
_MOST_SECRETS = 5
_A_SECOND = 50
_MOST_REPLAYED = 10_000

_FIELDS = {"integrated_account_id": "account_ids", "tenant_id": "tenant_ids"}


class Webhooks:
    """What the API wants of webhooks. All are an environment's."""

    def __init__(self, database: Database, clock: Clock, vault: Vault, egress: Egress) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._egress = egress

    async def create(self, principal: Principal, actor: Actor, wanted: WebhookRequest) -> tuple[Webhook, str]:
        """A new webhook, told of what happens from now on; and its secret. Problem webhook_url_forbidden."""
        check(wanted.model_dump())
        await self._reachable(wanted.target_url)
        now, secret, webhook_id = self._clock.now(), signing.new_secret(), new_id("whk")
        key = await self._key(principal.environment_id, webhook_id)
        async with self._database.write() as session:
            await check_accounts(session, principal.environment_id, wanted.integrated_account_id)
            webhook = Webhook(
                id=webhook_id,
                environment_id=principal.environment_id,
                target_url=wanted.target_url,
                event_types=wanted.event_types,
                resources=wanted.resources,
                account_ids=wanted.integrated_account_id,
                tenant_ids=wanted.tenant_id,
                changed_fields=wanted.changed_fields,
                payload=wanted.payload,
                exclude_origin=wanted.exclude_origin is not None,
                is_active=wanted.is_active,
                secrets=[_sealed(key, principal.environment_id, webhook_id, secret, 1)],
                position=await _head(session, principal.environment_id),
                created_at=now,
                updated_at=now,
            )
            session.add(webhook)
            await self._audit(session, principal, actor, "webhook.created", webhook.id, now)
        return webhook, secret

    async def change(
        self, principal: Principal, actor: Actor, webhook_id: str, wanted: WebhookChange
    ) -> Webhook:
        """The webhook as it is from now on."""
        given = wanted.model_dump(exclude_unset=True)
        check(given, await self.webhook(principal, webhook_id))
        if wanted.target_url is not None:
            await self._reachable(wanted.target_url)
        now = self._clock.now()
        async with self._database.write() as session:
            webhook = await _webhook(session, principal, webhook_id, changes=True)
            named = wanted.integrated_account_id or ()
            await check_accounts(session, principal.environment_id, named, webhook.account_ids)
            since: datetime | None = given.pop("recover_since", None)
            wakes = given.pop("is_active", None)
            if "exclude_origin" in given:
                webhook.exclude_origin = given.pop("exclude_origin") is not None
            for name, value in given.items():
                if value is not None:
                    setattr(webhook, _FIELDS.get(name, name), value)
            if wakes is not None:
                await _switch(session, webhook, wakes, since)
            if since is not None:
                await self._again(
                    session, [WebhookMessage.webhook_id == webhook.id], ReplayRequest(since=since), now
                )
            webhook.updated_at, webhook.version = now, webhook.version + 1
            await self._audit(
                session, principal, actor, "webhook.changed", webhook.id, now,
                changed=sorted(wanted.model_fields_set),
            )  # fmt: skip
        return webhook

    async def delete(self, principal: Principal, actor: Actor, webhook_id: str) -> None:
        """Nothing more is sent; its messages go with it."""
        async with self._database.write() as session:
            webhook = await _webhook(session, principal, webhook_id, changes=True)
            await self._audit(session, principal, actor, "webhook.deleted", webhook.id, self._clock.now())
            await session.delete(webhook)
            await self._vault.shred(session, webhook.environment_id, owner_of(webhook.id))

    async def rotate(self, principal: Principal, actor: Actor, webhook_id: str) -> tuple[Webhook, str]:
        """A new secret; those before sign beside it for 24 hours."""
        now, secret = self._clock.now(), signing.new_secret()
        until = (now + _STILL_SIGNS).isoformat()
        key = await self._key(principal.environment_id, (await self.webhook(principal, webhook_id)).id)
        async with self._database.write() as session:
            webhook = await _webhook(session, principal, webhook_id, changes=True)
            generation = webhook.generation + 1
            older = [
                {**one, "until": one["until"] or until} for one in webhook.secrets if still_signs(one, now)
            ]
            fresh = _sealed(key, webhook.environment_id, webhook.id, secret, generation)
            webhook.secrets = [fresh, *older][:_MOST_SECRETS]
            webhook.generation, webhook.updated_at, webhook.version = generation, now, webhook.version + 1
            await self._audit(session, principal, actor, "webhook.secret_rotated", webhook.id, now)
        return webhook, secret

    async def test(self, principal: Principal, actor: Actor, webhook_id: str) -> WebhookMessage:
        """A message with the event `test`, sent like any other, to this webhook alone."""
        now = self._clock.now()
        async with self._database.write() as session:
            webhook = await _webhook(session, principal, webhook_id, changes=True)
            if webhook.health == "disabled" or not webhook.is_active:
                raise Problem("invalid_transition", "The webhook is switched off; switch it on first.")
            told = outbox.Told(Happening.TEST, {"webhook_id": webhook.id, "foo": "bar"})
            sequence = await outbox.append(session, now, webhook.environment_id, None, [told])
            event = await session.get_one(Event, (webhook.environment_id, sequence))
            message = WebhookMessage(
                id=new_id("whm"),
                environment_id=webhook.environment_id,
                webhook_id=webhook.id,
                sequence=sequence,
                event_id=event.id,
                event=event.event,
                created_at=now,
                due_at=now,
            )
            session.add(message)
            await self._audit(
                session, principal, actor, "webhook.tested", webhook.id, now, message_id=message.id
            )
        return message

    async def webhook(self, principal: Principal, webhook_id: str) -> Webhook:
        async with self._database.read() as session:
            return await _webhook(session, principal, webhook_id)

    async def page(
        self, principal: Principal, limit: int, after: tuple[datetime, str] | None
    ) -> list[Webhook]:
        """Newest first."""
        query = select(Webhook).where(Webhook.environment_id == principal.environment_id)
        if after is not None:
            query = query.where(tuple_(Webhook.created_at, Webhook.id) < tuple_(*after))
        async with self._database.read() as session:
            ordered = query.order_by(Webhook.created_at.desc(), Webhook.id.desc()).limit(limit)
            return list(await session.scalars(ordered))

    # Messages

    async def messages(
        self,
        principal: Principal,
        limit: int,
        after: tuple[datetime, str] | None,
        **narrow: str | None,
    ) -> list[WebhookMessage]:
        """Newest first, those whose columns are as `narrow` says."""
        query = select(WebhookMessage).where(WebhookMessage.environment_id == principal.environment_id)
        for name, value in narrow.items():
            if value is not None:
                query = query.where(getattr(WebhookMessage, name) == value)
        if after is not None:
            query = query.where(tuple_(WebhookMessage.created_at, WebhookMessage.id) < tuple_(*after))
        ordered = query.order_by(WebhookMessage.created_at.desc(), WebhookMessage.id.desc()).limit(limit)
        async with self._database.read() as session:
            return list(await session.scalars(ordered))

    async def message(
        self, principal: Principal, message_id: str
    ) -> tuple[WebhookMessage, list[WebhookAttempt], Event | None]:
        """A message with its attempts and its event."""
        async with self._database.read() as session:
            message = await _message(session, principal, message_id)
            attempts = await session.scalars(
                select(WebhookAttempt)
                .where(WebhookAttempt.message_id == message.id)
                .order_by(WebhookAttempt.at)
            )
            event = await session.get(Event, (message.environment_id, message.sequence))
            return message, list(attempts), event

    async def replay(self, principal: Principal, actor: Actor, message_id: str) -> WebhookMessage:
        """Sends one message again: the same `webhook-id`, a new timestamp."""
        now = self._clock.now()
        async with self._database.write() as session:
            message = await _message(session, principal, message_id)
            await _send_again(session, [message], now)
            await self._audit(
                session, principal, actor, "webhook_message.replayed", message.id, now,
                webhook_id=message.webhook_id,
            )  # fmt: skip
        return message

    async def replay_many(self, principal: Principal, actor: Actor, wanted: ReplayRequest) -> int:
        """Sends again what the request names; how many messages that are."""
        check(wanted.model_dump())
        owned: list[ColumnElement[bool]] = [WebhookMessage.environment_id == principal.environment_id]
        if wanted.webhook_id is not None:
            await self.webhook(principal, wanted.webhook_id)
            owned.append(WebhookMessage.webhook_id == wanted.webhook_id)
        now = self._clock.now()
        async with self._database.write() as session:
            count = await self._again(session, owned, wanted, now)
            told = wanted.model_dump(mode="json", exclude_none=True, exclude={"webhook_id"})
            target = wanted.webhook_id or "webhook-message"
            await self._audit(
                session, principal, actor, "webhook_message.replayed", target, now, messages=count, **told
            )
        return count

    async def _again(
        self, session: AsyncSession, owned: list[ColumnElement[bool]], wanted: ReplayRequest, now: datetime
    ) -> int:
        query = (
            select(WebhookMessage)
            .where(*owned, WebhookMessage.created_at >= wanted.since, WebhookMessage.state.in_(wanted.states))
            .order_by(WebhookMessage.created_at, WebhookMessage.sequence)
            .limit(_MOST_REPLAYED)
        )
        if wanted.event_types:
            query = query.where(or_(*(_named(name) for name in wanted.event_types)))
        rows = list(await session.scalars(query))
        await _send_again(session, rows, now)
        return len(rows)

    async def _reachable(self, url: str) -> None:
        try:
            await self._egress.check(url)
        except EgressRefused as refused:
            detail = f"This URL cannot be told anything: {refused}."
            error = FieldError("wrong_type", "/target_url", detail)
            raise Problem("webhook_url_forbidden", detail, errors=[error]) from None

    async def _key(self, environment_id: str, webhook_id: str) -> OpenKey:
        return await self._vault.key(environment_id, owner_of(webhook_id))

    async def _audit(
        self,
        session: AsyncSession,
        principal: Principal,
        actor: Actor,
        action: str,
        target: str,
        now: datetime,
        **detail: Any,
    ) -> None:
        await record(session, now, principal.environment_id, actor, action, target, detail=detail)


def _sealed(
    key: OpenKey, environment_id: str, webhook_id: str, secret: str, generation: int
) -> dict[str, Any]:
    blob = key.seal(sealed_as(environment_id, webhook_id, generation), secret)
    return {"sealed": base64.b64encode(blob).decode(), "generation": generation, "until": None}


def _named(name: str) -> ColumnElement[bool]:
    if name.endswith(":*"):
        return WebhookMessage.event.startswith(name[:-1], autoescape=True)
    return WebhookMessage.event == name


async def _send_again(session: AsyncSession, rows: list[WebhookMessage], now: datetime) -> None:
    """Due now, fifty a second; each with all its attempts before it."""
    for at, message in enumerate(rows):
        message.state, message.attempts, message.replays = "pending", 0, message.replays + 1
        message.lease = message.lease_until = message.delivered_at = None
        message.due_at = now + timedelta(seconds=at // _A_SECOND)


async def _switch(session: AsyncSession, webhook: Webhook, on: bool, since: datetime | None) -> None:
    """On: a fresh start from what happens now, or what happened `since`. Off: what waits is cancelled."""
    if on and (webhook.health != "ok" or not webhook.is_active):
        if webhook.health == "disabled" or not webhook.is_active:
            webhook.position = max(webhook.position, await _before(session, webhook.environment_id, since))
        webhook.health, webhook.health_detail, webhook.failures = "ok", None, 0
        webhook.failing_since = webhook.probe_at = webhook.succeeded_at = None
    if not on:
        await session.execute(
            update(WebhookMessage)
            .where(WebhookMessage.webhook_id == webhook.id, WebhookMessage.state == "pending")
            .values(state="cancelled", due_at=None)
            .execution_options(synchronize_session=False)
        )
    webhook.is_active = on


async def _head(session: AsyncSession, environment_id: str) -> int:
    head = await session.get(EventHead, environment_id)
    return head.sequence if head else 0


async def _before(session: AsyncSession, environment_id: str, since: datetime | None) -> int:
    """The last sequence before then, or of all."""
    if since is None:
        return await _head(session, environment_id)
    kept = Event.environment_id == environment_id, Event.created_at < since
    return await session.scalar(select(func.max(Event.sequence)).where(*kept)) or 0


async def _webhook(
    session: AsyncSession, principal: Principal, webhook_id: str, *, changes: bool = False
) -> Webhook:
    """`changes`: whoever else changes it waits until this transaction ends."""
    mine = Webhook.id == webhook_id, Webhook.environment_id == principal.environment_id
    query = select(Webhook).where(*mine)
    found = await session.scalar(query.with_for_update() if changes else query)
    if found is None:
        raise Problem("not_found", "There is no such webhook.")
    return found


async def _message(session: AsyncSession, principal: Principal, message_id: str) -> WebhookMessage:
    found = await session.scalar(
        select(WebhookMessage).where(
            WebhookMessage.id == message_id, WebhookMessage.environment_id == principal.environment_id
        )
    )
    if found is None:
        raise Problem("not_found", "There is no such message.")
    return found
