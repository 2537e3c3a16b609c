"""What is asked between a flow's last read and its first write: whether the provider's books allow it at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.kit.faults import Fault
from connectors.kit.http import Flow, Json, Request
from connectors.kit.operations import Context

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Intent:
    """A first write about to be sent. `seen` holds the answers the flow has read by then, by path."""

    request: Request
    seen: Mapping[str, Json]
    ctx: Context


@dataclass(frozen=True, slots=True)
class Guard:
    """A connector's last word before a write.

    check    reads what it needs; raises Rejected
    explain  of a refused write: makes the fault say more, where a read can tell why
    cost     resource → what `check` costs, for `/meta`; absent: nothing
    """

    check: Callable[[Intent], Flow[None]]
    explain: Callable[[Intent, Fault], Flow[None]]
    cost: Mapping[str, Mapping[str, Any]]


def guarded(flow: Flow[T], guard: Guard, ctx: Context) -> Flow[T]:
    """`flow`, its first write checked before it is sent and explained when it is refused."""
    seen: dict[str, Json] = {}
    intent: Intent | None = None
    try:
        request = next(flow)
        while True:
            first = intent is None and not request.is_read
            if first:
                intent = Intent(request, seen, ctx)
                yield from guard.check(intent)
            try:
                reply = yield request
            except Fault as fault:
                if first and intent is not None:
                    yield from guard.explain(intent, fault)
                request = flow.throw(fault)
            else:
                if intent is None:
                    seen[request.path] = reply.body
                request = flow.send(reply)
    except StopIteration as done:
        return done.value
    finally:
        flow.close()
