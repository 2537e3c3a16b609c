"""Payments received: /customerpayments.

List rows lack the allocations, the currency and the fee. Zoho takes the currency from the customer, and the
account "Undeposited Funds" and the mode "others" where the caller names none.
"""

from typing import Any

from connectors.kit.actions import Action
from connectors.kit.codec import DATE, ID, MONEY, RATE, TEXT, CodecError
from connectors.kit.custom_fields import custom_fields
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Reply, Request
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Table,
    When,
    Words,
    computed,
    field,
    many,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Issue, Op, Record
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books import settlement
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT, METHOD
from connectors.zoho_books.lookups import ACCOUNTS, CUSTOMERS
from connectors.zoho_books.tracking import TRACKING
from unified_models.actions import Apply, PayBack, Unapply
from unified_models.allocations import Allocation, Refund
from unified_models.payments import Payment

payment = names(Payment)
allocation = names(Allocation)
refund = names(Refund)

_STATUS = {
    "paid": "cleared",
    "success": "cleared",
    "failure": "failed",
    "failed": "failed",
    "pending": "pending",
    "draft": "pending",
    "void": "voided",
}


def _status(native: Native, ctx: Context) -> str | None:
    word = str(native.get("payment_status") or native.get("status") or "")
    return _STATUS.get(word.casefold(), word) or None


def _only_received(value: str, native: Native, ctx: Context) -> None:
    if value != "invoice":
        detail = "payments made to vendors are not offered yet"
        raise CodecError(detail, "enum_value", ("invoice",))


def _sole_invoice(native: Native, ctx: Context) -> Any:
    found = [each for each in native.get("invoices") or () if isinstance(each, dict)]
    return {"id": found[0].get("invoice_id"), "type": "invoice"} if len(found) == 1 else None


ALLOCATION = Table(
    Allocation,
    (
        field(allocation.allocation_id, "invoice_payment_id", ID),
        computed(allocation.type, lambda native, ctx: "invoice", put=_only_received, write=CREATE),
        field(allocation.id, "invoice_id", ID, write=CREATE),
        field(allocation.number, "invoice_number", TEXT),
        field(allocation.amount, "amount_applied", MONEY, write=CREATE),
        field(allocation.date, "apply_date", DATE),
        field(allocation.discount_amount, "discount_amount", MONEY),
        field(allocation.withheld_tax_amount, "tax_amount_withheld", MONEY, write=CREATE),
    ),
)

REFUND = Table(
    Refund,
    (
        field(refund.id, "payment_refund_id", ID),
        field(refund.transaction_date, "date", DATE),
        ref(refund.account, "from_account_id", name="from_account_name"),
        field(refund.total_amount, "amount", MONEY),
        field(refund.payment_method, "refund_mode", METHOD),
        field(refund.reference, "reference_number", TEXT),
        field(refund.memo, "description", TEXT),
    ),
)

