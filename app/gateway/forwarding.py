"""Forwarding a native call: the same permits, tokens and cures as everywhere, bytes instead of meanings."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

from app.core.http import Outgoing, Stream
from app.core.http.inflate import Inflation
from app.gateway.attempts import Attempts, Tally, Ticket, suspect
from app.gateway.calls import Ended
from app.gateway.cure import Again, Executed, GiveUp
from app.gateway.posting import mended
from app.gateway.problems import LIMITS
from app.gateway.runs import RawAnswer, RawCall, Run
from app.gateway.shape import raw_headers, raw_url
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Reply, Request

_REPLAYABLE = 1024 * 1024
_LOOKED_AT = 64 * 1024
_LONGEST = 600.0  # seconds a body may take, however its parts trickle in
_ENVELOPE = 4 * 1024
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_DROPPED = frozenset({b"set-cookie", b"set-cookie2"})


async def forward(attempts: Attempts, run: Run, call: RawCall, tally: Tally) -> RawAnswer:
    """The provider's answer. Fault (with its verdict in `tally`) or Problem when there is none.

    Reads are sent again while nothing was passed on, writes only when the provider did nothing; either only if
    the body is at hand (up to a megabyte is kept).
    """
    run.meter.method, run.meter.native_path = call.method, call.path
    body, rest = await _kept(call.body)
    replayable = rest is None
    wire = partial(Outgoing, call.method, raw_url(run.account, call), raw_headers(run.account, call), body)
    repeatable = call.method in _READS
    attempt = 0
    while True:
        attempt += 1
        try:
            ticket = await attempts.enter(run, tally)
        except Fault as fault:
            tally.verdict = (fault, GiveUp("no", retryable=True))
            raise
        try:
            if run.before_write is not None and not repeatable:
                await run.before_write(Request(call.method, call.path))
            signed = wire(run.account.connector.auth.authorization(ticket.held.value))
            answer, fault = await _send(attempts, run, call, signed, ticket)
        except BaseException:
            ticket.permit.release()
            raise
        if fault is None:
            assert answer is not None
            return _answered(attempts, run, tally, ticket, answer)
        if replayable and suspect(fault):
            operation = f"{call.method} {call.path.split('/', 2)[1]}"
            try:
                again = await attempts.renewed(run, ticket, fault, tally, operation)
            except BaseException:
                await _leave(ticket, answer)
                raise
            if again:
                attempt -= 1
                await _leave(ticket, answer)
                continue
        verdict = attempts.verdict(run, fault, repeatable=repeatable, attempt=attempt)
        if isinstance(verdict, Again) and replayable:
            await _leave(ticket, answer)
            await attempts.clock.sleep(verdict.seconds)
            continue
        if answer is not None:  # the provider's own words say it best
            answer.executed = verdict.executed if isinstance(verdict, GiveUp) else "no"
            return _answered(attempts, run, tally, ticket, answer)
        ticket.permit.release()
        if rest is not None and rest.broken is not None:
            raise rest.broken  # not the provider's doing: the caller's body was refused on its way
        tally.verdict = (fault, verdict if isinstance(verdict, GiveUp) else GiveUp("no", retryable=True))
        raise fault


class _Answer:
    """A stream, what was already read of it, the whole body once it is at hand, and whether a write was done."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.parts: list[bytes] = []
        self.whole: bytes | None = None
        self.executed: Executed = "yes"
        self.rest: AsyncIterator[bytes] = aiter(stream)

    async def look(self) -> bytes | None:
        """The whole body if it is small, else None; either way it can still be read from the start."""
        size = 0
        async for part in self.rest:
            self.parts.append(part)
            size += len(part)
            if size > _LOOKED_AT:
                return None
        self.whole = b"".join(self.parts)
        return self.whole


