"""The postman: fans events out, sends what is due, and notes what came of it. Nothing is held while it waits."""

import asyncio
import base64
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import structlog
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import failpoints
from app.core.clock import Clock
from app.core.database import Database
from app.core.http.egress import Answered, Egress, EgressRefused
from app.core.instants import storage_now
from app.core.secrets import Context, SecretUnavailable, Vault
from app.models.webhooks import Webhook
from app.webhooks import messages, signing
from app.webhooks.bodies import body_of
from app.webhooks.fanout import fan_out, is_behind
from app.webhooks.messages import Outcome, Parcel
from app.webhooks.retention import forget

_log = structlog.get_logger("ledgerway.webhooks")

TOTAL_SECONDS = 15.0
_TIDY = 3600.0  # seconds between two rounds of forgetting, more or less
_LOOK = 0.5  # seconds between two looks at the queue when nothing was found
_MOST = 256  # messages under way in one process
_CLAIMED = 64
_WEBHOOKS = 20
_STORE_AT_ONCE = 100
_AGENT = "Ledgerway-Webhooks/1"


class Postman:
    """One per process that works. What it does not finish is done again by another: at least once, same id."""

    def __init__(self, database: Database, clock: Clock, vault: Vault, egress: Egress) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._egress = egress
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._done: list[Outcome] = []
        self._ready = asyncio.Event()
        self._freed = asyncio.Event()
        self._closing = False

    def start(self) -> None:
        """Begin. Needs a running loop."""
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [
                loop.create_task(each()) for each in (self._fan, self._claim, self._store, self._tidy)
            ]

    async def close(self, patience: float = 5.0) -> None:
        """Take nothing more on, let what is under way come back for a while, and note it."""
        self._closing = True
        if self._sending:
            await asyncio.wait(self._sending, timeout=patience)
        for task in (*self._tasks, *self._sending):
            task.cancel()
        for task in (*self._tasks, *self._sending):
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        with suppress(Exception):
            await self._note()

    async def _fan(self) -> None:
        """Events become messages."""
        while True:
            more = False
            try:
                if await self._there(is_behind()):
                    more = await self._database.transact(
                        lambda session: fan_out(session, self._clock.now(), _WEBHOOKS)
                    )
            except Exception as error:
                _log.warning("fan_out_failed", error=type(error).__name__)
            if not more:
                await asyncio.sleep(_LOOK)

    async def _claim(self) -> None:
        """Messages that are due are sent."""
        while True:
            parcels: Sequence[Parcel] = ()
            room = _MOST - len(self._sending)
            try:
                if room > 0 and not self._closing and await self._there(messages.is_due(self._clock.now())):
                    parcels = await self._claimed(min(_CLAIMED, room))
            except Exception as error:
                _log.warning("claim_failed", error=type(error).__name__)
            for parcel in parcels:
                task = asyncio.get_running_loop().create_task(self._send(parcel))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            if not parcels:  # an endpoint may have room as soon as an outcome is noted
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._freed.wait(), _LOOK)
            self._freed.clear()

    async def _tidy(self) -> None:
        """What is past its time is forgotten."""
        while True:
            await asyncio.sleep(_TIDY * random.uniform(0, 1))  # noqa: S311 — processes should not meet
            more = True
            try:
                while more:
                    more = await self._database.transact(lambda session: forget(session, self._clock.now()))
            except Exception as error:
                _log.warning("not_tidied", error=type(error).__name__)

    async def _there(self, query: Select[int]) -> bool:
        """Whether a query finds anything: looking takes no lock."""
        async with self._database.read() as session:
            return await session.scalar(query) is not None

    async def _store(self) -> None:
        """What came back is noted, many at a time."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            try:
                await self._note()
                self._freed.set()
            except Exception as error:
                _log.warning("outcomes_not_stored", error=type(error).__name__)
                self._ready.set()
                await asyncio.sleep(_LOOK)

    async def _note(self) -> None:
        while self._done:
            batch = self._done[:_STORE_AT_ONCE]
            await self._settled(batch)
            del self._done[: len(batch)]

    async def _claimed(self, most: int) -> list[Parcel]:
        """Leases are judged by one clock for all processes, whatever their own ones say."""

        async def claim(session: AsyncSession) -> list[Parcel]:
            return await messages.claim(session, await storage_now(session, self._clock), most)

        return await self._database.transact(claim)

    async def _settled(self, outcomes: Sequence[Outcome]) -> None:
        async def settle(session: AsyncSession) -> None:
            await messages.settle(session, await storage_now(session, self._clock), outcomes)

        await self._database.transact(settle)

    async def _send(self, parcel: Parcel) -> None:
        began, at = self._clock.monotonic(), self._clock.now()
        outcome = Outcome(parcel, at, 0)
        try:
            answered = await self._post(parcel, at)
            failpoints.hit("hook.after_post")
            outcome = replace(
                outcome,
                status=answered.status,
                error=None if 200 <= answered.status < 300 else _phrase(answered.status),
                answer=answered.body.decode("utf-8", "replace").replace("\0", ""),
                retry_after=asked(answered, at),
            )
        except EgressRefused as refused:
            outcome = replace(outcome, error=f"not sent: {refused}")
        except SecretUnavailable:
            outcome = replace(outcome, error="not sent: the signing secret cannot be opened")
        except TimeoutError:
            outcome = replace(outcome, error=f"no answer within {TOTAL_SECONDS:.0f} seconds")
        except Exception as error:  # a connection that fails has many names
            outcome = replace(outcome, error=f"no connection: {type(error).__name__}")
        outcome = replace(outcome, milliseconds=int((self._clock.monotonic() - began) * 1000))
        self._done.append(outcome)
        self._ready.set()

    async def _post(self, parcel: Parcel, at: datetime) -> Answered:
        webhook, event = parcel.webhook, parcel.event
        body = body_of(
            id=event.id,
            event=event.event,
            payload=event.payload,
            environment_id=event.environment_id,
            webhook_id=webhook.id,
            created_at=event.created_at,
            sequence=event.sequence,
            thin=webhook.payload == "thin",
        )
        secrets = [await self.secret(webhook, one) for one in webhook.secrets if still_signs(one, at)]
        signed = signing.headers(event.id, int(at.timestamp()), body, secrets)
        headers = {"Content-Type": "application/json", "User-Agent": _AGENT, **signed}
        return await self._egress.post(webhook.target_url, headers, body, TOTAL_SECONDS)

    async def secret(self, webhook: Webhook, stored: dict[str, Any]) -> str:
        """The text of one of a webhook's secrets. SecretUnavailable."""
        sealed = sealed_as(webhook.environment_id, webhook.id, stored["generation"])
        return (await self._vault.open(base64.b64decode(stored["sealed"]), sealed)).reveal().decode()


def sealed_as(environment_id: str, webhook_id: str, generation: int) -> Context:
    """What a webhook's secret is bound to."""
    return Context(environment_id, owner_of(webhook_id), "webhook.secret", "webhooks.secrets", generation)


def owner_of(webhook_id: str) -> str:
    """Under which name a webhook's data key is kept."""
    return f"webhook:{webhook_id}"


def still_signs(stored: dict[str, Any], now: datetime) -> bool:
    """The current secret always does, one that was replaced until its day."""
    until = stored.get("until")
    return until is None or datetime.fromisoformat(until) > now


def asked(answered: Answered, now: datetime) -> float | None:
    """Seconds the receiver wants to be left alone; None when it does not say."""
    text = answered.headers.get("retry-after", "").strip()
    if not text or answered.status not in (429, 502, 503, 504):
        return None
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def _phrase(status: int) -> str:
    try:
        return f"answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"answered {status}"
