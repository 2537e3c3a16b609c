from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind, Rejected
from connectors.kit.faults import FieldError as Error
from connectors.kit.guarding import Guard, Intent, guarded
from connectors.kit.http import Flow, Request
from tests.support.script import CONTEXT, Script

READ, WRITE, AGAIN = Request("GET", "/x/1"), Request("PUT", "/x/1"), Request("POST", "/x/1/status")


def change() -> Flow[str]:
    yield READ
    yield WRITE
    yield AGAIN
    return "done"


def guard(told: list[Any], *, refuses: bool = False) -> Guard:
    def check(intent: Intent) -> Flow[None]:
        told.append((intent.request, dict(intent.seen)))
        yield Request("GET", "/locks")
        if refuses:
            raise Rejected(Error("period_locked", "/date", "closed"))

    def explain(intent: Intent, fault: Fault) -> Flow[None]:
        yield Request("GET", "/why")
        fault.kind = Kind.LOCKED

    return Guard(check, explain, {})


def test_the_first_write_alone_is_checked_knowing_what_was_read() -> None:
    told: list[Any] = []
    script = Script([{"x": 1}, {}, {}, {}])
    assert script.run(guarded(change(), guard(told), CONTEXT)) == "done"
    assert script.calls == ["GET /x/1", "GET /locks", "PUT /x/1", "POST /x/1/status"]
    assert told == [(WRITE, {"/x/1": {"code": 0, "x": 1}})]


def test_what_is_not_allowed_is_not_sent() -> None:
    script = Script([{}, {}])
    with pytest.raises(Rejected):
        script.run(guarded(change(), guard([], refuses=True), CONTEXT))
    assert script.calls == ["GET /x/1", "GET /locks"]


def test_a_refused_first_write_is_explained_a_later_one_is_not() -> None:
    script = Script([{}, {}, Fault(Kind.INVALID), {}])
    with pytest.raises(Fault) as caught:
        script.run(guarded(change(), guard([]), CONTEXT))
    assert caught.value.kind is Kind.LOCKED and script.calls[-1] == "GET /why"
    script = Script([{}, {}, {}, Fault(Kind.INVALID)])
    with pytest.raises(Fault) as caught:
        script.run(guarded(change(), guard([]), CONTEXT))
    assert caught.value.kind is Kind.INVALID


def test_a_flow_that_only_reads_asks_nothing() -> None:
    def look() -> Flow[int]:
        yield READ
        return 1

    assert Script([{}]).run(guarded(look(), guard([]), CONTEXT)) == 1
