"""Payments of both sides: /customerpayments and /vendorpayments."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow
from connectors.kit.joined import Joined
from connectors.kit.operations import Context, Record
from connectors.kit.resolving import rows_by
from connectors.zoho_books import payments_made, payments_received
from connectors.zoho_books.lookups import CUSTOMERS
from connectors.zoho_books.settlement import peek

SIDES = {"invoice": payments_received.RESOURCE, "bill": payments_made.RESOURCE}
ANYONE = replace(CUSTOMERS, noun="contact", query=())
OF_CONTACTS = {"customer": "invoice", "vendor": "bill"}


class Payments(Joined):
    """The side of a payment is what it is for; its allocations or its contact tell that too."""

    def choose(self, body: Record, ctx: Context) -> Flow[str]:
        types = {str(each.get("type") or "") for each in body.get("allocations") or ()} & SIDES.keys()
        contact = body.get("contact")
        if len(types) == 1:
            return types.pop()
        if types:
            detail = "a payment settles invoices or bills, not both"
            raise Rejected(FieldError("enum_value", "/allocations", detail, tuple(SIDES)))
        if contact is None:
            return "invoice"
        kind = contact.get("type") or (yield from _kind_of(contact))
        if kind in OF_CONTACTS:
            return OF_CONTACTS[kind]
        detail = "is needed: neither the allocations nor the contact tell it"
        raise Rejected(FieldError("required", "/payment_for", detail, tuple(SIDES)))


def _kind_of(contact: Mapping[str, Any]) -> Flow[str]:
    """Whether a contact is a customer or a vendor; "" where that is not told."""
    if contact.get("id") is not None:
        found = yield from peek("/contacts", "contact", str(contact["id"]))
        return str((found or {}).get("contact_type") or "")
    for key, lookup in ANYONE.keys.items():
        if contact.get(key) is not None:
            rows = yield from rows_by(ANYONE, lookup.param, contact[key])
            kinds = {str(row.get("contact_type")) for row in rows if row.get(lookup.native) == contact[key]}
            return kinds.pop() if len(kinds) == 1 else ""
    return ""


RESOURCE = Payments.over(SIDES, by="payment_for")
