"""From an offer to an order to an invoice, a reversed entry, money spent: from the API to the provider's book."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.company import Company


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    found = connected(seed="empty")
    found.create("contacts", name="Buyer", emails=["buyer@example.test"])
    found.create("contacts", name="Airline", type="vendor")
    return found


LINES = [{"name": "Desk", "unit_price": "99.95", "quantity": 2}]


def test_an_offer_becomes_an_order_and_the_order_an_invoice(company: Company) -> None:
    said: dict[str, Any] = {"contact": {"name": "Buyer"}, "line_items": LINES, "reference": "deal-9"}
    offer = company.create(
        "estimates", **said, status="sent", expiry_date="2099-12-31", total_amount="199.90"
    )
    assert (offer["status"], offer["total_amount"]) == ("sent", Decimal("199.9"))
    company.act(f"estimates/{offer['id']}/accept")
    made = company.call("POST", f"estimates/{offer['id']}/convert", json={"to": "sales_order"})
    order = company.good(made, 201)
    assert made.headers["Ledgerway-Outcome"] == "created"
    assert order["sources"] == [{"type": "estimate", "id": offer["id"], "number": None}]
    assert "expiry_date" not in order and order["billed_status"] == "none"
    assert order == company.get(f"sales_orders/{order['id']}")
    company.act(f"sales_orders/{order['id']}/authorise")
    invoice = company.good(
        company.call("POST", f"sales_orders/{order['id']}/convert", json={"to": "invoice"}), 201
    )
    assert (invoice["balance"], invoice["status"]) == (Decimal("199.9"), "draft")
    assert invoice == company.get(f"invoices/{invoice['id']}")
    assert company.get(f"sales_orders/{order['id']}")["billed_status"] == "full"
    assert company.truth("salesorders", order["id"])["reference_number"] == "deal-9"


def test_a_conversion_is_shown_before_it_is_made(company: Company) -> None:
    offer = company.create("estimates", contact={"name": "Buyer"}, line_items=LINES, status="sent")
    path = f"estimates/{offer['id']}/convert"
    shown = company.good(company.call("POST", path, json={"to": "invoice"}, params={"preview": "true"}))
    assert [step["method"] for step in shown["steps"]] == ["GET", "POST"]
    assert company.get(f"estimates/{offer['id']}")["invoices"] == []
    company.refused("POST", path, 422, "validation_failed", "/to", json={"to": "bill"})


def test_a_draft_is_not_converted(company: Company) -> None:
    offer = company.create("estimates", contact={"name": "Buyer"}, line_items=LINES)
    problem = company.refused(
        "POST", f"estimates/{offer['id']}/convert", 409, "invalid_transition", reads=1, json={"to": "invoice"}
    )
    assert (problem["from"], "authorise" in problem["allowed"]) == ("draft", True)


def test_an_entry_balances_and_is_taken_back(company: Company) -> None:
    lines: list[dict[str, Any]] = [
        {"account": {"name": "Rent Expense"}, "net_amount": "12.34"},
        {"account": {"name": "Petty Cash"}, "net_amount": "-12.34"},
    ]
    entry = company.create("journal_entries", transaction_date="2026-11-01", lines=lines, memo="Rent")
    assert [(each["type"], each["amount"]) for each in entry["lines"]] == [
        ("debit", Decimal("12.34")),
        ("credit", Decimal("12.34")),
    ]
    back = company.good(company.call("POST", f"journal_entries/{entry['id']}/reverse"), 201)
    assert [each["net_amount"] for each in back["lines"]] == [Decimal("-12.34"), Decimal("12.34")]
    assert back["reversal_of"]["id"] == entry["id"] != back["id"]
    lines[1]["net_amount"] = "-12.33"
    body = {"transaction_date": "2026-11-01", "lines": lines}
    problem = company.refused("POST", "journal_entries", 422, "validation_failed", "/lines", json=body)
    assert problem["errors"][0]["code"] == "unbalanced"


def test_card_spend(company: Company) -> None:
    said: dict[str, Any] = {
        "transaction_date": "2026-11-03", "account": {"name": "Petty Cash"}, "contact": {"name": "Airline"},
        "reference": "R-17", "memo": "Flight to Oslo",
    }  # fmt: skip
    lines = [
        {"account": {"name": "Travel Expense"}, "total_line_amount": "310.10"},
        {"account": {"name": "Meals and Entertainment"}, "unit_price": "19.90"},
    ]
    spent = company.create("expenses", **said, line_items=lines, total_amount=330)
    assert (spent["total_amount"], spent["has_attachments"]) == (330, False)
    assert spent == company.get(f"expenses/{spent['id']}")
    (row,) = company.rows("expenses", reference="R-17")
    assert row["account"]["name"] == "Petty Cash" and row["is_partial"] is True
    body = {**said, "reference": "R-18", "line_items": lines, "total_amount": 331}
    company.refused("POST", "expenses", 422, "total_mismatch", "/total_amount", json=body, reads=6)
    company.delete(f"expenses/{spent['id']}")


def test_a_receipt_takes_what_the_specification_allows(company: Company) -> None:
    company.create("items", name="Mug", code="M-1", unit_price=8)
    body: dict[str, Any] = {"contact": {"name": "Buyer"}, "payment_method": "cash"}
    line = {"item": {"code": "M-1"}, "unit_price": 8, "quantity": 3}
    sold = company.create("sales_receipts", **body, line_items=[line])
    assert (sold["total_amount"], sold["payment_method"]) == (24, "cash")
    problem = company.refused(
        "POST", "sales_receipts", 422, "unsupported_field", "/reference",
        json={**body, "line_items": [line], "reference": "x"},
    )  # fmt: skip
    assert "make an invoice and record its payment" in problem["errors"][0]["detail"]
