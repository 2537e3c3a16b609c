"""Every module fires, with the record as its GET shows it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sandbox.books.modules import MODULES

from .conftest import Caller
from .receiver import SECRET, Automated, receiving, verifies

DAY = "2026-01-15"


@pytest.fixture
def automated(caller: Callable[..., Caller], admin: httpx.Client) -> Iterator[Automated]:
    with receiving() as receiver:
        yield Automated(caller(), admin, receiver)


def line() -> dict[str, Any]:
    return {"name": "Work", "rate": 100, "quantity": 1}


def _sale(automated: Automated) -> dict[str, Any]:
    return {"customer_id": automated.contact(), "line_items": [line()]}


def _purchase(automated: Automated) -> dict[str, Any]:
    vendor = automated.contact("Supplier", contact_type="vendor")
    account = _account(automated, "expense")
    return {"vendor_id": vendor, "line_items": [{**line(), "account_id": account}]}


def _account(automated: Automated, kind: str, skip: int = 0) -> str:
    rows = automated.ok("GET", "/chartofaccounts")["chartofaccounts"]
    return [row["account_id"] for row in rows if row["account_type"] == kind][skip]


def _bill(automated: Automated) -> dict[str, Any]:
    return _purchase(automated) | {"bill_number": "B-1", "date": DAY}


def _payment(automated: Automated) -> dict[str, Any]:
    return {"customer_id": automated.contact(), "payment_mode": "cash", "amount": 10, "date": DAY}


def _vendor_payment(automated: Automated) -> dict[str, Any]:
    vendor = automated.contact("Supplier", contact_type="vendor")
    account = _account(automated, "cash")
    return {"vendor_id": vendor, "amount": 10, "date": DAY, "paid_through_account_id": account}


def _expense(automated: Automated) -> dict[str, Any]:
    account, paid = _account(automated, "expense"), _account(automated, "cash")
    return {"account_id": account, "paid_through_account_id": paid, "date": DAY, "amount": 10}


def _journal(automated: Automated) -> dict[str, Any]:
    one, two = _account(automated, "expense"), _account(automated, "cash")
    sides = [
        {"account_id": one, "amount": 10, "debit_or_credit": "debit"},
        {"account_id": two, "amount": 10, "debit_or_credit": "credit"},
    ]
    return {"journal_date": DAY, "line_items": sides}


def _transfer(automated: Automated) -> dict[str, Any]:
    cash = automated.ok("POST", "/bankaccounts", {"account_name": "Bank", "account_type": "bank"})[
        "bankaccount"
    ]
    return {
        "transaction_type": "transfer_fund",
        "from_account_id": _account(automated, "cash"),
        "to_account_id": cash["account_id"],
        "amount": 10,
        "date": DAY,
    }


ENTITIES: tuple[tuple[str, str, str, Callable[[Automated], dict[str, Any]]], ...] = (
    ("contact", "/contacts", "contact", lambda _: {"contact_name": "A"}),
    ("customer", "/contacts", "contact", lambda _: {"contact_name": "A"}),
    ("vendor", "/contacts", "contact", lambda _: {"contact_name": "A", "contact_type": "vendor"}),
    ("item", "/items", "item", lambda _: {"name": "Widget", "rate": 5}),
    ("invoice", "/invoices", "invoice", _sale),
    ("estimate", "/estimates", "estimate", _sale),
    ("salesorder", "/salesorders", "salesorder", _sale),
    ("salesreceipt", "/salesreceipts", "salesreceipt", lambda a: _sale(a) | {"payment_mode": "cash"}),
    ("creditnote", "/creditnotes", "creditnote", lambda a: _sale(a) | {"date": DAY}),
    ("customer_payment", "/customerpayments", "payment", _payment),
    ("bill", "/bills", "bill", _bill),
    ("expense", "/expenses", "expense", _expense),
    ("purchaseorder", "/purchaseorders", "purchaseorder", _purchase),
    ("vendor_credit", "/vendorcredits", "vendor_credit", lambda a: _purchase(a) | {"date": DAY}),
    ("vendor_payment", "/vendorpayments", "vendorpayment", _vendor_payment),
    ("journal", "/journals", "journal", _journal),
    ("chart_of_account", "/chartofaccounts", "chart_of_account",
     lambda _: {"account_name": "Fuel", "account_type": "expense"}),
    ("bank_transaction", "/banktransactions", "banktransaction", _transfer),
    ("project", "/projects", "project",
     lambda a: {"project_name": "P", "customer_id": a.contact(), "billing_type": "based_on_task_hours"}),
)  # fmt: skip


@pytest.mark.parametrize(("entity", "path", "wrapper", "body"), ENTITIES, ids=[row[0] for row in ENTITIES])
def test_every_module_fires(
    automated: Automated, entity: str, path: str, wrapper: str, body: Callable[[Automated], dict[str, Any]]
) -> None:
    wanted = body(automated)
    automated.rule(entity, "add", secret=SECRET)
    automated.rule(entity, "delete")
    made = automated.ok("POST", path, wanted)
    (arrival,) = automated.receiver.first()
    assert verifies(arrival)
    (record,) = arrival.json.values()
    assert set(arrival.json) == {wrapper}
    (row,) = automated.settled()
    record_id = row["record_id"]
    assert record_id in str(made)
    (shown,) = (
        value
        for key, value in automated.ok("GET", f"{path}/{record_id}").items()
        if key not in ("code", "message")
    )
    assert record == shown
    automated.ok("DELETE", f"{path}/{record_id}")
    _, deleted = automated.receiver.first(2)
    assert deleted.json == {wrapper: shown}, "as it was last"


def test_every_module_is_tested() -> None:
    assert [row[0] for row in ENTITIES] == list(MODULES)
