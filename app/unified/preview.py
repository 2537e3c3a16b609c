"""`preview=true`: a flow runs with its reads sent and its first write captured instead."""

from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.kit.faults import Fault
from connectors.kit.http import Flow, Reply, Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a flow. `sent` says it was a read that really went out."""

    request: Request
    sent: bool

    def shown(self, number: int) -> dict[str, Any]:
        request = self.request
        return {
            "step": number,
            "purpose": request.step or None,
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "body": request.body,
            "sent": self.sent,
        }


def captured(flow: Flow[T], steps: list[Step]) -> Flow[T | None]:
    """Run `flow` as far as its first write, and take its word for the calls that follow a good answer.

    Its result where it ends without a write.
    """
    try:
        request = next(flow)
        while request.is_read:
            steps.append(Step(request, sent=True))
            try:
                reply: Reply = yield request
            except Fault as fault:
                request = flow.throw(fault)
            else:
                request = flow.send(reply)
        steps += (Step(each, sent=False) for each in (request, *request.then))
        return None
    except StopIteration as done:
        return done.value
    finally:
        flow.close()
