"""Where intents are kept: what becomes of their rows, and who may say so.

executing  its owner carries it out; the lease tells whether the owner lives
partial    some of it is done; whoever brings its key again takes it from there
done       the provider did it; a repetition is answered from here
released   provably nothing was done; the key is free again
unknown    nobody saw the end: it is looked for, and what cannot be found is left to a person
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import json
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.secrets import Context, SecretUnavailable, Vault
from app.gateway.instants import storage_now
from app.keys import audit
from app.models.writes import Write
from app.synced.written import Written, kept, take_in
from app.unified import store
from app.unified.calls import Call
from app.unified.changes import Change, fingerprint
from app.unified.documents import document_of
from app.unified.pace import Pace
from app.unified.progress import Progress, progress_of
from connectors.kit.http import Request

RETENTION = timedelta(days=7)
DOCUMENT_PAUSE = timedelta(hours=24)
MAIL_PAUSE = timedelta(minutes=10)

_AUDITED = {"create": "created", "update": "updated", "delete": "deleted"}


class WriteShelf:
    """Every method is one short transaction."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, pace: Pace | None = None) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self.pace = pace or Pace()

    # Beginning

    async def claim(self, call: Call, change: Change, key: str | None) -> tuple[Write, bool]:
        """Store the intent, or find the one the key stands for; whether it is the caller's to carry out.

        Problem idempotency_key_reused, possible_duplicate.
        """
        try:
            return await self._claimed(call, change, key)
        except IntegrityError:  # another process stored the same key at the same moment
            return await self._claimed(call, change, key)

    async def _claimed(self, call: Call, change: Change, key: str | None) -> tuple[Write, bool]:
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            intent = _intent(call, change, key, now, now + self.pace.lease)
            if key is not None:
                known = await store.by_key(
                    session, intent.environment_id, intent.account_id, intent.method, intent.path, key
                )
                if known is not None and known.created_at < now - RETENTION and known.state != "unknown":
                    known.idempotency_key = None
                    await session.flush()
                elif known is not None:
                    return known, _taken(known, intent, now)
            elif _reaches_person(call, change):
                await self._refuse_same_mail(session, intent, now)
            if intent.document is not None and not change.may_repeat and change.matching is None:
                await self._refuse_same_document(session, intent, now)
            session.add(intent)
        return intent, True

    async def _refuse_same_mail(self, session: AsyncSession, intent: Write, now: datetime) -> None:
        same = await store.same_since(
            session, intent.environment_id, intent.account_id, intent.path, intent.fingerprint,
            now - MAIL_PAUSE,
        )  # fmt: skip
        if same is not None:
            detail = "The same mail was sent less than 10 minutes ago; use an Idempotency-Key to repeat it."
            raise Problem("possible_duplicate", detail, write_id=same.id)

    async def _refuse_same_document(self, session: AsyncSession, intent: Write, now: datetime) -> None:
        same = await store.same_document(session, intent, now - DOCUMENT_PAUSE)
        if same is not None:
            detail = (
                "A document with this reference, contact and amount was written less than 24 hours ago under another "
                "key. If a second one is meant, send allow_duplicate=true."
            )
            told: dict[str, Any] = {"write_id": same.id, "executed": "no", "retryable": False}
            if same.record_id is not None:
                name = same.resource.rpartition("/")[2]
                told["existing"] = {"resource": name, "id": same.record_id}
            raise Problem("possible_duplicate", detail, **told)

    async def progress(self, intent: Write) -> Progress:
        """How far an earlier run got."""
        return (await self.journal(intent))[0]

    async def journal(self, intent: Write) -> tuple[Progress, dict[str, Any] | None]:
        """How far an earlier run got, and what it was asked."""
        progress, asked = Progress(), None
        if intent.journal is not None:
            opened = await self._vault.open(intent.journal, _seal(intent, "write_progress", "journal"))
            kept = json.decode(opened.reveal())
            progress, asked = progress_of(kept), kept["asked"]
        progress.began = intent.created_at
        return progress, asked

    async def answer(self, intent: Write) -> bytes | None:
        """The answer that is kept, as it was given to `settle`."""
        if intent.answer is None:
            return None
        opened = await self._vault.open(intent.answer, _seal(intent, "idempotent_answer", "answer"))
        return opened.reveal()

    # On the way

    async def sending(self, intent: Write, change: Change, progress: Progress, request: Request) -> None:
        """Just before a writing request goes out: what was done so far, and what comes now.

        Problem idempotency_in_progress when another process took the write over.
        """
        if progress.pending is None:
            progress.pending = request
        async with self._database.write() as session:
            stored = await self.own(session, intent)
            if stored is None:
                detail = "Another process took this write over; ask for its outcome."
                raise Problem("idempotency_in_progress", detail, retry_after=1, write_id=intent.id)
            now = await storage_now(session, self._clock)
            stored.sent_at, stored.lease_until, stored.checks = now, now + self.pace.lease, 0
            stored.journal = await self.sealed_journal(session, stored, progress, change.asked)

    async def is_alone(self, intent: Write, sought: frozenset[str]) -> bool:
        """Whether nobody else looks for any of this to create it; from then on nobody else may."""
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            others = await store.seeking(session, intent.account_id, intent.resource, now)
            if any(sought & set((each.seeks or "").split()) for each in others if each.id != intent.id):
                return False
            stored = await self.own(session, intent)
            if stored is not None:
                stored.seeks = " ".join(sorted(sought))
            return True

    async def beat(self, owned: dict[str, str]) -> None:
        """The owners of these intents (id → owner) live."""
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            await store.extend(session, owned, now + self.pace.lease)

    # The end

    async def settle(
        self,
        call: Call,
        intent: Write,
        state: str,
        *,
        answer: bytes | None = None,
        progress: tuple[Change, Progress] | None = None,
        written: Written | None = None,
        **values: Any,
    ) -> None:
        """Store how it ended, and what it left in the copies. Without a key to seal it under, the end is stored
        without the answer."""
        async with self._database.write() as session:
            stored = await self.own(session, intent)
            if stored is None:
                return
            now = await storage_now(session, self._clock)
            stored.state, stored.settled_at, stored.lease_until = state, now, now
            stored.error_code = None
            stored.next_check_at = None
            if state == "unknown":
                stored.next_check_at = now + timedelta(seconds=self.pace.first(stored.resends))
            if state == "released":
                stored.idempotency_key = None
            for name, value in values.items():
                if value is not None:
                    setattr(stored, name, value)
            if state in ("done", "released"):
                stored.journal = None
            elif progress is not None:
                change, reached = progress
                stored.journal = await self.sealed_journal(session, stored, reached, change.asked)
            if answer is not None:
                stored.answer = await self.sealed_answer(session, stored, answer)
            kept = await self.kept(session, stored, written if state == "done" else None)
            if state != "released":
                await self.audited(session, stored, audit.actor_of(call.request, call.principal))
            if kept is not None:
                await self.take_in(session, stored, kept, now)

    async def kept(self, session: AsyncSession, stored: Write, written: Written | None) -> Written | None:
        """What the copies take in of a write that was sent. To be asked before `audited`."""
        return None if written is None or stored.sent_at is None else await kept(session, written)

    async def take_in(self, session: AsyncSession, stored: Write, written: Written, now: datetime) -> None:
        """The copies are as the write left the record."""
        origin = {"request_id": stored.request_id, "source_event": stored.source_event}
        await take_in(session, written, origin, stored.sent_at or now, now)

    async def audited(self, session: AsyncSession, stored: Write, actor: audit.Actor) -> None:
        await audit.record(
            session,
            self._clock.now(),
            stored.environment_id,
            actor,
            f"record.{_AUDITED.get(stored.operation, stored.operation)}",
            f"{stored.account_id}/{stored.resource}/{stored.record_id or ''}",
            outcome="ok" if stored.error_code is None else stored.error_code,
            request_id=stored.request_id,
            detail={"write_id": stored.id, "source_event": stored.source_event},
        )

    async def own(self, session: AsyncSession, intent: Write) -> Write | None:
        """The row, if it is still this owner's."""
        stored = await store.by_id(
            session, intent.environment_id, intent.account_id, intent.id, for_update=True
        )
        if stored is None or stored.state != "executing" or stored.owner != intent.owner:
            return None
        return stored

    async def sealed_journal(
        self, session: AsyncSession, write: Write, progress: Progress, asked: dict[str, Any] | None
    ) -> bytes:
        kept = {**progress.kept(), "asked": asked}
        return await self._vault.seal(session, _seal(write, "write_progress", "journal"), json.encode(kept))

    async def sealed_answer(self, session: AsyncSession, write: Write, answer: bytes) -> bytes | None:
        """None where there is no key to seal it under."""
        try:
            return await self._vault.seal(session, _seal(write, "idempotent_answer", "answer"), answer)
        except SecretUnavailable:
            return None


