"""Raw writes without an Idempotency-Key: nothing is kept of them but that they were asked for, and how it ended."""

from starlette.requests import Request
from structlog.stdlib import get_logger

from app.core.auth import Principal
from app.core.errors import Problem, executed_of
from app.gateway.engine import Gateway, RawAnswer, RawCall, Run
from app.keys.audit import actor_of
from app.proxy.keyed import asked_of, outcome_of
from app.writes.shelf import Shelf
from app.writes.supervised import Supervisor

_log = get_logger("ledgerway.proxy")


async def unkeyed(request: Request, principal: Principal, run: Run, call: RawCall) -> RawAnswer:
    """The provider's answer, once the audit log has it. Problem as of `Gateway.forward`."""
    gateway: Gateway = request.app.state.gateway
    try:
        answer = await gateway.forward(run, call)
    except Problem as problem:
        if executed_of(problem) != "no":
            problem.headers["Ledgerway-Outcome"] = "unknown"
            await _audit(request, principal, run, call, problem.status, problem.code)
        raise
    if answer.executed == "unknown":
        outcome, error_code = "unknown", "outcome_unknown"
    else:
        outcome, error_code = outcome_of(call.method, answer.status), None
    await _audit(request, principal, run, call, answer.status, error_code)
    if outcome is not None:
        answer.headers.append((b"ledgerway-outcome", outcome.encode()))
    return answer


async def _audit(
    request: Request, principal: Principal, run: Run, call: RawCall, status: int, error_code: str | None
) -> None:
    shelf: Shelf = request.app.state.shelf
    supervisor: Supervisor = request.app.state.writes
    actor = actor_of(request, principal)
    try:
        await supervisor.run(shelf.note(asked_of(request, run, call), actor, status, error_code))
    except Problem as problem:  # it is done: its answer is not withheld for want of storage
        _log.error("write_not_audited", error=problem.code)
