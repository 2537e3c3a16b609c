"""Writes that are carried out once: an intent before anything is sent, its answer kept for whoever repeats it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from app.core import failpoints, json
from app.core.clock import Clock
from app.core.errors import Problem, problem_body
from app.models.writes import Write
from app.synced.written import Written, gone, left
from app.unified.calls import Call
from app.unified.changes import Change
from app.unified.marking import mark_of
from app.unified.progress import Progress
from app.unified.queueing import waits
from app.unified.service import Shown
from app.unified.shelf import WriteShelf
from app.writes import turns
from app.writes.claims import key_of, patience, turn, unseen, unsettled
from app.writes.supervised import Supervisor

_POLL = 0.2

Work = Callable[[Call, Progress], Awaitable[Shown]]


@dataclass(frozen=True, slots=True)
class Done:
    """An answer on the wire, fresh or replayed."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Intents:
    """The life of a write from its intent to its answer. No session is held while the provider is awaited."""

    def __init__(self, shelf: WriteShelf, supervisor: Supervisor, clock: Clock) -> None:
        self._shelf = shelf
        self._supervisor = supervisor
        self._clock = clock

    async def once(self, call: Call, change: Change, work: Work) -> Done:
        """Carry out `work`, take it up where it stopped, or answer what carrying it out once gave."""
        key = key_of(call.request.headers, required=call.request.app.state.settings.require_idempotency_key)
        failpoints.hit("write.before_intent")

        async def claim() -> tuple[Write, bool]:
            return await self._shelf.claim(call, change, key)

        intent, is_ours = await turn(claim, self._clock, patience(call.request.headers))
        if not is_ours:
            call.run.meter.record_id = intent.record_id
            return await self._replay(intent)
        done = await self.carry(call, change, intent, await self._shelf.progress(intent), work)
        if _is_unguarded(call, change, key):
            done.headers["Ledgerway-Warning"] = "unguarded-write"
        failpoints.hit("write.before_reply")
        return done

    async def carry(self, call: Call, change: Change, intent: Write, progress: Progress, work: Work) -> Done:
        """Run `work` from where `progress` stands, and store what comes of it. The intent is the caller's."""

        resends = progress.in_doubt

        async def sending(request: Any) -> None:
            nonlocal resends  # once, however many attempts it takes
            await self._shelf.sending(intent, change, progress, request, again=resends)
            resends = False
            failpoints.hit("write.before_send")

        if intent.sent_at is None:
            progress.mark = mark_of(call, change, intent)
        call = replace(call, run=replace(call.run, before_write=sending))
        with self._supervisor.owning(intent.id, intent.owner or ""):
            try:
                await self.queue(call, change, intent)
                shown = await work(call, progress)
            except Problem as problem:
                await self._failed(call, change, intent, progress, problem)
                raise
            except BaseException:
                state = _cut_off(intent, progress)
                await self._settle(call, change, intent, state, progress, error_code="internal_error")
                raise
            failpoints.hit("write.before_store")
            return await self._succeeded(call, change, intent, progress, shown)

    async def queue(self, call: Call, change: Change, intent: Write) -> None:
        """Waits for the intent's turn. Problem deadline_exceeded, possible_duplicate: there was none in time."""
        if not waits(change) or turns.has(intent):
            return
        while (other := await self._shelf.turn(intent)) is not None:
            seconds = call.run.deadline - self._clock.monotonic()
            if not turns.is_worth_waiting(other, self._clock.now(), seconds):
                raise turns.not_yet(intent, other)
            await self._clock.sleep(_POLL)

    async def _succeeded(
        self, call: Call, change: Change, intent: Write, progress: Progress, shown: Shown
    ) -> Done:
        headers = {"Ledgerway-Write-Id": intent.id, "Ledgerway-Outcome": shown.outcome or "updated"}
        if shown.etag:
            headers["ETag"] = f'"{shown.etag}"'
        content = json.encode(shown.body)
        status = 200 if shown.was_there else change.status
        kept = (shown.etag or "").encode() + b"\n" + content if intent.idempotency_key else None
        state = "done"
        if shown.outcome == "partial" and progress.stopped and intent.idempotency_key:
            state = "partial" if progress.resumes else "unknown"
        await self._settle(
            call, change, intent, state, progress,
            answer=kept, outcome=shown.outcome, record_id=shown.id, status=status,
            written=_written(call, change, shown),
        )  # fmt: skip
        return Done(status, content, headers)

    async def _replay(self, intent: Write) -> Done:
        if intent.state != "done" or intent.status is None:
            raise unsettled(intent, self._clock.now())
        etag, _, content = (await self._shelf.answer(intent)).partition(b"\n")
        headers = {
            "Ledgerway-Write-Id": intent.id,
            "Idempotent-Replayed": "true",
            "Ledgerway-Outcome": "replayed",
        }
        if intent.answer is None:
            headers["Ledgerway-Warning"] = "answer-not-kept"
        if etag:
            headers["ETag"] = f'"{etag.decode()}"'
        return Done(intent.status, content, headers)

    async def _failed(
        self, call: Call, change: Change, intent: Write, progress: Progress, problem: Problem
    ) -> None:
        problem.headers["Ledgerway-Write-Id"] = intent.id
        if progress.has_done and problem.extra.get("executed", "no") == "no":
            problem.extra["executed"] = "yes"
        executed = problem.extra.setdefault("executed", "no")
        if executed != "unknown" and not progress.in_doubt:
            progress.pending = None
        ended: dict[str, Any] = {"status": problem.status, "error_code": problem.code}
        if problem.code == "outcome_unknown" or executed == "unknown" or progress.pending is not None:
            problem.headers["Ledgerway-Outcome"] = "unknown"
            told: dict[str, Any] = {"error_code": problem.code}
            # What was refused unread, or never left, counts as looked for in vain, not as sent again.
            if progress.in_doubt and progress.unread:
                told |= {"resends": intent.resends, "checks": intent.checks + 1}
            stored = await self._settle(call, change, intent, "unknown", progress, **told)
            if executed == "unknown" and stored is not None:
                unseen(problem, stored, self._clock.now())
        elif executed == "yes":
            problem.headers["Ledgerway-Outcome"] = "partial"
            body = problem_body(
                problem, instance=intent.path, request_id=intent.request_id, base_url=_public_url(call)
            )
            # Whatever stopped it, a circuit or a token too: whoever brings the key again takes it from there.
            state = "partial" if intent.idempotency_key else "done"
            answer = b"\n" + json.encode(body)
            await self._settle(call, change, intent, state, progress, answer=answer, **ended)
        else:
            await self._settle(call, change, intent, "released", progress, **ended)

    async def _settle(
        self, call: Call, change: Change, intent: Write, state: str, progress: Progress, **values: Any
    ) -> Write | None:
        try:
            return await self._shelf.settle(call, intent, state, progress=(change, progress), **values)
        except Problem as problem:  # no storage to say it to: what the provider did is not denied for that
            if progress.has_done or progress.pending is not None:
                problem.headers["Ledgerway-Write-Id"] = intent.id
                problem.extra["executed"] = "yes" if progress.pending is None else "unknown"
                problem.extra["retryable"] = intent.idempotency_key is not None
            raise


def _written(call: Call, change: Change, shown: Shown) -> Written | None:
    """What the copies of the account take in of a write that succeeded."""
    connector = call.account.connector
    if change.operation == "delete" and change.id is not None:
        return gone(call.owner, connector, call.path, change.id)
    if shown.answer is None or shown.outcome == "partial":
        return None
    return left(call.owner, connector, call.path, shown.answer)


def _cut_off(intent: Write, progress: Progress) -> str:
    """The state of a write whose work ended without a word."""
    if progress.pending is None and not progress.has_done:
        return "released"
    return "partial" if progress.pending is None and intent.idempotency_key else "unknown"


def _is_unguarded(call: Call, change: Change, key: str | None) -> bool:
    """A live create of a money document that a retry would simply repeat."""
    money = "total_amount" in call.resource.model.model_fields
    live = call.principal.mode == "live"
    guarded = key is not None or change.matching is not None or bool(change.body.get("reference"))
    return change.operation == "create" and live and money and not guarded


def _public_url(call: Call) -> str:
    return str(call.request.app.state.settings.public_url or "")
