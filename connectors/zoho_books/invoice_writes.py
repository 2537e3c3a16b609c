"""What an invoice needs beyond its rows when it is written."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from connectors.kit.codec import CodecError
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft, Step
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native, When
from connectors.kit.operations import Context
from connectors.zoho_books.control_totals import check_total
from connectors.zoho_books.documents import choose_discount_level
from connectors.zoho_books.field_names import check_custom_fields
from connectors.zoho_books.lines import price

if TYPE_CHECKING:
    from connectors.kit.resource import Resource

AUTO_NUMBER = ("ignore_auto_number_generation", "true")


def prepare(self: "Resource", draft: Draft) -> Flow[None]:
    """Numbers, prices, discounts, addresses, sources, control total; raises Rejected with all it refuses."""
    if draft.body.get("number") is not None:
        draft.query.append(AUTO_NUMBER)
    errors: list[FieldError] = []
    if draft.body.get("type") not in (None, "invoice"):
        errors.append(FieldError("enum_value", "/type", "only invoices are written here", ("invoice",)))
    lines: list[Native] = draft.native.get("line_items") or []
    present = {str(each.get("line_item_id")): each for each in (draft.current or {}).get("line_items") or []}
    price(lines, draft.body.get("line_items") or [], present, errors)
    try:
        choose_discount_level(draft.native, draft.current)
    except CodecError as error:
        errors.append(FieldError(error.code, "/discount_amount", str(error)))
    _sources(draft, errors)
    if errors:
        raise Rejected(*errors)
    for kind in ("billing", "shipping"):
        _address(draft, kind)
    yield from check_custom_fields(draft.body, "invoice")
    if draft.when is When.CREATE:
        yield from check_total(draft)


def _address(draft: Draft, kind: str) -> None:
    """An invoice's addresses are set by a call of their own; without one they come from the customer."""
    part = draft.native.pop(f"{kind}_address", None)
    if part is None:
        return

    def call(id: str) -> Request:
        path = f"/invoices/{quote(id, safe='{}')}/address/{kind}"
        return Request("PUT", path, body=part, step=f"set the {kind} address", repeatable=True)

    draft.steps.append(Step(f"set the {kind} address", f"/{kind}_address", call))


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
