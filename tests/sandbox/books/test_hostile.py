"""Every field of every body, given every kind of nonsense: an envelope comes back and nothing is half stored."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.books.hostile_bodies import BODIES

NASTY: tuple[Any, ...] = (
    None,
    "",
    " ",
    True,
    0,
    -1,
    10**30,
    Decimal("1e-30"),
    Decimal("NaN"),
    float("inf"),
    "x",
    "-",
    "%",
    "1e400",
    "x" * 5000,
    "2026-13-45",
    "\ud800",
    "²",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"a": 1},
    ["x"],
    [{"value": {}}],
)


def spoiled(body: Any) -> Iterator[Any]:
    """The body with each of its values replaced, one at a time, by each piece of nonsense."""
    places = list(body.items()) if isinstance(body, dict) else list(enumerate(body))
    for place, value in places:
        for bad in NASTY:
            copied = copy.copy(body)
            copied[place] = bad
            yield copied
        if isinstance(value, (dict, list)):
            for inner in spoiled(value):
                copied = copy.copy(body)
                copied[place] = inner
                yield copied


def counted(desk: Any) -> dict[str, int]:
    return {
        name: len(rows)
        for name, rows in desk.books.truth().items()
        if name not in ("comments", "organization_id")
    }


@pytest.mark.parametrize("path", BODIES)
def test_nonsense(open_desk: Any, path: str) -> None:
    method, body = BODIES[path]
    desk = open_desk()
    desk.books.define_custom_field("contact", "Note")
    customer, item, tax = desk.customer(), desk.item(), desk.tax("VAT", 20)
    invoice = desk.sent(customer, {"item_id": item, "tax_id": tax})
    vendor = desk.vendor()
    bought = {"account_id": desk.ledger.id("000000000388"), "rate": 100}
    order = desk.post("/purchaseorders", {"vendor_id": vendor, "line_items": [bought]})["purchaseorder"]
    debit = desk.post("/vendorcredits", {"vendor_id": vendor, "line_items": [bought]})["vendor_credit"]
    bank = desk.ledger.id("000000093015")
    line = {"date": "2026-06-15", "debit_or_credit": "debit", "amount": 40}
    desk.post("/bankstatements", {"account_id": bank, "transactions": [line]})
    quoted = {"customer_id": customer, "line_items": [{"name": "x", "rate": 1}]}
    words = {
        "BANK": bank,
        "WAITING": next(iter(desk.books.truth()["banktransactions"])),
        "QUOTE": desk.post("/estimates", quoted)["estimate"]["estimate_id"],
        "PLACE": desk.post("/locations", {"location_name": "Office"})["locations"]["location_id"],
        "TAG": desk.post("/settings/tags", {"tag_name": "Tag"})["tag"]["tag_id"],
        "VENDOR": vendor,
        "BILL": desk.bill(vendor, "B-1", 500)["bill_id"],
        "MADE": desk.remit(vendor, 100, {})["payment_id"],
        "ORDER": order["purchaseorder_id"],
        "PART": order["line_items"][0]["line_item_id"],
        "DEBIT": debit["vendor_credit_id"],
        "CREDIT": desk.credit(customer)["creditnote_id"],
        "CUSTOMER": customer,
        "ITEM": item,
        "TAX": tax,
        "INVOICE": invoice["invoice_id"],
        "LINE": invoice["line_items"][0]["line_item_id"],
        "PAYMENT": desk.pay(customer, 40, {invoice["invoice_id"]: 10})["payment_id"],
        "SALES": desk.ledger.id("000000000388"),
        "EUR": desk.currency("EUR"),
    }

    def known(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: known(each) for key, each in value.items()}
        if isinstance(value, list):
            return [known(each) for each in value]
        return words.get(value, value) if isinstance(value, str) else value

    for word, key in words.items():
        path = path.replace(word, key)
    for spoilt in spoiled(known(body)):
        before, truth = counted(desk), repr(desk.books.truth())
        answer = desk.send(method, path, spoilt)
        assert answer.body is not None
        assert answer.status in (200, 201, 400, 404), spoilt
        if answer.status >= 400:
            assert answer.body["code"] > 0
            assert repr(desk.books.truth()) == truth, spoilt
        elif answer.status == 201 and counted(desk) != before:
            made = answer.headers.get("Location", "")
            if made and "chartofaccountdetails" not in made:
                desk.send("DELETE", made.removeprefix("/api/v3"))
    for row in desk.books.truth()["invoices"].values():
        assert 0 <= row["balance"] <= row["total"]
    for name, most in (("bills", "total"), ("vendorcredits", "total"), ("vendorpayments", "amount")):
        for row in desk.books.truth()[name].values():
            assert 0 <= row["balance"] <= row[most]
    for one in ("/estimates", "/salesorders", "/salesreceipts", "/expenses", "/journals", "/projects"):
        desk.get(one)
    for one in ("/bankaccounts", "/banktransactions", "/reports/balancesheet", "/reports/taxsummary"):
        desk.get(one)
    for one in ("/bills", "/vendorpayments", "/vendorcredits", "/purchaseorders", "/creditnotes"):
        desk.get(one)
    for one in ("/contacts", "/items", "/invoices", "/customerpayments", "/chartofaccounts", "/users"):
        desk.get(one)
