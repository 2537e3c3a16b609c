"""Bills: /bills. Zoho neither numbers nor mails them; they are born open unless the body says draft."""

from collections.abc import Sequence
from typing import Any

from connectors.kit.codec import BOOL, MONEY, TEXT
from connectors.kit.faults import FieldError
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    NEVER,
    Native,
    Table,
    When,
    Words,
    computed,
    field,
    names,
    one,
    ref,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Record
from connectors.zoho_books import document_rows as rows
from connectors.zoho_books import document_writes, filtering, settling, standing
from connectors.zoho_books import documents as doc
from connectors.zoho_books.control_totals import Reckoned
from connectors.zoho_books.document_resource import IDS, Documents, numbered, scopes, verb, verbs
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lines import Origin, line, line_table
from connectors.zoho_books.lookups import BILLS as LOOKUP
from connectors.zoho_books.lookups import CUSTOMERS, PURCHASE_ORDERS, VENDORS
from connectors.zoho_books.references import documents_named
from connectors.zoho_books.settlement import BILLS, MADE, VENDOR_CREDITS, share
from unified_models.actions import Apply, Unapply
from unified_models.bills import Bill

bill = names(Bill)

LINE = line_table(
    "bill",
    ref(line.customer, "customer_id", name="customer_name", to=CUSTOMERS, write=ALWAYS),
    field(line.is_billable, "is_billable", BOOL, write=ALWAYS),
    origins=(Origin("purchase_order", "purchaseorder_id", "purchaseorder_item_id"),),
    project="project_name",
)

STATUS_WORDS = Words(
    "status",
    {
        "draft": "draft", "submitted": "pending_approval", "rejected": "rejected",
        "authorised": standing.OPEN, "partially_paid": standing.OPEN, "paid": "paid", "voided": "void",
    },
    native="status",
    covers=standing.COVERS,
)  # fmt: skip


def allocations(native: Native, ctx: Context) -> list[Record]:
    """Payments and credits on the bill."""
    paid = (
        share(each, MADE, MADE.share, "payment_number", amount="amount", day="date")
        for each in native.get("payments") or ()
    )
    credited = (
        share(each, VENDOR_CREDITS, VENDOR_CREDITS.share, "vendor_credit_number", amount="amount", day="date")
        for each in native.get("vendor_credits") or ()
    )
    return [*paid, *credited]


def payments(native: Native, ctx: Context) -> list[Record]:
    return [
        {"id": each["id"], "name": None} for each in allocations(native, ctx) if each["type"] == "payment"
    ]


def paid_on(native: Native, ctx: Context) -> Any:
    """The day of the settlement that left nothing owed."""
    days = [each["date"] for each in allocations(native, ctx) if each["date"] is not None]
    return max(days, default=None) if native.get("status") == "paid" else None


TABLE = Table(
    Bill,
    (
        *rows.head(bill, "bill", created=filtering.CREATED),
        computed(bill.type, lambda native, ctx: "bill", write=CREATE),
        rows.party(bill, "vendor", VENDORS),
        *rows.owed(bill, STATUS_WORDS),
        computed(
            bill.paid_on_date, paid_on, uses=("status", "payments", "vendor_credits"), detail_only=True
        ),
        *rows.currency(bill),
        *rows.totals(bill, bill.line_items, LINE, noun="bills"),
        computed(
            bill.balance, standing.balance, uses=("balance", "status"), codec=MONEY, sort="balance",
        ),
        *rows.printed(bill, "bills"),
        field(bill.terms, "terms", TEXT, write=ALWAYS, detail_only=True),
        one(
            bill.billing_address, "billing_address", doc.address_table("billing"), write=ALWAYS, detail_only=True
        ),
        unmapped(bill.shipping_address, "keeps one address on bills, the vendor's"),
        unmapped(bill.salesperson, "has no salesperson on bills"),
        rows.location(bill),
        computed(
            bill.sources, rows.linked("purchase_order", "purchaseorders", "purchaseorder"),
            uses=("purchaseorders",), put=lambda value, native, ctx: None, write=CREATE, detail_only=True,
        ),
        computed(bill.allocations, allocations, uses=("payments", "vendor_credits"), detail_only=True),
        computed(bill.payments, payments, uses=("payments",), detail_only=True),
        unmapped(bill.write_off_amount, "writes off invoices only"),
        unmapped(bill.is_emailed, "does not mail bills"),
        field(bill.is_viewed, "is_viewed_by_client", BOOL),
        *rows.unplaced(bill),
        rows.attached(bill),
    ),
)  # fmt: skip

KIND = document_writes.Kind(
    path="/bills", side="vendor", type="bill", entity="bill", numbered=NEVER, addresses=("billing",),
    reckoned=Reckoned(party="vendor_id"),
)  # fmt: skip

ACTIONS = verbs(
    "/bills",
    verb("authorise", "status/open", "Makes a draft a live bill.", "draft", "voided"),
    verb("void", "status/void", "Takes the bill out of the books.", "draft", "authorised"),
    verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
    verb("approve", "approve", "Approves what was submitted.", "submitted"),
    verb(
        "apply", "credits", "Settles the bill with payments and vendor credits.", "authorised", "partially_paid",
        fields=Apply,
    ),
    verb(
        "unapply", "payments/{share}", "Takes settlements back; the bill owes their amount again.",
        "authorised", "partially_paid", "paid", fields=Unapply, method="DELETE",
    ),
)  # fmt: skip


class Bills(Documents):
    """Numbered by the vendor, made from purchase orders, settled by payments and credits."""

    def lacking(self, body: Record) -> Sequence[FieldError]:
        if body.get("number"):
            return ()
        return (FieldError("required", "/number", "is required: a bill carries the vendor's number"),)

    def prepare(self, draft: Draft) -> Flow[None]:
        if draft.when is When.CREATE:
            if draft.body.get("status") == "draft":
                draft.native["status"] = "draft"
            yield from self._order(draft)
        yield from super().prepare(draft)

    def _order(self, draft: Draft) -> Flow[None]:
        """Names the purchase orders of the bill and of its lines on the bill itself."""
        given = draft.body.get("sources") or []
        ids = yield from documents_named(given, {"purchase_order": PURCHASE_ORDERS}, "a bill")
        if given:
            draft.body = {**draft.body, "sources": [{"type": "purchase_order", "id": id} for id in ids]}
        for each in draft.native.get("line_items") or []:
            ids += [order for order in (each.pop("purchaseorder_id", None),) if order]
        if ids:
            draft.native["purchaseorder_ids"] = list(dict.fromkeys(ids))

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action == "apply":
            return (yield from settling.settle(self, BILLS, (MADE, VENDOR_CREDITS), id, body, ctx))
        if action == "unapply":
            return (yield from settling.unsettle(self, BILLS, VENDOR_CREDITS, None, id, body, ctx))
        return (yield from super().act(action, id, body, ctx))


RESOURCE = Bills(
    name="bills",
    path="/bills",
    one="bill",
    many="bills",
    table=TABLE,
    kind=KIND,
    ids=IDS,
    actions=ACTIONS,
    own=numbered(LOOKUP),
    scopes=scopes("bills"),
    order="created_time",
    repeats=("vendor_id", "bill_number"),
    search="search_text",
    page_link="/app/{organization}#/bills/{id}",
    statuses={"draft": None, "authorised": None},
    default_status="authorised",
    expansions={"line_items": "bills", "allocations": "bills", "attachments": "bills", "contact": "contacts"},
    definitions=definitions("bill"),
    ledger=posted_as("bill"),
)
