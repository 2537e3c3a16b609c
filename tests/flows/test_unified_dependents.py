"""What rests on a record that cannot be deleted is named, and nothing is deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company
from tests.flows.records import BOUGHT, SUPPLIER, furnish, made


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return furnish(connected(seed="empty"))


def paid_bill(company: Company) -> tuple[str, list[tuple[str, str]]]:
    bill = made(company, "bills", status="authorised")
    share = {"type": "bill", "id": bill["id"], "amount": 30}
    payment = company.create(
        "payments", payment_for="bill", total_amount=30, account={"name": "Till"}, allocations=[share]
    )
    return f"bills/{bill['id']}", [("payments", payment["id"])]


def applied_note(company: Company) -> tuple[str, list[tuple[str, str]]]:
    invoice = made(company, "invoices", status="authorised")
    path = f"credit_notes/{made(company, 'credit_notes', status='authorised')['id']}"
    company.act(f"{path}/apply", allocations=[{"type": "invoice", "id": invoice["id"], "amount": 30}])
    return path, [("invoices", invoice["id"])]


def refunded_payment(company: Company) -> tuple[str, list[tuple[str, str]]]:
    path = f"payments/{made(company, 'payments')['id']}"
    returned = company.act(
        f"{path}/refund", transaction_date="2026-11-04", account={"name": "Till"}, total_amount=20
    )
    return path, [("refunds", returned["refunds"][0]["id"])]


def billed_order(company: Company) -> tuple[str, list[tuple[str, str]]]:
    path = f"purchase_orders/{made(company, 'purchase_orders', status='authorised')['id']}"
    answer = company.call("POST", f"{path}/convert", json={"to": "bill", "number": "B-of-order"})
    assert answer.status_code == 201, answer.text
    return path, [("bills", answer.json()["id"])]


def named_vendor(company: Company) -> tuple[str, list[tuple[str, str]]]:
    vendor = company.create("contacts", name="Named", type="vendor")["id"]
    bill = company.create("bills", contact=vendor, number="B-of-named", line_items=BOUGHT)
    assert SUPPLIER["contact"]["name"] != "Named"
    return f"contacts/{vendor}", [("bills", bill["id"])]


@pytest.mark.parametrize("resting", [paid_bill, applied_note, refunded_payment, billed_order, named_vendor])
def test_what_rests_on_a_record_keeps_it(company: Company, resting: Callable[[Company], Any]) -> None:
    path, records = resting(company)
    answer = company.call("DELETE", path)
    assert (answer.status_code, answer.json()["code"]) == (409, "has_dependents"), answer.text
    assert [(each["resource"], each["id"]) for each in answer.json()["records"]] == records
    assert answer.json()["executed"] == "no" and answer.json()["provider"]["message"]
    assert company.get(path)["id"] == path.partition("/")[2]
