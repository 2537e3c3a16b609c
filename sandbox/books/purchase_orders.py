"""Purchase orders: what a body may say, what rows and details show, the list and the actions."""

from . import order_billing
from .call import Answer, Call, Refused, Row, in_use
from .customfields import detail as custom_detail
from .customfields import page_context
from .customfields import row as custom_row
from .document_actions import Desk
from .document_views import (
    detail_columns,
    discounts,
    files,
    has_file,
    line_items,
    non_catalog,
    row_columns,
    tax_sums,
    terms,
    with_status,
)
from .documents import (
    DEFAULTS,
    READERS,
    TERMS,
    Kind,
    filters,
    has_status,
    party,
    party_name,
    prepare,
    set_terms,
    sorts,
)
from .fields import day, ref, text
from .invoice_lines import buying
from .ledger import Ledger
from .listing import Listing
from .money import ZERO
from .order_billing import STORED, UNKNOWN, billed_status, bills_of, order_status, status
from .projection import Columns, blank
from .resource import Messages, Resource, Route

KIND = Kind(
    table="purchaseorders",
    key="purchaseorder_id",
    number="purchaseorder_number",
    noun="purchase order",
    party="vendor_id",
    pattern="PO-{:05d}",
    side=buying("project_id", "header_name", "salesorder_item_id"),
    discount_type="entity_level",
)


def _parallel(ledger: Ledger, order: Row) -> Row:
    """The words beside the status; drafts show those of billing and receiving in lists only."""
    is_known = order["status"] not in ("draft", "pending_approval", "rejected")
    return {
        "order_status": order_status(order),
        "billed_status": billed_status(order) if is_known else "",
        "received_status": "to_be_received" if is_known else "",
    }


def _of_items(order: Row) -> list[Row]:
    return [line for line in order["line_items"] if line["category"] != "header" and line["item_id"]]


def _quantity(ledger: Ledger, order: Row) -> object:
    return sum((line["quantity"] for line in _of_items(order)), ZERO)


BOTH = row_columns(KIND, "purchaseorder_number", "delivery_date", "expected_delivery_date").with_more(
    Columns(constants={"is_po_marked_as_received": False}, spread=(_parallel,)).with_more(with_status(status))
)


def _row(ledger: Ledger, order: Row) -> Row:
    found = custom_row("purchaseorder")(ledger, order)
    return {
        "company_name": party(ledger, KIND, order).get("company_name", ""),
        "billed_status": billed_status(order),
        "received_status": "to_be_received",
        **{key: value for key, value in found.items() if key.startswith("cf_")},
    }


ROW = BOTH.with_more(
    Columns(
        constants={
            **blank("delivery_days", "due_by_days", "due_in_days", "price_precision"),
            "quantity_marked_as_received": 0,
            "receives": [],
        },
        made={"has_attachment": has_file(KIND), "quantity_yet_to_receive": _quantity},
        spread=(_row,),
    )
)


def _line(ledger: Ledger, order: Row, line: Row) -> Row:
    return {
        **blank("salesorder_item_id", "header_id", "header_name", "image_name", "image_type"),
        "image_document_id": "",
        "is_receivable": bool(line["item_id"]),
        "quantity_marked_as_received": 0,
        "quantity_cancelled": 0,
        "quantity_billed": line.get("quantity_billed", ZERO),
        "purchase_request_items": [],
    }


def _bills(ledger: Ledger, order: Row) -> list[Row]:
    keys = ("bill_id", "bill_number", "date", "due_date", "total", "balance", "status")
    return [{key: bill[key] for key in keys} for bill in bills_of(ledger, order)]


def _rest(ledger: Ledger, order: Row) -> Row:
    profile = ledger.profile
    known = order.get("delivery_customer_id", "")
    own = {"address": profile.street, "city": profile.city, "state": profile.state, "zip": profile.zip_code}
    to = ledger.contacts.rows[known]["shipping_address"] if known else own
    is_open = order["status"] not in STORED
    return {
        "delivery_address": {
            **{part: to.get(part, "") for part in ("address", "city", "state", "zip", "phone")},
            "country": to.get("country", profile.country),
            "address1": to.get("address", ""),
            "address2": to.get("street2", ""),
            "organization_address_id": "",
        },
        "billing_address_id": order["billing_address"].get("address_id", ""),
        "can_mark_as_bill": is_open and billed_status(order) != "billed",
        "can_mark_as_unbill": order["status"] == "billed",
        "bills": _bills(ledger, order),
    }


