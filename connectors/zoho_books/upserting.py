"""Zoho's upsert: PUT on a collection with a unique custom field named in headers."""

from connectors.kit.codec import flag
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Pairs, Request
from connectors.kit.upserting import Standing, Upsert
from connectors.zoho_books.codecs import REFERENCE_FIELD
from connectors.zoho_books.field_names import PATH, definitions_in

_ENTITIES = {
    "contacts": ("contact", "Customers and Vendors"),
    "items": ("item", "Items"),
    "estimates": ("estimate", "Quotes"),
    "sales_orders": ("salesorder", "Sales Orders"),
    "invoices": ("invoice", "Invoices"),
    "credit_notes": ("creditnote", "Credit Notes"),
    "purchase_orders": ("purchaseorder", "Purchase Orders"),
    "bills": ("bill", "Bills"),
    "expenses": ("expense", "Expenses"),
}
_UNIQUE = ("is_unique", "no_duplicates", "is_duplicate_restricted")
"""Keys that may say so; the answer is not published."""


def standing(resource: str) -> Flow[Standing]:
    """How the field stands in a module. Where Zoho does not list fields, nobody tells."""
    query = (("entity", _ENTITIES[resource][0]),)
    try:
        reply = yield Request("GET", PATH, query, step="read which custom fields there are")
    except Fault as fault:
        if fault.kind is not Kind.NOT_FOUND:
            raise
        return "untold"
    field = next((each for each in definitions_in(reply.body) if each["api_name"] == REFERENCE_FIELD), None)
    if field is None:
        return "missing"
    told = next((flag(field[key]) for key in _UNIQUE if key in field), None)
    return "untold" if told is None else "unique" if told else "shared"


def _headers(field: str, value: str) -> Pairs:
    return (
        ("X-Unique-Identifier-Key", field),
        ("X-Unique-Identifier-Value", value),
        ("X-Upsert", "true"),
    )


UPSERT = Upsert(
    field=REFERENCE_FIELD,
    method="PUT",
    headers=_headers,
    modules={resource: module for resource, (_, module) in _ENTITIES.items()},
    standing=standing,
    manual=(
        "In Zoho Books, as an administrator: Settings, Preferences, {module}, Field Customization, New Custom Field; "
        "label lw_ref, data type Text Box (Single Line), Prevent Duplicate Values on. Its API name has to be "
        f"{REFERENCE_FIELD}."
    ),
)
