"""A locked period, from the provider's settings to the refusal that names the day."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company

LINES = [{"name": "Work", "unit_price": 10}]
LOCK = {"transaction_lock_date": "2026-03-31", "reason": "closed"}


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    """Its first quarter is locked after an invoice was written in it, all before the gateway came."""
    found = connected(seed="empty")
    payer = found.create("contacts", name="Payer")["id"]
    for day in ("2026-03-15", "2026-04-15"):
        told = {"date": day, "due_date": day, "reference_number": day}
        found.natively("POST", "/invoices", customer_id=payer, line_items=[{"name": "x", "rate": 1}], **told)
    found.natively("PUT", "/transactionlock", **LOCK)
    return found


def invoice_of(company: Company, day: str) -> str:
    return company.rows("invoices", reference=day)[0]["id"]


def test_nothing_is_dated_into_it(company: Company) -> None:
    body = {"contact": {"name": "Payer"}, "issue_date": "2026-03-31", "line_items": LINES}
    problem = company.refused("POST", "invoices", 422, "period_locked", "/issue_date", reads=None, json=body)
    assert problem["errors"][0]["code"] == "period_locked"
    params = {"preview": "true"}
    company.refused(
        "POST", "invoices", 422, "period_locked", "/issue_date", reads=None, json=body, params=params
    )
    open_ = invoice_of(company, "2026-04-15")
    moved = {"issue_date": "2026-03-01"}
    company.refused("PATCH", f"invoices/{open_}", 422, "period_locked", "/issue_date", reads=None, json=moved)
    company.create("invoices", contact={"name": "Payer"}, issue_date="2026-04-01", line_items=LINES)


@pytest.mark.parametrize(
    ("method", "below", "more"),
    [
        ("PATCH", "", {"json": {"customer_note": "n"}}),
        ("DELETE", "", {}),
        ("POST", "/authorise", {}),
        ("POST", "/void", {}),
    ],
)
def test_nothing_in_it_changes(company: Company, method: str, below: str, more: dict[str, Any]) -> None:
    path = f"invoices/{invoice_of(company, '2026-03-15')}{below}"
    company.refused(method, path, 422, "period_locked", "/issue_date", reads=None, **more)


def test_how_far_it_reaches_and_what_asking_costs(company: Company) -> None:
    assert company.rows("company_info")[0]["lock_date"] == "2026-03-31"
    told = company.get("invoices/meta")["checks"]["period_lock"]
    assert (told["calls"], told["fresh_for"]) == (1, 300)
    mark = company.admin.last()
    for _ in range(3):
        company.create("invoices", contact={"name": "Payer"}, issue_date="2026-05-01", line_items=LINES)
    reads = [each for each in company.calls(mark) if each["path"].endswith("/transactionlocks")]
    assert len(reads) <= 1


def test_a_lock_not_known_yet_is_told_by_the_provider(connected: Callable[..., Company]) -> None:
    company = connected(seed="empty")
    company.create("contacts", name="Payer")
    body = {"contact": {"name": "Payer"}, "issue_date": "2026-03-31", "line_items": LINES}
    assert company.create("invoices", **body)
    company.natively("PUT", "/transactionlock", **LOCK)
    answer = company.call("POST", "invoices", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["executed"]) == (422, "period_locked", "no")
    assert problem["provider"]["code"] == "1008" and "locked" in problem["provider"]["message"]
    assert [each["pointer"] for each in problem["errors"]] == ["/issue_date"]
    company.natively("PUT", "/transactionlock", transaction_lock_status="disabled")
    assert company.create("invoices", **body)