TABLE = Table(
    Payment,
    (
        field(payment.id, "payment_id", ID),
        field(payment.created_at, "created_time", INSTANT),
        field(payment.updated_at, "updated_time", INSTANT, list_native="last_modified_time"),
        computed(
            payment.payment_for, lambda native, ctx: "invoice", put=_only_received, write=CREATE,
            filters={Op.EQ: Words("filter_by", {"invoice": "PaymentMode.All"})},
        ),
        ref(
            payment.contact, "customer_id", name="customer_name", to=CUSTOMERS, write=ALWAYS,
            below={
                "id": {Op.EQ: "customer_id"},
                "name": {
                    Op.EQ: "customer_name", Op.STARTS_WITH: "customer_name_startswith",
                    Op.CONTAINS: "customer_name_contains",
                },
            },
        ),
        field(
            payment.total_amount, "amount", MONEY, write=ALWAYS, sort="amount",
            filters={
                Op.EQ: "amount", Op.LT: "amount_less_than", Op.LTE: "amount_less_equals",
                Op.GT: "amount_greater_than", Op.GTE: "amount_greater_equals",
            },
        ),
        field(
            payment.transaction_date, "date", DATE, write=ALWAYS, sort="date",
            filters={
                Op.EQ: "date", Op.GTE: "date_start", Op.LTE: "date_end", Op.GT: "date_after",
                Op.LT: "date_before",
            },
        ),
        ref(payment.account, "account_id", name="account_name", to=ACCOUNTS, write=ALWAYS),
        field(
            payment.payment_method, "payment_mode", METHOD, write=ALWAYS,
            filters={Op.EQ: Words("filter_by", {
                "cash": "PaymentMode.Cash", "check": "PaymentMode.Check", "card": "PaymentMode.CreditCard",
            })},
        ),
        field(payment.remote_payment_method, "payment_mode", TEXT),
        field(payment.number, "payment_number", TEXT),
        field(
            payment.reference, "reference_number", TEXT, write=ALWAYS,
            filters={
                Op.EQ: "reference_number", Op.STARTS_WITH: "reference_number_startswith",
                Op.CONTAINS: "reference_number_contains",
            },
        ),
        field(payment.memo, "description", TEXT, write=ALWAYS),
        many(payment.allocations, "invoices", ALLOCATION, write=CREATE, complete=True, detail_only=True),
        computed(payment.invoice, _sole_invoice, uses=("invoices",), detail_only=True),
        field(payment.unapplied_amount, "unused_amount", MONEY),
        field(payment.fee_amount, "bank_charges", MONEY, write=ALWAYS, detail_only=True),
        ref(
            payment.fee_account, "bank_charges_account_id", name="bank_charges_account_name", detail_only=True
        ),
        field(payment.withheld_tax_amount, "tax_amount_withheld", MONEY),
        many(payment.refunds, "payment_refunds", REFUND, detail_only=True),
        unmapped(payment.is_reconciled, "does not tell whether a payment is reconciled"),
        computed(payment.status, _status, uses=("payment_status",)),
        field(payment.remote_status, "payment_status", TEXT),
        computed(
            payment.currency, lambda native, ctx: native.get("currency_code") or None, uses=("currency_code",),
            put=lambda value, native, ctx: None, write=CREATE, detail_only=True,
        ),
        field(payment.exchange_rate, "exchange_rate", RATE, write=ALWAYS, detail_only=True),
        computed(payment.base_currency, lambda native, ctx: ctx.currency),
        field(payment.base_total_amount, "bcy_amount", MONEY, list_only=True),
        custom_fields(payment.custom_fields, CUSTOM_FIELDS),
        many(payment.tracking_categories, "tags", TRACKING, write=ALWAYS),
    ),
)  # fmt: skip


class Payments(Resource):
    """Settling invoices is checked against them first; later it is done by actions."""

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        if record["contact"] is not None:
            record["contact"]["type"] = "customer"

    def prepare(self, draft: Draft) -> Flow[None]:
        if draft.when is not When.CREATE:
            return
        yield from settlement.check_create(draft)
        draft.native.setdefault("date", DATE.write(draft.ctx.today))
        draft.native.setdefault("payment_mode", "others")
        draft.native.setdefault("invoices", [])
        if draft.body.get("account") is None:
            detail = "no account given: the provider's default is used"
            draft.issues.append(Issue("defaulted", "/account", detail, native_path="account_id"))

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        return (yield from settlement.ACTS[action](self, id, body, ctx))

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "apply": 4, "unapply": 3, "refund": 2}}


ACTIONS = {
    each.name: each
    for each in (
        Action(
            name="apply", doc="Settles invoices with what is unapplied.", path="/invoices/{id}/credits",
            fields=Apply,
        ),
        Action(
            name="unapply", doc="Takes settlements back; the money becomes unapplied.",
            path="/customerpayments/{id}", fields=Unapply, method="PUT",
        ),
        Action(
            name="refund", doc="Records money paid back to the customer.",
            path="/customerpayments/{id}/refunds", fields=PayBack,
        ),
    )
}  # fmt: skip


def pdf(id: str, ctx: Context) -> Flow[Reply]:
    """The receipt as Zoho prints it."""
    return (
        yield Request("GET", RESOURCE.at(id), (("accept", "pdf"),), expect="bytes", step="print the receipt")
    )


RESOURCE = Payments(
    name="payments",
    path="/customerpayments",
    one="payment",
    many="customerpayments",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions=ACTIONS,
    scopes={
        verb: f"ZohoBooks.customerpayments.{verb.upper()}" for verb in ("create", "read", "update", "delete")
    },
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/paymentsreceived/{id}",
    expansions={"allocations": "payments", "contact": "contacts"},
    pdf=pdf,
)
