"""Drives a flow by hand, as the gateway would."""

from collections.abc import Callable, Generator
from typing import TypeVar

from connectors.kit.faults import Fault
from connectors.kit.http import Reply, Request

T = TypeVar("T")


def drive(flow: Generator[Request, Reply, T], answer: Callable[[Request], Reply]) -> T:
    """The flow's result. A Fault that `answer` raises is thrown into the flow."""
    try:
        request = next(flow)
        while True:
            try:
                reply = answer(request)
            except Fault as fault:
                request = flow.throw(fault)
            else:
                request = flow.send(reply)
    except StopIteration as done:
        return done.value


def judged(reply: Reply, request: Request, judge: Callable[[Reply], Fault | None]) -> Reply:
    """The reply, or the fault the gateway sees in it."""
    fault = judge(reply) if request.expect == "json" else None
    if fault is not None:
        raise fault
    return reply
