"""Where intents are kept: what becomes of their rows, and who may say so.

executing  its owner carries it out; the lease tells whether the owner lives
partial    some of it is done; whoever brings its key again takes it from there
done       it has an answer; a repetition is answered from here
released   provably nothing was done; the key is free again
unknown    nobody saw the end: it is looked for, and what cannot be found is left to a person
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import json
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.instants import storage_now
from app.core.redaction import redact
from app.core.secrets import Context, SecretUnavailable, Vault
from app.keys import audit
from app.models.writes import Write
from app.writes import store
from app.writes.pace import Pace

RETENTION = timedelta(days=7)
ENDED = frozenset({"done", "released"})
"""States of a write with nothing left to do."""

Journal = Mapping[str, Any]
Check = Callable[[AsyncSession, Write, datetime], Awaitable[None]]
"""Raises Problem for an intent that may not begin."""

_AUDITED = {"forward": "forwarded", "create": "created", "update": "updated", "delete": "deleted"}
_FOUND = {"already_existed": "found", "unchanged": "unchanged", "updated": "updated"}
"""What a create, or a change, came to where it did not do what it is named for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for, as its row will say; the columns are explained at `Write`."""

    environment_id: str
    account_id: str
    tenant_id: str
    method: str
    path: str
    resource: str
    operation: str
    fingerprint: str
    key_id: str
    request_id: str
    idempotency_key: str | None = None
    source_event: str | None = None
    reference: str | None = None
    record_id: str | None = None
    document: str | None = None
    seeks: str | None = None

    @property
    def place(self) -> store.Place | None:
        key = self.idempotency_key
        return None if key is None else (self.environment_id, self.account_id, self.method, self.path, key)


class Shelf:
    """Every public method is one short transaction."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, pace: Pace | None = None) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self.pace = pace or Pace()

    # Beginning

    async def begin(self, asked: Asked, check: Check | None = None) -> tuple[Write, bool]:
        """Store the intent, or find the one its key stands for; whether it is the caller's to carry out.

        Problem idempotency_key_reused, and what `check` raises.
        """
        if (known := await self._standing(asked)) is not None:
            return known, False
        try:
            return await self._begun(asked, check)
        except IntegrityError:  # another process stored the same key at the same moment
            return await self._begun(asked, check)

    async def _standing(self, asked: Asked) -> Write | None:
        """The write its key stands for, where nothing is to be done but to tell of it: whoever asks again and again
        keeps no writer waiting."""
        if asked.place is None:
            return None
        async with self._database.read() as session:
            known = await store.by_key(session, asked.place)
            now = await storage_now(session, self._clock)
        if known is None or _is_forgotten(known, now) or not _stands(known, now):
            return None
        _refuse_other_content(known, asked)
        return known

    async def _begun(self, asked: Asked, check: Check | None) -> tuple[Write, bool]:
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            intent = Write(
                id=new_id("wri"),
                state="executing",
                owner=new_id("own"),
                lease_until=now + self.pace.lease,
                created_at=now,
                **asdict(asked),
            )
            if asked.place is not None:
                known = await store.by_key(session, asked.place, for_update=True)
                if known is not None and _is_forgotten(known, now):
                    give_back_key(known)
                    await session.flush()
                elif known is not None:
                    taken = _taken(known, asked, intent, now)
                    if taken and check is not None and known.sent_at is None:
                        await check(session, known, now)
                    return known, taken
            if check is not None:
                await check(session, intent, now)
            session.add(intent)
        return intent, True

    async def answer(self, intent: Write) -> bytes:
        """The answer of a write that is done, as it was given to `end`; where there was no key to seal it under, the
        record's id without headers."""
        if intent.answer is None:
            return b"\n" + json.encode({"id": intent.record_id})
        opened = await self._vault.open(intent.answer, _seal(intent, "idempotent_answer", "answer"))
        return opened.reveal()

    async def opened_journal(self, intent: Write) -> Journal | None:
        """How far it got, as it was told before it was sent."""
        if intent.journal is None:
            return None
        opened = await self._vault.open(intent.journal, _seal(intent, "write_progress", "journal"))
        kept: Journal = json.decode(opened.reveal())
        return kept

    # On the way

    async def sends(self, intent: Write, journal: Journal | None = None, *, again: bool = False) -> None:
        """Just before something is sent. Without a journal nobody but a person can say later what became of it.
        `again`: it was sent before, and nobody saw the end of that.

        Problem idempotency_in_progress when another process took the write, or its turn, over.
        """
        sealed = None if journal is None else await self.sealed_journal(intent, journal)
        async with self._database.write() as session:
            stored = await self.own(session, intent)
            if stored is None:
                detail = "Another process took this write over; ask for its outcome."
                raise Problem(
                    "idempotency_in_progress", detail, retry_after=1, write_id=intent.id, executed="unknown"
                )
            if stored.turn != intent.turn:
                detail = "Another write of the record went before this one, which took too long; ask again."
                raise Problem("idempotency_in_progress", detail, retry_after=1, write_id=intent.id)
            now = await storage_now(session, self._clock)
            stored.sent_at, stored.lease_until, stored.checks = now, now + self.pace.lease, 0
            stored.resends += again
            if sealed is not None:
                stored.journal = sealed

    async def beat(self, owned: dict[str, str]) -> None:
        """The owners of these intents (id → owner) live."""
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            await store.extend(session, owned, now + self.pace.lease)

    # The end

    async def end(
        self,
        intent: Write,
        state: str,
        actor: audit.Actor,
        *,
        answer: bytes | None = None,
        **values: Any,
    ) -> Write | None:
        """Store how it ended; without a key to seal the answer under, without the answer. The row as it is then."""
        sealed = None if answer is None else await self.sealed_answer(intent, answer)
        async with self._database.write() as session:
            stored = await self.own(session, intent)
            if stored is None:
                return None
            now = await storage_now(session, self._clock)
            self.put_down(stored, state, now, answer=sealed, **values)
            if state != "released":
                await self.audited(session, stored, actor)
        return stored

    def put_down(
        self,
        stored: Write,
        state: str,
        now: datetime,
        *,
        answer: bytes | None = None,
        journal: bytes | None = None,
        **values: Any,
    ) -> None:
        """Its row says how it ended. `answer` and `journal` are sealed."""
        stored.state, stored.settled_at, stored.lease_until = state, now, now
        stored.error_code = None
        stored.next_check_at = None
        if state == "released":
            give_back_key(stored)
        for name, value in values.items():
            if value is not None:
                setattr(stored, name, value)
        if state == "unknown" and journal is not None:
            wait = self.pace.first(stored.resends, stored.checks)
            stored.next_check_at = now + timedelta(seconds=wait)
        if state in ENDED:
            stored.journal = None
        elif journal is not None:
            stored.journal = journal
        if answer is not None:
            stored.answer = answer

    async def audited(self, session: AsyncSession, stored: Write, actor: audit.Actor) -> None:
        """The entry of a write to a provider; what our own routes make has one where it is made."""
        if not stored.account_id:
            return
        detail: dict[str, Any] = {"write_id": stored.id or None, "source_event": stored.source_event}
        target = f"{stored.account_id}/{stored.resource}/{stored.record_id or ''}"
        refused = False
        if stored.operation == "forward":
            path = redact(stored.path)
            detail |= {"method": stored.method, "path": path, "status": stored.status}
            target, refused = stored.account_id + path, (stored.status or 0) >= 400
        await audit.record(
            session,
            self._clock.now(),
            stored.environment_id,
            actor,
            f"record.{_deed(stored)}",
            target,
            outcome=stored.error_code or ("refused" if refused else "ok"),
            request_id=stored.request_id,
            detail=detail,
        )

    async def note(self, asked: Asked, actor: audit.Actor, status: int, error_code: str | None) -> None:
        """Audits a write of which nothing else is kept."""
        async with self._database.write() as session:
            now = self._clock.now()
            made = Write(
                id="", state="done", lease_until=now, created_at=now, status=status, error_code=error_code,
                **asdict(asked),
            )  # fmt: skip
            await self.audited(session, made, actor)

    async def own(self, session: AsyncSession, intent: Write) -> Write | None:
        """The row, if it is still this owner's."""
        stored = await store.by_id(
            session, intent.environment_id, intent.account_id, intent.id, for_update=True
        )
        if stored is None or stored.state != "executing" or stored.owner != intent.owner:
            return None
        return stored

    # Before the transaction that stores it: the key may be a long way off

    async def sealed_journal(self, write: Write, journal: Journal) -> bytes:
        return await self._vault.seal(_seal(write, "write_progress", "journal"), json.encode(journal))

    async def sealed_answer(self, write: Write, answer: bytes) -> bytes | None:
        """None where there is no key to seal it under."""
        try:
            return await self._vault.seal(_seal(write, "idempotent_answer", "answer"), answer)
        except SecretUnavailable:
            return None


