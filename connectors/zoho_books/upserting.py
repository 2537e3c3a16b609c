"""Zoho's upsert: PUT on a collection with a unique custom field named in headers."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connectors.kit.codec import flag
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Request
from connectors.kit.upserting import Mark, Module, Standing, Upsert
from connectors.zoho_books.codecs import REFERENCE_FIELD
from connectors.zoho_books.field_names import PATH, objects_in

_NAMES = ("api_name", "field_name", "placeholder", "label")
"""Keys that name a field, the surest first."""
_SPELLINGS = (REFERENCE_FIELD, REFERENCE_FIELD.removeprefix("cf_"))
_UNIQUE = ("is_unique", "no_duplicates", "is_duplicate_restricted")
"""Keys that may say so; the answer is not published."""
_UNLISTED = (Kind.NOT_FOUND, Kind.METHOD, Kind.INVALID)


def standing(module: Module) -> Flow[Standing]:
    """How the field stands in a module. Where Zoho does not list fields, nobody tells."""
    query = (("entity", module.entity),)
    try:
        reply = yield Request("GET", PATH, query, step="read which custom fields there are")
    except Fault as fault:
        if fault.kind not in _UNLISTED:
            raise
        return "untold"
    field = next((each for each in objects_in(reply.body) if _name_of(each) in _SPELLINGS), None)
    if field is None:
        return "missing" if _names_all(reply.body) else "untold"
    told = next((flag(field[key]) for key in _UNIQUE if key in field), None)
    return "untold" if told is None else "unique" if told else "shared"


def _name_of(field: dict[str, Any]) -> str:
    """By its api name if that is told, else by whatever names it."""
    found = (field[key] for key in _NAMES if field.get(key))
    return str(next(found, "")).strip().casefold()


def _names_all(body: Any) -> bool:
    """Whether an answer lists fields, and each by its api name: then what is not there is missing."""
    lists = list(_lists(body))
    return bool(lists) and all(
        isinstance(each, dict) and each.get("api_name") for fields in lists for each in fields
    )


def _lists(body: Any) -> Iterator[list[Any]]:
    """The lists of an answer, grouped or not; those inside their elements are not theirs."""
    if isinstance(body, list):
        yield body
    elif isinstance(body, dict):
        for key, value in body.items():
            if key != "page_context":
                yield from _lists(value)


def marked(request: Request, mark: Mark) -> Request:
    """The value stands in the body too: Zoho does not say that a record made by an upsert has it from the header."""
    headers = (
        ("X-Unique-Identifier-Key", mark.field),
        ("X-Unique-Identifier-Value", mark.value),
        ("X-Upsert", "true"),
    )
    body = dict(request.body) if isinstance(request.body, dict) else {}
    own = {"api_name": mark.field, "value": mark.value}
    body["custom_fields"] = [*(body.get("custom_fields") or []), own]
    return replace(request, method="PUT", headers=(*request.headers, *headers), body=body)


_PAYMENTS = (
    Module("/customerpayments", "payment", "Payments Received"),
    Module("/vendorpayments", "vendorpayment", "Payments Made"),
)

UPSERT = Upsert(
    field=REFERENCE_FIELD,
    modules={
        "contacts": (Module("/contacts", "contact", "Customers and Vendors"),),
        "items": (Module("/items", "item", "Items"),),
        "estimates": (Module("/estimates", "estimate", "Quotes"),),
        "sales_orders": (Module("/salesorders", "salesorder", "Sales Orders"),),
        "invoices": (Module("/invoices", "invoice", "Invoices"),),
        "credit_notes": (Module("/creditnotes", "creditnote", "Credit Notes"),),
        "purchase_orders": (Module("/purchaseorders", "purchaseorder", "Purchase Orders"),),
        "bills": (Module("/bills", "bill", "Bills"),),
        "expenses": (Module("/expenses", "expense", "Expenses"),),
        "payments": _PAYMENTS,
        "projects": (Module("/projects", "project", "Projects"),),
    },
    marked=marked,
    standing=standing,
    manual=(
        "In Zoho Books, as an administrator: Settings, Preferences, {module}, Field Customization, New Custom Field; "
        "label lw_ref, data type Text Box (Single Line), Prevent Duplicate Values on. Its API name has to be "
        f"{REFERENCE_FIELD}."
    ),
)
