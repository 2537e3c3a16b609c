"""Zoho's hooks: signatures, and what bodies speak of."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.kit.hooks import Delivery, Mention
from connectors.kit.http import Pairs
from connectors.zoho_books.hook_entities import BY_NAME, ENTITIES
from connectors.zoho_books.hooks import HOOKS, SIGNATURE, signed
from connectors.zoho_books.workflows import ENTITY_HEADER

SECRET = "q8WmZ1nT5rYbE0cVxA7dKfJ2hLs9PgUo4iRt6NyB"
PUBLISHED = 'namebasicsubscription_id90343{"created_date":"2019-03-06","event_id":"5675"}'
"""What is signed in the example of the published help page."""

FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def delivery(
    content: bytes,
    signature: str | None = None,
    query: Pairs = (),
    media: str = "application/json",
    entity: str = "",
) -> Delivery:
    headers = {"content-type": media, ENTITY_HEADER.lower(): entity}
    if signature is not None:
        headers[SIGNATURE.lower()] = signature
    return Delivery(query, headers, content)


def digest(text: str | bytes, secret: str = SECRET) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return hmac.digest(secret.encode(), raw, hashlib.sha256)


# Signatures


def test_the_published_example_is_what_is_signed() -> None:
    query = (("subscription_id", "90343"), ("name", "basic"))
    body = b'{"created_date":"2019-03-06","event_id":"5675"}'
    assert signed(delivery(body, query=query)).decode() == PUBLISHED
    assert HOOKS.is_signed(delivery(body, digest(PUBLISHED).hex(), query), SECRET)


@pytest.mark.parametrize("spelled", ["hex", "HEX", "base64", "blanks", "named", "Named", "for URLs", "bare"])
def test_hexadecimal_and_base64_are_taken(spelled: str) -> None:
    body = b'{"invoice":{"invoice_id":"3"}}'
    raw = digest(body)
    for_urls = base64.urlsafe_b64encode(raw).decode()
    assert "-" in for_urls and "_" in for_urls
    written = {
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "base64": base64.b64encode(raw).decode(),
        "blanks": f"  {raw.hex()} ",
        "named": f"sha256={raw.hex()}",
        "Named": f"SHA256={base64.b64encode(raw).decode()}",
        "for URLs": for_urls,
        "bare": for_urls.rstrip("="),
    }
    assert HOOKS.is_signed(delivery(body, written[spelled]), SECRET)


def test_a_form_is_signed_by_its_decoded_pairs_sorted_with_those_of_the_query() -> None:
    fields = {"total": "1,200.50", "bill_id": "7", "note": "Café & more", "empty": ""}
    content = urlencode(fields).encode()
    base = "bill_id7emptynoteCafé & moretotal1,200.50z1"
    given = delivery(content, digest(base).hex(), (("z", "1"),), FORM)
    assert signed(given) == base.encode()
    assert HOOKS.is_signed(given, SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "not a signature",
        digest(b"{}", "another secret of forty characters, nearly").hex(),
        digest(b"{ }").hex(),
        digest(b"{}").hex()[:-1],
        digest(b"{}").hex()[:-2] + "00",
        "0" * 64,
        "t=1,v=" + digest(b"{}").hex(),
        "sha256=",
        "sha256=" + digest(b"{ }").hex(),
        "sha1=" + digest(b"{}").hex(),
        "é" * 64,
    ],
)
def test_every_other_signature_is_refused(signature: str | None) -> None:
    assert not HOOKS.is_signed(delivery(b"{}", signature), SECRET)


def test_a_changed_query_breaks_the_signature() -> None:
    assert not HOOKS.is_signed(delivery(b"{}", digest(b"{}").hex(), (("a", "b"),)), SECRET)


# What a body speaks of

SALES_ORDER = {
    "salesorder": {
        "salesorder_id": "460000000039129", "salesorder_number": "SO-00009", "customer_id": "460000000017138",
        "estimate_id": "", "invoices": [{"invoice_id": "1"}], "cf_color": "red",
    }
}  # fmt: skip
INVOICE = {
    "invoice": {
        "invoice_id": 982000000567114, "invoice_number": "INV-1", "salesorder_id": "460000000039129",
        "customer_custom_fields": [], "total": 40.6, "total_formatted": "$40.60",
    }
}  # fmt: skip
BILL = {
    "bill_id": "460000000053199", "bill_number": "B-12", "vendor_id": "460000000038029", "purchaseorder_ids": "",
    "line_items": json.dumps([{"line_item_id": "5"}]), "total": "244.00", "documents": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (SALES_ORDER, [("/salesorders", "460000000039129")]),
        (INVOICE, [("/invoices", "982000000567114")]),
        ({"payment": {"payment_id": "9", "vendor_id": ""}}, [("/customerpayments", "9")]),
        ({"vendorpayment": {"payment_id": "9"}}, [("/vendorpayments", "9")]),
        ({"vendor_payment": {"payment_id": "9"}}, [("/vendorpayments", "9")]),
        ({"contact": json.dumps({"contact_id": "3"})}, [("/contacts", "3")]),
        ({"invoice_id": "4"}, [("/invoices", "4")]),
        ({"invoice": {"status": "void"}}, [("/invoices", None)]),
        ({"invoice": "4"}, []),
        ({"timesheet": {"time_entry_id": "4"}}, []),
        ({"invoice_id": True}, []),
        ({"invoice_id": "4" * 65}, []),
        ([INVOICE], []),
        ("invoice", []),
        (None, []),
    ],
)
def test_the_record_a_body_speaks_of(body: Any, expected: list[tuple[str, str | None]]) -> None:
    found = HOOKS.mentions(delivery(json.dumps(body).encode()))
    assert [(mention.path, mention.id) for mention in found] == expected


@pytest.mark.parametrize(
    ("name", "record", "path"),
    [
        ("quote", {"estimate_id": "5", "estimate_number": "Q-1", "salesorder_id": ""}, "/estimates"),
        ("quote", {"estimate_id": "5"}, "/estimates"),
        ("customer", {"contact_id": "5", "contact_name": "Ann", "primary_contact_id": "8"}, "/contacts"),
        ("vendor", {"contact_id": "5"}, "/contacts"),
        ("sales_order", {"salesorder_id": "5", "salesorder_number": "SO", "estimate_id": "6"}, "/salesorders"),
        ("purchase_order", {"purchaseorder_id": "5", "vendor_id": "7"}, "/purchaseorders"),
        ("credit_note", {"creditnote_id": "5", "creditnote_number": "C", "invoice_id": "6"}, "/creditnotes"),
        ("bill_payment", {"payment_id": "5", "vendor_id": "7"}, "/vendorpayments"),
        ("paymentreceived", {"payment_id": "5", "customer_id": "7", "vendor_id": ""}, "/customerpayments"),
        ("journal_entry", {"journal_id": "5", "journal_date": "2026-01-31"}, "/journals"),
        ("customer_payment", {"payment_id": "5"}, "/customerpayments"),
    ],
)  # fmt: skip
def test_a_wrapper_of_any_name_is_judged_by_the_id_in_it(
    name: str, record: dict[str, Any], path: str
) -> None:
    assert HOOKS.mentions(delivery(json.dumps({name: record}).encode())) == (Mention(path, "5"),)
    as_text = urlencode({name: json.dumps(record)}).encode()
    assert HOOKS.mentions(delivery(as_text, media=FORM)) == (Mention(path, "5"),)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"invoice_id": "5", "event": "edit"}, [("/invoices", "5")]),
        ({"invoice_id": 5, "customer_id": "7", "total": 12.5}, [("/invoices", "5")]),
        ({"payment_id": "5", "event": "edit"}, [("/customerpayments", "5"), ("/vendorpayments", "5")]),
        ({"payment_id": "5", "customer_id": "7", "invoice_id": "9"}, [("/customerpayments", "5")]),
        ({"invoice_id": "5", "salesorder_id": "6"}, []),
        ({"time_entry_id": "5", "project_id": "6"}, []),
        ({"timesheet": {"time_entry_id": "5", "project_id": "6"}}, []),
        ({"customer_id": "5"}, []),
    ],
)
def test_a_template_of_ones_own_is_read_where_it_is_clear(
    body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = HOOKS.mentions(delivery(json.dumps(body).encode()))
    assert [(mention.path, mention.id) for mention in found] == expected


def test_our_header_finds_the_record_under_any_wrapper() -> None:
    for body in (
        {"bill_payment": {"payment_id": "5"}},
        {"vendorpayment": {"payment_id": "5"}},
        {"payment_id": "5"},
    ):
        told = HOOKS.mentions(delivery(json.dumps(body).encode(), entity="vendor_payment"))
        assert told == (Mention("/vendorpayments", "5"),)


def test_a_form_body_names_the_record_that_has_its_own_number() -> None:
    assert HOOKS.mentions(delivery(urlencode(BILL).encode(), media=FORM)) == (
        Mention("/bills", "460000000053199"),
    )


def test_a_form_may_hold_the_record_as_text() -> None:
    for body in ({"JSONString": json.dumps(INVOICE)}, {"invoice": json.dumps(INVOICE["invoice"])}):
        found = HOOKS.mentions(delivery(urlencode(body).encode(), media=FORM))
        assert found == (Mention("/invoices", "982000000567114"),)


def test_an_invoice_in_a_form_may_also_name_its_order() -> None:
    fields = {"invoice_id": "1", "invoice_number": "I", "salesorder_id": "2", "salesorder_number": "S"}
    found = HOOKS.mentions(delivery(urlencode(fields).encode(), media=FORM))
    assert set(found) == {Mention("/invoices", "1"), Mention("/salesorders", "2")}
    told = HOOKS.mentions(delivery(urlencode(fields).encode(), media=FORM, entity="invoice"))
    assert told == (Mention("/invoices", "1"),)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"invoice":{"invoice_id":' + b"9" * 9000]
)
def test_what_cannot_be_read_names_nothing(content: bytes) -> None:
    assert HOOKS.mentions(delivery(content)) == ()
    assert HOOKS.mentions(delivery(content, media=FORM)) == ()


def test_names_of_entities_are_one_collections_each() -> None:
    names = [name for entity in ENTITIES.values() for name in {*entity.names, *entity.bodies}]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert all(len(f"Ledgerway {entity.names[0]} delete 0123456789") <= 50 for entity in ENTITIES.values())
