"""What list rows and details of bills show."""

from . import balances
from .bill_settlement import CREDITS, PAYMENTS
from .bill_status import due, status
from .call import Row
from .customfields import detail as custom_detail
from .customfields import row as custom_row
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
from .documents import Kind, party
from .invoice_lines import buying
from .ledger import PAYABLE, Ledger
from .money import ZERO
from .projection import Columns, blank

KIND = Kind(
    table="bills",
    key="bill_id",
    number="bill_number",
    noun="bill",
    party="vendor_id",
    side=buying("purchaseorder_item_id", "project_id", "header_name"),
    discount_type="entity_level",
    settled=lambda bill: bool(bill["payment_made"] or bill["vendor_credits_applied"]),
)
BOTH = row_columns(KIND, "bill_number", "due_date", "exchange_rate", "balance").with_more(
    Columns(
        constants={
            "unprocessed_payment_amount": 0,
            "is_uber_bill": False,
            "is_tally_bill": False,
            "is_bill_reconciliation_violated": False,
            "entity_type": "bill",
        },
        made={
            "price_precision": lambda ledger, bill: ledger.currency(bill["currency_id"])["price_precision"]
        },
    ).with_more(with_status(status))
)


def _row(ledger: Ledger, bill: Row) -> Row:
    author = bill.get("created_by", "")
    attached = ledger.attachments.get(bill["bill_id"], [])
    return {
        "due_days": due(ledger, bill)["due_days"],
        "created_time_formatted": stamped(ledger, bill, "created_time"),
        "last_modified_time_formatted": stamped(ledger, bill, "last_modified_time"),
        "created_by": author,
        "last_modified_by": bill.get("last_modified_by") or author,
        "is_opening_balance": bill["bill_id"],
        "attachment_name": attached[0]["file_name"] if attached else "",
        "balance_due": bill["balance"],
    }


def stamped(ledger: Ledger, record: Row, name: str) -> str:
    """The display twin of an instant: 09 Jun 2026 01:17 PM."""
    return record[name].astimezone(ledger.zone).strftime("%d %b %Y %I:%M %p")


def _columns(ledger: Ledger, bill: Row) -> Row:
    return {key: value for key, value in custom_row("bill")(ledger, bill).items() if key.startswith("cf_")}


ROW = BOTH.with_more(
    Columns(constants={"tds_total": 0}, made={"has_attachment": has_file(KIND)}, spread=(_row, _columns))
)


def _line(ledger: Ledger, bill: Row, line: Row) -> Row:
    owner = line.get("purchaseorder_id", "")
    return {
        **_EMPTY_LINE,
        "purchaseorder_id": owner,
        "is_billable": line.get("is_billable", False),
        "customer_id": line.get("customer_id", ""),
        "customer_name": (ledger.contacts.get(line.get("customer_id", "")) or {}).get("contact_name", ""),
    }


_EMPTY_LINE: Row = {
    **blank(
        "purchaseorder_item_id",
        "header_id",
        "header_name",
        "discount_account_id",
        "discount_account_name",
        "image_name",
        "image_type",
        "image_document_id",
        "account_code",
        "sales_rate",
        "receipt_line_item_id",
        "project_name",
        "invoice_id",
        "invoice_number",
        "item_matching_type",
    ),
    "quantity_received": 0,
    "markup_percent": 0,
    "purchase_request_items": [],
    "receive_line_items": [],
}


def payments_of(ledger: Ledger, bill: Row) -> list[Row]:
    """The payments of a bill, a row for each share."""
    keys = ("payment_id", "payment_mode", "payment_number", "description", "date", "reference_number")
    return [
        {
            **{key: payment[key] for key in keys},
            "bill_id": bill["bill_id"],
            "bill_payment_id": share["bill_payment_id"],
            "vendor_id": bill["vendor_id"],
            "vendor_name": party(ledger, KIND, bill)["contact_name"],
            "exchange_rate": payment["exchange_rate"],
            "amount": share["amount_applied"],
            "tax_amount_withheld": share["tax_amount_withheld"],
            "paid_through": ledger.account_name(payment["paid_through_account_id"]),
            "paid_through_account_id": payment["paid_through_account_id"],
            "paid_through_account_name": ledger.account_name(payment["paid_through_account_id"]),
            "is_single_bill_payment": len(payment["applied"]) == 1,
            "is_paid_via_print_check": False,
            "check_details": [],
            "is_ach_payment": False,
            "ach_payment_status": "",
            "ach_gw_transaction_id": "",
        }
        for payment, share in PAYMENTS.shares(ledger, bill)
    ]


def _credits(ledger: Ledger, bill: Row) -> list[Row]:
    return [
        {
            "vendor_credit_id": credit["vendor_credit_id"],
            "vendor_credit_bill_id": share["vendor_credit_bill_id"],
            "vendor_credit_number": credit["vendor_credit_number"],
            "date": share["on"],
            "amount": share["amount_applied"],
        }
        for credit, share in CREDITS.shares(ledger, bill)
    ]


def _orders(ledger: Ledger, bill: Row) -> Row:
    keys = bill.get("purchaseorder_ids", [])
    orders = [ledger.tables["purchaseorders"].rows[key] for key in keys]
    shown = [
        {
            "purchaseorder_id": order["purchaseorder_id"],
            "purchaseorder_number": order["purchaseorder_number"],
            "purchaseorder_date": order["date"],
            "purchaseorder_status": order["status"],
        }
        for order in orders
    ]
    return {"purchaseorders": shown, **({"purchaseorder_ids": list(keys)} if keys else {})}


def _rest(ledger: Ledger, bill: Row) -> Row:
    currency = ledger.currency(bill["currency_id"])
    days = due(ledger, bill)
    return {
        "currency_name_formatted": f"{currency['currency_code']}- {currency['currency_name']}",
        "unused_credits_payable_amount": balances.unused(ledger, party(ledger, KIND, bill)),
        "due_by_days": days["due_by_days"],
        "due_in_days": days["due_in_days"],
        "billing_address_id": bill["billing_address"].get("address_id", ""),
        "last_modified_id": bill.get("last_modified_by_id") or bill.get("created_by_id", ""),
        "account_id": ledger.id(PAYABLE),
        "account_name": ledger.account_name(ledger.id(PAYABLE)),
    }


_NOTHING: Row = {
    **blank(
        "subject_content",
        "payment_expected_date",
        "scanned_po_number",
        "scanned_po_id",
        "recurring_bill_id",
        "bill_order_type",
        "reference_id",
        "adjustment_account_id",
        "adjustment_account_name",
    ),
    "source": "Api",
    "discount_setting": "flat",
    "is_item_level_tax_calc": False,
    "track_discount_in_account": False,
    "is_line_item_invoiced": False,
    "is_approval_required": False,
    "allocated_landed_costs": [],
    "unallocated_landed_costs": [],
    "total_retention_amount": 0,
    "retention_items": [],
}
DETAIL = BOTH.with_more(detail_columns(KIND, "000000031017", people=False)).with_more(
    Columns(
        stored={"payment_made": ZERO, "vendor_credits_applied": ZERO, "discount_total": ZERO},
        constants=_NOTHING,
        made={
            "line_items": line_items(KIND, _line),
            "taxes": tax_sums(ids=True),
            "non_catalog_items_count": non_catalog,
            "payments": payments_of,
            "vendor_credits": _credits,
        },
        spread=(discounts, terms, files(KIND), _orders, _rest, custom_detail("bill")),
    )
)
