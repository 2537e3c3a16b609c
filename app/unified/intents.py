"""Writes that are carried out once: an intent before anything is sent, its answer kept for whoever repeats it.

executing  the intent is stored; a repetition is 409 `idempotency_in_progress`
done       the provider did it; a repetition is answered from here
released   provably nothing was done; the key is free again
unknown    nobody saw the end; a repetition is 409 `outcome_pending` and nothing is sent
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.core import json
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem, problem_body
from app.core.ids import new_id
from app.core.secrets import Context, SecretUnavailable, Vault
from app.keys import audit
from app.models.writes import Write
from app.unified import store
from app.unified.calls import MAXIMUM_TIMEOUT, Call
from app.unified.changes import Change, fingerprint
from app.unified.progress import Progress
from app.unified.service import Shown

RETENTION = timedelta(days=7)
MAIL_PAUSE = timedelta(minutes=10)
_LEASE = timedelta(seconds=2 * MAXIMUM_TIMEOUT)
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_LONGEST_WAIT = 10
_POLL = 0.2

_AUDITED = {"create": "created", "update": "updated", "delete": "deleted"}

Work = Callable[[Progress], Awaitable[Shown]]


@dataclass(frozen=True, slots=True)
class Done:
    """An answer on the wire, fresh or replayed."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


def key_of(call: Call) -> str | None:
    """The Idempotency-Key, quotes of its structured form taken off. Problem idempotency_key_invalid."""
    given = call.request.headers.getlist("idempotency-key")
    if not given:
        return None
    key = given[0].strip()
    if len(key) > 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(given) > 1 or not _KEY.fullmatch(key):
        detail = "Idempotency-Key is one value of 1 to 255 visible ASCII characters."
        raise Problem("idempotency_key_invalid", detail, parameter="Idempotency-Key")
    return key


