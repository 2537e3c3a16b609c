"""Payments made to vendors. What a payment does not apply to bills is an advance."""

from collections.abc import Callable

from . import bill_settlement, locations
from .addresses import plain
from .bill_settlement import PAYMENTS
from .call import Answer, Call, Refused, Row, done, in_use, invalid, missing
from .customfields import detail as custom_detail
from .customfields import page_context
from .customfields import row as custom_row
from .document_actions import Desk
from .documents import Kind, set_currency, set_party
from .fields import amount, boolean, day, ref, text
from .ledger import PAYABLE, PREPAID, Ledger
from .listing import Filter, Listing
from .money import ONE, ZERO, formatted, rounded
from .payments import MODES
from .postings import SOURCES, Source
from .projection import SUBMITTER, Columns, blank
from .purchase_postings import vendor_payment_entries
from .refunding import Refunds
from .resource import Messages, Resource, Route, id_list

UNKNOWN = "Payment does not exist."
KIND = Kind(
    "vendorpayments",
    "payment_id",
    "payment_number",
    "payment",
    "vendor_id",
    settled=lambda payment: bool(payment["applied"] or payment["refunds"]),
)
CHECK: Row = blank("check_id", "check_number", "memo", "check_status")


def _vendor(ledger: Ledger, payment: Row) -> str:
    return ledger.contacts.rows[payment["vendor_id"]]["contact_name"]


def _numbers(ledger: Ledger, payment: Row) -> str:
    bills = ledger.tables["bills"].rows
    return ", ".join(bills[key]["bill_number"] for key in payment["bill_ids"])


