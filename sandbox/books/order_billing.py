"""How much of a purchase order stands on bills, and where the order therefore stands."""

from decimal import Decimal
from typing import Any

from .call import Refused, Row, invalid
from .fields import one_id
from .ledger import Ledger
from .money import ZERO

UNKNOWN = "Purchase Order does not exist."
STORED = ("draft", "pending_approval", "approved", "rejected", "cancelled")


def read(ledger: Ledger, bill: Row, given: Any) -> list[str]:
    """The orders a bill names itself and through its lines; they are of its vendor and not cancelled.

    Lines that name a line of an order get the order's id.
    """
    table = ledger.tables["purchaseorders"]
    if given in (None, ""):
        given = []
    if not isinstance(given, list):
        raise invalid("purchaseorder_ids")
    found = dict.fromkeys(one_id(each, "purchaseorder_ids") for each in given)
    found.pop("", None)
    before = bill.get("purchaseorder_ids", ())
    known: dict[str, str] = {}
    wanted = {
        line["purchaseorder_item_id"] for line in bill["line_items"] if line.get("purchaseorder_item_id")
    }
    if wanted:
        for order in table.linked("vendor_id", bill["vendor_id"]):
            for line in order["line_items"]:
                known[line["line_item_id"]] = order["purchaseorder_id"]
    for line in bill["line_items"]:
        item = line.get("purchaseorder_item_id")
        line["purchaseorder_id"] = ""
        if item:
            if item not in known:
                raise invalid("purchaseorder_item_id")
            line["purchaseorder_id"] = known[item]
            found[known[item]] = None
    for key in found:
        order = ledger.must("purchaseorders", key, UNKNOWN)
        if order["vendor_id"] != bill["vendor_id"]:
            raise Refused(1002, UNKNOWN, 404)
        if key not in before and order["status"] in ("cancelled", "pending_approval", "rejected"):
            raise Refused(1007, f"Purchase order {order['purchaseorder_number']} cannot be billed.")
    return list(found)


def bills_of(ledger: Ledger, order: Row) -> list[Row]:
    """The bills of an order that still count."""
    key = order["purchaseorder_id"]
    return [
        bill for bill in ledger.tables["bills"].linked("purchaseorder_ids", key) if bill["status"] != "void"
    ]


def refresh(ledger: Ledger, order: Row) -> None:
    """Counts an order's billed quantities anew.

    A bill that names the order and none of its lines bills all of it.
    """
    lines = {line["line_item_id"]: line for line in order["line_items"] if line["category"] != "header"}
    billed: dict[str, Decimal] = dict.fromkeys(lines, ZERO)
    bills = bills_of(ledger, order)
    for bill in bills:
        named = [line for line in bill["line_items"] if line.get("purchaseorder_item_id") in lines]
        for line in named:
            billed[line["purchaseorder_item_id"]] += line["quantity"]
        if not named:
            billed = {key: max(amount, lines[key]["quantity"]) for key, amount in billed.items()}
    for key, amount in billed.items():
        lines[key]["quantity_billed"] = amount
    if bills and order["status"] in ("draft", "approved"):
        order["status"] = "open"
    order["last_modified_time"] = ledger.now()
    ledger.tables["purchaseorders"].changed(order)


def billed_status(order: Row) -> str:
    lines = [line for line in order["line_items"] if line["category"] != "header"]
    if order["status"] == "billed" or all(
        line.get("quantity_billed", ZERO) >= line["quantity"] for line in lines
    ):
        return "billed"
    return "partially_billed" if any(line.get("quantity_billed") for line in lines) else "to_be_billed"


def status(ledger: Ledger, order: Row) -> str:
    """The native word: an issued order tells how far it is billed."""
    if order["status"] in STORED:
        return order["status"]
    billed = billed_status(order)
    return "issued" if billed == "to_be_billed" else billed


def order_status(order: Row) -> str:
    """The parallel word that knows nothing of bills until all is billed."""
    if order["status"] in STORED:
        return order["status"]
    return "closed" if billed_status(order) == "billed" else "issued"
