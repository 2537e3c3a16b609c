"""Every field of every body, given every kind of nonsense: an envelope comes back and nothing is half stored."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

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
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "/contacts": (
        "POST",
        {
            "contact_name": "New",
            "company_name": "New",
            "contact_type": "customer",
            "website": "x",
            "notes": "n",
            "payment_terms": 15,
            "currency_id": "EUR",
            "track_1099": True,
            "billing_address": {"city": "Rome", "zip": "1"},
            "contact_persons": [{"first_name": "A", "email": "a@b.c", "is_primary_contact": True}],
            "custom_fields": [{"api_name": "cf_note", "value": "v"}],
            "tags": [],
        },
    ),
    "/items": (
        "POST",
        {"name": "New", "rate": 1, "sku": "s", "tax_id": "TAX", "account_id": "SALES", "item_type": "sales"},
    ),
    "/chartofaccounts": (
        "POST",
        {"account_name": "New", "account_type": "income", "account_code": "1", "parent_account_id": "SALES"},
    ),
    "/settings/taxes": ("POST", {"tax_name": "New", "tax_percentage": 3, "tax_type": "compound_tax"}),
    "/settings/taxgroups": ("POST", {"tax_group_name": "New", "taxes": "TAX"}),
    "/settings/currencies": ("POST", {"currency_code": "CHF", "price_precision": 2, "currency_symbol": "F"}),
    "/settings/currencies/EUR/exchangerates": ("POST", {"effective_date": "2026-06-15", "rate": 2}),
    "/users": ("POST", {"name": "N", "email": "n@b.c", "role_id": "1", "cost_rate": 2}),
    "/contacts/contactpersons": ("POST", {"contact_id": "CUSTOMER", "first_name": "F", "email": "e@b.c"}),
    "/contacts/CUSTOMER/address": ("POST", {"city": "Rome", "zip": 1}),
    "/invoices": (
        "POST",
        {
            "customer_id": "CUSTOMER",
            "date": "2026-06-15",
            "due_date": "2026-06-30",
            "payment_terms": 3,
            "discount": "10%",
            "discount_type": "entity_level",
            "is_discount_before_tax": False,
            "is_inclusive_tax": True,
            "shipping_charge": 3,
            "shipping_charge_tax_id": "TAX",
            "adjustment": "0.1",
            "exchange_rate": 2,
            "currency_id": "EUR",
            "tax_rounding": "item_level",
            "contact_persons": [],
            "billing_address": {"city": "Oslo"},
            "custom_fields": [],
            "line_items": [
                {"item_id": "ITEM", "quantity": 2, "rate": 5, "discount": 1, "tax_id": "TAX", "tags": []},
                {"name": "x", "rate": "1.5", "account_id": "SALES", "description": "d", "project_id": "1"},
            ],
        },
    ),
    "/invoices/INVOICE": (
        "PUT",
        {"notes": "n", "customer_id": "CUSTOMER", "line_items": [{"line_item_id": "LINE", "rate": 90}]},
    ),
    "/invoices/INVOICE/credits": (
        "POST",
        {"invoice_payments": [{"payment_id": "PAYMENT", "amount_applied": 1}]},
    ),
    "/invoices/INVOICE/email": ("POST", {"to_mail_ids": ["a@b.c"], "subject": "s"}),
    "/invoices/INVOICE/comments": ("POST", {"description": "d"}),
    "/invoices/INVOICE/address/billing": ("PUT", {"address": "a", "zip": "1"}),
    "/customerpayments": (
        "POST",
        {
            "customer_id": "CUSTOMER",
            "payment_mode": "cash",
            "amount": 50,
            "date": "2026-06-15",
            "account_id": "SALES",
            "exchange_rate": 1,
            "bank_charges": 1,
            "invoices": [{"invoice_id": "INVOICE", "amount_applied": 5, "tax_amount_withheld": 1}],
        },
    ),
    "/customerpayments/PAYMENT": (
        "PUT",
        {"amount": 60, "date": "2026-06-15", "invoices": [{"invoice_id": "INVOICE", "amount_applied": 5}]},
    ),
    "/customerpayments/PAYMENT/refunds": (
        "POST",
        {"date": "2026-06-15", "amount": 5, "from_account_id": "SALES", "refund_mode": "cash"},
    ),
    "/bills": (
        "POST",
        {
            "vendor_id": "VENDOR",
            "bill_number": "B-9",
            "date": "2026-06-15",
            "payment_terms": 15,
            "due_date": "2026-07-15",
            "currency_id": "EUR",
            "exchange_rate": "1.1",
            "purchaseorder_ids": ["ORDER"],
            "adjustment": "0.5",
            "status": "draft",
            "is_inclusive_tax": True,
            "line_items": [
                {
                    "account_id": "SALES",
                    "rate": 10,
                    "quantity": 2,
                    "tax_id": "TAX",
                    "purchaseorder_item_id": "PART",
                    "customer_id": "CUSTOMER",
                    "is_billable": True,
                }
            ],
        },
    ),
    "/bills/BILL/credits": (
        "POST",
        {
            "bill_payments": [{"payment_id": "MADE", "amount_applied": "0.01"}],
            "apply_vendor_credits": [{"vendor_credit_id": "DEBIT", "amount_applied": "0.01"}],
        },
    ),
    "/vendorpayments": (
        "POST",
        {
            "vendor_id": "VENDOR",
            "amount": 50,
            "date": "2026-06-15",
            "payment_mode": "Cash",
            "paid_through_account_id": "SALES",
            "bank_charges": 1,
            "bills": [{"bill_id": "BILL", "amount_applied": 5, "apply_date": "2026-06-15"}],
        },
    ),
    "/vendorpayments/MADE/refunds": (
        "POST",
        {"date": "2026-06-15", "amount": "0.01", "to_account_id": "SALES", "refund_mode": "cash"},
    ),
    "/vendorcredits": (
        "POST",
        {
            "vendor_id": "VENDOR",
            "date": "2026-06-15",
            "status": "draft",
            "discount": "5%",
            "line_items": [{"item_id": "ITEM", "rate": 10, "quantity": 2, "discount": 1}],
        },
    ),
    "/vendorcredits/DEBIT/bills": ("POST", {"bills": [{"bill_id": "BILL", "amount_applied": "0.01"}]}),
    "/purchaseorders": (
        "POST",
        {
            "vendor_id": "VENDOR",
            "date": "2026-06-15",
            "delivery_date": "2026-06-20",
            "delivery_customer_id": "CUSTOMER",
            "line_items": [{"account_id": "SALES", "name": "x", "rate": 10, "quantity": 2}],
        },
    ),
    "/creditnotes": (
        "POST",
        {
            "customer_id": "CUSTOMER",
            "date": "2026-06-15",
            "is_draft": False,
            "shipping_charge": 2,
            "invoice_id": "INVOICE",
            "line_items": [{"item_id": "ITEM", "rate": 10, "quantity": 2, "tax_id": "TAX"}],
        },
    ),
    "/creditnotes/CREDIT/invoices": (
        "POST",
        {"invoices": [{"invoice_id": "INVOICE", "amount_applied": "0.01"}]},
    ),
    "/creditnotes/CREDIT/refunds": (
        "POST",
        {"date": "2026-06-15", "amount": "0.01", "from_account_id": "SALES", "description": "d"},
    ),
}


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
    words = {
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
    for one in ("/bills", "/vendorpayments", "/vendorcredits", "/purchaseorders", "/creditnotes"):
        desk.get(one)
    for one in ("/contacts", "/items", "/invoices", "/customerpayments", "/chartofaccounts", "/users"):
        desk.get(one)
