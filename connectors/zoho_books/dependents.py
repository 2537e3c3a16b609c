"""What rests on a record Zoho would not delete: it says so in words only, its lists tell which."""

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.kit.faults import Fault, Kind
from connectors.kit.guarding import Intent
from connectors.kit.http import Flow, Json, Request
from connectors.kit.reading import get_path
from connectors.zoho_books.settlement import CREDIT_NOTES, MADE, RECEIVED, VENDOR_CREDITS, Means


@dataclass(frozen=True, slots=True)
class Place:
    """Where dependents are told: `path` below the API ("{id}" is the record's), the list in its answer, the key of
    their ids and what they are. `by` is the parameter that narrows a collection to the record."""

    path: str
    many: str
    id: str
    resource: str
    by: str | None = None


def _of(means: Means, refunds: str, settled: bool = True) -> tuple[Place, ...]:
    """Refunds of a payment or credit, and, of a credit, the documents it settles."""
    path, target = f"{means.path}/{{id}}", means.target.type
    shares = Place(path, f"{means.one}.{means.shares}", f"{target}_id", f"{target}s")
    back = Place(path, f"{means.one}.{refunds}s", f"{refunds}_id", "refunds")
    return (shares, back) if settled else (back,)


PLACES: Mapping[str, tuple[Place, ...]] = {
    "invoices": (
        Place("/invoices/{id}/payments", "payments", "payment_id", "payments"),
        Place("/invoices/{id}/creditsapplied", "credits", "creditnote_id", "credit_notes"),
    ),
    "bills": (
        Place("/bills/{id}", "bill.payments", "payment_id", "payments"),
        Place("/bills/{id}", "bill.vendor_credits", "vendor_credit_id", "vendor_credits"),
    ),
    "creditnotes": _of(CREDIT_NOTES, "creditnote_refund"),
    "vendorcredits": _of(VENDOR_CREDITS, "vendor_credit_refund"),
    "customerpayments": _of(RECEIVED, "payment_refund", settled=False),
    "vendorpayments": _of(MADE, "vendorpayment_refund", settled=False),
    "salesorders": (Place("/salesorders/{id}", "salesorder.invoices", "invoice_id", "invoices"),),
    "purchaseorders": (Place("/purchaseorders/{id}", "purchaseorder.bills", "bill_id", "bills"),),
    "contacts": (
        Place("/invoices", "invoices", "invoice_id", "invoices", by="customer_id"),
        Place("/bills", "bills", "bill_id", "bills", by="vendor_id"),
    ),
    "items": (
        Place("/invoices", "invoices", "invoice_id", "invoices", by="item_id"),
        Place("/bills", "bills", "bill_id", "bills", by="item_id"),
    ),
}
"""First segment of a path → where to look."""

_IN_USE = ("transaction", "associated")


def explain(intent: Intent, fault: Fault) -> Flow[None]:
    """Makes the refusal of a deletion say what rests on the record, as far as that is told."""
    parts = intent.request.path.strip("/").split("/")
    told = fault.kind is Kind.CONFLICT
    if intent.request.method != "DELETE" or len(parts) != 2 or not (told or fault.kind is Kind.INVALID):
        return
    places = PLACES.get(parts[0], ())
    records = yield from _records(places, parts[1])
    said = any(word in fault.message.casefold() for word in _IN_USE)
    if records or (told and (places or said)):
        fault.kind, fault.records = Kind.DEPENDENTS, records


def _records(places: tuple[Place, ...], id: str) -> Flow[list[dict[str, str]]]:
    found: list[dict[str, str]] = []
    answers: dict[str, Json] = {}
    for place in places:
        path = place.path.format(id=id)
        if path not in answers:
            query = () if place.by is None else ((place.by, id), ("page", "1"), ("per_page", "25"))
            try:
                answers[path] = (yield Request("GET", path, query, step="read what rests on it")).body
            except Fault:
                answers[path] = None
        rows = get_path(answers[path], place.many)
        ids = (
            each.get(place.id) for each in (rows if isinstance(rows, list) else ()) if isinstance(each, dict)
        )
        found += ({"resource": place.resource, "id": str(each)} for each in dict.fromkeys(ids) if each)
    return found
