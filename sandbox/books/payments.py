"""Payments received from customers."""

from collections.abc import Callable

from . import pdf
from .applications import PAYMENTS
from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .customfields import detail as custom_detail
from .customfields import page_context
from .fields import amount, day, one_id, ref, text
from .ledger import RECEIVABLE, UNDEPOSITED, Ledger
from .listing import Filter, Listing
from .money import ONE, ZERO, formatted, rounded
from .projection import PAGE, Columns, blank
from .resource import Messages, Resource, Route, id_list

UNKNOWN = "Payment does not exist."
MODES = {
    "check": "Check",
    "cash": "Cash",
    "banktransfer": "BankTransfer",
    "bankremittance": "BankRemittance",
    "creditcard": "CreditCard",
    "paypal": "Paypal",
    "stripe": "Stripe",
    "autotransaction": "AutoTransaction",
    "credit": "Credit",
    "authorizenet": "Authorizenet",
    "googlecheckout": "GoogleCheckout",
    "payflowpro": "Payflowpro",
    "twocheckout": "TwoCheckout",
    "braintree": "Braintree",
}


def _customer(ledger: Ledger, payment: Row) -> str:
    return ledger.contacts.rows[payment["customer_id"]]["contact_name"]


def _numbers(ledger: Ledger, payment: Row) -> str:
    return ", ".join(ledger.invoices.rows[key]["invoice_number"] for key in payment["invoice_ids"])


BOTH = Columns(
    stored={
        "payment_id": "",
        "payment_number": "",
        "date": "",
        "payment_mode": "",
        "amount": ZERO,
        "unused_amount": ZERO,
        "account_id": "",
        "description": "",
        "reference_number": "",
        "customer_id": "",
        "created_time": "",
        "tax_account_id": "",
        "tags": [],
    },
    constants=blank(
        "last_four_digits", "payment_gateway", "tax_account_name", "settlement_status", "sales_channel"
    ),
    made={
        "customer_name": _customer,
        "account_name": lambda ledger, payment: ledger.account_name(payment["account_id"]),
        "payment_status": lambda ledger, payment: "paid",
        "tax_amount_withheld": lambda ledger, payment: sum(
            (each["tax_amount_withheld"] for each in payment["applied"]), ZERO
        ),
    },
)


def _row(ledger: Ledger, payment: Row) -> Row:
    refunded = sum((each["amount"] for each in payment["refunds"]), ZERO)
    rate = payment["exchange_rate"]
    return {
        "invoice_numbers": _numbers(ledger, payment),
        "payment_mode_formatted": payment["payment_mode"],
        "bcy_amount": ledger.in_base(payment["amount"], rate),
        "bcy_unused_amount": ledger.in_base(payment["unused_amount"], rate),
        "bcy_refunded_amount": ledger.in_base(refunded, rate),
        "last_modified_time": payment["last_modified_time"],
        "payment_type": "Invoice Payment" if payment["invoice_ids"] else "Customer Advance",
    }


def _flattened(ledger: Ledger, payment: Row) -> Row:
    found = custom_detail("payment")(ledger, payment)["custom_field_hash"]
    return dict(found)


ROW = BOTH.with_more(
    Columns(
        constants={
            "gateway_transaction_id": "",
            "applied_invoices": [],
            "has_attachment": False,
            "documents": "",
            "custom_fields_list": "",
        },
        spread=(_row, _flattened),
    )
)


def _detail(ledger: Ledger, payment: Row) -> Row:
    currency = ledger.currency(payment["currency_id"])
    account = ledger.accounts.get(payment["account_id"])
    return {
        "payment_number_prefix": "",
        "payment_number_suffix": payment["payment_number"],
        "created_by": payment.get("created_by", ""),
        "updated_time": payment["last_modified_time"],
        "account_type": account["account_type"] if account else "",
        "customer_advance_account_id": ledger.id(RECEIVABLE),
        "customer_advance_account_name": ledger.account_name(ledger.id(RECEIVABLE)),
        "currency_symbol": currency["currency_symbol"],
        "currency_code": currency["currency_code"],
        "price_precision": currency["price_precision"],
        "invoices": [_applied(ledger, payment, each) for each in payment["applied"]],
        "payment_refunds": [_refund(payment, each) for each in payment["refunds"]],
        "template_id": ledger.id("000000039005"),
    }


def _refund(payment: Row, refund: Row) -> Row:
    told = {key: value for key, value in refund.items() if key != "made"}
    return {**told, "exchange_rate": payment["exchange_rate"]}


