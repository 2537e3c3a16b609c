"""Invoices made from quotes and from sales orders."""

from decimal import Decimal

from . import sources
from .call import Answer, Call, Refused, Row, done, missing
from .estimate_views import status
from .invoices import RESOURCE as INVOICES
from .ledger import Ledger
from .resource import Route, id_list

_COPIED = (
    "customer_id", "currency_id", "exchange_rate", "reference_number", "notes", "terms", "is_inclusive_tax",
    "is_discount_before_tax", "discount_type", "shipping_charge", "shipping_charge_tax_id", "adjustment",
    "adjustment_description", "tax_rounding", "salesperson_name", "salesperson_id", "contact_persons",
    "location_id", "payment_terms",
)  # fmt: skip
_LINE = (
    "item_id",
    "name",
    "description",
    "unit",
    "rate",
    "tax_id",
    "account_id",
    "project_id",
    "location_id",
)


def _body(source: Row, quantities: dict[str, Decimal]) -> Row:
    """The body of an invoice over what is left of each line."""
    lines: list[Row] = []
    for line in source["line_items"]:
        if line["category"] == "header":
            lines.append({"line_item_category": "header", "name": line["name"]})
            continue
        left = line["quantity"] - quantities.get(line["line_item_id"], Decimal(0))
        if left <= 0:
            continue
        entry = {name: line[name] for name in _LINE if line.get(name) not in (None, "")}
        tags = [{name: tag[name] for name in ("tag_id", "tag_option_id")} for tag in line.get("tags", ())]
        lines.append({**entry, "quantity": left, "discount": line["discount"].text, "tags": tags})
    body = {name: source[name] for name in _COPIED if source.get(name) not in (None, "")}
    tags = [{name: tag[name] for name in ("tag_id", "tag_option_id")} for tag in source.get("tags", ())]
    return {**body, "discount": source["discount"].text, "line_items": lines, "tags": tags}


def _made(ledger: Ledger, body: Row, call: Call) -> Row:
    invoice = INVOICES.add(ledger, body, Call("POST", "/invoices", user=call.user))
    ledger.comment(invoice["invoice_id"], "Invoice created.", operation_type="Added")
    return invoice


def _from_order(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    given: Row = call.body if isinstance(call.body, dict) else {}
    key = call.get("salesorder_id") or str(given.get("salesorder_id", ""))
    if not key:
        raise missing("salesorder_id")
    order = ledger.must("salesorders", key, "Sales Order does not exist.")
    if order["status"] != "open":
        raise Refused(1007, "Only confirmed sales orders can be converted to invoices.")
    had = sources.quantities(ledger, order)
    lines = [line for line in order["line_items"] if line["category"] != "header"]
    if all(had[line["line_item_id"]] >= line["quantity"] for line in lines):
        raise Refused(1007, "The sales order has been invoiced already.")
    body = _body(order, had)
    rest = [line for line in lines if had[line["line_item_id"]] < line["quantity"]]
    entries = [entry for entry in body["line_items"] if "rate" in entry]
    for entry, line in zip(entries, rest, strict=True):
        entry["salesorder_item_id"] = line["line_item_id"]
    invoice = _made(ledger, {**body, "salesorder_id": key}, call)
    ledger.tables["salesorders"].changed(order)
    answer = INVOICES.show(ledger, invoice, INVOICES.messages.created)
    answer.status = 201
    answer.headers["Location"] = f"/api/v3/invoices/{invoice['invoice_id']}"
    return answer


def _from_estimates(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """One invoice a quote; none when one of them cannot be invoiced."""
    found = [
        ledger.must("estimates", each, "Estimate does not exist.")
        for each in dict.fromkeys(id_list(call, "estimate_ids"))
    ]
    for estimate in found:
        if status(ledger, estimate) in ("draft", "invoiced", "pending_approval", "rejected"):
            raise Refused(1007, f"Quote {estimate['estimate_number']} cannot be converted to an invoice.")
    for estimate in found:
        key = estimate["estimate_id"]
        _made(ledger, {**_body(estimate, {}), "invoiced_estimate_id": key}, call)
        ledger.tables["estimates"].changed(estimate)
    return done("The invoices have been created.")


ROUTES = (
    Route("POST", "/invoices/fromsalesorder", "invoices.CREATE", _from_order),
    Route("POST", "/invoices/fromestimates", "invoices.CREATE", _from_estimates),
)
