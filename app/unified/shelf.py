"""The intents of unified writes: kept with what another process needs to go on where one stopped."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.core.errors import Problem
from app.core.instants import storage_now
from app.keys import audit
from app.models.writes import Write
from app.synced.written import Written, kept, take_in
from app.unified.calls import Call
from app.unified.changes import Change, fingerprint
from app.unified.progress import Progress, progress_of
from app.unified.queueing import document, seeks, waits
from app.writes import store, turns
from app.writes.shelf import ENDED, Asked, Journal, Shelf
from connectors.kit.http import Request

_log = get_logger("ledgerway.unified")

DOCUMENT_PAUSE = timedelta(hours=24)
MAIL_PAUSE = timedelta(minutes=10)


class WriteShelf(Shelf):
    """Every public method is one short transaction."""

    async def claim(self, call: Call, change: Change, key: str | None) -> tuple[Write, bool]:
        """Store the intent, or find the one the key stands for; whether it is the caller's to carry out.

        Problem idempotency_key_reused, possible_duplicate.
        """

        async def check(session: AsyncSession, intent: Write, now: datetime) -> None:
            await store.hold(session, intent)  # two at once would not see each other
            if key is None and _reaches_person(call, change):
                await self._refuse_same_mail(session, intent, now)
            if intent.document is not None and not change.may_repeat and change.matching is None:
                await self._refuse_same_document(session, intent, now)
            if waits(change):
                await turns.take(session, intent, now)

        asked = _asked(call, change, key)
        return await self.begin(asked, check if asked.seeks else None)

    async def _refuse_same_mail(self, session: AsyncSession, intent: Write, now: datetime) -> None:
        same = await store.same_since(session, intent, now - MAIL_PAUSE, now)
        if same is not None:
            detail = "The same mail was sent less than 10 minutes ago; use an Idempotency-Key to repeat it."
            raise Problem("possible_duplicate", detail, write_id=same.id)

    async def _refuse_same_document(self, session: AsyncSession, intent: Write, now: datetime) -> None:
        same = await store.same_document(session, intent, now - DOCUMENT_PAUSE, now)
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
        kept = await self.opened_journal(intent)
        if kept is not None:
            progress, asked = progress_of(kept), kept["asked"]
        progress.began = intent.created_at
        return progress, asked

    async def sending(
        self, intent: Write, change: Change, progress: Progress, request: Request, *, again: bool = False
    ) -> None:
        """Just before a writing request goes out: what was done so far, and what comes now.

        Problem idempotency_in_progress when another process took the write over.
        """
        if progress.pending is None:
            progress.pending = request
        await self.sends(intent, journal_of(progress, change.asked), again=again)

    async def turn(self, intent: Write) -> Write | None:
        """The write that has to be waited for. None: it is the turn of `intent` now, until it is settled."""
        async with self._database.read() as session:  # whoever asks again and again keeps no writer waiting
            now = await storage_now(session, self._clock)
            waited_for = turns.first(await turns.others(session, intent), intent, now)
        if waited_for is not None:
            return waited_for
        async with self._database.write() as session:
            stored = await self.own(session, intent)
            if stored is None:
                return None  # and nothing can be sent
            await store.hold(session, stored)
            waited_for = await turns.take(session, stored, await storage_now(session, self._clock))
            intent.turn = stored.turn
            return waited_for

    async def settle(
        self,
        call: Call,
        intent: Write,
        state: str,
        *,
        progress: tuple[Change, Progress],
        written: Written | None = None,
        answer: bytes | None = None,
        **values: Any,
    ) -> Write | None:
        """Store how it ended, how far it got, and what it left in the copies; `values` as of `Shelf.put_down`. The row
        as it is then; None when it is another's.
        """
        change, reached = progress
        journal = None if state in ENDED else journal_of(reached, change.asked)
        sealed_journal = None if journal is None else await self.sealed_journal(intent, journal)
        sealed_answer = None if answer is None else await self.sealed_answer(intent, answer)

        async def end(session: AsyncSession) -> Write | None:
            stored = await self.own(session, intent)
            if stored is None:
                return None
            now = await storage_now(session, self._clock)
            self.put_down(stored, state, now, journal=sealed_journal, answer=sealed_answer, **values)
            kept = await self.kept(session, stored, written if state == "done" else None)
            if state != "released":
                await self.audited(session, stored, audit.actor_of(call.request, call.principal))
            if kept is not None:
                await self.take_in(session, stored, kept, now)
            return stored

        return await self._database.transact(end)

    async def kept(self, session: AsyncSession, stored: Write, written: Written | None) -> Written | None:
        """What the copies take in of a write that was sent. To be asked before `audited`."""
        return None if written is None or stored.sent_at is None else await kept(session, written)

    async def take_in(self, session: AsyncSession, stored: Write, written: Written, now: datetime) -> None:
        """The copies are as the write left the record; where that cannot be, the next poll brings it."""
        origin = {"request_id": stored.request_id, "source_event": stored.source_event}
        try:
            async with session.begin_nested():
                await take_in(session, written, origin, stored.sent_at or now, now)
        except Exception as error:  # the end of the write is stored whatever becomes of its copy
            if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError):
                raise
            _log.warning("copy_not_taken_in", write_id=stored.id, exc_info=error)


def journal_of(progress: Progress, asked: dict[str, Any] | None) -> Journal:
    """What a write's next run has to know."""
    return {**progress.kept(), "asked": asked}


def _asked(call: Call, change: Change, key: str | None) -> Asked:
    return Asked(
        environment_id=call.account.environment_id,
        account_id=call.account.id,
        tenant_id=call.account.tenant_id,
        method=call.request.method,
        path=call.request.scope["path"].rstrip("/"),
        resource=f"{call.model}/{call.resource.name}",
        operation=change.operation,
        fingerprint=fingerprint(call, change),
        key_id=call.principal.key_id,
        request_id=call.run.request_id,
        idempotency_key=key,
        source_event=call.run.source_event,
        reference=_reference(change),
        record_id=change.id,
        document=document(call.resource, change),
        seeks=seeks(call.resource, change),
    )


def _reference(change: Change) -> str | None:
    value = change.body.get("reference")
    return value if isinstance(value, str) else None


def _reaches_person(call: Call, change: Change) -> bool:
    action = call.resource.actions.get(change.operation)
    return action is not None and action.reaches_person