def _deed(stored: Write) -> str:
    if stored.operation in ("create", "update") and stored.outcome in _FOUND:
        return _FOUND[stored.outcome]
    return _AUDITED.get(stored.operation, stored.operation)


def give_back_key(write: Write) -> None:
    """Its key may stand for another write, and still finds this one."""
    write.released_key, write.idempotency_key = write.idempotency_key or write.released_key, None


def _is_forgotten(known: Write, now: datetime) -> bool:
    return known.created_at < now - RETENTION and known.state != "unknown"


def _stands(known: Write, now: datetime) -> bool:
    """Whether it is settled, or somebody else's."""
    return known.state in ("done", "unknown") or (known.state == "executing" and known.lease_until >= now)


def _refuse_other_content(known: Write, asked: Asked) -> None:
    if known.fingerprint != asked.fingerprint:
        detail = "This Idempotency-Key was used for a request with another content."
        raise Problem("idempotency_key_reused", detail, write_id=known.id)


def _taken(known: Write, asked: Asked, intent: Write, now: datetime) -> bool:
    """Whether a write that is known may be carried on by who asks for it now; it is theirs then."""
    _refuse_other_content(known, asked)
    if known.state == "executing" and not _stands(known, now):
        if known.sent_at is not None:  # its owner died, and nobody knows whether the provider heard
            known.state = "unknown"
            known.next_check_at = now if known.journal is not None else None
            return False
    elif known.state != "partial":
        return False
    known.state, known.owner, known.lease_until = "executing", intent.owner, intent.lease_until
    return True


def _seal(intent: Write, purpose: str, column: str) -> Context:
    account, environment = intent.account_id, intent.environment_id
    owner = f"account:{account}" if account else f"environment:{environment}"
    return Context(intent.environment_id, owner, purpose, f"writes.{column}:{intent.id}")
