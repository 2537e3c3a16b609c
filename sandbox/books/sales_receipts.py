"""Sales receipts: goods handed over and paid for at once."""

from .call import Answer, Call, Row, done, missing
from .customfields import page_context
from .document_actions import Desk
from .documents import DEFAULTS, READERS, Kind, filters, party_name, prepare, sorts
from .estimate_views import AMOUNTS, line
from .fields import ref, text
from .ledger import UNDEPOSITED, Ledger
from .listing import Listing
from .money import ZERO
from .postings import SOURCES, Entry, Source, invoice_entries
from .projection import Columns, documents
from .resource import Messages, Resource, Route, body_of

KIND = Kind("salesreceipts", "sales_receipt_id", "receipt_number", "sales receipt", pattern="SR-{:05d}")


def _names(ledger: Ledger, receipt: Row) -> Row:
    currency = ledger.currency(receipt["currency_id"])
    return {
        "customer_name": ledger.contacts.rows[receipt["customer_id"]]["contact_name"],
        "currency_code": currency["currency_code"],
        "currency_symbol": currency["currency_symbol"],
    }


BOTH = Columns(
    stored={
        "sales_receipt_id": "",
        "receipt_number": "",
        "date": "",
        "status": "draft",
        "payment_mode": "",
        "customer_id": "",
        "currency_id": "",
        "exchange_rate": ZERO,
        "tags": [],
        "sub_total": ZERO,
        "tax_total": ZERO,
        "total": ZERO,
        "created_time": "",
        "last_modified_time": "",
    },
    spread=(_names,),
)
DETAIL = BOTH.with_more(
    Columns(
        stored={**AMOUNTS, "deposit_to_account_id": ""},
        made={
            "line_items": lambda ledger, one: [line(ledger, one, each) for each in one["line_items"]],
            "documents": lambda ledger, one: documents(ledger, one["sales_receipt_id"]),
        },
    )
)


def _more(ledger: Ledger, receipt: Row, body: Row, call: Call, is_new: bool) -> None:
    if not receipt["payment_mode"]:
        raise missing("payment_mode")
    receipt["deposit_to_account_id"] = receipt.get("deposit_to_account_id") or ledger.id(UNDEPOSITED)
    receipt.update(write_off_amount=ZERO)


def entries(ledger: Ledger, receipt: Row) -> list[Entry]:
    """As an invoice, with the money in place of what a customer would owe."""
    (_, owed), *rest = invoice_entries(ledger, {**receipt, "status": "sent"})
    return [(receipt["deposit_to_account_id"], owed), *rest]


SOURCES["salesreceipts"] = Source("sales_receipt", "receipt_number", "customer_id", entries)


def _email(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    receipt, body = RESOURCE.find(ledger, ids[0]), body_of(call)
    for name in ("to_mail_ids", "subject", "body"):
        if not body.get(name):
            raise missing(name)
    receipt["status"] = "sent"
    DESK.touch(ledger, receipt)
    answer = done("Your Sales Receipt has been sent.")
    answer.status = 201
    return answer


RESOURCE = Resource(
    path="/salesreceipts",
    table="salesreceipts",
    item_key="salesreceipt",
    area="invoices",
    entity="salesreceipt",
    listing=Listing(
        table="salesreceipts",
        list_key="salesreceipts",
        report_name="Sales Receipts",
        columns=BOTH,
        sorts=sorts(KIND, "receipt_number", "date", "total", "created_time"),
        sort_column="created_time",
        sort_order="D",
        default_filter="Status.All",
        filters={
            name: found
            for name, found in filters(
                KIND, lambda ledger, one: (one["status"],), "customer_id", "item_name", "date", "total"
            ).items()
            if name not in ("last_modified_time", "status")
        },
        filter_by={
            "Draft": lambda ledger, one: one["status"] == "draft",
            "Sent": lambda ledger, one: one["status"] == "sent",
        },
        search=("receipt_number", party_name(KIND)),
        context=page_context("salesreceipt"),
        depends=("contacts",),
    ),
    detail=DETAIL,
    readers={
        **READERS,
        "payment_mode": text(100),
        "deposit_to_account_id": ref("accounts", "Account does not exist."),
    },
    required=("customer_id", "payment_mode", "line_items"),
    defaults={**DEFAULTS, "status": "draft", "terms": "", "payment_mode": ""},
    messages=Messages(
        unknown="Sales Receipt does not exist.",
        created="Sales Receipt Created Successfully.",
        updated="Sales Receipt Updated Successfully.",
        deleted="Sales Receipt Deleted Successfully.",
    ),
    prepare=prepare(KIND, _more),
    removed=lambda ledger, receipt: ledger.drop_history(receipt["sales_receipt_id"]),
    has_tags=True,
)
DESK = Desk(RESOURCE, "Sales Receipt", "receipt_number")
ROUTES = (
    *RESOURCE.routes(),
    *DESK.paper(""),
    Route("POST", "/salesreceipts/{}/email", "invoices.CREATE", _email),
)