class Intents:
    """The life of a write from its intent to its answer. No session is held while the provider is awaited."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def once(self, call: Call, change: Change, work: Work) -> Done:
        """Carry out `work`, or answer what carrying it out once gave."""
        key = key_of(call)
        intent, is_new = await self._begin(call, change, key)
        if not is_new:
            return await self._replay(call, intent)
        progress = Progress()
        try:
            shown = await work(progress)
        except Problem as problem:
            problem.headers["Ledgerway-Write-Id"] = intent.id
            if progress.answered and problem.extra.get("executed", "no") == "no":
                problem.extra["executed"] = "yes"
            await self._failed(call, intent, problem)
            raise
        except BaseException:
            state = "unknown" if progress.sent else "released"
            await self._settle(call, intent, state, error_code="internal_error")
            raise
        headers = {"Ledgerway-Write-Id": intent.id, "Ledgerway-Outcome": shown.outcome or "updated"}
        if shown.etag:
            headers["ETag"] = f'"{shown.etag}"'
        if _is_unguarded(call, change, key):
            headers["Ledgerway-Warning"] = "unguarded-write"
        content = json.encode(shown.body)
        status = 200 if shown.was_there else change.status
        await self._settle(
            call,
            intent,
            "done",
            answer=(shown.etag or "").encode() + b"\n" + content if key else None,
            outcome=shown.outcome,
            record_id=shown.id,
            status=status,
        )
        return Done(status, content, headers)

    async def _begin(self, call: Call, change: Change, key: str | None) -> tuple[Write, bool]:
        """The intent, and whether it is ours to carry out. Waits as long as `Prefer: wait=` allows."""
        until = self._clock.monotonic() + _patience(call)
        while True:
            intent, is_new = await self.claim(call, change, key)
            if is_new or intent.state != "executing":
                return intent, is_new
            if self._clock.monotonic() >= until:
                raise Problem(
                    "idempotency_in_progress",
                    "The request with this Idempotency-Key is still being carried out.",
                    retry_after=1,
                    headers={"Ledgerway-Write-Id": intent.id},
                )
            await self._clock.sleep(_POLL)

    async def claim(self, call: Call, change: Change, key: str | None) -> tuple[Write, bool]:
        """Store the intent, or find the one the key stands for; whether it is new."""
        try:
            return await self._claimed(call, change, key)
        except IntegrityError:  # another process stored the same key at the same moment
            return await self._claimed(call, change, key)

    async def _claimed(self, call: Call, change: Change, key: str | None) -> tuple[Write, bool]:
        now = self._clock.now()
        account, path = call.account, call.request.scope["path"].rstrip("/")
        printed = fingerprint(call, change)
        intent = Write(
            id=new_id("wri"),
            environment_id=account.environment_id,
            account_id=account.id,
            tenant_id=account.tenant_id,
            method=call.request.method,
            path=path,
            resource=f"{call.model}/{call.resource.name}",
            operation=change.operation,
            fingerprint=printed,
            state="executing",
            lease_until=now + _LEASE,
            created_at=now,
            key_id=call.principal.key_id,
            request_id=call.run.request_id,
            idempotency_key=key,
            source_event=call.run.source_event,
            reference=_reference(change),
            record_id=change.id,
        )
        owner = (account.environment_id, account.id)
        async with self._database.write() as session:
            if key is not None:
                known = await store.by_key(session, *owner, intent.method, path, key)
                if known is not None and known.created_at < now - RETENTION and known.state != "unknown":
                    known.idempotency_key = None
                    await session.flush()
                elif known is not None:
                    if known.fingerprint != printed:
                        detail = "This Idempotency-Key was used for a request with another content."
                        raise Problem("idempotency_key_reused", detail, write_id=known.id)
                    if known.state == "executing" and known.lease_until < now:
                        known.state = "unknown"
                    return known, False
            elif _reaches_person(call, change):
                same = await store.same_since(session, *owner, path, printed, now - MAIL_PAUSE)
                if same is not None:
                    detail = "The same mail was sent less than 10 minutes ago; use an Idempotency-Key to repeat it."
                    raise Problem("possible_duplicate", detail, write_id=same.id)
            session.add(intent)
        return intent, True

    async def _replay(self, call: Call, intent: Write) -> Done:
        headers = {"Ledgerway-Write-Id": intent.id}
        if intent.state != "done" or intent.status is None or intent.answer is None:
            detail = "Nobody saw how this write ended. It is not sent again; look for the record."
            raise Problem("outcome_pending", detail, headers=headers, write_id=intent.id, executed="unknown")
        opened = (await self._vault.open(intent.answer, _seal(call, intent))).reveal()
        etag, _, content = opened.partition(b"\n")
        headers |= {"Idempotent-Replayed": "true", "Ledgerway-Outcome": "replayed"}
        if etag:
            headers["ETag"] = f'"{etag.decode()}"'
        return Done(intent.status, content, headers)

    async def _failed(self, call: Call, intent: Write, problem: Problem) -> None:
        executed = problem.extra.get("executed", "no")
        if problem.code == "outcome_unknown" or executed == "unknown":
            await self._settle(call, intent, "unknown", error_code=problem.code)
        elif executed == "yes":
            body = problem_body(
                problem, instance=intent.path, request_id=intent.request_id, base_url=_public_url(call)
            )
            await self._settle(
                call,
                intent,
                "done",
                answer=b"\n" + json.encode(body),
                status=problem.status,
                error_code=problem.code,
            )
        else:
            await self._settle(call, intent, "released", status=problem.status, error_code=problem.code)

    async def _settle(
        self, call: Call, intent: Write, state: str, answer: bytes | None = None, **values: Any
    ) -> None:
        """Store how it ended. Without a key to seal it under, the end is stored without the answer."""
        async with self._database.write() as session:
            owner = (call.account.environment_id, call.account.id)
            stored = await store.by_id(session, *owner, intent.id)
            if stored is None:
                return
            stored.state = state
            stored.settled_at = self._clock.now()
            if state == "released":
                stored.idempotency_key = None
            for name, value in values.items():
                if value is not None:
                    setattr(stored, name, value)
            if answer is not None:
                with suppress(SecretUnavailable):
                    stored.answer = await self._vault.seal(session, _seal(call, intent), answer)
            if state != "released":
                await audit.record(
                    session,
                    self._clock.now(),
                    intent.environment_id,
                    audit.actor_of(call.request, call.principal),
                    f"record.{_AUDITED.get(intent.operation, intent.operation)}",
                    f"{intent.account_id}/{intent.resource}/{stored.record_id or ''}",
                    outcome="ok" if stored.error_code is None else stored.error_code,
                    request_id=intent.request_id,
                    detail={"write_id": intent.id, "source_event": intent.source_event},
                )


def _seal(call: Call, intent: Write) -> Context:
    owner = f"account:{call.account.id}"
    return Context(call.account.environment_id, owner, "idempotent_answer", f"writes.answer:{intent.id}")


def _reference(change: Change) -> str | None:
    value = change.body.get("reference")
    return value if isinstance(value, str) else None


def _reaches_person(call: Call, change: Change) -> bool:
    action = call.resource.actions.get(change.operation)
    return action is not None and action.reaches_person


def _is_unguarded(call: Call, change: Change, key: str | None) -> bool:
    """A live create of a money document that a retry would simply repeat."""
    money = "total_amount" in call.resource.model.model_fields
    live = call.principal.mode == "live"
    guarded = key is not None or change.matching is not None or bool(change.body.get("reference"))
    return change.operation == "create" and live and money and not guarded


def _patience(call: Call) -> float:
    wait = re.search(r"\bwait=(\d{1,3})\b", call.request.headers.get("prefer", ""))
    return min(int(wait[1]), _LONGEST_WAIT) if wait else 0


def _public_url(call: Call) -> str:
    return str(call.request.app.state.settings.public_url or "")
