"""Sales orders: /salesorders. Where an order stands Zoho says in several words: status, order_status, and how
much of it is invoiced and shipped."""

from typing import Any

from connectors.kit.codec import BOOL, DATE, TEXT
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Table,
    When,
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
from connectors.zoho_books import filtering
from connectors.zoho_books.control_totals import Reckoned
from connectors.zoho_books.conversions import order_to_invoice, target
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
from connectors.zoho_books.lookups import CUSTOMERS, ESTIMATES, SALES_ORDERS
from connectors.zoho_books.references import documents_named
from connectors.zoho_books.sales_documents import lacking
from unified_models.actions import Convert
from unified_models.invoices import Invoice
from unified_models.sales_orders import SalesOrder

order = names(SalesOrder)

STATUS = {"draft": "draft", "pending_approval": "submitted", "rejected": "rejected", "void": "voided"}
"""Native status → ours; every other status is one of a live order."""

ORDER = {"draft": "draft", "void": "voided", "closed": "closed"}
"""Native order_status → ours; "open" and "confirmed" are live."""

LIVE = frozenset(
    (
        "open", "confirmed", "approved", "overdue", "invoiced", "partially_invoiced", "not_invoiced", "to_be_invoiced",
        "invoiced_not_shipped", "shipped_not_invoiced", "shipped", "partially_shipped", "fulfilled",
        "manually_fulfilled", "paid", "partially_paid", "unpaid", "onhold", "pending",
    )
)  # fmt: skip

INVOICED = {
    "not_invoiced": "none",
    "to_be_invoiced": "none",
    "partially_invoiced": "partial",
    "invoiced": "full",
}
SHIPPED = {
    "pending": "none", "not_shipped": "none", "to_be_shipped": "none", "partially_shipped": "partial",
    "shipped": "full", "fulfilled": "full", "manually_fulfilled": "full",
}  # fmt: skip


def _status(native: Native, ctx: Context) -> str | None:
    word, own = native.get("status") or "", native.get("order_status") or ""
    if word in STATUS:
        return STATUS[word]
    if own in ORDER:
        return ORDER[own]
    if word == "closed":
        return "closed"
    if word in LIVE or own in ("open", "confirmed"):
        return "authorised"
    return word or None


def _progress(key: str, words: dict[str, str]) -> Any:
    """How far an order is; of one that never went live Zoho says nothing, and nothing was done."""

    def read(native: Native, ctx: Context) -> str | None:
        word = native.get(key)
        if word:
            return words.get(str(word), str(word))
        return "none" if native.get("status") else None

    return read


def _invoices(native: Native, ctx: Context) -> list[Record]:
    return [
        {
            "type": "invoice",
            "id": each.get("invoice_id") or None,
            "number": each.get("invoice_number") or None,
        }
        for each in native.get("invoices") or ()
        if isinstance(each, dict)
    ]


def _sources(native: Native, ctx: Context) -> list[Record]:
    id = native.get("estimate_id")
    return [{"type": "estimate", "id": str(id), "number": None}] if id else []


STATUS_WORDS = Words(
    "filter_by",
    {
        "draft": "Status.Draft", "submitted": "Status.Pending",
        "authorised": ("Status.Confirmed", "Status.Approved", "Status.Open", "Status.OverDue"),
        "closed": "Status.Closed", "voided": "Status.Void",
    },
    native="status",
    covers={
        "Status.Draft": frozenset({"draft"}), "Status.Pending": frozenset({"pending_approval"}),
        "Status.Confirmed": LIVE - {"approved", "open", "overdue"}, "Status.Approved": frozenset({"approved"}),
        "Status.Open": frozenset({"open"}), "Status.OverDue": frozenset({"overdue"}),
        "Status.Closed": frozenset({"closed"}), "Status.Void": frozenset({"void"}),
    },
)  # fmt: skip