async def _send(
    attempts: Attempts, run: Run, call: RawCall, wire: Outgoing, ticket: Ticket
) -> tuple[_Answer | None, Fault | None]:
    left = run.deadline - attempts.clock.monotonic()
    try:
        stream = await attempts.door.stream(wire, seconds=left, limit=call.limit)
    except Fault as fault:
        attempts.learn(run, ticket, {}, fault)
        return None, fault
    answer = _Answer(stream)
    run.meter.provider_status, run.meter.provider_code = stream.status, None
    fault = None
    if stream.status in (401, 429) or stream.status >= 500:
        try:
            async with asyncio.timeout(max(0.0, run.deadline - attempts.clock.monotonic())):
                content = await answer.look()
        except asyncio.CancelledError:
            await stream.aclose()
            raise
        except TimeoutError:
            await stream.aclose()
            broken = Fault(Kind.TIMEOUT, message="the answer did not end in time", phase="answered")
            attempts.learn(run, ticket, stream.fields, broken)
            return None, broken
        except Fault as broken:
            attempts.learn(run, ticket, stream.fields, broken)
            return None, broken
        fault = _judged(run, answer, content)
    else:
        answer.whole = stream.at_hand()
        limit = _limit(run, answer)
        if limit is not None:  # it passes as it is; the budget hears of it all the same
            answer.executed = "no"
            attempts.learn(run, ticket, stream.fields, limit)
            return answer, None
    attempts.learn(run, ticket, stream.fields, fault)
    return answer, fault


def _judged(run: Run, answer: _Answer, content: bytes | None) -> Fault | None:
    headers = {name.lower(): value for name, value in answer.stream.fields.items()}
    body = _readable(content, headers)
    return run.account.connector.judge(Reply(answer.stream.status, headers, body, content or b""))


def _limit(run: Run, answer: _Answer) -> Fault | None:
    """The limit that a small answer tells of in its body, whatever its status."""
    content = answer.whole
    if not content or len(content) > _ENVELOPE or run.account.connector.is_good(content):
        return None
    if "json" not in answer.stream.fields.get("content-type", "").casefold():
        return None
    fault = _judged(run, answer, content)
    return fault if fault is not None and fault.kind in LIMITS else None


def _answered(attempts: Attempts, run: Run, tally: Tally, ticket: Ticket, answer: _Answer) -> RawAnswer:
    """The answer as its reader sees it. The record is made when it ends, and the slot is given back then or at the
    deadline, whichever is first: neither a trickling provider nor a slow reader keeps others out.
    """
    stream = answer.stream
    headers = [pair for pair in stream.headers if pair[0] not in _DROPPED]
    record = partial(
        attempts.calls.add, run, Ended(status=stream.status), started=tally.started, attempts=tally.calls
    )
    if answer.whole is not None:
        ticket.permit.release()
        record()
        return RawAnswer(stream.status, headers, answer.whole, executed=answer.executed)
    clock, ended = attempts.clock, False
    begun = clock.monotonic()
    due = asyncio.get_running_loop().call_later(max(0.0, run.deadline - begun), ticket.permit.release)

    async def end() -> None:
        nonlocal ended
        if ended:
            return
        ended = True
        due.cancel()
        ticket.permit.release()
        await stream.aclose()
        record()

    async def body() -> AsyncGenerator[bytes]:
        try:
            for part in answer.parts:
                yield part
            async for part in answer.rest:
                if clock.monotonic() - begun > _LONGEST:
                    raise Fault(Kind.TIMEOUT, stream.status, message="the answer did not end in time")
                yield part
        finally:
            await end()

    return RawAnswer(stream.status, headers, body(), end, answer.executed)


async def _leave(ticket: Ticket, answer: _Answer | None) -> None:
    ticket.permit.release()
    if answer is not None:
        await answer.stream.aclose()


class _Rest:
    """A body of which some was read ahead. `broken` is what the caller's side ended it with, if it did."""

    def __init__(self, parts: list[bytes], rest: AsyncIterator[bytes]) -> None:
        self._parts = parts
        self._rest = rest
        self.broken: Exception | None = None

    async def read(self) -> AsyncGenerator[bytes]:
        for part in self._parts:
            yield part
        try:
            async for part in self._rest:
                yield part
        except Exception as error:
            self.broken = error
            raise


async def _kept(
    body: AsyncIterator[bytes] | bytes | None,
) -> tuple[AsyncIterator[bytes] | bytes | None, _Rest | None]:
    """The body, read ahead up to a megabyte, and what follows it when that was not all."""
    if body is None or isinstance(body, bytes):
        return body, None
    parts: list[bytes] = []
    size = 0
    async for part in body:
        parts.append(part)
        size += len(part)
        if size > _REPLAYABLE:
            rest = _Rest(parts, body)
            return rest.read(), rest
    return b"".join(parts) or None, None


def _readable(content: bytes | None, headers: dict[str, str]) -> object:
    if content is None:
        return None
    try:
        inflation = Inflation(headers.get("content-encoding", ""), 1024 * 1024)
        inflation.feed(content)
        return mended(inflation.finish())
    except Fault:
        return None
