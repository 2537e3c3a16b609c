"""Purchase orders: /purchaseorders. Zoho answers their lists newest first, whatever order was asked for."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from connectors.kit.codec import BOOL, DATE, ID, QUANTITY, TEXT
from connectors.kit.faults import Conflict, FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Request
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
    ref,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.kit.paging import merged_query
from connectors.kit.reading import get_path
from connectors.zoho_books import bills, document_rows, document_writes, filtering, standing
from connectors.zoho_books import documents as doc
from connectors.zoho_books.codecs import country_code
from connectors.zoho_books.control_totals import Reckoned
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
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.lines import Origin, line_table
from connectors.zoho_books.lookups import CUSTOMERS, SALES_ORDERS, VENDORS
from connectors.zoho_books.lookups import PURCHASE_ORDERS as LOOKUP
from connectors.zoho_books.references import documents_named
from unified_models.actions import Convert
from unified_models.bills import Bill
from unified_models.parts import DocumentAddress
from unified_models.purchase_orders import PurchaseOrder
from unified_models.types import Date

order, address = names(PurchaseOrder), names(DocumentAddress)

LIVE = (
    "open", "issued", "approved", "accepted", "partially_billed", "partially_received", "received",
    "received_not_billed", "manually_received", "drop_shipped", "in_transit", "to_be_received", "to_be_billed",
    "signed",
)  # fmt: skip
"""Native statuses of an order that is out; Zoho has no word for all of them."""

STATUS = {
    "draft": "draft", "pending_approval": "submitted", "rejected": "rejected", "billed": "billed",
    "billed_not_received": "billed", "closed": "closed", "cancelled": "cancelled",
    **dict.fromkeys(LIVE, "authorised"),
}  # fmt: skip

LISTED = ("open", "issued", "approved", "partially_billed")
"""Those lists are asked for, each in a call of its own. Orders in the other words are open to Zoho's lists."""

STATUS_WORDS = Words(
    "status",
    {
        "draft": "draft", "submitted": "pending_approval", "rejected": "rejected", "authorised": LISTED,
        "billed": ("billed", "billed_not_received"), "closed": "closed", "cancelled": "cancelled",
    },
    native="status",
    covers={"open": frozenset(LIVE) - frozenset(LISTED[1:])},
)  # fmt: skip

BILLED = {"to_be_billed": "none", "partially_billed": "partial", "billed": "full"}
RECEIVED = {"to_be_received": "none", "partially_received": "partial", "received": "full"}

_DELIVERY = Table(
    DocumentAddress,
    (
        field(address.id, "organization_address_id", ID),
        computed(address.type, lambda native, ctx: "delivery"),
        unmapped(address.attention, "keeps the person a delivery is for beside the address"),
        computed(
            address.street_1, lambda native, ctx: native.get("address") or native.get("address1") or None,
            uses=("address", "address1"),
        ),
        field(address.street_2, "address2", TEXT),
        field(address.city, "city", TEXT),
        field(address.state, "state", TEXT),
        unmapped(address.state_code, "tells no code of the state here"),
        field(address.postal_code, "zip", TEXT),
        field(address.country, "country", TEXT),
        computed(address.country_code, country_code, uses=("country",)),
        field(address.phone, "phone", TEXT),
    ),
)  # fmt: skip


def _progress(key: str, words: dict[str, str], done: str) -> Any:
    """How far an order is: as it says, or, where it says nothing, as its lines do."""

    def read(native: Native, ctx: Context) -> str | None:
        word = native.get(key)
        if word:
            return words.get(word, word)
        lines = [each for each in native.get("line_items") or () if each.get(done) is not None]
        wanted, got = _sum(lines, "quantity"), _sum(lines, done)
        if not lines:
            return None
        return "none" if not got else "full" if got >= wanted else "partial"

    return read


def _sum(lines: list[Native], key: str) -> Decimal:
    return sum((QUANTITY.read(each.get(key) or 0) or Decimal(0) for each in lines), Decimal(0))


