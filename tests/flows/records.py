"""One small body per resource, and the company they are true in."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from tests.flows.company import Company

_numbers = count(1)

SOLD = [{"item": {"code": "M-1"}, "unit_price": 40, "quantity": 2}]
BOUGHT = [{"item": {"code": "M-1"}, "account": {"name": "Office Supplies"}, "unit_price": 40, "quantity": 2}]
BUYER, SUPPLIER = {"contact": {"name": "Buyer"}}, {"contact": {"name": "Supplier"}}
MOVED = [
    {"account": {"name": "Rent Expense"}, "net_amount": 80},
    {"account": {"name": "Petty Cash"}, "net_amount": -80},
]
SPENT = [{"account": {"name": "Travel Expense"}, "unit_price": 80}]


def named(word: str) -> str:
    """A name nobody else has."""
    return f"{word} {next(_numbers)}"


BODIES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "accounts": lambda: {"name": named("Rent"), "type": "expense"},
    "bank_accounts": lambda: {"name": named("Bank"), "account_type": "bank"},
    "bills": lambda: {**SUPPLIER, "number": named("B"), "line_items": BOUGHT},
    "contacts": lambda: {"name": named("Contact")},
    "credit_notes": lambda: {**BUYER, "line_items": SOLD},
    "currencies": lambda: {"code": "KWD", "precision": 3},
    "employees": lambda: {"name": named("Ada"), "emails": [f"{named('ada').replace(' ', '')}@staff.example"]},
    "estimates": lambda: {**BUYER, "line_items": SOLD},
    "expenses": lambda: {"transaction_date": "2026-11-03", "account": {"name": "Petty Cash"}, "line_items": SPENT},
    "invoices": lambda: {**BUYER, "line_items": SOLD},
    "items": lambda: {"name": named("Item"), "unit_price": 5},
    "journal_entries": lambda: {"transaction_date": "2026-11-03", "lines": MOVED, "status": "draft"},
    "payments": lambda: {**BUYER, "total_amount": 80, "account": {"name": "Till"}},
    "projects": lambda: {"name": named("Roof"), **BUYER, "billing_type": "project_hours"},
    "purchase_orders": lambda: {**SUPPLIER, "line_items": BOUGHT},
    "sales_orders": lambda: {**BUYER, "line_items": SOLD},
    "sales_receipts": lambda: {**BUYER, "line_items": SOLD, "payment_method": "cash"},
    "tax_rates": lambda: {"name": named("VAT"), "total_tax_rate": 19},
    "tracking_categories": lambda: {"name": named("Region"), "options": [{"name": "North"}]},
    "transactions": lambda: {
        "transaction_type": "deposit", "account": {"name": "Till"}, "transaction_date": "2026-11-03",
        "total_amount": 80, "line_items": [{"account": {"name": "Sales"}, "unit_price": 80}],
    },
    "vendor_credits": lambda: {**SUPPLIER, "number": named("VC"), "line_items": BOUGHT},
}  # fmt: skip

CHANGES: Mapping[str, Mapping[str, Any]] = {
    "bank_accounts": {"bank_name": "House"}, "currencies": {"symbol": "KD"}, "projects": {"description": "New"},
    "items": {"description": "New"}, "accounts": {"description": "New"}, "contacts": {"memo": "New"},
    "tax_rates": {"total_tax_rate": 20}, "tracking_categories": {"name": "Realm"}, "expenses": {"memo": "New"},
    "transactions": {"description": "New"}, "journal_entries": {"memo": "New"}, "payments": {"memo": "New"},
    "sales_receipts": {"customer_note": "New"}, "vendor_credits": {"customer_note": "New"},
}  # fmt: skip
"""A change of each that has no reference."""


def furnish(company: Company) -> Company:
    """The contacts, the item and the till the bodies name."""
    company.create("contacts", name="Buyer", emails=["buyer@trade.example"])
    company.create("contacts", name="Supplier", type="vendor", emails=["supplier@trade.example"])
    company.create("items", name="Mug", code="M-1", unit_price=40)
    company.create("bank_accounts", name="Till", account_type="cash")
    return company


def made(company: Company, name: str, **more: Any) -> dict[str, Any]:
    answer = company.call("POST", name, json={**BODIES[name](), **more})
    assert answer.status_code == 201, answer.text
    return answer.json()
