"""Sales receipts: /salesreceipts. Zoho takes items, quantities, prices and taxes there, and little else.

A sale that needs more is an invoice and its payment; refusals say so. Zoho gives a receipt's lines no ids it
promises, tells no money account, and calls a receipt sent once it was mailed.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from connectors.kit.codec import DATE, ENUM, ID, MONEY, TEXT
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Json
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    NEVER,
    Row,
    Table,
    Unmapped,
    When,
    computed,
    field,
    many,
    names,
)
from connectors.kit.operations import Answer, Context, Record
from connectors.zoho_books import document_rows as rows
from connectors.zoho_books import documents as doc
from connectors.zoho_books import filtering, standing
from connectors.zoho_books.codecs import INSTANT, MODES
from connectors.zoho_books.control_totals import Reckoned
from connectors.zoho_books.document_resource import IDS, Documents, numbered, printer, scopes, verb, verbs
from connectors.zoho_books.document_writes import Kind
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lines import line_table
from connectors.zoho_books.lookups import CUSTOMERS, SALES_RECEIPTS
from connectors.zoho_books.sales_documents import lacking
from connectors.zoho_books.tracking import tracking
from unified_models.actions import Mail
from unified_models.sales_receipts import SalesReceipt

receipt = names(SalesReceipt)

INSTEAD = "make an invoice and record its payment instead"
NO_PLACE = f"has no place for it on sales receipts; {INSTEAD}"

METHOD = ENUM(
    {
        "cash": "cash", "check": "check", "credit_card": "card", "bank_transfer": "bank_transfer", "others": "other",
        **{word: method for word, method in MODES.items() if word not in ("cash", "check", "others")},
    }
)  # fmt: skip
"""Receipts spell some modes otherwise than payments do; both are read."""

STATUS = {"draft": "draft", "sent": "paid", "paid": "paid", "closed": "paid", "void": "voided"}
"""The money came with the receipt; what was mailed is simply paid."""


def _read_only(table: Table[Any], *unified: str) -> Table[Any]:
    """The table with some fields only to be read."""
    found = (replace(row, write=NEVER) if row.unified in unified else row for row in table.rows)
    return Table(table.model, tuple(found), table.null)


LINE = _read_only(
    lacking(
        line_table("sales receipt"),
        dict.fromkeys(
            ("account", "discount_percentage", "discount_amount", "project", "source", "custom_fields"),
            NO_PLACE,
        ),
    ),
    "name",
    "description",
    "unit",
)


def _mapped() -> Iterable[Row]:
    yield field(receipt.id, "sales_receipt_id", ID)
    yield field(receipt.created_at, "created_time", INSTANT, sort="created_time")
    yield field(receipt.updated_at, "last_modified_time", INSTANT)
    yield field(
        receipt.number, "receipt_number", TEXT, write=ALWAYS, sort="receipt_number",
        filters=filtering.text("receipt_number"),
    )  # fmt: skip
    yield replace(rows.party(receipt, "customer", CUSTOMERS), below={"id": filtering.only("customer_id")})
    yield computed(receipt.status, standing.worded(STATUS), uses=("status",), write=CREATE)
    yield field(receipt.remote_status, "status", TEXT)
    yield field(receipt.issue_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date"))
    yield field(receipt.payment_method, "payment_mode", METHOD, write=ALWAYS)
    yield from (replace(row, write=NEVER) for row in rows.currency(receipt))
    yield field(receipt.sub_total, "sub_total", MONEY)
    yield field(receipt.total_tax_amount, "tax_total", MONEY)
    # reckoned from the lines
    yield Unmapped(unified=str(receipt.total_discount), why=NO_PLACE, detail_only=True)
    yield computed(
        receipt.total_amount, doc.money("total"), uses=("total",), write=CREATE, codec=MONEY, sort="total"
    )
    yield from rows.in_records(
        (many(receipt.line_items, "line_items", LINE, write=ALWAYS, complete=True),), "line_items"
    )
    yield field(receipt.customer_note, "notes", TEXT, write=ALWAYS, detail_only=True)
    yield field(receipt.terms, "terms", TEXT, write=CREATE, detail_only=True)
    yield tracking(receipt.tracking_categories, located=False)


def _table() -> Table[SalesReceipt]:
    """The rows above; every other field of the model has no place."""
    mapped = tuple(_mapped())
    named = {row.unified for row in mapped}
    common = {"remote_id", "company", "url", "etag", "is_partial", "remote_data"}
    rest = (name for name in SalesReceipt.model_fields if name not in named | common)
    return Table(SalesReceipt, (*mapped, *(Unmapped(unified=name, why=NO_PLACE) for name in rest)))


def _letter(body: Any, native: Json, ctx: Context) -> Json:
    """Zoho has no template for receipts."""
    missing = [name for name in ("to", "subject", "body") if not body.get(name)]
    if missing:
        raise Rejected(*(FieldError("required", f"/{name}", "a receipt's mail needs it") for name in missing))
    return {"to_mail_ids": body["to"], "subject": body["subject"], "body": body["body"]}


class SalesReceipts(Documents):
    """What has no place on a receipt is pointed to where it has one."""

    def prepare(self, draft: Draft) -> Flow[None]:
        lines = draft.body.get("line_items") or []
        bare = [
            FieldError("required", f"/line_items/{place}/item", f"a receipt sells items; {INSTEAD}")
            for place, line in enumerate(lines)
            if line.get("item") is None and line.get("id") is None and line.get("type") != "heading"
        ]
        if bare:
            raise Rejected(*bare)
        yield from super().prepare(draft)

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "email": 4}}

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        try:
            return (yield from super().create(body, ctx))
        except Rejected as rejection:
            raise Rejected(*map(_pointed, rejection.errors)) from None

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        try:
            return (yield from super().update(id, body, ctx, replace_lines=replace_lines))
        except Rejected as rejection:
            raise Rejected(*map(_pointed, rejection.errors)) from None


def _pointed(error: FieldError) -> FieldError:
    if error.code not in ("read_only", "enum_value") or INSTEAD in error.detail:
        return error
    return replace(error, detail=f"{error.detail}; {INSTEAD}")


TABLE = _table()

RESOURCE = SalesReceipts(
    name="sales_receipts",
    path="/salesreceipts",
    one="salesreceipt",
    many="salesreceipts",
    table=TABLE,
    kind=Kind(
        path="/salesreceipts",
        side="customer",
        reckoned=Reckoned(party="customer_id"),
        entity="salesreceipt",
        numbered=When.CREATE,
    ),
    ids=IDS,
    actions=verbs(
        "/salesreceipts",
        verb(
            "email",
            "email",
            "Mails the receipt to the customer.",
            fields=Mail,
            reaches_person=True,
            body=_letter,
        ),
    ),
    own=numbered(SALES_RECEIPTS),
    scopes=scopes("invoices"),
    order="created_time",
    repeats=("customer_id",),
    page_link="/app/{organization}#/salesreceipts/{id}",
    statuses={"draft": None},
    default_status="draft",
    expansions={"line_items": "sales_receipts", "contact": "contacts"},
    pdf=printer("/salesreceipts", "sales receipt"),
    ledger=posted_as("sales_receipt"),
)