TABLE = Table(
    SalesOrder,
    (
        *rows.head(order, "salesorder", created=filtering.CREATED),
        rows.party(order, "customer", CUSTOMERS),
        computed(
            order.status, _status, uses=("status", "order_status"), write=CREATE,
            filters={Op.EQ: STATUS_WORDS, Op.IN: STATUS_WORDS},
        ),
        field(order.issue_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date")),
        field(
            order.delivery_date, "shipment_date", DATE, write=ALWAYS, sort="shipment_date",
            filters=filtering.day("shipment_date"),
        ),
        one(order.payment_terms, "", doc.TERMS, detail_only=True),
        computed(order.invoices, _invoices, uses=("invoices",), detail_only=True),
        computed(order.billed_status, _progress("invoiced_status", INVOICED), uses=("invoiced_status",)),
        computed(order.shipped_status, _progress("shipped_status", SHIPPED), uses=("shipped_status",)),
        *rows.in_records(rows.currency(order, base_total="bcy_total"), "exchange_rate"),
        *rows.totals(
            order, order.line_items,
            lacking(
                line_table("sales order", project="project_name"),
                {"account": "books lines of sales orders nowhere; an invoice takes the account of the item"},
            ),
            noun="sales orders", ships=True,
        ),
        *rows.printed(order, "sales orders"),
        field(order.terms, "terms", TEXT, write=ALWAYS, detail_only=True),
        one(
            order.billing_address, "billing_address", doc.address_table("billing"), write=ALWAYS,
            detail_only=True,
        ),
        one(
            order.shipping_address, "shipping_address", doc.address_table("shipping"), write=ALWAYS,
            detail_only=True,
        ),
        rows.salesperson(order),
        rows.location(order),
        computed(
            order.sources, _sources, uses=("estimate_id",), write=CREATE, detail_only=True,
        ),
        field(order.is_emailed, "is_emailed", BOOL),
        unmapped(order.is_viewed, "does not tell whether a customer saw an order"),
        *rows.unplaced(order),
        rows.attached(order),
    ),
)  # fmt: skip

ACTIONS = verbs(
    "/salesorders",
    verb("authorise", "status/open", "Confirms the order, silently.", "draft", "submitted", "voided"),
    verb("void", "status/void", "Takes the order out of the books.", "draft", "authorised"),
    verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
    verb("approve", "approve", "Approves what was submitted.", "submitted"),
    mail("email", "email", "Mails the order to the customer.", "draft", "authorised", "closed"),
    verb(
        "convert", "", "Makes an invoice of what is not invoiced yet.", "authorised", fields=Convert,
        creates=(Invoice,),
    ),
)  # fmt: skip


class SalesOrders(Documents):
    """Made from estimates, turned into invoices."""

    def prepare(self, draft: Draft) -> Flow[None]:
        given = draft.body.get("sources") or []
        if draft.when is When.CREATE and given:
            if len(given) > 1:
                detail = "a sales order has one estimate as its source"
                raise Rejected(FieldError("unsupported_field", "/sources/1", detail))
            (found,) = yield from documents_named(given, {"estimate": ESTIMATES}, "a sales order")
            draft.native["estimate_id"] = found
        yield from super().prepare(draft)

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action != "convert":
            return (yield from super().act(action, id, body, ctx))
        target(body, "a sales order", "invoice")
        return (yield from order_to_invoice(self, id, ctx))

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "convert": 1}}


_HEARD = "in the recorded webhook of a sales order, which holds the record as it is read"

RESOURCE = SalesOrders(
    name="sales_orders",
    path="/salesorders",
    one="salesorder",
    many="salesorders",
    table=TABLE,
    kind=Kind(
        path="/salesorders",
        side="customer",
        reckoned=Reckoned(party="customer_id", rounded=("/salesorders", "salesorders", "salesorder")),
        entity="salesorder",
        letter=True,
        texts=("discount",),
        addresses=("billing", "shipping"),
    ),
    ids=IDS,
    actions=ACTIONS,
    own=numbered(SALES_ORDERS),
    scopes=scopes("salesorders"),
    order="created_time",
    repeats=("customer_id",),
    search="search_text",
    page_link="/app/{organization}#/salesorders/{id}",
    statuses={"draft": None, "authorised": "authorise"},
    default_status="draft",
    expansions={"line_items": "sales_orders", "attachments": "sales_orders", "contact": "contacts"},
    pdf=printer("/salesorders", "sales order"),
    definitions=definitions("salesorder"),
    unseen=dict.fromkeys(
        (
            "discount_total", "invoiced_status", "order_status", "roundoff_value", "shipped_status",
            "shipping_charge_exclusive_of_tax", "shipping_charge_tax", "shipping_charge_tax_id",
            "shipping_charge_tax_name",
        ),
        _HEARD,
    ),
)  # fmt: skip