def _applied(ledger: Ledger, payment: Row, each: Row) -> Row:
    invoice = ledger.invoices.rows[each["invoice_id"]]
    keys = ("invoice_number", "invoice_id", "total", "balance", "date", "due_date")
    return {
        **{key: invoice[key] for key in keys},
        "invoice_payment_id": each["invoice_payment_id"],
        "invoice_customer_id": "",
        "invoice_customer_name": "",
        "amount_applied": each["amount_applied"],
        "tax_amount_withheld": each["tax_amount_withheld"],
        "discount_amount": ZERO,
        "price_precision": ledger.currency(invoice["currency_id"])["price_precision"],
        "apply_date": each["apply_date"] or payment["date"],
        "allow_partial_payments": "",
        "is_early_payment_discount_applicable": False,
        "invoice_installments": [],
        "installments": [],
    }


DETAIL = BOTH.with_more(
    Columns(
        stored={"exchange_rate": ONE, "bank_charges": ZERO, "currency_id": ""},
        constants={
            **blank(
                "account_identifier",
                "payment_link_id",
                "beat_id",
                "beat_number",
                "journey_plan_id",
                "sales_person_id",
                "sales_person_name",
                "card_type",
                "offline_created_date_with_time",
                "bank_charges_account_id",
                "bank_charges_account_name",
                "online_transaction_id",
                "tender_id",
                "attachment_name",
            ),
            **PAGE,
            "lock_details": {"can_lock": False},
            "locked_actions": [],
            "documents": [],
            "discount_amount": 0,
            "is_client_review_settings_enabled": False,
            "is_early_payment_discount_applicable": False,
            "is_ondc_channel": False,
            "deposit_details": [],
            "template_name": "Elite Template",
            "template_type": "elite",
            "can_send_in_mail": True,
            "can_send_payment_sms": True,
            "is_payment_details_required": True,
            "imported_transactions": [],
            "rounding_mode": "round_half_up",
        },
        spread=(_detail, custom_detail("payment")),
    )
)


