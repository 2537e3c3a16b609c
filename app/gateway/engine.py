"""The gateway: runs flows and forwards native calls.

For each request of a flow: shape, token, permit, send, judge, cure; and one record of the whole run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from app.accounts.service import Account
from app.core.errors import Problem, executed_of, retryable_of
from app.core.http import Outgoing
from app.core.rates import Allowance
from app.gateway.attempts import Attempts, Tally, suspect
from app.gateway.budget import Budget
from app.gateway.calls import Ended
from app.gateway.cure import GiveUp
from app.gateway.forwarding import forward
from app.gateway.fresh import Fresh
from app.gateway.posting import mended, post
from app.gateway.runs import Lane, Meter, RawAnswer, RawCall, Run
from app.gateway.shape import shaped
from connectors.kit.auth import DataCenter, Form
from connectors.kit.connector import Connector, Organization
from connectors.kit.faults import Conflict, Fault, Kind, Rejected
from connectors.kit.http import Flow, Json, Reply, Request

__all__ = ["Allowance", "Gateway", "Lane", "Meter", "RawAnswer", "RawCall", "Run"]

T = TypeVar("T")

_ATTEMPT_SECONDS = 30.0
_EXCHANGE_SECONDS = 12.0
_ASIDE_SECONDS = 5.0  # for what is good to know and not needed
_CLIENT_GONE = 499
_SETTLED = frozenset({Kind.FORBIDDEN, Kind.METHOD, Kind.NOT_FOUND})
"""Refusals that asking again a moment later will not change."""


class Gateway:
    """Performs what connectors describe. Faults nobody caught come out as `Problem`."""

    def __init__(
        self, attempts: Attempts, fresh: Fresh, chores: tuple[Callable[[], Awaitable[None]], ...] = ()
    ) -> None:
        self.calls = attempts.calls
        self._attempts = attempts
        self._fresh = fresh
        self._chores = chores
        self._tasks: list[asyncio.Future[None]] = []

    async def perform(self, run: Run, flow: Flow[T]) -> T:
        """The flow's result. Rejected and Conflict pass through; uncaught faults are raised as Problem."""
        tally = Tally(self._attempts.clock.monotonic())
        try:
            result = await self._drive(run, flow, tally)
        except Fault as fault:
            problem = self._attempts.problem(run, fault, tally)
            self._log_problem(run, tally, problem)
            raise problem from fault
        except Problem as problem:
            self._log_problem(run, tally, problem)
            raise
        except Rejected as refusal:
            self._log(run, tally, _refused(422, "validation_failed", refusal.errors[0].detail))
            raise
        except Conflict as conflict:
            self._log(run, tally, _refused(409, conflict.code, conflict.detail))
            raise
        except asyncio.CancelledError:
            self._log(run, tally, Ended(status=_CLIENT_GONE))
            raise
        self._log(run, tally, Ended(status=200, executed="yes" if tally.calls else None))
        return result

    async def forward(self, run: Run, call: RawCall) -> RawAnswer:
        """The provider's answer to a native call, whatever its status. Problem when there was none."""
        if call.method not in ("GET", "HEAD", "OPTIONS"):
            self._fresh.drop(run.account.id)
        tally = Tally(self._attempts.clock.monotonic())
        try:
            return await forward(self._attempts, run, call, tally)
        except Fault as fault:
            problem = self._attempts.problem(run, fault, tally)
            self._log_problem(run, tally, problem)
            raise problem from fault
        except Problem as problem:
            self._log_problem(run, tally, problem)
            raise
        except asyncio.CancelledError:
            self._log(run, tally, Ended(status=_CLIENT_GONE))
            raise

    async def exchange(self, form: Form) -> tuple[int, Json]:
        """Post a form to an accounts server: (status, decoded JSON or None). Fault without an answer."""
        return await post(self._attempts.door, form, _EXCHANGE_SECONDS)

    async def organizations(
        self, connector: Connector, data_center: DataCenter, access_token: str
    ) -> tuple[Organization, ...]:
        """What a token reaches, before any account exists. Faults pass through."""
        return await self._probe(connector, data_center, access_token, None, connector.organizations())

    async def consenter(
        self, connector: Connector, data_center: DataCenter, access_token: str, organization_id: str
    ) -> str | None:
        """What tells the user behind a token from others; None when the provider does not say it now."""
        if connector.consenter is None:
            return None
        flow = connector.consenter()
        try:
            async with asyncio.timeout(_ASIDE_SECONDS):
                return await self._probe(connector, data_center, access_token, organization_id, flow)
        except (Fault, TimeoutError):
            return None

    async def _probe(
        self,
        connector: Connector,
        data_center: DataCenter,
        access_token: str,
        organization_id: str | None,
        flow: Flow[T],
    ) -> T:
        """A flow's result with a token no account has yet."""
        try:
            request = next(flow)
            while True:
                wire = shaped(request, connector, data_center, organization_id)
                wire = replace(wire, authorization=connector.auth.authorization(access_token))
                try:
                    reply = await self._ask(connector, wire)
                except Fault as fault:
                    request = flow.throw(fault)
                else:
                    request = flow.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def refresh(self, account: Account) -> None:
        """Renew the account's token now. Problem needs_reauth or token_refresh_unavailable."""
        await self._attempts.tokens.renew(account, self._attempts.clock.monotonic() + 20.0)

    def forget(self, account: Account) -> None:
        """Drop what this process remembers of an account: its token, its remembered answers."""
        self._attempts.tokens.forget(account.grant_id)
        self._fresh.drop(account.id)

    def allowance(self, account: Account) -> Allowance | None:
        """The tightest budget as this process knows it, for `ratelimit-*`; None before the first call."""
        return self._attempts.governor.allowance(account)

    async def budget(self, account: Account) -> tuple[Budget, float]:
        """The organisation's stored budget, and the moment (epoch seconds) it is judged at."""
        return await self._attempts.governor.state(account)

    async def start(self) -> None:
        """Begin background work (call log, proactive refresh). Needs a running loop."""
        if not self._tasks:
            self._tasks = [asyncio.ensure_future(chore()) for chore in self._chores]

    async def close(self) -> None:
        """Write what is buffered, end background work, close connections."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._attempts.tokens.close()
        await self._attempts.governor.close()
        try:
            await self.calls.write_out()
        finally:
            await self._attempts.door.close()

    async def _drive(self, run: Run, flow: Flow[T], tally: Tally) -> T:
        try:
            request = next(flow)
            while True:
                try:
                    reply = await self._call(run, request, tally)
                except Fault as fault:
                    request = flow.throw(fault)
                else:
                    request = flow.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            flow.close()

    async def _call(self, run: Run, request: Request, tally: Tally) -> Reply:
        """The judged answer to one request. Fault when it has none that is good."""
        account = run.account
        run.meter.method, run.meter.native_path = request.method, request.path
        if request.is_read and request.fresh_for > 0:
            known = self._fresh.find(account.id, request)
            if isinstance(known, Fault):
                raise known
            if known is not None:
                return known
        elif not request.is_read:
            self._fresh.stale(account.id)
        wire = shaped(request, account.connector, account.data_center, account.organization.id)
        tally.renewed = False
        attempt = 0
        while True:
            attempt += 1
            try:
                reply, fault = await self._attempt(run, request, wire, tally)
            except _Again:
                attempt -= 1
                continue
            if fault is None:
                break
            verdict = self._attempts.verdict(run, fault, repeatable=request.is_repeatable, attempt=attempt)
            if isinstance(verdict, GiveUp):
                tally.verdict = (fault, verdict)
                if request.lasting and fault.kind in _SETTLED:
                    self._fresh.keep(account.id, request, fault)
                raise fault
            await self._attempts.clock.sleep(verdict.seconds)
        if not request.is_read:
            self._fresh.stale(account.id)
        elif request.fresh_for > 0:
            self._fresh.keep(account.id, request, reply)
        return reply

    async def _attempt(
        self, run: Run, request: Request, wire: Outgoing, tally: Tally
    ) -> tuple[Reply, Fault | None]:
        """One wire request. `_Again` after a token renewal; a fault of the gateway itself is final."""
        attempts, account = self._attempts, run.account
        try:
            ticket = await attempts.enter(run, tally)
        except Fault as fault:
            tally.verdict = (fault, GiveUp("no", retryable=True))
            raise
        reply, fault = Reply(0), None
        try:
            if run.before_write is not None and not request.is_read:
                # as late as can be: what still waits for its turn was not sent. And before every attempt: while it
                # slept before this one another process may have taken the write over
                await run.before_write(request)
            wire = replace(wire, authorization=account.connector.auth.authorization(ticket.held.value))
            seconds = min(_ATTEMPT_SECONDS, run.deadline - attempts.clock.monotonic())
            incoming = await attempts.door.fetch(wire, seconds=seconds)
        except Fault as failed:
            fault = failed
        else:
            reply = _reply(request, incoming.status, incoming.headers, incoming.content)
            fault = account.connector.judge(reply)
            run.meter.provider_status, run.meter.provider_code = reply.status, None
        finally:
            ticket.permit.release()
        attempts.learn(run, ticket, dict(reply.headers), fault)
        if fault is not None and suspect(fault):
            operation = f"{request.method} {request.path.split('/', 2)[1]}"
            if await attempts.renewed(run, ticket, fault, tally, operation):
                raise _Again
        return reply, fault

    async def _ask(self, connector: Connector, wire: Outgoing) -> Reply:
        """A read without an account: at most three tries, no budget to keep to."""
        for attempt in (1, 2, 3):
            try:
                incoming = await self._attempts.door.fetch(wire, seconds=_EXCHANGE_SECONDS)
                reply = Reply(incoming.status, incoming.headers, mended(incoming.content), incoming.content)
                fault = connector.judge(reply)
            except Fault as failed:
                reply, fault = Reply(0), failed
            if fault is None:
                return reply
            passing = fault.kind in (Kind.NETWORK, Kind.TIMEOUT, Kind.UNAVAILABLE, Kind.GARBLED)
            if attempt == 3 or not passing:
                raise fault
            await self._attempts.clock.sleep(0.2 * attempt)
        raise AssertionError("unreachable")

    def _log(self, run: Run, tally: Tally, ended: Ended) -> None:
        self.calls.add(run, ended, started=tally.started, attempts=tally.calls)

    def _log_problem(self, run: Run, tally: Tally, problem: Problem) -> None:
        executed = executed_of(problem)
        ended = Ended(
            status=problem.status,
            error_code=problem.code,
            error_detail=problem.detail,
            executed=executed,
            retryable=retryable_of(problem),
            retry_is_safe=executed == "no",
        )
        self._log(run, tally, ended)


def _refused(status: int, code: str, detail: str) -> Ended:
    return Ended(
        status=status,
        error_code=code,
        error_detail=detail,
        executed="no",
        retryable=False,
        retry_is_safe=True,
    )


class _Again(Exception):
    """The token was renewed: the same attempt once more."""


def _reply(request: Request, status: int, headers: dict[str, str], content: bytes) -> Reply:
    media = headers.get("content-type", "")
    as_json = request.expect == "json" or "json" in media or status >= 400
    return Reply(status, headers, mended(content) if as_json else None, content)
