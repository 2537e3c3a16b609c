"""Credits from vendors: applied to bills, refunded, closed when nothing is left."""

from .bill_settlement import CREDITS
from .call import Answer, Call, Refused, Row, done, in_use
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
    row_columns,
    tax_sums,
    with_status,
)
from .documents import DEFAULTS, READERS, Kind, filters, has_status, party_name, prepare, sorts
from .fields import one_id
from .invoice_lines import buying
from .ledger import PAYABLE, Ledger
from .listing import Listing
from .money import ZERO
from .postings import SOURCES, Source
from .projection import Columns, blank
from .purchase_postings import vendor_credit_entries
from .refunding import Refunds
from .resource import Messages, Resource, Route, body_of

UNKNOWN = "Vendor Credit does not exist."
KIND = Kind(
    table="vendorcredits",
    key="vendor_credit_id",
    number="vendor_credit_number",
    noun="vendor credit",
    party="vendor_id",
    pattern="DN-{:05d}",
    side=buying("project_id", "header_name"),
    discount_type="entity_level",
    settled=lambda credit: bool(credit["applied"] or credit["refunds"]),
)


def status(ledger: Ledger, credit: Row) -> str:
    """Stored are draft, open, void and the steps of approval; an open one with nothing left is closed."""
    stored: str = credit["status"]
    return "closed" if stored == "open" and credit["balance"] <= 0 < credit["total"] else stored


BOTH = row_columns(KIND, "vendor_credit_number", "exchange_rate", "balance").with_more(with_status(status))


def _columns(ledger: Ledger, credit: Row) -> Row:
    found = custom_row("vendor_credit")(ledger, credit)
    return {key: value for key, value in found.items() if key.startswith("cf_")}


ROW = BOTH.with_more(Columns(made={"has_attachment": has_file(KIND)}, spread=(_columns,)))


def bills_credited(ledger: Ledger, credit: Row) -> list[Row]:
    bills = ledger.tables["bills"].rows
    return [
        {
            "vendor_credit_id": credit["vendor_credit_id"],
            "vendor_credit_bill_id": share["vendor_credit_bill_id"],
            "bill_id": share["bill_id"],
            "bill_number": bills[share["bill_id"]]["bill_number"],
            "date": share["on"],
            "amount": share["amount_applied"],
        }
        for share in credit["applied"]
    ]


def _rest(ledger: Ledger, credit: Row) -> Row:
    return {
        "total_credits_used": sum((share["amount_applied"] for share in credit["applied"]), ZERO),
        "total_refunded_amount": sum((refund["amount"] for refund in credit["refunds"]), ZERO),
        "bills_credited": bills_credited(ledger, credit),
        "vendor_credit_refunds": [REFUNDS.row(ledger, credit, refund) for refund in credit["refunds"]],
        "comments": list(ledger.comments.get(credit["vendor_credit_id"], [])),
        "billing_address_id": credit["billing_address"].get("address_id", ""),
        "account_id": ledger.id(PAYABLE),
        "account_name": ledger.account_name(ledger.id(PAYABLE)),
        "last_modified_by_id": credit.get("last_modified_by_id") or credit.get("created_by_id", ""),
    }


DETAIL = BOTH.with_more(detail_columns(KIND, "000000031019")).with_more(
    Columns(
        stored={"bill_id": "", "discount_total": ZERO},
        constants=blank("subject_content", "pricebook_id"),
        made={
            "line_items": line_items(KIND, lambda ledger, credit, line: {"image_document_id": ""}),
            "taxes": tax_sums(ids=True),
        },
        spread=(discounts, files(KIND), _rest, custom_detail("vendor_credit")),
    )
)


