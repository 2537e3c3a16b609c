"""What an invoice needs beyond its rows when it is written."""

from typing import Any

from connectors.kit.faults import FieldError
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import Native
from connectors.kit.operations import Context
from connectors.zoho_books import document_writes
from connectors.zoho_books.control_totals import Reckoned
from connectors.zoho_books.document_writes import Kind

KIND = Kind(
    path="/invoices",
    side="customer",
    type="invoice",
    entity="invoice",
    addresses=("billing", "shipping"),
    texts=("shipping_charge",),
    reckoned=Reckoned(party="customer_id", rounded=("/invoices", "invoices", "invoice")),
)


def prepare(draft: Draft) -> Flow[None]:
    errors: list[FieldError] = []
    _sources(draft, errors)
    yield from document_writes.prepare(draft, KIND, errors)


def sources(native: Native, ctx: Context) -> list[dict[str, Any]]:
    """The estimate and the sales order an invoice came from."""
    found: list[dict[str, Any]] = []
    if native.get("estimate_id"):
        found.append({"type": "estimate", "id": native["estimate_id"], "number": None})
    if native.get("salesorder_id"):
        order = {"type": "sales_order", "id": native["salesorder_id"]}
        found.append({**order, "number": native.get("salesorder_number") or None})
    return found


def _sources(draft: Draft, errors: list[FieldError]) -> None:
    for place, source in enumerate(draft.body.get("sources") or []):
        at = f"/sources/{place}"
        if source.get("type") != "estimate" or source.get("id") is None:
            detail = "an invoice takes an estimate by id as its source; orders are named line by line"
            errors.append(FieldError("unsupported_field", at, detail, ("estimate",)))
        elif "invoiced_estimate_id" in draft.native:
            errors.append(FieldError("unsupported_field", at, "an invoice has one estimate as its source"))
        else:
            draft.native["invoiced_estimate_id"] = source["id"]
