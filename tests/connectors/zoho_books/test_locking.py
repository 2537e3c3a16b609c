"""Locked days, as Zoho's specification tells them. Today is 9 June 2026."""

from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind, Rejected
from connectors.kit.guarding import guarded
from connectors.kit.http import Flow, Request
from connectors.zoho_books.guard import GUARD
from connectors.zoho_books.locking import FRESH_FOR, locked_until
from tests.support.script import CONTEXT, Script

DATED = {"date": "2026-03-31"}


def lock(until: str = "2026-03-31", scope: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "transaction_lock_status": "enabled", "transaction_lock_date": until, "lock_scope": scope,
        "lock_scope_formatted": ("All", "Sales", "Purchases", "Accountant", "Banking", "Inventory")[scope], **more,
    }  # fmt: skip


def said(*locks: dict[str, Any]) -> dict[str, Any]:
    return {"transaction_locks": list(locks)}


def write(*requests: Request) -> Flow[None]:
    for request in requests:
        assert (yield request) is not None


def ran(requests: list[Request], answers: list[Any]) -> list[str]:
    script = Script(answers)
    script.run(guarded(write(*requests), GUARD, CONTEXT))
    return script.calls


def refused(requests: list[Request], answers: list[Any]) -> tuple[str, str]:
    script = Script(answers)
    with pytest.raises(Rejected) as caught:
        script.run(guarded(write(*requests), GUARD, CONTEXT))
    assert script.asked[-1].is_read
    (error,) = caught.value.errors
    return error.code, error.pointer


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/invoices", DATED, "/issue_date"),
        ("/bills", DATED, "/issue_date"),
        ("/creditnotes", DATED, "/transaction_date"),
        ("/vendorpayments", DATED, "/transaction_date"),
        ("/journals", {"journal_date": "2026-01-01"}, "/transaction_date"),
        ("/banktransactions", DATED, "/transaction_date"),
        ("/creditnotes/1/refunds", DATED, "/transaction_date"),
    ],
)
def test_a_new_record_of_a_locked_day(path: str, body: Any, pointer: str) -> None:
    found = refused([Request("POST", path, body=body)], [said(lock()), said(lock())])
    assert found == ("period_locked", pointer)


def test_a_reversal_of_a_locked_day() -> None:
    request = Request("POST", "/journals/1/reverse", (("reversal_date", "2026-03-31"),))
    assert refused([request], [said(lock()), said(lock())]) == ("period_locked", "/transaction_date")


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "/invoices", body={"date": "2026-06-09"}),
        Request("POST", "/invoices", body={}),
        Request("POST", "/estimates", body=DATED),
        Request("POST", "/contacts", body={}),
        Request("POST", "/invoices/1/credits", body={}),
        Request("POST", "/invoices/1/email", body={}),
    ],
)
def test_what_no_lock_can_reach_costs_no_call(request_: Request) -> None:
    assert len(ran([request_], [{}])) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [lock("2026-03-30")],
        [lock(scope=2)],
        [lock(scope=5)],
        [lock(transaction_lock_status="disabled")],
        [lock(transaction_lock_status="enabled_with_logging")],
        [lock(user_exceptions=["1"], user_exceptions_count=1)],
        [lock(partial_lock_number=1, start_date="2026-03-01", end_date="2026-03-31")],
    ],
)
def test_what_is_not_surely_locked_is_left_to_zoho(rows: list[Any]) -> None:
    assert ran([Request("POST", "/invoices", body=DATED)], [said(*rows), {}])[-1] == "POST /invoices"


@pytest.mark.parametrize(
    "request_",
    [
        Request("PUT", "/invoices/1", body={"notes": "n"}),
        Request("DELETE", "/invoices/1"),
        Request("POST", "/invoices/1/status/void"),
        Request("POST", "/invoices/1/approve"),
    ],
)
def test_a_record_of_a_locked_day_stays_as_it_is(request_: Request) -> None:
    record = {"invoice": {"invoice_id": "1", "date": "2026-03-02"}}
    assert refused([request_], [said(lock()), record, said(lock())]) == ("period_locked", "/issue_date")
    later = {"invoice": {"invoice_id": "1", "date": "2026-04-01"}}
    assert len(ran([request_], [said(lock()), later, {}])) == 3
    assert len(ran([request_], [said(), {}])) == 2


def test_a_record_is_not_read_twice() -> None:
    requests = [Request("GET", "/invoices/1"), Request("PUT", "/invoices/1", body={"notes": "n"})]
    record = {"invoice": {"date": "2026-03-02"}}
    assert refused(requests, [record, said(lock()), said(lock())])[1] == "/issue_date"


def test_nothing_is_moved_into_a_locked_day() -> None:
    request = Request("PUT", "/invoices/1", body=DATED)
    record = {"invoice": {"date": "2026-05-01"}}
    assert refused([request], [said(lock()), record, said(lock())]) == ("period_locked", "/issue_date")


def test_a_lock_lifted_since_it_was_read_refuses_nothing() -> None:
    script = Script([said(lock()), said(), {}])
    script.run(guarded(write(Request("POST", "/invoices", body=DATED)), GUARD, CONTEXT))
    remembered, asked = script.asked[:2]
    assert remembered.lasting and remembered.fresh_for == FRESH_FOR and 0 < asked.fresh_for < 0.01


def test_locks_that_cannot_be_read_stop_nothing() -> None:
    for answer in (Fault(Kind.FORBIDDEN, 401, "57"), {"nothing": 1}):
        assert ran([Request("POST", "/invoices", body=DATED)], [answer, {}])[-1] == "POST /invoices"


def test_zohos_own_refusal_keeps_its_code_and_message() -> None:
    fault = Fault(Kind.INVALID, 400, "4094", "Gesperrt")
    script = Script([said(), fault, said(lock())])
    with pytest.raises(Fault) as caught:
        script.run(guarded(write(Request("POST", "/invoices", body=DATED)), GUARD, CONTEXT))
    told = caught.value
    assert (told.kind, told.code, told.message) == (Kind.LOCKED, "4094", "Gesperrt")
    assert [(each.code, each.pointer) for each in told.errors] == [("period_locked", "/issue_date")]


def test_a_refusal_for_another_reason_stays_what_it_is() -> None:
    for kind, more in ((Kind.INVALID, [said()]), (Kind.DUPLICATE, [])):
        script = Script([said(), Fault(kind, 400, "4"), *more])
        with pytest.raises(Fault) as caught:
            script.run(guarded(write(Request("POST", "/invoices", body=DATED)), GUARD, CONTEXT))
        assert caught.value.kind is kind


def test_the_last_locked_day() -> None:
    rows = [lock("2026-03-31"), lock("2026-04-30", scope=1), lock("2026-05-31", scope=2)]
    assert (locked_until(rows), locked_until(rows, "sales"), locked_until([])) == (
        "2026-03-31",
        "2026-04-30",
        None,
    )
