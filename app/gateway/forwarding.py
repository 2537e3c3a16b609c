"""Forwarding a native call: the same permits, tokens and cures as everywhere, bytes instead of meanings."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from functools import partial

from app.core.http import Outgoing, Stream
from app.core.http.inflate import Inflation
from app.gateway.attempts import Attempts, Tally, Ticket, suspect
from app.gateway.cure import Again, GiveUp
from app.gateway.posting import mended
from app.gateway.runs import RawAnswer, RawCall, Run
from app.gateway.shape import raw_headers, raw_url
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Reply, Request

_REPLAYABLE = 1024 * 1024
_LOOKED_AT = 64 * 1024
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
    announced = repeatable or run.before_write is None
    attempt = 0
    while True:
        attempt += 1
        try:
            ticket = await attempts.enter(run, tally)
        except Fault as fault:
            tally.verdict = (fault, GiveUp("no", retryable=True))
            raise
        try:
            if not announced and run.before_write is not None:
                await run.before_write(Request(call.method, call.path))
                announced = True
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
            done = verdict.executed if isinstance(verdict, GiveUp) else "no"
            return replace(_answered(attempts, run, tally, ticket, answer), executed=done)
        ticket.permit.release()
        if rest is not None and rest.broken is not None:
            raise rest.broken  # not the provider's doing: the caller's body was refused on its way
        tally.verdict = (fault, verdict if isinstance(verdict, GiveUp) else GiveUp("no", retryable=True))
        raise fault


class _Answer:
    """A stream and what was already read of it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.parts: list[bytes] = []
        self.rest: AsyncIterator[bytes] = aiter(stream)

    async def look(self) -> bytes | None:
        """The whole body if it is small, else None; either way it can still be read from the start."""
        size = 0
        async for part in self.rest:
            self.parts.append(part)
            size += len(part)
            if size > _LOOKED_AT:
                return None
        return b"".join(self.parts)


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
        headers = {name.lower(): value for name, value in stream.fields.items()}
        reply = Reply(stream.status, headers, _readable(content, headers), content or b"")
        fault = run.account.connector.judge(reply)
    attempts.learn(run, ticket, stream.fields, fault)
    return answer, fault


def _answered(attempts: Attempts, run: Run, tally: Tally, ticket: Ticket, answer: _Answer) -> RawAnswer:
    """The answer as its reader sees it; the slot is given back and the record made when it ends."""
    stream = answer.stream
    headers = [pair for pair in stream.headers if pair[0] not in _DROPPED]
    record = partial(
        attempts.calls.add, run, started=tally.started, status=stream.status, attempts=tally.calls
    )
    whole = None if answer.parts else stream.at_hand()
    if whole is not None:
        ticket.permit.release()
        record()
        return RawAnswer(stream.status, headers, whole)
    ended = False

    async def end() -> None:
        nonlocal ended
        if ended:
            return
        ended = True
        ticket.permit.release()
        await stream.aclose()
        record()

    async def body() -> AsyncGenerator[bytes]:
        try:
            for part in answer.parts:
                yield part
            async for part in answer.rest:
                yield part
        finally:
            await end()

    return RawAnswer(stream.status, headers, body(), end)


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