def _complete(ledger: Ledger, credit: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        credit["status"] = (
            "draft" if body.get("status") == "draft" or body.get("is_draft") is True else "open"
        )
        if call.get("bill_id"):
            bill = ledger.must("bills", one_id(call.get("bill_id"), "bill_id"), "Bill does not exist.")
            CREDITS.find(ledger, credit, bill["bill_id"])
            credit["bill_id"] = bill["bill_id"]
    elif credit["status"] == "void":
        raise Refused(1007, "Void vendor credits cannot be edited.")
    credit["balance"] = CREDITS.unused(credit)
    if credit["balance"] < 0:
        raise Refused(1007, "The total cannot be less than the credit already used.")


def _stored(ledger: Ledger, credit: Row, before: Row | None) -> None:
    """A credit made for a bill settles as much of it as both have."""
    bill = ledger.tables["bills"].get(credit.get("bill_id", ""))
    if before is not None or bill is None or credit["status"] != "open":
        return
    amount = min(bill["balance"], credit["balance"])
    if amount > 0 and bill["status"] not in ("void", "draft", "pending_approval", "rejected"):
        CREDITS.add(ledger, credit, bill, amount)


def _deletable(ledger: Ledger, credit: Row) -> None:
    if credit["applied"] or credit["refunds"]:
        raise in_use("Vendor credits which have been applied or refunded cannot be deleted.")


def _removed(ledger: Ledger, credit: Row) -> None:
    ledger.comments.pop(credit["vendor_credit_id"], None)
    ledger.attachments.pop(credit["vendor_credit_id"], None)


RESOURCE = Resource(
    path="/vendorcredits",
    table="vendorcredits",
    item_key="vendor_credit",
    area="debitnotes",
    entity="vendor_credit",
    listing=Listing(
        table="vendorcredits",
        list_key="vendor_credits",
        report_name="Vendor Credits",
        columns=ROW,
        sorts=sorts(
            KIND,
            "vendor_credit_number",
            "balance",
            "total",
            "date",
            "created_time",
            "last_modified_time",
            "reference_number",
        ),
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters={
            **filters(
                KIND,
                lambda ledger, credit: (status(ledger, credit),),
                "reference_number",
                "customer_name",
                "item_id",
                "item_name",
                "item_description",
                "line_item_id",
                "tax_id",
                "notes",
                "custom_field",
                "total",
                "date",
            ),
            "customer_id": filters(KIND, lambda ledger, credit: (), "vendor_id")["vendor_id"],
        },
        filter_by=has_status(
            status, Open="open", Draft="draft", Closed="closed", Void="void", Pending="pending_approval"
        ),
        search=("vendor_credit_number", "reference_number", party_name(KIND)),
        context=page_context("vendor_credit"),
        depends=("contacts",),
    ),
    detail=DETAIL,
    readers=READERS,
    required=("vendor_id", "line_items"),
    defaults={**DEFAULTS, "status": "open", "applied": [], "refunds": [], "bill_ids": [], "bill_id": ""},
    messages=Messages(
        unknown=UNKNOWN,
        created="Vendor credit has been created.",
        updated="Vendor credit information has been updated.",
        deleted="The vendor credit has been deleted.",
    ),
    prepare=prepare(KIND, _complete),
    stored=_stored,
    blocks_delete=_deletable,
    removed=_removed,
    has_tags=True,
)
DESK = Desk(RESOURCE, "Vendor credit", "vendor_credit_number", "vendor_id")
REFUNDS = Refunds(
    resource=RESOURCE,
    settlement=CREDITS,
    party="vendor_id",
    number="vendor_credit_number",
    account="account_id",
    item_key="vendor_credit_refund",
    owner_key="vendor_credit_id",
    report_name="Vendor Credits Refund",
    created="The refund information for this vendor credit has been saved.",
    updated="The refund information has been saved.",
    deleted="The refund has been successfully deleted.",
    has_all=True,
)


def _open(ledger: Ledger, credit: Row) -> None:
    if credit["status"] not in ("draft", "approved", "void"):
        raise DESK.refuse(credit, "Vendor credit {} cannot be marked as open.")
    credit["status"] = "open"


def _void(ledger: Ledger, credit: Row) -> None:
    if credit["applied"] or credit["refunds"] or credit["status"] not in ("draft", "open", "approved"):
        raise DESK.refuse(credit, "Vendor credit {} cannot be voided.")
    credit["status"] = "void"


def _submit(ledger: Ledger, credit: Row) -> None:
    if credit["status"] not in ("draft", "rejected"):
        raise DESK.refuse(credit, "Only draft vendor credits can be submitted for approval.")
    credit["status"] = "pending_approval"


def _approve(ledger: Ledger, credit: Row) -> None:
    if credit["status"] != "pending_approval":
        raise DESK.refuse(credit, "Vendor credit {} is not waiting for approval.")
    credit["status"] = "approved"


CHANGES = {"open": _open, "void": _void, "submit": _submit, "approve": _approve}


def _bills(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return done(bills_credited=bills_credited(ledger, RESOURCE.find(ledger, ids[0])))


def _apply(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Adds to what is applied; what was applied before stays."""
    credit, body = RESOURCE.find(ledger, ids[0]), body_of(call)
    if credit["status"] != "open":
        raise DESK.refuse(credit, "Vendor credit {} is not open.")
    CREDITS.add_all(ledger, credit, body.get("bills"), "bills")
    return done("Credits have been applied to the bill(s).", bills=[])


def _unapply(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    credit = RESOURCE.find(ledger, ids[0])
    left = [share for share in credit["applied"] if share["vendor_credit_bill_id"] != ids[1]]
    if len(left) == len(credit["applied"]):
        raise Refused(1002, "Bill does not exist.", 404)
    credit["last_modified_time"] = ledger.now()
    CREDITS.put(ledger, credit, left)
    return done("Credits applied to the bill have been deleted.")


_ALL = "/vendorcredits/{}/bills"
SOURCES["vendorcredits"] = Source("vendor_credit", "vendor_credit_number", "vendor_id", vendor_credit_entries)
ROUTES = (
    *RESOURCE.routes(),
    *DESK.paper(""),
    DESK.action("status/open", _open, "The status of the vendor credit has been changed to open."),
    DESK.action("status/void", _void, "The vendor credit has been voided."),
    DESK.action("submit", _submit, "The vendor credit has been submitted for approval successfully."),
    DESK.action("approve", _approve, "You have approved the vendor credit."),
    Route("GET", _ALL, "debitnotes.READ", _bills),
    Route("POST", _ALL, "debitnotes.CREATE", _apply),
    Route("DELETE", f"{_ALL}/{{}}", "debitnotes.DELETE", _unapply),
    *REFUNDS.routes(),
    *DESK.comments(methods="GET POST DELETE"),
)