def _intent(call: Call, change: Change, key: str | None, now: datetime, lease_until: datetime) -> Write:
    return Write(
        id=new_id("wri"),
        environment_id=call.account.environment_id,
        account_id=call.account.id,
        tenant_id=call.account.tenant_id,
        method=call.request.method,
        path=call.request.scope["path"].rstrip("/"),
        resource=f"{call.model}/{call.resource.name}",
        operation=change.operation,
        fingerprint=fingerprint(call, change),
        state="executing",
        owner=new_id("own"),
        lease_until=lease_until,
        created_at=now,
        key_id=call.principal.key_id,
        request_id=call.run.request_id,
        idempotency_key=key,
        source_event=call.run.source_event,
        reference=_reference(change),
        record_id=change.id,
        document=document_of(change),
    )


def _taken(known: Write, asked: Write, now: datetime) -> bool:
    """Whether a write that is known may be carried on by who asks for it now; it is theirs then."""
    if known.fingerprint != asked.fingerprint:
        detail = "This Idempotency-Key was used for a request with another content."
        raise Problem("idempotency_key_reused", detail, write_id=known.id)
    if known.state == "executing" and known.lease_until < now:
        if known.sent_at is not None:  # its owner died, and nobody knows whether the provider heard
            known.state, known.next_check_at = "unknown", now
            return False
    elif known.state != "partial":
        return False
    known.state, known.owner, known.lease_until = "executing", asked.owner, asked.lease_until
    return True


def _seal(intent: Write, purpose: str, column: str) -> Context:
    owner = f"account:{intent.account_id}"
    return Context(intent.environment_id, owner, purpose, f"writes.{column}:{intent.id}")


def _reference(change: Change) -> str | None:
    value = change.body.get("reference")
    return value if isinstance(value, str) else None


def _reaches_person(call: Call, change: Change) -> bool:
    action = call.resource.actions.get(change.operation)
    return action is not None and action.reaches_person