def _prepare(ledger: Ledger, payment: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        payment["payment_id"] = ledger.ids.take()
        payment["date"] = payment.get("date") or ledger.today()
        payment["applied"], payment["refunds"] = [], []
    elif not payment["date"]:
        raise missing("date")
    _set_customer(ledger, payment, body, is_new)
    payment["account_id"] = payment.get("account_id") or ledger.id(UNDEPOSITED)
    _set_currency(ledger, payment, body, is_new)
    places = ledger.currency(payment["currency_id"])["price_precision"]
    payment["amount"] = rounded(payment["amount"], places)
    if payment["amount"] <= 0:
        raise invalid("amount")
    applied = payment["applied"]
    if "invoices" in body:
        applied = PAYMENTS.read(ledger, payment, body["invoices"], "invoices")
    if PAYMENTS.unused({**payment, "applied": applied}) < 0:
        raise Refused(24015, "The amount applied to invoices exceeds the amount of the payment.")
    if is_new:
        payment["payment_number"] = str(ledger.next_number("payment"))
    payment["unused_amount"] = PAYMENTS.unused({**payment, "applied": applied})
    payment["wanted"] = applied


def _set_customer(ledger: Ledger, payment: Row, body: Row, is_new: bool) -> None:
    if not is_new and "customer_id" not in body:
        return
    given = one_id(body.get("customer_id", ""), "customer_id")
    contact = ledger.must("contacts", given, "Customer does not exist.")
    if contact["contact_type"] != "customer" or (not is_new and given != payment["customer_id"]):
        raise Refused(1002, "Customer does not exist.", 404)
    payment["customer_id"] = given


def _set_currency(ledger: Ledger, payment: Row, body: Row, is_new: bool) -> None:
    """The currency of the invoices paid, else the customer's; the rate of the day unless given."""
    if is_new:
        entries = body.get("invoices")
        first = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
        invoice = ledger.invoices.get(str(first.get("invoice_id", "")))
        contact = ledger.contacts.rows[payment["customer_id"]]
        payment["currency_id"] = (invoice or contact)["currency_id"]
    if payment["currency_id"] == ledger.profile.currency_id:
        payment["exchange_rate"] = ONE
    elif not payment.get("exchange_rate"):
        payment["exchange_rate"] = ledger.rate_on(payment["currency_id"], payment["date"])


def create(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _applied_after(ledger, RESOURCE.create(ledger, call, ids), call)


def _applied_after(ledger: Ledger, answer: Answer, call: Call) -> Answer:
    """The kit has stored the payment; its allocations take effect and the answer shows them."""
    assert answer.body is not None
    payment = ledger.payments.rows[answer.body["payment"]["payment_id"]]
    wanted = payment.pop("wanted", payment["applied"])
    PAYMENTS.put(ledger, payment, wanted)
    answer.body["payment"] = DETAIL.show(ledger, payment)
    return answer


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _applied_after(ledger, RESOURCE.update(ledger, call, ids), call)


def _upsert(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _applied_after(ledger, RESOURCE.upsert(ledger, call, ids), call)


def _deletable(payment: Row) -> None:
    if payment["refunds"]:
        raise in_use("Payments which have been refunded cannot be deleted.")


def _delete(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    payment = RESOURCE.find(ledger, ids[0])
    _deletable(payment)
    PAYMENTS.forget(ledger, payment)
    return done("The payment has been deleted.")


def _delete_many(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = [RESOURCE.find(ledger, each) for each in dict.fromkeys(id_list(call, "payment_ids"))]
    for payment in found:
        _deletable(payment)
    for payment in found:
        PAYMENTS.forget(ledger, payment)
    return done("The selected customer payments have been deleted.")


def _get(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    payment = RESOURCE.find(ledger, ids[0])
    if call.get("accept") != "pdf":
        return RESOURCE.show(ledger, payment)
    amount = formatted(payment["amount"], ledger.look(payment["currency_id"]))
    lines = (
        ledger.profile.name,
        f"Payment receipt {payment['payment_number']}",
        f"Date {payment['date']}",
        f"Received from {_customer(ledger, payment)}",
        f"Amount {amount}",
        f"For {_numbers(ledger, payment)}",
    )
    content = pdf.document([lines], f"Payment {payment['payment_number']}")
    return Answer(200, content=content, media_type="application/pdf")


def _by_mode(mode: str) -> Callable[[Ledger, Row], bool]:
    def test(ledger: Ledger, payment: Row) -> bool:
        return payment["payment_mode"].lower() == mode

    return test


RESOURCE = Resource(
    path="/customerpayments",
    table="payments",
    item_key="payment",
    area="customerpayments",
    entity="payment",
    listing=Listing(
        table="payments",
        list_key="customerpayments",
        report_name="Payments Received",
        columns=ROW,
        sorts={
            "customer_name": _customer,
            **{
                name: name
                for name in ("date", "payment_number", "amount", "created_time", "reference_number")
            },
        },
        sort_column="date",
        sort_order="D",
        default_filter="PaymentMode.All",
        filters={
            "customer_name": Filter("text", _customer),
            "customer_id": Filter("exact", "customer_id"),
            "reference_number": Filter("text", "reference_number"),
            "date": Filter("day", "date"),
            "amount": Filter("amount", "amount"),
            "notes": Filter("text", "description"),
            "payment_mode": Filter("text", "payment_mode"),
        },
        filter_by={
            **{word: _by_mode(mode) for mode, word in MODES.items()},
            "Others": lambda ledger, payment: payment["payment_mode"].lower() not in MODES,
        },
        search=("payment_number", "reference_number", "description", _customer, _numbers),
        context=page_context("payment"),
        depends=("contacts", "invoices"),
    ),
    detail=DETAIL,
    readers={
        "payment_mode": text(100),
        "amount": amount(),
        "date": day,
        "reference_number": text(100),
        "description": text(2000),
        "exchange_rate": amount(places=12),
        "bank_charges": amount(),
        "account_id": ref("accounts", "Account does not exist."),
        "tax_account_id": ref("accounts", "Account does not exist."),
    },
    required=("customer_id", "payment_mode", "amount"),
    defaults={"reference_number": "", "description": "", "bank_charges": ZERO, "invoice_ids": []},
    messages=Messages(
        unknown=UNKNOWN,
        created="The payment from the customer has been recorded",
        updated="The details of the payment received from the customer have been updated",
        deleted="The payment has been deleted.",
    ),
    prepare=_prepare,
    has_tags=True,
    upserts=True,
    extra=(
        Route("POST", "/customerpayments", "customerpayments.CREATE", create),
        Route("GET", "/customerpayments/{}", "customerpayments.READ", _get),
        Route("PUT", "/customerpayments/{}", "customerpayments.UPDATE", _update),
        Route("PUT", "/customerpayments", "customerpayments.UPDATE", _upsert),
        Route("DELETE", "/customerpayments/{}", "customerpayments.DELETE", _delete),
        Route("DELETE", "/customerpayments", "customerpayments.DELETE", _delete_many),
    ),
)
ROUTES = (
    *RESOURCE.routes(),
    Route("PUT", "/customerpayment/{}/customfields", "customerpayments.UPDATE", RESOURCE.set_custom_fields),
)