DETAIL = BOTH.with_more(detail_columns(KIND, "000000017007")).with_more(
    Columns(
        stored={
            "is_emailed": False,
            "discount_total": ZERO,
            "ship_via": "",
            "attention": "",
            "delivery_customer_id": "",
        },
        constants={
            **blank("ship_via_id", "delivery_org_address_id", "delivery_customer_address_id"),
            "is_adv_tracking_in_receive": True,
            "has_qty_cancelled": False,
            "salesorders": [],
            "advances": [],
        },
        made={
            "line_items": line_items(KIND, _line),
            "taxes": tax_sums(ids=True),
            "non_catalog_items_count": non_catalog,
            "total_quantity": _quantity,
        },
        spread=(discounts, terms, files(KIND), _rest, custom_detail("purchaseorder")),
    )
)


def _complete(ledger: Ledger, order: Row, body: Row, call: Call, is_new: bool) -> None:
    if not is_new and order["status"] == "cancelled":
        raise Refused(1007, "Cancelled purchase orders cannot be edited.")
    set_terms(ledger, KIND, order, body, is_new)
    for name in ("delivery_date", "expected_delivery_date"):
        if order.get(name) and order[name] < order["date"]:
            raise Refused(1007, "The delivery date cannot be before the date of the purchase order.")
    if not is_new:
        kept = {line["line_item_id"] for line in order["line_items"]}
        named = {
            line.get("purchaseorder_item_id")
            for bill in bills_of(ledger, order)
            for line in bill["line_items"]
        }
        before = {
            line["line_item_id"]
            for line in ledger.tables["purchaseorders"].rows[order[KIND.key]]["line_items"]
        }
        if named & (before - kept):
            raise Refused(1007, "Lines that are billed cannot be removed.")


def _deletable(ledger: Ledger, order: Row) -> None:
    if ledger.tables["bills"].has_linked("purchaseorder_ids", order["purchaseorder_id"]):
        raise in_use("Purchase orders which have bills cannot be deleted.")


def _removed(ledger: Ledger, order: Row) -> None:
    ledger.comments.pop(order["purchaseorder_id"], None)
    ledger.attachments.pop(order["purchaseorder_id"], None)


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """As observed, the order asked for counts for nothing while sorting by time of creation."""
    if call.get("sort_column") in ("", "created_time"):
        query = tuple(pair for pair in call.query if pair[0] != "sort_order")
        call = Call(call.method, call.path, query, call.headers, call.body, user=call.user)
    return RESOURCE.listing.answer(ledger, call)


RESOURCE = Resource(
    path="/purchaseorders",
    table="purchaseorders",
    item_key="purchaseorder",
    area="purchaseorders",
    entity="purchaseorder",
    listing=Listing(
        table="purchaseorders",
        list_key="purchaseorders",
        report_name="Purchase Orders",
        columns=ROW,
        sorts=sorts(
            KIND,
            "purchaseorder_number",
            "date",
            "delivery_date",
            "expected_delivery_date",
            "total",
            "created_time",
            "last_modified_time",
        ),
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters=filters(
            KIND,
            lambda ledger, order: _words(ledger, order),
            "reference_number",
            "vendor_name",
            "vendor_id",
            "item_id",
            "item_name",
            "item_description",
            "custom_field",
            "total",
            "date",
            "created_date",
        ),
        filter_by={
            **has_status(
                status,
                Draft="draft",
                Issued="issued",
                Billed="billed",
                PartiallyBilled="partially_billed",
                Cancelled="cancelled",
                Pending="pending_approval",
                Approved="approved",
            ),
            "Open": lambda ledger, order: order["status"] == "open",
            "Closed": lambda ledger, order: order_status(order) == "closed",
        },
        search=("purchaseorder_number", "reference_number", party_name(KIND)),
        context=page_context("purchaseorder"),
        depends=("contacts", "bills"),
    ),
    detail=DETAIL,
    readers={
        **READERS,
        **TERMS,
        "delivery_date": day,
        "expected_delivery_date": day,
        "ship_via": text(100),
        "attention": text(100),
        "delivery_customer_id": ref("contacts", "Customer does not exist."),
    },
    required=("vendor_id", "line_items"),
    defaults={**DEFAULTS, "status": "draft", "delivery_date": "", "expected_delivery_date": ""},
    messages=Messages(
        unknown=UNKNOWN,
        created="Purchase Order has been added.",
        updated="Purchase Order has been updated.",
        deleted="The purchase order has been deleted.",
    ),
    prepare=prepare(KIND, _complete),
    stored=lambda ledger, order, before: None if before is None else order_billing.refresh(ledger, order),
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
)