BOTH = Columns(
    stored={
        "payment_id": "",
        "vendor_id": "",
        "currency_id": "",
        "payment_mode": "",
        "payment_number": "",
        "description": "",
        "date": "",
        "reference_number": "",
        "exchange_rate": ONE,
        "amount": ZERO,
        "balance": ZERO,
        "paid_through_account_id": "",
        "is_paid_via_print_check": False,
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants={
        "status": "paid",
        "is_ach_payment": False,
        "ach_payment_status": "",
        "gw_reference_number": "",
    },
    made={
        "vendor_name": _vendor,
        "currency_code": lambda ledger, one: ledger.currency(one["currency_id"])["currency_code"],
        "paid_through_account_name": lambda ledger, one: ledger.account_name(one["paid_through_account_id"]),
    },
)


def _row(ledger: Ledger, payment: Row) -> Row:
    rate = payment["exchange_rate"]
    found = custom_row("vendorpayment")(ledger, payment)
    return {
        "bill_numbers": _numbers(ledger, payment),
        "bcy_amount": ledger.in_base(payment["amount"], rate),
        "bcy_balance": ledger.in_base(payment["balance"], rate),
        "check_details": dict(CHECK),
        "has_attachment": payment["payment_id"] in ledger.attachments,
        **{key: value for key, value in found.items() if key.startswith("cf_")},
    }


ROW = BOTH.with_more(Columns(constants={"ach_gw_transaction_id": ""}, spread=(_row,)))


def _bill(ledger: Ledger, share: Row) -> Row:
    bill = ledger.tables["bills"].rows[share["bill_id"]]
    keys = ("bill_number", "bill_id", "total", "balance", "date", "due_date")
    return {
        **{key: bill[key] for key in keys},
        "bill_payment_id": share["bill_payment_id"],
        "price_precision": ledger.currency(bill["currency_id"])["price_precision"],
        "is_opening_balance": False,
        "unprocessed_payment_amount": 0,
        "amount_applied": share["amount_applied"],
        "apply_date": share["apply_date"],
        "tax_amount_withheld": share["tax_amount_withheld"],
    }


def _detail(ledger: Ledger, payment: Row) -> Row:
    account = ledger.accounts.get(payment["paid_through_account_id"])
    offset = ledger.id(PAYABLE if payment["applied"] else PREPAID)
    keys = (
        "comment_id", "description", "commented_by_id", "commented_by", "date", "date_description", "time",
        "operation_type",
    )  # fmt: skip
    return {
        "payment_number_prefix": "",
        "payment_number_suffix": payment["payment_number"],
        "currency_symbol": ledger.currency(payment["currency_id"])["currency_symbol"],
        "created_by_id": payment.get("created_by_id", ""),
        "created_by_name": payment.get("created_by", ""),
        "paid_through_account_type": account["account_type"] if account else "",
        "offset_account_id": offset,
        "offset_account_name": ledger.account_name(offset),
        "check_details": {
            **CHECK, "amount_in_words": "", "template_id": "", "retain_txn_in_void_check": True,
        },
        "billing_address": plain(payment["billing_address"]),
        "tax_amount_withheld": sum((share["tax_amount_withheld"] for share in payment["applied"]), ZERO),
        "bills": [_bill(ledger, share) for share in payment["applied"]],
        "vendorpayment_refunds": [
REFUNDS.row(ledger, payment, refund) for refund in payment["refunds"]],
        "comments": [
            {key: comment[key] for key in keys} for comment in ledger.comments.get(payment["payment_id"], [])
        ],
    }  # fmt: skip


DETAIL = BOTH.with_more(
    Columns(
        stored={"bank_charges": ZERO},
        constants={
            **blank(
                "transfer_type",
                "purpose_code",
                "tds_tax_id",
                "tax_account_id",
                "tax_account_name",
                "bank_charges_account_id",
                "bank_charges_account_name",
                "credit_account_id",
            ),
            **SUBMITTER,
            "is_online_payment": False,
            "documents": [],
            "tds_calculation_type": "tds_item_level",
            "is_tds_amount_in_percent": False,
            "imported_transactions": [],
            "approvers_list": [],
        },
        spread=(_detail, locations.shown, custom_detail("vendorpayment")),
    )
)


def _prepare(ledger: Ledger, payment: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        payment["payment_id"] = ledger.ids.take()
        payment["date"] = payment.get("date") or ledger.today()
        payment["applied"], payment["refunds"] = [], []
    elif not payment["date"]:
        raise missing("date")
    set_party(ledger, KIND, payment, body, is_new)
    set_currency(ledger, KIND, payment, body, is_new)
    payment["payment_mode"] = payment["payment_mode"] or "Cash"
    if not payment["paid_through_account_id"]:
        raise missing("paid_through_account_id")
    places = ledger.currency(payment["currency_id"])["price_precision"]
    payment["amount"] = rounded(payment["amount"], places)
    if payment["amount"] <= 0:
        raise invalid("amount")
    applied = payment["applied"]
    if "bills" in body:
        applied = PAYMENTS.read(ledger, payment, body["bills"], "bills")
    left = PAYMENTS.unused({**payment, "applied": applied})
    if left < 0:
        raise Refused(24015, "The amount applied to bills exceeds the amount of the payment.")
    if is_new:
        payment["payment_number"] = str(ledger.next_number("vendorpayment"))
    payment["balance"], payment["wanted"] = left, applied


def _stored(ledger: Ledger, payment: Row, before: Row | None) -> None:
    """The shares take effect once the payment is stored."""
    PAYMENTS.put(ledger, payment, payment.pop("wanted"))
    if before is None:
        shown = formatted(payment["amount"], ledger.look(payment["currency_id"]))
        numbers = _numbers(ledger, payment)
        said = (
            f"Payment of amount {shown} made and applied for {numbers}"
            if numbers
            else f"Payment of {shown} made"
        )
        ledger.comment(
            payment["payment_id"], said, operation_type="Added", date_description="few seconds ago"
        )


def _deletable(ledger: Ledger, payment: Row) -> None:
    if payment["refunds"]:
        raise in_use("Payments which have been refunded cannot be deleted.")


def _removed(ledger: Ledger, payment: Row) -> None:
    ledger.comments.pop(payment["payment_id"], None)
    for key in payment["bill_ids"]:
        bill_settlement.refresh(ledger, ledger.tables["bills"].rows[key])


def _delete_many(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = [RESOURCE.find(ledger, each) for each in dict.fromkeys(id_list(call, "vendorpayment_id"))]
    for payment in found:
        _deletable(ledger, payment)
    for payment in found:
        RESOURCE.drop(ledger, payment)
    return done("The selected vendor payments have been deleted.")


def _sent(ledger: Ledger, payment: Row) -> None:
    """A receipt by mail changes nothing."""


def _by_mode(mode: str) -> Callable[[Ledger, Row], bool]:
    return lambda ledger, payment: payment["payment_mode"].lower() == mode


RESOURCE = Resource(
    path="/vendorpayments",
    table="vendorpayments",
    item_key="vendorpayment",
    area="vendorpayments",
    entity="vendorpayment",
    listing=Listing(
        table="vendorpayments",
        list_key="vendorpayments",
        report_name="Payments Made",
        columns=ROW,
        sorts={
            "vendor_name": _vendor,
            **{name: name for name in ("date", "reference_number", "amount", "balance")},
        },
        sort_column="date",
        sort_order="D",
        default_filter="PaymentMode.All",
        filters={
            "vendor_name": Filter("text", _vendor),
            "vendor_id": Filter("exact", "vendor_id"),
            "reference_number": Filter("text", "reference_number"),
            "payment_number": Filter("text", "payment_number"),
            "date": Filter("day", "date"),
            "amount": Filter("amount", "amount"),
            "payment_mode": Filter("text", "payment_mode"),
            "notes": Filter("text", "description"),
            "description": Filter("text", "description"),
            "bill_id": Filter("member", "bill_ids"),
            "last_modified_time": Filter("since", "last_modified_time"),
        },
        filter_by={
            **{word: _by_mode(mode) for mode, word in MODES.items()},
            "Others": lambda ledger, payment: payment["payment_mode"].lower() not in MODES,
        },
        search=("payment_number", "reference_number", "description", _vendor, _numbers),
        context=page_context("vendorpayment"),
        depends=("contacts", "bills"),
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
        "paid_through_account_id": ref("accounts", "Account does not exist."),
        "is_paid_via_print_check": boolean,
        "location_id": locations.READ,
    },
    required=("vendor_id", "amount"),
    defaults={
        "payment_mode": "",
        "reference_number": "",
        "description": "",
        "bank_charges": ZERO,
        "paid_through_account_id": "",
        "bill_ids": [],
        "status": "paid",
    },
    messages=Messages(
        unknown=UNKNOWN,
        created="The payment made to the vendor has been recorded",
        updated="The details of the payment made to the vendor have been updated",
        deleted="The payment has been deleted.",
    ),
    prepare=_prepare,
    stored=_stored,
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
    extra=(Route("DELETE", "/vendorpayments", "vendorpayments.DELETE", _delete_many),),
)
DESK = Desk(RESOURCE, "Payment", "payment_number", "vendor_id")
REFUNDS = Refunds(
    resource=RESOURCE,
    settlement=PAYMENTS,
    party="vendor_id",
    number="payment_number",
    account="to_account_id",
    item_key="vendorpayment_refund",
    owner_key="vendorpayment_id",
    report_name="Vendor Payments Refund",
    created="Vendor Payment Refunded successfully",
    updated="The refund information has been saved.",
    deleted="The refund has been deleted.",
)
SOURCES["vendorpayments"] = Source("vendor_payment", "payment_number", "vendor_id", vendor_payment_entries)
ROUTES = (
    *RESOURCE.routes(),
    *REFUNDS.routes(),
    *DESK.mail(_sent, "Your vendor payment receipt has been sent."),
)
