"""Invoices: /invoices."""

from decimal import Decimal
from typing import Any

from connectors.kit.actions import Action
from connectors.kit.codec import BOOL, DATE, ID, MONEY, RATE, TEXT, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow, Json, Reply, Request
from connectors.kit.mapping import (
    ALWAYS,
    BESIDE,
    CREATE,
    Days,
    Native,
    Table,
    Words,
    coded,
    computed,
    field,
    many,
    names,
    one,
    ref,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Issue, Op, Record
from connectors.kit.resource import Resource
from connectors.kit.totals import ZERO
from connectors.zoho_books import documents as doc
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.invoice_writes import prepare, sources
from connectors.zoho_books.lines import LINE
from connectors.zoho_books.lookups import CURRENCIES, CUSTOMERS, INVOICES, LOCATIONS, TAXES
from connectors.zoho_books.tracking import TRACKING
from unified_models.actions import Mail
from unified_models.invoices import Invoice

invoice = names(Invoice)

STATUS = {
    "draft": "draft", "sent": "authorised", "viewed": "authorised", "unpaid": "authorised", "overdue": "authorised",
    "approved": "authorised", "partially_paid": "partially_paid", "paid": "paid", "void": "voided",
    "pending_approval": "submitted", "rejected": "rejected",
}  # fmt: skip
"""Native status → ours, before the balance is looked at."""

LIVE = frozenset({"authorised", "partially_paid"})


def status(native: Native, ctx: Context) -> str | None:
    """Partly paid is what the balance says: past due, Zoho calls it overdue (rule 5)."""
    word = native.get("status")
    if not word:
        return None
    found = STATUS.get(word, word)
    if found not in LIVE:
        return found
    balance, total = MONEY.read(native.get("balance") or 0), MONEY.read(native.get("total") or 0)
    return "partially_paid" if balance and total and 0 < balance < total else "authorised"


def balance(native: Native, ctx: Context) -> Decimal | None:
    """Zoho keeps the balance of a void invoice."""
    if native.get("status") == "void":
        return ZERO
    value = native.get("balance")
    return None if value in (None, "") else MONEY.read(value)


def is_overdue(native: Native, ctx: Context) -> bool:
    due = native.get("due_date")
    if not due or status(native, ctx) not in LIVE or not balance(native, ctx):
        return False
    return due < ctx.today.isoformat()


def paid_on(native: Native, ctx: Context) -> Any:
    day = native.get("last_payment_date") if native.get("status") == "paid" else None
    return DATE.read(day) if day else None


def salesperson(native: Native, ctx: Context) -> dict[str, Any] | None:
    id, name = native.get("salesperson_id") or None, native.get("salesperson_name") or None
    return {"id": id, "name": name} if id or name else None


def put_salesperson(value: Any, native: Native, ctx: Context) -> None:
    """Zoho takes an unknown name as a new salesperson."""
    key = "id" if value.get("id") else "name"
    native[f"salesperson_{key}"] = value[key]


def _text_filters(param: str) -> dict[Op, str]:
    return {Op.EQ: param, Op.STARTS_WITH: f"{param}_startswith", Op.CONTAINS: f"{param}_contains"}


def _day_filters(param: str) -> dict[Op, str]:
    return {
        Op.EQ: param, Op.GTE: f"{param}_start", Op.LTE: f"{param}_end", Op.GT: f"{param}_after",
        Op.LT: f"{param}_before",
    }  # fmt: skip


OPEN = "unpaid"
"""Zoho's query word for every live invoice with a balance, whatever its status says."""

STATUS_WORDS = Words(
    "status", {"draft": "draft", "authorised": OPEN, "partially_paid": OPEN, "paid": "paid", "voided": "void"}
)

TABLE = Table(
    Invoice,
    (
        field(invoice.id, "invoice_id", ID),
        computed(invoice.type, lambda native, ctx: "invoice", write=CREATE),
        field(
            invoice.created_at, "created_time", INSTANT, sort="created_time",
            filters={
                Op.GTE: Days("created_date_start"), Op.GT: Days("created_date_start"),
                Op.LTE: Days("created_date_end"), Op.LT: Days("created_date_end"),
            },
        ),
        field(
            invoice.updated_at, "last_modified_time", INSTANT,
            filters={
                Op.GTE: "last_modified_time", Op.GT: "last_modified_time", Op.LT: BESIDE, Op.LTE: BESIDE,
            },
        ),
        field(
            invoice.number, "invoice_number", TEXT, write=ALWAYS, sort="invoice_number",
            filters=_text_filters("invoice_number"),
        ),
        field(
            invoice.reference, "reference_number", TEXT, write=ALWAYS, filters=_text_filters("reference_number")
        ),
        ref(
            invoice.contact, "customer_id", name="customer_name", to=CUSTOMERS, write=ALWAYS, sort="customer_name",
            below={"id": {Op.EQ: "customer_id"}, "name": _text_filters("customer_name")},
        ),
        computed(
            invoice.status, status, uses=("status", "balance", "total"), write=CREATE,
            filters={Op.EQ: STATUS_WORDS, Op.IN: STATUS_WORDS},
        ),
        field(invoice.remote_status, "status", TEXT),
        computed(
            invoice.is_overdue, is_overdue, uses=("status", "due_date", "balance"), codec=BOOL,
            filters={Op.EQ: Words("status", {"true": OPEN})},
        ),
        field(invoice.issue_date, "date", DATE, write=ALWAYS, sort="date", filters=_day_filters("date")),
        field(
            invoice.due_date, "due_date", DATE, write=ALWAYS, sort="due_date", filters=_day_filters("due_date")
        ),
        computed(invoice.paid_on_date, paid_on, uses=("status", "last_payment_date")),
        one(invoice.payment_terms, "", doc.TERMS, write=ALWAYS, detail_only=True),
        coded(invoice.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS),
        field(invoice.exchange_rate, "exchange_rate", RATE, write=ALWAYS),
        computed(invoice.base_currency, lambda native, ctx: ctx.currency),
        field(invoice.base_total_amount, "bcy_total", MONEY, detail_only=True),
        field(invoice.tax_inclusive, "is_inclusive_tax", BOOL, write=ALWAYS, detail_only=True),
        field(invoice.sub_total, "sub_total", MONEY, detail_only=True),
        computed(
            invoice.discount_percentage, doc.discount_percentage, uses=("discount", "discount_type"),
            put=doc.put_discount_percentage, clear=doc.NO_DISCOUNT, write=ALWAYS,
            detail_only=True,
        ),
        computed(
            invoice.discount_amount, doc.discount_amount, uses=("discount_total", "discount", "discount_type"),
            put=doc.put_discount_amount, clear=doc.NO_DISCOUNT, write=ALWAYS, detail_only=True, codec=MONEY,
        ),
        field(invoice.discount_before_tax, "is_discount_before_tax", BOOL, write=ALWAYS, detail_only=True),
        field(invoice.total_discount, "discount_total", MONEY, detail_only=True),
        computed(
            invoice.shipping_amount, doc.shipping_amount, put=doc.put_shipping, clear={"shipping_charge": 0},
            write=ALWAYS, codec=MONEY,
            uses=("shipping_charge", "shipping_charge_exclusive_of_tax", "shipping_charge_tax"),
        ),
        ref(
            invoice.shipping_tax_rate, "shipping_charge_tax_id", name="shipping_charge_tax_name", to=TAXES,
            write=ALWAYS, detail_only=True,
        ),
        field(invoice.adjustment_amount, "adjustment", MONEY, write=ALWAYS),
        field(invoice.adjustment_description, "adjustment_description", TEXT, write=ALWAYS, detail_only=True),
        field(invoice.rounding_amount, "roundoff_value", MONEY, detail_only=True),
        field(invoice.total_tax_amount, "tax_total", MONEY, detail_only=True),
        unmapped(invoice.withheld_tax_amount, "withholds tax on payments, not on the invoice"),
        computed(
            invoice.total_amount, doc.money("total"), uses=("total",), write=CREATE, codec=MONEY, sort="total",
            filters={
                Op.EQ: "total", Op.LT: "total_less_than", Op.LTE: "total_less_equals",
                Op.GT: "total_greater_than", Op.GTE: "total_greater_equals",
            },
        ),
        many(invoice.taxes, "taxes", doc.TAX_SUM, detail_only=True),
        computed(
            invoice.balance, balance, uses=("balance", "status"), codec=MONEY, sort="balance",
            filters={Op.GT: "balance_greater_than", Op.GTE: "balance_greater_equals"},
        ),
        many(invoice.line_items, "line_items", LINE, write=ALWAYS, complete=True, detail_only=True),
        field(invoice.customer_note, "notes", TEXT, write=ALWAYS, detail_only=True),
        field(invoice.terms, "terms", TEXT, write=ALWAYS, detail_only=True),
        unmapped(invoice.memo, "keeps no internal note on invoices; customer_note is printed"),
        one(invoice.billing_address, "billing_address", doc.address_table("billing"), write=ALWAYS),
        one(invoice.shipping_address, "shipping_address", doc.address_table("shipping"), write=ALWAYS),
        computed(
            invoice.salesperson, salesperson, uses=("salesperson_id", "salesperson_name"), put=put_salesperson,
            clear={"salesperson_id": ""}, write=ALWAYS,
        ),
        ref(invoice.location, "location_id", name="location_name", to=LOCATIONS, write=ALWAYS, detail_only=True),
        unmapped(invoice.project, "links projects line by line"),
        computed(
            invoice.sources, sources, uses=("estimate_id", "salesorder_id", "salesorder_number"),
            put=lambda value, native, ctx: None, write=CREATE, detail_only=True,
        ),
        computed(invoice.allocations, lambda native, ctx: None, detail_only=True, list_only=True),
        computed(invoice.payments, lambda native, ctx: None, detail_only=True, list_only=True),
        field(invoice.write_off_amount, "write_off_amount", MONEY),
        field(invoice.is_emailed, "is_emailed", BOOL),
        field(invoice.is_viewed, "is_viewed_by_client", BOOL),
        unmapped(invoice.pdf_url, "prints no link; the gateway serves the PDF"),
        unmapped(invoice.tax_details, "keeps country fields by edition; send them in remote_data"),
        computed(
            invoice.has_attachments,
            lambda native, ctx: bool(flag(native.get("has_attachment")) or native.get("documents")),
            uses=("has_attachment", "documents"),
        ),
        custom_fields(invoice.custom_fields, CUSTOM_FIELDS),
        many(invoice.tracking_categories, "tags", TRACKING, write=ALWAYS),
    ),
)  # fmt: skip


def _mail(body: Any, native: Json, ctx: Context) -> Json:
    """Zoho wants addresses; those on the invoice stand in when the caller names none."""
    to = body.get("to") or [each for each in (native.get("email"),) if each]
    if not to:
        raise Rejected(FieldError("required", "/to", "the invoice names no address; say whom to write to"))
    given = {"to_mail_ids": to, "subject": body.get("subject"), "body": body.get("body")}
    return {name: value for name, value in given.items() if value}


def _action(name: str, path: str, doc: str, *allowed: str, **more: Any) -> tuple[str, Action]:
    return name, Action(
        name=name, doc=doc, path=f"/invoices/{{id}}/{path}", allowed_from=frozenset(allowed), **more
    )


ACTIONS = dict(
    (
        _action("authorise", "status/sent", "Makes a draft a live invoice, silently.", "draft", "submitted"),
        _action("void", "status/void", "Takes the invoice out of the books.", "draft", "authorised", "partially_paid"),
        _action("mark-draft", "status/draft", "Makes a voided invoice a draft again.", "voided"),
        _action("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
        _action("approve", "approve", "Approves what was submitted.", "submitted"),
        _action("write-off", "writeoff", "Writes off what is still owed.", "authorised", "partially_paid"),
        _action(
            "email", "email", "Mails the invoice to the customer.", "draft", "authorised", "partially_paid", "paid",
            fields=Mail, reaches_person=True, body=_mail, reads=True,
        ),
        _action(
            "remind", "paymentreminder", "Mails a payment reminder.", "authorised", "partially_paid",
            fields=Mail, reaches_person=True, body=_mail, reads=True,
        ),
    )
)  # fmt: skip


def pdf(id: str, ctx: Context) -> Flow[Reply]:
    """The PDF as Zoho prints it."""
    return (
        yield Request("GET", RESOURCE.at(id), (("accept", "pdf"),), expect="bytes", step="print the invoice")
    )


def _as_charged(answer: Answer) -> Answer:
    """Among prices that contain tax, shipping is written with its tax and read without: that is no change."""
    if answer.record.get("tax_inclusive") is True:
        charge = MONEY.read(answer.native.get("shipping_charge") or 0)
        answer.issues = [
            each
            for each in answer.issues
            if (each.code, each.pointer) != ("not_applied", "/shipping_amount")
            or each.extra["sent"] != charge
        ]
    return answer


DISCOUNTS = ("discount_amount", "discount_percentage")
"""Whether one fits, on the invoice or on a line, the invoice as it stands decides."""


class Invoices(Resource):
    """Numbers, discounts and addresses need more than their row; totals are checked on complete records."""

    prepare = prepare

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        lines = body.get("line_items") or []
        discounts = any(name in part for part in (body, *lines) for name in DISCOUNTS)
        return discounts or super().needs_current(body, replace_lines=replace_lines)

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        return _as_charged((yield from super().create(body, ctx)))

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        return _as_charged((yield from super().update(id, body, ctx, replace_lines=replace_lines)))

    def complete(
        self, record: Record, native: Any, ctx: Context, issues: list[Issue], *, detail: bool
    ) -> None:
        if record["contact"] is not None:
            record["contact"]["type"] = "customer"
        if detail:
            doc.settle_totals(record, native, issues)


RESOURCE = Invoices(
    name="invoices",
    path="/invoices",
    one="invoice",
    many="invoices",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions=ACTIONS,
    own=INVOICES,
    scopes={verb: f"ZohoBooks.invoices.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/invoices/{id}",
    statuses={"draft": None, "authorised": "authorise"},
    default_status="draft",
    expansions={"line_items": "invoices", "contact": "contacts"},
    pdf=pdf,
    definitions=definitions("invoice"),
)
