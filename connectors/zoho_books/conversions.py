"""Making invoices and sales orders of what was offered or ordered."""

from decimal import Decimal
from typing import Any

from connectors.kit.faults import Fault, FieldError, Rejected
from connectors.kit.flows import allow, explain, step_failed
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Answer, Context, Issue, Record
from connectors.kit.paging import merged_query, one_of
from connectors.kit.reading import objects
from connectors.kit.resource import Resource
from connectors.zoho_books import invoices
from connectors.zoho_books.codecs import spelled
from connectors.zoho_books.kept import kept
from unified_models.invoices import Invoice


def target(body: Record, noun: str, *kinds: str) -> str:
    """The kind of document to make. Raises Rejected for one that cannot be made of this."""
    if body["to"] not in kinds:
        detail = f"{noun} becomes {' or '.join(each.replace('_', ' ') for each in kinds)}"
        raise Rejected(FieldError("enum_value", "/to", detail, kinds))
    return body["to"]


def estimate_to_invoice(resource: Resource, id: str, ctx: Context) -> Flow[Answer]:
    """Zoho may answer no more than that it was made; the estimate then names it."""
    action = resource.actions["convert"]
    before = yield from resource.fetch(id, ctx, "read the estimate as it stands")
    allow(resource, action, resource.read(before, ctx).record)
    query = merged_query((("estimate_ids", id),), ctx)
    reply = yield Request("POST", "/invoices/fromestimates", query, step="make an invoice of the estimate")
    told = one_of(reply.body, invoices.RESOURCE.one, invoices.RESOURCE.id_key)
    if told is not None:
        return _made(invoices.RESOURCE.read(told, ctx), Invoice)
    try:
        after = yield from resource.fetch(id, ctx, "read which invoice was made")
        made = [each for each in _ids(after) if each not in _ids(before)]
        if made:
            return _made((yield from invoices.RESOURCE.get(made[-1], ctx)), Invoice)
    except Fault as fault:
        issue = step_failed(3, "read the new invoice", fault)
        return Answer({"id": None, "is_partial": True}, None, [issue], "partial", Invoice)
    answer = resource.read(after, ctx)
    answer.outcome = "partial"
    answer.issues.append(
        Issue("step_failed", "", "step 3 (read the new invoice) failed: none is named", extra={"step": 3})
    )
    return answer


def _ids(estimate: Native) -> list[str]:
    return [str(each) for each in estimate.get("invoice_ids") or ()]


def order_to_invoice(resource: Resource, id: str, ctx: Context) -> Flow[Answer]:
    """Of what is not invoiced yet."""
    query = merged_query((("salesorder_id", resource.at(id).rpartition("/")[2]),), ctx)
    try:
        reply = yield Request(
            "POST", "/invoices/fromsalesorder", query, step="make an invoice of the sales order"
        )
    except Fault as fault:
        yield from explain(resource, resource.actions["convert"], id, ctx, fault)
        raise
    found = invoices.RESOURCE
    return _made(found.read(found.unwrap(reply), ctx), Invoice)


def _made(answer: Answer, model: Any) -> Answer:
    answer.outcome, answer.model = "created", model
    return answer


def estimate_to_order(estimates: Resource, orders: Resource, id: str, ctx: Context) -> Flow[Answer]:
    """Zoho has no call for it: the order is created with the estimate's lines and names the estimate."""
    estimate = yield from estimates.fetch(id, ctx, "read the estimate as it stands")
    allow(estimates, estimates.actions["convert"], estimates.read(estimate, ctx).record)
    lines = [kept(each, _LINE) for each in objects(estimate, "line_items")]
    order: Native = {**kept(estimate, _HEAD), "estimate_id": id, "line_items": lines}
    if estimate.get("discount_type") == "entity_level":
        order |= kept(estimate, ("discount", "discount_type", "is_discount_before_tax"))
        for line in lines:
            line.pop("discount", None)
    else:
        order["discount_type"] = "item_level"
    parts: list[Native] = [order, *lines]
    for each in parts:
        if isinstance(each.get("discount"), int | Decimal):
            each["discount"] = spelled(Decimal(each["discount"]))
    reply = yield Request("POST", orders.path, merged_query((), ctx), order, step="create the sales order")
    return _made(orders.read(orders.unwrap(reply), ctx), orders.model)


_HEAD = (
    "customer_id", "currency_id", "exchange_rate", "reference_number", "notes", "terms", "is_inclusive_tax",
    "shipping_charge", "adjustment", "adjustment_description", "salesperson_id", "location_id",
)  # fmt: skip
_LINE = (
    "item_id", "name", "description", "quantity", "unit", "rate", "discount", "tax_id", "line_item_category",
)  # fmt: skip
