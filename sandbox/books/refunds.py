"""Refunds of what a customer paid ahead."""

from .applications import PAYMENTS
from .call import Answer, Call, Refused, Row, done, invalid, missing
from .fields import amount, day, read_all, ref, text
from .ledger import Ledger
from .money import ZERO
from .payments import RESOURCE
from .resource import Route, body_of

UNKNOWN = "Refund does not exist."
PARTS = {
    "date": day,
    "refund_mode": text(100),
    "reference_number": text(100),
    "amount": amount(),
    "from_account_id": ref("accounts", "Account does not exist."),
    "description": text(500),
}


def _find(payment: Row, refund_id: str) -> Row:
    for refund in payment["refunds"]:
        if refund["payment_refund_id"] == refund_id:
            return refund
    raise Refused(1002, UNKNOWN, 404)


def _store(ledger: Ledger, payment: Row, refunds: list[Row]) -> None:
    if PAYMENTS.unused({**payment, "refunds": refunds}) < 0:
        raise Refused(24016, "The refund exceeds what is left of the payment.")
    payment["refunds"] = refunds
    payment["last_modified_time"] = ledger.now()
    PAYMENTS.put(ledger, payment, payment["applied"])


def _checked(refund: Row) -> Row:
    for name in ("date", "from_account_id"):
        if not refund.get(name):
            raise missing(name)
    if refund["amount"] <= 0:
        raise invalid("amount")
    return refund


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    payment = RESOURCE.find(ledger, ids[0])
    customer = ledger.contacts.rows[payment["customer_id"]]["contact_name"]
    rows = [
        {
            **{key: value for key, value in refund.items() if key != "amount"},
            "payment_number": payment["payment_number"],
            "customer_name": customer,
            "amount_bcy": ledger.in_base(refund["amount"], payment["exchange_rate"]),
            "amount_fcy": refund["amount"],
        }
        for refund in payment["refunds"]
    ]
    context: Row = {
        "page": 1,
        "per_page": 200,
        "has_more_page": False,
        "report_name": "Customer Payments Refund",
        "sort_column": "created_time",
        "sort_order": "D",
    }
    return done(payment_refunds=rows, page_context=context)


def _create(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    payment = RESOURCE.find(ledger, ids[0])
    given = {"refund_mode": "", "reference_number": "", "amount": ZERO, "description": ""}
    refund = {
        "payment_refund_id": ledger.ids.take_beside(payment["payment_id"]),
        "payment_id": payment["payment_id"],
        "exchange_rate": payment["exchange_rate"],
        **_checked({**given, **read_all(ledger, body_of(call), PARTS)}),
    }
    _store(ledger, payment, [*payment["refunds"], refund])
    return done("The refund information for this payment has been saved.", payment_refunds=[refund])


def _get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(payment_refunds=[_find(RESOURCE.find(ledger, ids[0]), ids[1])])


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    payment = RESOURCE.find(ledger, ids[0])
    before = _find(payment, ids[1])
    after = _checked({**before, **read_all(ledger, body_of(call), PARTS)})
    _store(ledger, payment, [after if refund is before else refund for refund in payment["refunds"]])
    return done("The refund information has been saved.", payment_refunds=[after])


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    payment = RESOURCE.find(ledger, ids[0])
    gone = _find(payment, ids[1])
    _store(ledger, payment, [refund for refund in payment["refunds"] if refund is not gone])
    return done("The refund has been deleted.")


_ALL, _ONE = "/customerpayments/{}/refunds", "/customerpayments/{}/refunds/{}"
ROUTES = (
    Route("GET", _ALL, "customerpayments.READ", _list),
    Route("POST", _ALL, "customerpayments.CREATE", _create),
    Route("GET", _ONE, "customerpayments.READ", _get),
    Route("PUT", _ONE, "customerpayments.UPDATE", _update),
    Route("DELETE", _ONE, "customerpayments.DELETE", _delete),
)
