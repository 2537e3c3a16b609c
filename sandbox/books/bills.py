"""Bills: what a body may say, the list, how they follow purchase orders."""

from . import order_billing
from .bill_settlement import settle
from .bill_status import is_unpaid, status, words
from .bill_views import DETAIL, KIND, ROW
from .call import Answer, Call, Refused, Row, in_use, missing
from .customfields import page_context
from .documents import DEFAULTS, READERS, TERMS, filters, has_status, party_name, prepare, set_terms, sorts
from .fields import boolean, one_id, text
from .ledger import Ledger
from .listing import Filter, Listing
from .money import ZERO
from .postings import SOURCES, Source
from .purchase_postings import bill_entries
from .resource import Messages, Resource, Route

UNKNOWN = "Bill does not exist."


def _complete(ledger: Ledger, bill: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        bill["status"] = "draft" if body.get("status") == "draft" or body.get("is_draft") is True else "open"
    elif bill["status"] == "void":
        raise Refused(1007, "Void bills cannot be edited.")
    if not bill["bill_number"]:
        raise missing("bill_number")
    set_terms(ledger, KIND, bill, body, is_new)
    _set_customers(ledger, bill, body)
    if is_new or not body.keys().isdisjoint(("purchaseorder_ids", "line_items", "vendor_id")):
        given = body.get("purchaseorder_ids", [] if is_new else bill.get("purchaseorder_ids"))
        bill["purchaseorder_ids"] = order_billing.read(ledger, bill, given)
    bill["last_modified_by"] = ledger.user["name"]
    settle(bill)
    if bill["balance"] < 0:
        raise Refused(1007, "The bill total cannot be less than the amount already paid.")


def _set_customers(ledger: Ledger, bill: Row, body: Row) -> None:
    """Lines bought for a customer, and whether they are going to be charged."""
    entries = body.get("line_items")
    if not isinstance(entries, list):
        return
    for line, entry in zip(bill["line_items"], entries, strict=True):
        if "customer_id" in entry:
            given = one_id(entry["customer_id"] or "", "customer_id")
            if given:
                ledger.must("contacts", given, "Customer does not exist.")
            line["customer_id"] = given
        if "is_billable" in entry:
            line["is_billable"] = boolean(ledger, entry["is_billable"], "is_billable")


def _stored(ledger: Ledger, bill: Row, before: Row | None) -> None:
    follow(ledger, bill, before or {})


def follow(ledger: Ledger, bill: Row, before: Row) -> None:
    """Lets the purchase orders of a bill, and those it had before, count what is billed."""
    for key in dict.fromkeys((*before.get("purchaseorder_ids", ()), *bill["purchaseorder_ids"])):
        order_billing.refresh(ledger, ledger.tables["purchaseorders"].rows[key])


def _deletable(ledger: Ledger, bill: Row) -> None:
    if bill["payment_made"] or bill["vendor_credits_applied"]:
        raise in_use("Bills which have payments or credits applied cannot be deleted.")


def _removed(ledger: Ledger, bill: Row) -> None:
    ledger.comments.pop(bill["bill_id"], None)
    ledger.attachments.pop(bill["bill_id"], None)
    follow(ledger, bill, {})


def _create(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    answer = RESOURCE.create(ledger, call, ids)
    key = answer.headers["Location"].rpartition("/")[2]
    ledger.comment(key, "Bill created.", operation_type="Added")
    return answer


def _update(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    answer = RESOURCE.update(ledger, call, ids)
    ledger.comment(ids[0], "Bill updated.")
    return answer


RESOURCE = Resource(
    path="/bills",
    table="bills",
    item_key="bill",
    area="bills",
    entity="bill",
    listing=Listing(
        table="bills",
        list_key="bills",
        report_name="Bills",
        columns=ROW,
        sorts=sorts(
            KIND, "bill_number", "date", "due_date", "total", "balance", "created_time", "last_modified_time"
        ),
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters={
            **filters(
                KIND,
                words,
                "reference_number",
                "vendor_name",
                "vendor_id",
                "item_id",
                "item_name",
                "item_description",
                "description",
                "project_id",
                "total",
                "date",
                "due_date",
                "created_date",
            ),
            "customer_id": Filter(
                "member", lambda ledger, bill: [line.get("customer_id", "") for line in bill["line_items"]]
            ),
            "purchaseorder_id": Filter("member", "purchaseorder_ids"),
        },
        filter_by={
            **has_status(
                status,
                Open="open",
                Draft="draft",
                Overdue="overdue",
                Paid="paid",
                Void="void",
                PartiallyPaid="partially_paid",
                Pending="pending_approval",
                Approved="approved",
                Rejected="rejected",
            ),
            "Unpaid": lambda ledger, bill: is_unpaid(bill),
            "Bills": lambda ledger, bill: True,
        },
        search=("bill_number", "reference_number", party_name(KIND)),
        context=page_context("bill"),
        depends=("contacts",),
    ),
    detail=DETAIL,
    readers={
        **READERS,
        **TERMS,
        "bill_number": text(100),
    },
    required=("vendor_id", "bill_number", "line_items"),
    defaults={
        **DEFAULTS,
        "status": "open",
        "payment_made": ZERO,
        "vendor_credits_applied": ZERO,
        "tax_amount_withheld": ZERO,
        "purchaseorder_ids": [],
    },
    messages=Messages(
        unknown=UNKNOWN,
        created="The bill has been created.",
        updated="Bill information has been updated.",
        deleted="The bill has been deleted.",
    ),
    prepare=prepare(KIND, _complete),
    stored=_stored,
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
    upserts=True,
    extra=(
        Route("POST", "/bills", "bills.CREATE", _create),
        Route("PUT", "/bills/{}", "bills.UPDATE", _update),
    ),
)
SOURCES["bills"] = Source("bill", "bill_number", "vendor_id", bill_entries)
ROUTES = (
    *RESOURCE.routes(),
    Route("PUT", "/bill/{}/customfields", "bills.UPDATE", RESOURCE.set_custom_fields),
)
