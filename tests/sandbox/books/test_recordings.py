"""Our answers against recorded ones: every recorded key is there, with a value of the same kind."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

LISTS = {
    "estimates.list.1.json": "/estimates",
    "expenses.list.1.json": "/expenses",
    "journals.list.1.json": "/journals",
    "bankaccounts.list.1.json": "/bankaccounts",
    "contacts.list.1.json": "/contacts",
    "items.list.1.json": "/items",
    "invoices.list.1.json": "/invoices",
    "customerpayments.list.1.json": "/customerpayments",
    "chartofaccounts.list.1.json": "/chartofaccounts",
    "currencies.list.1.json": "/settings/currencies",
    "taxes.list.1.json": "/settings/taxes",
    "bills.list.1.json": "/bills",
    "vendorpayments.list.1.json": "/vendorpayments",
    "purchaseorders.list.1.json": "/purchaseorders",
    "creditnotes.list.1.json": "/creditnotes",
}
DETAILS = {
    "estimates.get.1.json": "/estimates/{estimate}",
    "expenses.get.1.json": "/expenses/{expense}",
    "journals.get.1.json": "/journals/{journal}",
    "bankaccounts.get.1.json": "/bankaccounts/{bank}",
    "contacts.get.1.json": "/contacts/{contact}",
    "items.get.1.json": "/items/{item}",
    "invoices.get.1.json": "/invoices/{invoice}",
    "customerpayments.get.1.json": "/customerpayments/{payment}",
    "chartofaccounts.get.1.json": "/chartofaccounts/{account}",
    "bills.get.1.json": "/bills/{bill}",
    "vendorpayments.get.1.json": "/vendorpayments/{made}",
    "purchaseorders.get.1.json": "/purchaseorders/{order}",
    "creditnotes.get.1.json": "/creditnotes/{credit}",
}
CREATES = {
    "estimates.create.1.json": ("/estimates", {"customer_id": "contact", "item_id": "item"}),
    "bankaccounts.create.1.json": ("/bankaccounts", {}),
    "journals.create.1.json": ("/journals", {"account_id": "account"}),
    "expenses.create.1.json": ("/expenses", {"account_id": "supplies", "paid_through_account_id": "account"}),
    "contacts.create.1.json": ("/contacts", {}),
    "items.create.1.json": ("/items", {}),
    "invoices.create.1.json": ("/invoices", {"customer_id": "contact", "item_id": "item"}),
    "customerpayments.create.1.json": (
        "/customerpayments",
        {"customer_id": "contact", "invoice_id": "invoice"},
    ),
    "chartofaccounts.create.1.json": ("/chartofaccounts", {}),
    "bills.create.1.json": ("/bills", {"vendor_id": "vendor", "account_id": "supplies"}),
    "vendorpayments.create.1.json": (
        "/vendorpayments",
        {"vendor_id": "vendor", "paid_through_account_id": "account"},
    ),
    "purchaseorders.create.1.json": ("/purchaseorders", {"vendor_id": "vendor", "item_id": "item"}),
    "creditnotes.create.1.json": ("/creditnotes", {"customer_id": "contact", "account_id": "account"}),
}


@pytest.fixture
def traded(open_desk: Any) -> Any:
    desk = open_desk()
    person = {"first_name": "Jo", "email": "jo@acme.example"}
    contact = desk.customer("Acme", contact_persons=[person], billing_address={"city": "New York"})
    item = desk.item("License", 299)
    invoice = desk.sent(contact, {"item_id": item, "quantity": 2})["invoice_id"]
    payment = desk.pay(contact, 300, {invoice: 300})["payment_id"]
    account = desk.ledger.id("000000000388")
    quote = desk.post("/estimates", {"customer_id": contact, "line_items": [{"item_id": item}]})
    supplies = desk.ledger.id("000000000400")
    spent = {"account_id": supplies, "paid_through_account_id": account, "date": "2026-06-09", "amount": 75}
    line = {"account_id": account, "amount": 100}
    lines = [{**line, "debit_or_credit": side} for side in ("debit", "credit")]
    booked = desk.post("/journals", {"journal_date": "2026-06-09", "line_items": lines})["journal"]
    vendor = desk.customer("Beta", contact_type="vendor", payment_terms=30)
    bought = {"vendor_id": vendor, "line_items": [{"name": "Paper", "account_id": supplies, "rate": 250}]}
    bill = desk.post("/bills", {**bought, "bill_number": "B-1"})["bill"]["bill_id"]
    made = {"vendor_id": vendor, "amount": 250, "paid_through_account_id": account, "date": "2026-06-09"}
    made["bills"] = [{"bill_id": bill, "amount_applied": 250}]
    order = desk.post("/purchaseorders", {"vendor_id": vendor, "line_items": [{"item_id": item, "rate": 40}]})
    credit = {"customer_id": contact, "date": "2026-06-09", "line_items": [{"item_id": item, "rate": 100}]}
    desk.known = {
        "vendor": vendor,
        "bill": bill,
        "made": desk.post("/vendorpayments", made)["vendorpayment"]["payment_id"],
        "order": order["purchaseorder"]["purchaseorder_id"],
        "credit": desk.post("/creditnotes", credit)["creditnote"]["creditnote_id"],
        "journal": booked["journal_id"],
        "bank": desk.ledger.id("000000093015"),
        "estimate": quote["estimate"]["estimate_id"],
        "supplies": supplies,
        "expense": desk.post("/expenses", spent)["expense"]["expense_id"],
        "contact": contact,
        "item": item,
        "invoice": invoice,
        "payment": payment,
        "account": account,
    }
    return desk


def recorded(specs: Path, name: str) -> Any:
    return json.loads((specs / "zoho-books-recordings" / name).read_text())


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    return type(value).__name__


def differences(theirs: Any, ours: Any, where: str) -> list[str]:
    """What the recording has and we do not. "" stands for null and fits any kind; ids are told by shape."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = [f"{where}.{key} is missing" for key in theirs if key not in ours]
        for key in set(theirs) & set(ours):
            found += differences(theirs[key], ours[key], f"{where}.{key}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list):
        return differences(theirs[0], ours[0], f"{where}[]") if theirs and ours else []
    if kind(theirs) != kind(ours) and "" not in (theirs, ours):
        return [f"{where} is {kind(ours)}, recorded {kind(theirs)}"]
    return []


@pytest.mark.parametrize("name", LISTS)
def test_lists(specs: Path, traded: Any, name: str) -> None:
    theirs = recorded(specs, name)
    asked = theirs["request"]["query"]
    query = {key: asked[key] for key in ("page", "per_page", "sort_column", "sort_order") if key in asked}
    ours = traded.get(LISTS[name], **query)
    assert differences(theirs["response"]["body"], ours, name) == []
    assert set(ours["page_context"]) == set(theirs["response"]["body"]["page_context"])
    for key, value in theirs["response"]["body"]["page_context"].items():
        if key not in ("as_of_date", "to_date"):
            assert ours["page_context"][key] == value


@pytest.mark.parametrize("name", LISTS)
def test_rows_carry_no_more_than_recorded_ones(specs: Path, traded: Any, name: str) -> None:
    """A row that shows more than the service's would hide that a detail is needed."""
    theirs = recorded(specs, name)["response"]["body"]
    key = next(key for key, value in theirs.items() if isinstance(value, list))
    if theirs[key]:
        allowed = {name for row in theirs[key] for name in row}
        assert set(traded.get(LISTS[name])[key][0]) <= allowed


@pytest.mark.parametrize("name", DETAILS)
def test_details(specs: Path, traded: Any, name: str) -> None:
    ours = traded.get(DETAILS[name].format(**traded.known))
    assert differences(recorded(specs, name)["response"]["body"], ours, name) == []


@pytest.mark.parametrize("name", CREATES)
def test_creates(specs: Path, traded: Any, name: str) -> None:
    theirs = recorded(specs, name)
    path, ids = CREATES[name]

    def mine(value: Any) -> Any:
        if isinstance(value, list):
            return [mine(each) for each in value]
        if isinstance(value, dict):
            return {key: traded.known[ids[key]] if key in ids else mine(each) for key, each in value.items()}
        return value

    answer = traded.send("POST", path, mine(theirs["request"]["json"]))
    assert answer.status == theirs["response"]["status"] == 201
    assert answer.body["message"] == theirs["response"]["body"]["message"]
    assert differences(theirs["response"]["body"], answer.body, name) == []
    where = theirs["response"]["headers"]["location"]
    assert answer.headers["Location"].rpartition("/")[0] == where.rpartition("/")[0]


def test_recorded_chart_of_accounts(specs: Path, traded: Any) -> None:
    """The accounts the service itself keeps have the same names, types and id endings."""
    rows = recorded(specs, "chartofaccounts.list.1.json")["response"]["body"]["chartofaccounts"]
    ours = {row["account_id"][-12:]: row for row in traded.get("/chartofaccounts")["chartofaccounts"]}
    for row in rows:
        if row["is_system_account"]:
            mine = ours[row["account_id"][-12:]]
            assert (mine["account_name"], mine["account_type"]) == (row["account_name"], row["account_type"])


def test_recorded_currencies(specs: Path, traded: Any) -> None:
    rows = recorded(specs, "currencies.list.1.json")["response"]["body"]["currencies"]
    ours = traded.get("/settings/currencies")["currencies"]
    assert [row["currency_code"] for row in ours] == [row["currency_code"] for row in rows]
    for mine, row in zip(ours, rows, strict=True):
        assert {**mine, "currency_id": ""} == {**row, "currency_id": ""}


INDIAN = {
    "gst_no", "gst_treatment", "is_pre_gst", "is_reverse_charge_applied", "merchant_gst_no", "place_of_supply",
    "reverse_charge_tax_total", "shipping_charge_sac_code", "tax_specification", "tax_treatment", "tds_summary",
    "tds_override_preference", "branch_id", "branch_name", "location_id", "location_name", "warehouses", "contact",
}  # fmt: skip


def test_sales_order_of_a_webhook(specs: Path, traded: Any) -> None:
    """The only sales order ever seen came by webhook, from an Indian organisation."""
    theirs = json.loads((specs / "zoho-books-recordings" / "salesorders.webhook.1.json").read_text())
    body = theirs["request"]["json"]
    line = {"item_id": traded.known["item"], "quantity": 2}
    made = traded.post("/salesorders", {"customer_id": traded.known["contact"], "line_items": [line]})
    wanted = {
        name: value
        for name, value in body["salesorder"].items()
        if name not in INDIAN and not name.endswith("_formatted") and not isinstance(value, (dict, list))
    }
    assert differences(wanted, made["salesorder"], "salesorder") == []
