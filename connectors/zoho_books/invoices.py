"""Invoices: /invoices, and beside them bills, which `type` tells apart."""

from dataclasses import replace
from typing import Any

from connectors.kit.codec import BOOL, DATE, MONEY, TEXT
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Request
from connectors.kit.joined import Joined
from connectors.kit.mapping import ALWAYS, CREATE, Native, Table, Words, computed, field, names, one
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.kit.paging import merged_query, rows_of
from connectors.zoho_books import bills, filtering, settling, standing
from connectors.zoho_books import document_rows as rows
from connectors.zoho_books import documents as doc
from connectors.zoho_books.document_resource import (
    IDS,
    Documents,
    mail,
    printer,
    reminder,
    scopes,
    verb,
    verbs,
)
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.invoice_writes import KIND, prepare, sources
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lines import LINE
from connectors.zoho_books.lookups import CUSTOMERS, INVOICES
from connectors.zoho_books.settlement import CREDIT_NOTES, RECEIVED, share
from connectors.zoho_books.settlement import INVOICES as SETTLED
from unified_models.actions import Apply, Unapply
from unified_models.invoices import Invoice

invoice = names(Invoice)


def paid_on(native: Native, ctx: Context) -> Any:
    day = native.get("last_payment_date") if native.get("status") == "paid" else None
    return DATE.read(day) if day else None


STATUS_WORDS = Words(
    "status",
    {
        "draft": "draft", "submitted": "pending_approval", "rejected": "rejected",
        "authorised": standing.OPEN, "partially_paid": standing.OPEN, "paid": "paid", "voided": "void",
    },
    native="status",
    covers=standing.COVERS,
)  # fmt: skip

TABLE = Table(
    Invoice,
    (
        *rows.head(invoice, "invoice", created=filtering.CREATED, modified_sort=None, search=filtering.CUSTOM_FIELDS),
        computed(invoice.type, lambda native, ctx: "invoice", write=CREATE),
        rows.party(invoice, "customer", CUSTOMERS),
        *rows.owed(invoice, STATUS_WORDS),
        computed(invoice.paid_on_date, paid_on, uses=("status", "last_payment_date")),
        *rows.currency(invoice, base_total="bcy_total"),
        *rows.totals(invoice, invoice.line_items, LINE, noun="invoices", ships=True, in_lists=True),
        computed(
            invoice.balance, standing.balance, uses=("balance", "status"), codec=MONEY, sort="balance",
            filters={Op.GT: "balance_greater_than", Op.GTE: "balance_greater_equals"},
        ),
        *rows.printed(invoice, "invoices"),
        field(invoice.terms, "terms", TEXT, write=ALWAYS, detail_only=True),
        one(invoice.billing_address, "billing_address", doc.address_table("billing"), write=ALWAYS),
        one(invoice.shipping_address, "shipping_address", doc.address_table("shipping"), write=ALWAYS),
        rows.salesperson(invoice),
        rows.location(invoice),
        computed(
            invoice.sources, sources, uses=("estimate_id", "salesorder_id", "salesorder_number"),
            needs=("estimate_id", "salesorder_id"),
            put=lambda value, native, ctx: None, write=CREATE, detail_only=True,
        ),
        computed(invoice.allocations, lambda native, ctx: None, detail_only=True, list_only=True),
        computed(invoice.payments, lambda native, ctx: None, detail_only=True, list_only=True),
        field(invoice.write_off_amount, "write_off_amount", MONEY),
        field(invoice.is_emailed, "is_emailed", BOOL),
        field(invoice.is_viewed, "is_viewed_by_client", BOOL),
        *rows.unplaced(invoice),
        rows.attached(invoice),
    ),
)  # fmt: skip


ACTIONS = verbs(
    "/invoices",
    verb("authorise", "status/sent", "Makes a draft a live invoice, silently.", "draft", "submitted"),
    verb(
        "void", "status/void", "Takes the invoice out of the books.", "draft", "authorised", "partially_paid"
    ),
    verb("mark-draft", "status/draft", "Makes a voided invoice a draft again.", "voided"),
    verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
    verb("approve", "approve", "Approves what was submitted.", "submitted"),
    verb(
        "apply",
        "credits",
        "Settles the invoice with payments and credit notes.",
        "authorised",
        "partially_paid",
        fields=Apply,
    ),
    verb(
        "unapply",
        "payments/{share}",
        "Takes settlements back; the invoice owes their amount again.",
        "authorised",
        "partially_paid",
        "paid",
        fields=Unapply,
        method="DELETE",
    ),
    verb("write-off", "writeoff", "Writes off what is still owed.", "authorised", "partially_paid"),
    mail(
        "email",
        "email",
        "Mails the invoice to the customer.",
        "draft",
        "authorised",
        "partially_paid",
        "paid",
    ),
    replace(
        mail("remind", "paymentreminder", "Mails a payment reminder.", "authorised", "partially_paid"),
        body=reminder,
    ),
)


class Invoices(Documents):
    """Made from estimates and orders, settled by payments and credit notes."""

    def prepare(self, draft: Draft) -> Flow[None]:
        yield from prepare(draft)

    def inside(self, name: str, id: str, ctx: Context) -> Flow[list[Record]]:
        """Zoho tells the settlements of an invoice in two lists of their own."""
        if name != "allocations":
            return (yield from super().inside(name, id, ctx))
        at = self.at(id)
        paid = yield Request("GET", f"{at}/payments", merged_query((), ctx), step="read its payments")
        used = yield Request("GET", f"{at}/creditsapplied", merged_query((), ctx), step="read its credits")
        told = {"amount": "amount", "day": "date"}
        noted = {"amount": "amount_applied", "day": "credited_date"}
        return [
            *(
                share(each, RECEIVED, RECEIVED.share, "payment_number", **told)
                for each in rows_of(paid.body, "payments")
            ),
            *(
                share(each, CREDIT_NOTES, "creditnotes_invoice_id", "creditnotes_number", **noted)
                for each in rows_of(used.body, "credits")
            ),
        ]

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action == "apply":
            return (yield from settling.settle(self, SETTLED, (RECEIVED, CREDIT_NOTES), id, body, ctx))
        if action == "unapply":
            return (
                yield from settling.unsettle(self, SETTLED, CREDIT_NOTES, "creditsapplied", id, body, ctx)
            )
        return (yield from super().act(action, id, body, ctx))

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "allocations": 2}}


ISSUED = Invoices(
    name="invoices",
    path="/invoices",
    one="invoice",
    many="invoices",
    table=TABLE,
    kind=KIND,
    ids=IDS,
    actions=ACTIONS,
    own=INVOICES,
    scopes=scopes("invoices"),
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/invoices/{id}",
    statuses={"draft": None, "authorised": "authorise"},
    default_status="draft",
    expansions={
        "line_items": "invoices",
        "allocations": "invoices",
        "attachments": "invoices",
        "contact": "contacts",
    },
    pdf=printer("/invoices", "invoice"),
    ledger=posted_as("invoice"),
    definitions=definitions("invoice"),
)

RESOURCE = Joined.over({"invoice": ISSUED, "bill": bills.RESOURCE}, by="type", usual="invoice")