TABLE = Table(
    PurchaseOrder,
    (
        *document_rows.head(order, "purchaseorder", created=filtering.CREATED, search=filtering.CUSTOM_FIELDS),
        document_rows.party(order, "vendor", VENDORS),
        document_rows.vendor(order.vendor),
        computed(
            order.status, standing.worded(STATUS), uses=("status",), write=CREATE,
            filters={Op.EQ: STATUS_WORDS, Op.IN: STATUS_WORDS},
        ),
        field(order.issue_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date")),
        field(order.delivery_date, "delivery_date", DATE, write=ALWAYS, sort="delivery_date"),
        one(order.delivery_address, "delivery_address", _DELIVERY, detail_only=True),
        ref(order.customer, "delivery_customer_id", to=CUSTOMERS, write=ALWAYS, detail_only=True),
        unmapped(order.employee, "orders for customers, not for employees"),
        one(order.payment_terms, "", doc.TERMS, write=ALWAYS, detail_only=True),
        computed(order.bills, document_rows.linked("bill", "bills", "bill"), uses=("bills",), detail_only=True),
        computed(
            order.sources, document_rows.linked("sales_order", "salesorders", "salesorder"),
            uses=("salesorders",), put=lambda value, native, ctx: None, write=CREATE, detail_only=True,
        ),
        computed(order.billed_status, _progress("billed_status", BILLED, "quantity_billed"), uses=("billed_status",)),
        computed(
            order.received_status, _progress("received_status", RECEIVED, "quantity_marked_as_received"),
            uses=("received_status",),
        ),
        *document_rows.in_records(document_rows.currency(order), "exchange_rate", "base_total_amount"),
        *document_rows.totals(
            order, order.line_items,
            line_table("purchase order", origins=(Origin("sales_order", "", "salesorder_item_id"),)),
            noun="purchase orders",
        ),
        *document_rows.printed(order, "purchase orders"),
        field(order.terms, "terms", TEXT, write=ALWAYS, detail_only=True),
        one(
            order.billing_address, "billing_address", doc.address_table("billing"), write=ALWAYS,
            detail_only=True,
        ),
        document_rows.location(order),
        field(order.is_emailed, "is_emailed", BOOL, detail_only=True),
        *document_rows.unplaced(order),
        document_rows.attached(order),
    ),
)  # fmt: skip


class ConvertToBill(Convert):
    """The bill that is made of what is not billed yet."""

    number: str | None = Field(default=None, description="The vendor's number of the bill; needed")
    reference: str | None = Field(default=None, description="The caller's key; the order's when absent")
    issue_date: Date | None = Field(default=None, description="Today when absent")
    due_date: Date | None = Field(default=None, description="From the terms when absent")


ACTIONS = verbs(
    "/purchaseorders",
    verb("issue", "status/open", "Issues a draft to the vendor, silently.", "draft", "cancelled"),
    verb("cancel", "status/cancelled", "Cancels the order.", "draft", "authorised"),
    verb("submit", "submit", "Hands a draft in for approval.", "draft", "rejected"),
    verb("approve", "approve", "Approves what was submitted.", "submitted"),
    verb("reject", "reject", "Sends what was submitted back.", "submitted"),
    verb("mark-billed", "status/billed", "Only marks the order as billed.", "authorised"),
    verb("convert", "", "Makes a bill of what is not billed yet.", fields=ConvertToBill, creates=(Bill,)),
    mail("email", "email", "Mails the order to the vendor.", "draft", "authorised", "billed"),
)


class PurchaseOrders(Documents):
    """Made from sales orders, turned into bills."""

    def prepare(self, draft: Draft) -> Flow[None]:
        if draft.when is When.CREATE:
            given = draft.body.get("sources") or []
            if len(given) > 1:
                detail = "a purchase order has one sales order as its source"
                raise Rejected(FieldError("unsupported_field", "/sources/1", detail))
            found = yield from documents_named(given, {"sales_order": SALES_ORDERS}, "a purchase order")
            if found:
                draft.native["salesorder_id"] = found[0]
                draft.body = {**draft.body, "sources": [{"type": "sales_order", "id": found[0]}]}
        yield from super().prepare(draft)

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action == "convert":
            return (yield from self._convert(id, body, ctx))
        return (yield from super().act(action, id, body, ctx))

    def _convert(self, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        """Zoho drafts the bill of what is left; it is posted as drafted, under the vendor's number."""
        at = self.at(id)
        errors: list[FieldError] = []
        if body["to"] != "bill":
            errors.append(FieldError("enum_value", "/to", "a purchase order becomes a bill", ("bill",)))
        if not body.get("number"):
            errors.append(FieldError("required", "/number", "a bill carries the vendor's number"))
        if errors:
            raise Rejected(*errors)
        query = merged_query((("purchaseorder_ids", at.rpartition("/")[2]),), ctx)
        reply = yield Request(
            "GET", "/bills/editpage/frompurchaseorders", query, step="draft the bill of what is left"
        )
        draft = get_path(reply.body, "bill")
        lines = get_path(draft, "line_items")
        if not isinstance(lines, list) or not lines:
            raise Conflict("invalid_transition", "nothing of the purchase order is left to bill")
        sent = {name: draft[name] for name in _DRAFTED if draft.get(name) not in (None, "", [])}
        sent |= {
            "purchaseorder_ids": [id],
            "bill_number": body["number"],
            "date": DATE.write(body.get("issue_date") or ctx.today),
            "line_items": [
                {name: each[name] for name in _LINE if each.get(name) not in (None, "", [])} for each in lines
            ],
        }
        if body.get("due_date") is not None:
            sent["due_date"] = DATE.write(body["due_date"])
        if body.get("reference") is not None:
            sent["reference_number"] = body["reference"]
        made = yield Request("POST", "/bills", (), sent, step="create the bill")
        answer = bills.RESOURCE.read(bills.RESOURCE.unwrap(made), ctx)
        answer.outcome, answer.model = "created", Bill
        return answer


_DRAFTED = (
    "vendor_id", "reference_number", "payment_terms", "payment_terms_label", "currency_id", "exchange_rate",
    "is_inclusive_tax", "discount", "discount_type", "is_discount_before_tax", "adjustment",
    "adjustment_description", "location_id", "notes", "terms",
)  # fmt: skip
_LINE = (
    "purchaseorder_item_id", "item_id", "line_item_category", "name", "description", "account_id", "rate",
    "quantity", "unit", "discount", "tax_id", "project_id", "customer_id", "is_billable", "item_order", "tags",
)  # fmt: skip

RESOURCE = PurchaseOrders(
    name="purchase_orders",
    path="/purchaseorders",
    one="purchaseorder",
    many="purchaseorders",
    table=TABLE,
    kind=document_writes.Kind(
        path="/purchaseorders", side="vendor", entity="purchaseorder", addresses=("billing",),
        reckoned=Reckoned(party="vendor_id"), texts=("discount",), letter=True,
    ),
    ids=IDS,
    actions=ACTIONS,
    own=numbered(LOOKUP),
    scopes=scopes("purchaseorders"),
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/purchaseorders/{id}",
    statuses={"draft": None, "authorised": "issue"},
    default_status="draft",
    expansions={"line_items": "purchase_orders", "attachments": "purchase_orders", "contact": "contacts"},
    pdf=printer("/purchaseorders", "purchase order"),
    definitions=definitions("purchaseorder"),
)  # fmt: skip
