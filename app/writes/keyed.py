"""Requests carried out once whose answer is kept whole: whoever repeats them gets it again, byte for byte."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from app.core import failpoints, json
from app.core.clock import Clock
from app.core.errors import Problem
from app.keys.audit import Actor
from app.models.writes import Write
from app.writes.claims import turn, unseen, unsettled
from app.writes.shelf import Asked, Shelf
from app.writes.supervised import Supervisor

Executed: TypeAlias = Literal["no", "yes", "unknown"]
Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

MOST_KEPT = 1024 * 1024
"""Bytes of an answer's body; of a larger one the status and the headers are kept."""

_KEPT = frozenset(
    {
        b"content-type",
        b"content-encoding",
        b"content-language",
        b"content-disposition",
        b"etag",
        b"last-modified",
        b"location",
    }
)
_OF_THE_BODY = frozenset({b"content-type", b"content-encoding", b"content-language", b"content-disposition"})
_NOT_KEPT = (b"ledgerway-warning", b"answer-not-kept")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on the wire; names of headers in lower case.

    executed  no: what was asked was not done, and the key is free again. unknown: nobody can tell; it is not
              answered again, and not sent again
    outcome   as of `Write`
    """

    status: int
    headers: Pairs
    content: bytes
    executed: Executed = "yes"
    outcome: str | None = None


Sending: TypeAlias = Callable[[], Awaitable[None]]
"""To be awaited just before something is sent, or done that cannot be taken back."""
Work: TypeAlias = Callable[[Sending], Awaitable[Answer]]


class Keyed:
    """The life of such a request, from its intent to its answer. It goes on when its caller goes away."""

    def __init__(self, shelf: Shelf, supervisor: Supervisor, clock: Clock) -> None:
        self._shelf = shelf
        self._supervisor = supervisor
        self._clock = clock

    async def once(self, asked: Asked, actor: Actor, patience: float, work: Work) -> Answer:
        """Carry out `work`, or answer what carrying it out once gave; wait for that at most so many seconds.

        Problem idempotency_in_progress, idempotency_key_reused, outcome_pending, and what `work` raises, which
        says what was executed.
        """
        return await self._supervisor.run(self._once(asked, actor, patience, work))

    async def _once(self, asked: Asked, actor: Actor, patience: float, work: Work) -> Answer:
        async def claim() -> tuple[Write, bool]:
            return await self._shelf.begin(asked)

        failpoints.hit("write.before_intent")
        intent, is_ours = await turn(claim, self._clock, patience)
        if not is_ours:
            return await self._replayed(intent)
        with self._supervisor.owning(intent.id, intent.owner or ""):
            answer = await self._carried(intent, actor, work)
        failpoints.hit("write.before_reply")
        return answer

    async def _carried(self, intent: Write, actor: Actor, work: Work) -> Answer:
        sent = False

        async def sending() -> None:
            nonlocal sent
            await self._shelf.sends(intent)
            sent = True
            failpoints.hit("write.before_send")

        try:
            answer = await work(sending)
        except Problem as problem:
            await self._failed(intent, actor, problem)
            raise
        except BaseException:
            await self._end(intent, actor, "unknown" if sent else "no", error_code="internal_error")
            raise
        failpoints.hit("write.before_store")
        return await self._answered(intent, actor, answer)

    async def _failed(self, intent: Write, actor: Actor, problem: Problem) -> None:
        problem.headers["Ledgerway-Write-Id"] = intent.id
        executed: Executed = problem.extra.setdefault("executed", "no")
        if executed == "unknown":
            problem.headers["Ledgerway-Outcome"] = "unknown"
        stored = await self._end(intent, actor, executed, status=problem.status, error_code=problem.code)
        if executed == "unknown" and stored is not None:
            unseen(problem, stored, self._clock.now())

    async def _answered(self, intent: Write, actor: Actor, answer: Answer) -> Answer:
        told: dict[str, Any] = {"status": answer.status}
        outcome = answer.outcome
        if answer.executed == "yes":
            told |= {"answer": _kept(answer), "outcome": outcome}
        elif answer.executed == "unknown":
            told["error_code"], outcome = "outcome_unknown", "unknown"
        await self._end(intent, actor, answer.executed, **told)
        return replace(answer, headers=(*answer.headers, *_about(intent, outcome)))

    async def _end(self, intent: Write, actor: Actor, executed: Executed, **values: Any) -> Write | None:
        state = {"yes": "done", "no": "released", "unknown": "unknown"}[executed]
        try:
            return await self._shelf.end(intent, state, actor, **values)
        except Problem as problem:  # no storage to say it to: what was done is not denied for that
            problem.headers["Ledgerway-Write-Id"] = intent.id
            problem.extra |= {"executed": executed, "retryable": True}
            raise

    async def _replayed(self, intent: Write) -> Answer:
        if intent.state != "done" or intent.status is None:
            raise unsettled(intent, self._clock.now())
        headers, content = _opened(await self._shelf.answer(intent))
        told = (*headers, *_about(intent, "replayed"), (b"idempotent-replayed", b"true"))
        return Answer(intent.status, told, content)


def _about(intent: Write, outcome: str | None) -> Pairs:
    told = ((b"ledgerway-write-id", intent.id.encode()),)
    return told if outcome is None else (*told, (b"ledgerway-outcome", outcome.encode()))


def _kept(answer: Answer) -> bytes:
    """A line of headers, then the body."""
    fits = len(answer.content) <= MOST_KEPT
    pairs = [
        [name.decode("latin-1"), value.decode("latin-1")]
        for name, value in answer.headers
        if name in _KEPT and (fits or name not in _OF_THE_BODY)
    ]
    told = {"headers": pairs, "whole": fits}
    return json.encode(told) + b"\n" + (answer.content if fits else b"")


def _opened(kept: bytes) -> tuple[Pairs, bytes]:
    """What `_kept` made; without headers it is what stands for an answer nobody saw or that was not kept."""
    line, _, content = kept.partition(b"\n")
    if not line:
        return ((b"content-type", b"application/json"), _NOT_KEPT), content
    told = json.decode(line)
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in told["headers"])
    return (headers if told["whole"] else (*headers, _NOT_KEPT)), content
