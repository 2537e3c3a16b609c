"""Estimates: /estimates, called quotes by Zoho's own pages.

List rows tell when a customer answered and whether it was mailed; single records do not.
"""

from typing import Any

from connectors.kit.codec import BOOL, DATE, TEXT
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Table,
    Words,
    computed,
    field,
    names,
    one,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.zoho_books import document_rows as rows
from connectors.zoho_books import documents as doc
from connectors.zoho_books import filtering, sales_orders, standing
from connectors.zoho_books.control_totals import Reckoned
from connectors.zoho_books.conversions import estimate_to_invoice, estimate_to_order, target
from connectors.zoho_books.document_resource import (
    IDS,
    Documents,
    mail,
    numbered,
    printer,
    scopes,
    verb,
    verbs,
)
from connectors.zoho_books.document_writes import Kind
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.lines import line_table
from connectors.zoho_books.lookups import CUSTOMERS, ESTIMATES
from connectors.zoho_books.sales_documents import lacking
from unified_models.actions import Convert
from unified_models.estimates import Estimate
from unified_models.invoices import Invoice
from unified_models.sales_orders import SalesOrder

estimate = names(Estimate)

STATUS = {
    "draft": "draft", "pending_approval": "submitted", "approved": "submitted", "sent": "sent", "viewed": "sent",
    "accepted": "accepted", "declined": "declined", "expired": "expired", "invoiced": "invoiced",
    "partially_invoiced": "invoiced",
}  # fmt: skip
"""What was approved is not sent before it is marked so."""

LINE = lacking(
    line_table("estimate"),
    {
        "account": "books lines of estimates nowhere; an invoice takes the account of the item",
        "project": "links no projects with lines of estimates",
    },
)


def _invoices(native: Native, ctx: Context) -> list[Record]:
    ids = native.get("invoice_ids")
    found = [str(each) for each in ids if each] if isinstance(ids, list) else []
    return [{"type": "invoice", "id": each, "number": None} for each in found]


STATUS_WORDS = Words(
    "status",
    {
        "draft": "draft", "submitted": ("pending_approval", "approved"), "sent": ("sent", "viewed"),
        "accepted": "accepted", "declined": "declined", "expired": "expired",
        "invoiced": ("invoiced", "partially_invoiced"),
    },
    native="status",
)  # fmt: skip

TABLE = Table(
    Estimate,
    (
        *rows.head(estimate, "estimate", search=filtering.CUSTOM_FIELDS),
        rows.party(estimate, "customer", CUSTOMERS),
        computed(
            estimate.status, standing.worded(STATUS), uses=("status",), write=CREATE,
            filters={Op.EQ: STATUS_WORDS, Op.IN: STATUS_WORDS},
        ),
        field(estimate.issue_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date")),
        field(
            estimate.expiry_date, "expiry_date", DATE, write=ALWAYS, filters=filtering.day("expiry_date")
        ),
        field(estimate.accepted_date, "accepted_date", DATE, list_only=True),
        field(estimate.declined_date, "declined_date", DATE, list_only=True),
        computed(estimate.invoices, _invoices, uses=("invoice_ids",), detail_only=True),
        *rows.in_records(rows.currency(estimate, base_total="bcy_total"), "exchange_rate"),
        *rows.totals(estimate, estimate.line_items, LINE, noun="estimates", ships=True),
        *rows.printed(estimate, "estimates"),
        field(estimate.terms, "terms", TEXT, write=ALWAYS, detail_only=True),
        one(
            estimate.billing_address, "billing_address", doc.address_table("billing"), write=ALWAYS,
            detail_only=True,
        ),
        one(
            estimate.shipping_address, "shipping_address", doc.address_table("shipping"), write=ALWAYS,
            detail_only=True,
        ),
        rows.salesperson(estimate),
        rows.location(estimate),
        unmapped(estimate.sources, "makes estimates of nothing else"),
        field(estimate.is_emailed, "is_emailed", BOOL, list_only=True),
        field(estimate.is_viewed, "is_viewed_by_client", BOOL),
        *rows.unplaced(estimate),
        rows.attached(estimate),
    ),
)  # fmt: skip

ACTIONS = verbs(
    "/estimates",
    verb("authorise", "status/sent", "Makes a draft an offer that holds, silently.", "draft", "submitted"),
    verb(
        "accept", "status/accepted", "Records that the customer accepted.", "sent", "expired", "declined", "accepted"
    ),
    verb(
        "decline", "status/declined", "Records that the customer declined.", "sent", "expired", "accepted", "declined"
    ),
    verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
    verb("approve", "approve", "Approves what was submitted.", "submitted"),
    mail(
        "email", "email", "Mails the estimate to the customer.", "draft", "sent", "accepted", "declined", "expired",
        "invoiced",
    ),
    verb(
        "convert", "", "Makes an invoice or a sales order of it.", "sent", "accepted", "declined", "expired",
        "invoiced", fields=Convert, creates=(Invoice, SalesOrder),
    ),
)  # fmt: skip


class Estimates(Documents):
    """Offers that become orders and invoices."""

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action != "convert":
            return (yield from super().act(action, id, body, ctx))
        if target(body, "an estimate", "invoice", "sales_order") == "invoice":
            return (yield from estimate_to_invoice(self, id, ctx))
        return (yield from estimate_to_order(self, sales_orders.RESOURCE, id, ctx))

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "convert": 4}}


RESOURCE = Estimates(
    name="estimates",
    path="/estimates",
    one="estimate",
    many="estimates",
    table=TABLE,
    kind=Kind(
        path="/estimates",
        side="customer",
        reckoned=Reckoned(party="customer_id", rounded=("/estimates", "estimates", "estimate")),
        entity="estimate",
        texts=("shipping_charge",),
        addresses=("billing", "shipping"),
    ),
    ids=IDS,
    actions=ACTIONS,
    own=numbered(ESTIMATES),
    scopes=scopes("estimates"),
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/quotes/{id}",
    statuses={"draft": None, "sent": "authorise"},
    default_status="draft",
    expansions={"line_items": "estimates", "attachments": "estimates", "contact": "contacts"},
    pdf=printer("/estimates", "estimate"),
    definitions=definitions("estimate"),
)
