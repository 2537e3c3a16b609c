"""What can be done to a bill besides writing it: status, credits, payments, comments, drafts from orders."""

from . import order_billing
from .bill_settlement import CREDITS, PAYMENTS, mark_open
from .bill_views import KIND, payments_of
from .bills import RESOURCE, follow
from .call import Answer, Call, Refused, Row, done, missing
from .document_actions import Desk
from .document_views import terms
from .documents import party
from .invoice_lines import plain_line
from .ledger import Ledger
from .money import ZERO
from .resource import Route, body_of, id_list

DESK = Desk(RESOURCE, "Bill", "bill_number", "vendor_id")


def _open(ledger: Ledger, bill: Row) -> None:
    if bill["status"] not in ("draft", "approved", "void", "open"):
        raise DESK.refuse(bill, "Bill {} cannot be marked as open.")
    was_void = bill["status"] == "void"
    bill["status"] = "open"
    if was_void:
        follow(ledger, bill, {})


def _void(ledger: Ledger, bill: Row) -> None:
    if KIND.settled(bill):
        raise DESK.refuse(bill, "Bill {} has payments or credits applied and cannot be marked as void.")
    if bill["status"] in ("pending_approval", "rejected"):
        raise DESK.refuse(bill, "Bill {} cannot be marked as void.")
    bill["status"] = "void"
    follow(ledger, bill, {})


def _submit(ledger: Ledger, bill: Row) -> None:
    if bill["status"] not in ("draft", "rejected"):
        raise DESK.refuse(bill, "Only draft bills can be submitted for approval.")
    bill["status"] = "pending_approval"


def _approve(ledger: Ledger, bill: Row) -> None:
    if bill["status"] != "pending_approval":
        raise DESK.refuse(bill, "Bill {} is not waiting for approval.")
    bill["status"] = "approved"


CHANGES = {"open": _open, "void": _void, "submit": _submit, "approve": _approve}
"""Changes of status by name, for those who make records rather than answer calls."""


def _payments(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(payments=payments_of(ledger, RESOURCE.find(ledger, ids[0])))


def _unapply(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Takes a share off the bill; its amount stays with the payment."""
    bill = RESOURCE.find(ledger, ids[0])
    if not PAYMENTS.take_back(ledger, lambda _, share: share["bill_payment_id"] == ids[1], bill):
        raise Refused(1002, "Payment does not exist.", 404)
    return done("The payment has been deleted.")


def _credits(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Applies what is left of payments and of vendor credits, all or nothing."""
    bill, body = RESOURCE.find(ledger, ids[0]), body_of(call)
    payments = PAYMENTS.give(ledger, bill, body.get("bill_payments"), "bill_payments")
    credits = CREDITS.give(ledger, bill, body.get("apply_vendor_credits"), "apply_vendor_credits")
    if not payments and not credits:
        raise missing("apply_vendor_credits")
    PAYMENTS.check(bill, sum((amount for _, amount in (*payments, *credits)), ZERO))
    for payment, amount in payments:
        PAYMENTS.add(ledger, payment, bill, amount)
    for credit, amount in credits:
        CREDITS.add(ledger, credit, bill, amount)
    mark_open(ledger, bill)
    return done("Credits have been applied to the bill(s).")


def _from_orders(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """A bill as it could be posted, made of what is not yet billed of some orders of one vendor."""
    keys = id_list(call, "purchaseorder_ids")
    orders = [ledger.must("purchaseorders", key, order_billing.UNKNOWN) for key in keys]
    first = orders[0]
    if any(order["vendor_id"] != first["vendor_id"] for order in orders):
        raise Refused(1007, "The purchase orders are of different vendors.")
    lines: list[Row] = []
    for order in orders:
        for line in order["line_items"]:
            left = line["quantity"] - line.get("quantity_billed", ZERO)
            if line["category"] == "header" or left <= 0:
                continue
            shown = plain_line(ledger, order, line)
            shown.update(
                line_item_id="",
                purchaseorder_id=order["purchaseorder_id"],
                purchaseorder_item_id=line["line_item_id"],
                quantity=left,
                item_order=len(lines) + 1,
            )
            lines.append(shown)
    currency = ledger.currency(first["currency_id"])
    bill: Row = {
        "purchaseorder_ids": keys,
        "vendor_id": first["vendor_id"],
        "vendor_name": party(ledger, KIND, first)["contact_name"],
        "bill_number": "",
        "date": ledger.today(),
        "reference_number": first["reference_number"],
        **terms(ledger, first),
        **{
            key: currency[key]
            for key in ("currency_id", "currency_code", "currency_symbol", "price_precision")
        },
        "exchange_rate": first["exchange_rate"],
        "is_inclusive_tax": first["is_inclusive_tax"],
        "discount_type": first["discount_type"],
        "line_items": lines,
        "notes": "",
        "terms": "",
    }
    return done(purchaseorder_ids=keys, bill=bill)


ROUTES = (
    DESK.action("status/open", _open, "The status of the bill has been chaged to open."),
    DESK.action("status/void", _void, "The bill has been marked as void."),
    DESK.action("submit", _submit, "The bill has been submitted for approval successfully."),
    DESK.action("approve", _approve, "The bill has been approved."),
    Route("GET", "/bills/{}/payments", "bills.READ", _payments),
    Route("DELETE", "/bills/{}/payments/{}", "bills.DELETE", _unapply),
    Route("POST", "/bills/{}/credits", "bills.CREATE", _credits),
    Route("GET", "/bills/editpage/frompurchaseorders", "bills.READ", _from_orders),
    *DESK.addresses("billing", message="{} address updated."),
    *DESK.comments(methods="GET POST DELETE"),
)
