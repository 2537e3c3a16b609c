"""Documents a caller names by id, number or reference (rule 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow
from connectors.kit.operations import Record
from connectors.kit.references import Key, Lookup
from connectors.kit.resolving import Wanted, find
from connectors.zoho_books import lookups

_REFERENCE = {"reference": Key("reference_number", "reference_number")}

RECEIVED = Lookup(
    noun="payment", resource="payments", path="/customerpayments", many="customerpayments", id="payment_id",
    keys=_REFERENCE,
)  # fmt: skip
MADE = replace(RECEIVED, path="/vendorpayments", many="vendorpayments")
INVOICE, BILL, CREDIT_NOTE, VENDOR_CREDIT = (
    replace(each, keys={**each.keys, **_REFERENCE})
    for each in (lookups.INVOICES, lookups.BILLS, lookups.CREDIT_NOTES, lookups.VENDOR_CREDITS)
)
SETTLED = {"invoice": INVOICE, "bill": BILL}
SETTLING = {
    "invoice": {"payment": RECEIVED, "credit_note": CREDIT_NOTE},
    "bill": {"payment": MADE, "vendor_credit": VENDOR_CREDIT},
}
"""What allocations may name, by the type of the document that is settled."""


def documents_named(
    given: Sequence[Record], kinds: Mapping[str, Lookup], noun: str, at: str = "/sources"
) -> Flow[list[str]]:
    """The ids of documents of the given kinds (type → where it is looked up). Rejected naming what is amiss."""
    ids: list[str] = []
    errors: list[FieldError] = []
    for place, each in enumerate(given):
        pointer = f"{at}/{place}" if len(given) > 1 or at == "/sources" else at
        lookup = kinds.get(each.get("type") or next(iter(kinds)))
        key = next((key for key in ("number", "reference") if each.get(key) is not None), None)
        if lookup is None:
            detail = f"{noun} comes from a {' or a '.join(kinds).replace('_', ' ')}"
            errors.append(FieldError("unsupported_field", f"{pointer}/type", detail, tuple(kinds)))
        elif each.get("id") is not None:
            ids.append(str(each["id"]))
        elif key is None or key not in lookup.keys:
            detail = f"a {lookup.noun} is named by {', '.join(('id', *lookup.keys))}"
            errors.append(FieldError("unsupported_field", pointer, detail, ("id", *lookup.keys)))
        else:
            found = yield from find(Wanted(pointer, lookup, key, str(each[key])))
            if isinstance(found, str):
                ids.append(found)
            else:
                errors.append(found)
    if errors:
        raise Rejected(*errors)
    return ids


def allocated(body: Record, kinds: Mapping[str, Lookup]) -> Flow[Record]:
    """The body with the ids of documents that its allocations name otherwise. Rejected naming what is amiss."""
    given: list[Record] = body.get("allocations") or []
    found: list[Record] = []
    errors: list[FieldError] = []
    for place, each in enumerate(given):
        name, at = each.get("id"), f"/allocations/{place}/id"
        if isinstance(name, Mapping):
            try:
                (id,) = yield from documents_named([{**name, "type": each.get("type")}], kinds, "this", at)
                found.append({**each, "id": id})
            except Rejected as refusal:
                errors += refusal.errors
        else:
            found.append(each)
    if errors:
        raise Rejected(*errors)
    return {**body, "allocations": found} if found else body
