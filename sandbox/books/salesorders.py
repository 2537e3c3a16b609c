"""Sales orders: confirmed or voided, invoiced in one or several steps."""

from collections.abc import Callable

from .call import Call, Row, in_use, invalid
from .customfields import page_context
from .document_actions import Desk
from .documents import DEFAULTS, READERS, Kind, filters, party_name, prepare, sorts
from .estimates import COLUMNS, SELLER, approve, submit
from .fields import day, integer, one_id, ref, text
from .ledger import Ledger
from .listing import Filter, Listing
from .resource import Messages, Resource, Route
from .salesorder_views import DETAIL, ROW, states, status, words
from .sources import invoices

KIND = Kind("salesorders", "salesorder_id", "salesorder_number", "sales order", pattern="SO-{:05d}")


def _more(ledger: Ledger, order: Row, body: Row, call: Call, is_new: bool) -> None:
    if not is_new and order["status"] == "void":
        raise DESK.refuse(order, "Void sales orders cannot be edited.")
    if order["shipment_date"] and order["shipment_date"] < order["date"]:
        raise invalid("shipment_date")
    if "payment_terms" not in order:
        order["payment_terms"] = ledger.contacts.rows[order["customer_id"]]["payment_terms"]
    if not 0 <= order["payment_terms"] < 10_000:
        raise invalid("payment_terms")
    for kind in ("billing", "shipping"):
        given = one_id(body.get(f"{kind}_address_id") or "", f"{kind}_address_id")
        if given:
            order[f"{kind}_address"] = dict(_address(ledger, order, given, f"{kind}_address_id"))


def _address(ledger: Ledger, order: Row, key: str, name: str) -> Row:
    contact = ledger.contacts.rows[order["customer_id"]]
    for address in (contact["billing_address"], contact["shipping_address"], *contact["addresses"]):
        if address["address_id"] == key:
            return address
    raise invalid(name)


def mark_open(ledger: Ledger, order: Row) -> None:
    if order["status"] in ("pending_approval", "rejected"):
        raise DESK.refuse(order, "Sales order {} waits for approval.")
    order["status"] = "open"


def _mailed(ledger: Ledger, order: Row) -> None:
    """Sending a draft confirms it."""
    if order["status"] == "void":
        raise DESK.refuse(order, "Sales order {} is void and cannot be sent.")
    mark_open(ledger, order)


def _void(ledger: Ledger, order: Row) -> None:
    if invoices(ledger, order["salesorder_id"], "salesorder_id"):
        raise DESK.refuse(order, "Sales order {} has invoices and cannot be marked as void.")
    order["status"] = "void"


def _deletable(ledger: Ledger, order: Row) -> None:
    if invoices(ledger, order["salesorder_id"], "salesorder_id"):
        raise in_use("Sales orders from which invoices were made cannot be deleted.")


def _removed(ledger: Ledger, order: Row) -> None:
    ledger.drop_history(order["salesorder_id"])


def _is(*wanted: str) -> Callable[[Ledger, Row], bool]:
    return lambda ledger, order: status(ledger, order) in wanted


def _state(name: str, word: str) -> Callable[[Ledger, Row], bool]:
    return lambda ledger, order: states(ledger, order)[name] == word


RESOURCE = Resource(
    path="/salesorders",
    table="salesorders",
    item_key="salesorder",
    area="salesorders",
    entity="salesorder",
    listing=Listing(
        table="salesorders",
        list_key="salesorders",
        report_name="Sales Orders",
        columns=ROW,
        sorts=sorts(
            KIND, "salesorder_number", "shipment_date", "last_modified_time", "reference_number", "total", "date",
            "created_time",
        ),
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters={
            **filters(KIND, words, *COLUMNS, "reference_number", "created_date"),
            "shipment_date": Filter("day", "shipment_date"),
            "salesperson_id": Filter("exact", "salesperson_id"),
        },
        filter_by={
            "Open": _is("open", "overdue"),
            "Draft": _is("draft"),
            "OverDue": _is("overdue"),
            "PartiallyInvoiced": _is("partially_invoiced"),
            "Invoiced": _is("invoiced"),
            "Void": _is("void"),
            "Closed": _state("order_status", "closed"),
            "Confirmed": _state("order_status", "open"),
            "Pending": _is("pending_approval"),
            "Approved": _is("approved"),
            "ToBeInvoiced": _state("invoiced_status", "not_invoiced"),
        },
        search=("salesorder_number", "reference_number", party_name(KIND)),
        context=page_context("salesorder"),
        depends=("contacts", "invoices"),
    ),
    detail=DETAIL,
    readers={
        **READERS,
        **SELLER,
        "shipment_date": day,
        "delivery_method": text(100),
        "payment_terms": integer,
        "payment_terms_label": text(100),
        "estimate_id": ref("estimates", "Estimate does not exist."),
    },
    required=("customer_id", "line_items"),
    defaults={**DEFAULTS, "status": "draft", "terms": "", "shipment_date": ""},
    messages=Messages(
        unknown="Sales Order does not exist.",
        created="Sales Order Created Successfully.",
        updated="Sales Order Updated Successfully.",
        deleted="Sales Order Deleted Successfully.",
    ),
    prepare=prepare(KIND, _more),
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
)  # fmt: skip
DESK = Desk(RESOURCE, "Sales Order", "salesorder_number")
ROUTES = (
    *RESOURCE.routes(),
    *DESK.paper("salesorder_ids"),
    DESK.action("status/open", mark_open, "Sales order status has been changed to Open."),
    DESK.action("status/void", _void, "Sales order status has been changed to Void."),
    DESK.action("submit", submit, "The Sales Order has been successfully submitted for approval."),
    DESK.action("approve", approve, "You have approved the Sales Order."),
    *DESK.mail(_mailed, "Your Sales Order has been sent.", wrapped=True),
    *DESK.comments(),
    *DESK.addresses(),
    *DESK.templates("Sales Order Updated Successfully."),
    Route("PUT", "/salesorder/{}/customfields", "salesorders.UPDATE", RESOURCE.set_custom_fields),
)
