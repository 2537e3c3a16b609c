"""Which invoices came from which quote or sales order."""

from decimal import Decimal

from .call import Call, Row
from .fields import one_id
from .ledger import Ledger
from .money import ZERO


def link(ledger: Ledger, invoice: Row, body: Row, call: Call) -> None:
    """Notes where a new invoice comes from: named in the body or the query, or told by its lines."""
    for field, given, table, message in (
        ("estimate_id", body.get("invoiced_estimate_id"), "estimates", "Estimate does not exist."),
        ("estimate_id", call.get("estimate_id"), "estimates", "Estimate does not exist."),
        ("salesorder_id", body.get("salesorder_id"), "salesorders", "Sales Order does not exist."),
        ("salesorder_id", call.get("salesorder_id"), "salesorders", "Sales Order does not exist."),
    ):
        if given:
            invoice[field] = one_id(given, field)
            ledger.must(table, invoice[field], message)
    if not invoice.get("salesorder_id"):
        wanted = {
            line["salesorder_item_id"] for line in invoice["line_items"] if line.get("salesorder_item_id")
        }
        for order in ledger.tables["salesorders"].all() if wanted else ():
            if any(line["line_item_id"] in wanted for line in order["line_items"]):
                invoice["salesorder_id"] = order["salesorder_id"]


def invoices(ledger: Ledger, source_id: str, field: str = "estimate_id") -> list[Row]:
    """The invoices made from a quote or an order that still count."""
    return [one for one in ledger.invoices.linked(field, source_id) if one["status"] != "void"]


def invoiced(ledger: Ledger, estimate: Row) -> Decimal:
    return sum((one["total"] for one in invoices(ledger, estimate["estimate_id"])), ZERO)


def quantities(ledger: Ledger, order: Row) -> dict[str, Decimal]:
    """By line of the order, how much of it stands on invoices.

    Invoice lines that do not name theirs count for the first line of the same item that has room.
    """
    found = {line["line_item_id"]: ZERO for line in order["line_items"] if line["category"] != "header"}
    lines = [line for line in order["line_items"] if line["category"] != "header"]
    for invoice in invoices(ledger, order["salesorder_id"], "salesorder_id"):
        for entry in invoice["line_items"]:
            key = entry.get("salesorder_item_id", "")
            if key not in found:
                key = next(
                    (
                        line["line_item_id"]
                        for line in lines
                        if (line["item_id"], line["name"]) == (entry["item_id"], entry["name"])
                        and found[line["line_item_id"]] < line["quantity"]
                    ),
                    "",
                )
            if key:
                found[key] += entry["quantity"]
    return found
