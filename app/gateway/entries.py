"""A request's own entry in the call log: opened when its key is accepted, made when its answer is out."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from app.accounts.service import Account
from app.core.auth import Principal
from app.core.errors import Problem, executed_of, retryable_of
from app.gateway.calls import Calls, Ended
from app.gateway.engine import Gateway
from app.gateway.runs import Lane, Meter, Run

_LEFT = 499


@dataclass(slots=True, kw_only=True)
class Entry:
    """What is known of the request so far. Every run made from it adds to its meter and makes no entry of its own."""

    calls: Calls
    environment_id: str
    key_id: str
    request_id: str
    route: str
    resource: str
    operation: str
    source_event: str | None
    started: float
    reads: bool
    keyed: bool
    account: Account | None = None
    meter: Meter = field(default_factory=Meter)

    def run(self, account: Account, seconds: float) -> Run:
        """The run for what it asks of an account, which has so many seconds from now."""
        self.account = account
        return Run(
            account=account,
            lane=Lane.INTERACTIVE if self.reads else Lane.WRITE,
            deadline=self.calls.clock.monotonic() + seconds,
            request_id=self.request_id,
            key_id=self.key_id,
            resource=self.resource,
            operation=self.operation,
            route=self.route,
            source_event=self.source_event,
            meter=self.meter,
            is_logged=True,
        )

    def end(self, status: int, problem: Problem | None) -> None:
        """Record it: `status` is what the caller got, `problem` what was wrong."""
        executed = self._executed(status, problem)
        retryable = None if problem is None else retryable_of(problem)
        said = {} if problem is None else problem.extra.get("account") or {}
        is_safe = self.reads or executed == "no" or (self.keyed and (executed == "yes" or bool(retryable)))
        ended = Ended(
            status=status,
            error_code=None if problem is None else problem.code,
            error_detail=None if problem is None else problem.detail,
            executed=executed,
            retryable=retryable,
            retry_is_safe=is_safe if problem is not None or status >= 400 else None,
        )
        self.calls.put(
            self,
            ended,
            environment_id=self.environment_id,
            account_id=said.get("id") if self.account is None else self.account.id,
            tenant_id=said.get("tenant_id") if self.account is None else self.account.tenant_id,
            attempts=self.meter.calls,
            started=self.started,
        )

    def _executed(self, status: int, problem: Problem | None) -> str | None:
        if problem is not None:
            return executed_of(problem)
        if self.meter.executed is not None:
            return self.meter.executed
        if self.meter.calls == 0:
            return "no" if status >= 400 else None
        return None if status == _LEFT else "yes"


def opened(request: Request, principal: Principal, resource: str, operation: str, *, reads: bool) -> Entry:
    """The entry of a request, which ends with it."""
    gateway: Gateway = request.app.state.gateway
    state: dict[str, Any] = request.scope.setdefault("state", {})
    entry = Entry(
        calls=gateway.calls,
        environment_id=principal.environment_id,
        key_id=principal.key_id,
        request_id=str(state.get("request_id", "")),
        route=str(getattr(request.scope.get("route"), "path", "")),
        resource=resource,
        operation=operation,
        source_event=request.headers.get("x-source-event"),
        started=gateway.calls.clock.monotonic(),
        reads=reads,
        keyed="idempotency-key" in request.headers,
    )
    entry.meter.record_id = request.path_params.get("id")
    state["entry"] = entry
    return entry