def _words(ledger: Ledger, order: Row) -> tuple[str, ...]:
    """The words `status=` finds it by: "open" is any issued order that is not billed whole."""
    word = status(ledger, order)
    return (word, "open") if word in ("issued", "partially_billed") else (word,)


DESK = Desk(RESOURCE, "Purchase order", "purchaseorder_number", "vendor_id")


def _open(ledger: Ledger, order: Row) -> None:
    if order["status"] in ("pending_approval", "rejected"):
        raise DESK.refuse(order, "Purchase order {} cannot be marked as open.")
    order["status"] = "open"


def _billed(ledger: Ledger, order: Row) -> None:
    if order["status"] not in ("open", "billed"):
        raise DESK.refuse(order, "Only issued purchase orders can be marked as billed.")
    order["status"] = "billed"


def _cancel(ledger: Ledger, order: Row) -> None:
    if order["status"] in ("billed", "pending_approval") or bills_of(ledger, order):
        raise DESK.refuse(order, "Purchase order {} cannot be cancelled.")
    order["status"] = "cancelled"


def _submit(ledger: Ledger, order: Row) -> None:
    if order["status"] not in ("draft", "rejected"):
        raise DESK.refuse(order, "Only draft purchase orders can be submitted for approval.")
    order["status"] = "pending_approval"


def _decide(word: str):
    def change(ledger: Ledger, order: Row) -> None:
        if order["status"] != "pending_approval":
            raise DESK.refuse(order, "Purchase order {} is not waiting for approval.")
        order["status"] = word

    return change


def _mailed(ledger: Ledger, order: Row) -> None:
    if order["status"] in ("cancelled", "pending_approval", "rejected"):
        raise DESK.refuse(order, "Purchase order {} cannot be sent by email.")
    if order["status"] in ("draft", "approved"):
        order["status"] = "open"


CHANGES = {"open": _open, "billed": _billed, "cancel": _cancel, "submit": _submit, "email": _mailed}
_REJECT = DESK.action("reject", _decide("rejected"), "You have rejected the Purchase order successfully.")
ROUTES = (
    *RESOURCE.routes(),
    Route("GET", "/purchaseorders", "purchaseorders.READ", _list),
    Route("PUT", "/purchaseorder/{}/customfields", "purchaseorders.UPDATE", RESOURCE.set_custom_fields),
    *DESK.paper(""),
    DESK.action("status/open", _open, "The purchase order has been marked as open."),
    DESK.action("status/billed", _billed, "The purchase order has been marked as billed."),
    DESK.action("status/cancelled", _cancel, "The purchase order has been cancelled."),
    DESK.action("submit", _submit, "The purchase order has been successfully submitted for approval."),
    DESK.action("approve", _decide("approved"), "You have approved the Purchase Order."),
    Route(_REJECT.method, _REJECT.pattern, "purchaseorders.UPDATE", _REJECT.handle),
    *DESK.mail(_mailed, "Your purchase order has been sent."),
    *DESK.addresses("billing", message="{} address updated."),
    *DESK.templates("Purchase Order has been updated."),
    *DESK.comments(),
)
