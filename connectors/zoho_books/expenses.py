"""Expenses: /expenses. List rows name accounts without their ids, and lack lines and taxes.

Zoho has one word for where an expense stands: whether it is charged on, or paid back to who spent it.
"""

from decimal import Decimal
from typing import Any

from connectors.kit.codec import BOOL, DATE, ID, MONEY, QUANTITY, RATE, TEXT, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Table,
    Words,
    coded,
    computed,
    field,
    many,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Context, Issue, Op, Record
from connectors.kit.resource import Issues, Resource
from connectors.kit.totals import difference
from connectors.zoho_books import documents as doc
from connectors.zoho_books import filtering
from connectors.zoho_books.attachments import files_row
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT, METHOD
from connectors.zoho_books.document_resource import IDS, scopes
from connectors.zoho_books.document_rows import has_attachments
from connectors.zoho_books.expense_lines import LINE
from connectors.zoho_books.expense_writes import prepare
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lookups import ACCOUNTS, CURRENCIES, CUSTOMERS, EMPLOYEES, VENDORS
from connectors.zoho_books.tracking import tracking
from unified_models.expenses import Expense

expense = names(Expense)

BILLABLE = {
    "unbilled": "unbilled", "billable": "unbilled", "invoiced": "invoiced", "nonbillable": "non_billable",
    "non-billable": "non_billable",
}  # fmt: skip
"""Native status → billable_status."""


BILLABLE_WORDS = Words(
    "status",
    {
        "unbilled": ("unbilled", "billable", "reimbursed"), "invoiced": ("invoiced", "reimbursed"),
        "non_billable": ("non-billable", "reimbursed"),
    },
    native="status",
    covers={"non-billable": frozenset({"non-billable", "nonbillable"})},
)  # fmt: skip
"""What was paid back may have been any of them."""


def _billable(native: Native, ctx: Context) -> str | None:
    """Of what was paid back the status does not say it; the rest of the record may."""
    word = native.get("status")
    if word != "reimbursed":
        return BILLABLE.get(str(word)) if word else None
    if not flag(native.get("is_billable")):
        return "non_billable"
    return "invoiced" if native.get("invoice_id") else "unbilled"


def _reimbursement(native: Native, ctx: Context) -> str:
    if native.get("status") == "reimbursed":
        return "reimbursed"
    return "due" if flag(native.get("is_reimbursable")) else "none"


def _reimbursed_row(native: Native, ctx: Context) -> str | None:
    return "reimbursed" if native.get("status") == "reimbursed" else None


def _trip(native: Native, ctx: Context) -> dict[str, Any] | None:
    if native.get("mileage_type") in (None, "", "non_mileage"):
        return None
    return {
        "distance": _distance(native),
        "unit": native.get("mileage_unit") or None,
        "rate": MONEY.read(native["mileage_rate"]) if native.get("mileage_rate") else None,
    }


def _distance(native: Native) -> Decimal | None:
    told = QUANTITY.read(native["distance"]) if native.get("distance") else None
    if told or native.get("end_reading") in (None, ""):
        return told
    start, end = QUANTITY.read(native.get("start_reading") or 0), QUANTITY.read(native["end_reading"])
    return end - start if start is not None and end is not None else None


def _put_trip(value: Any, native: Native, ctx: Context) -> None:
    native["mileage_type"] = "manual"
    if value.get("distance") is not None:
        native["distance"] = f"{value['distance']:f}"
    if value.get("unit") is not None:
        native["mileage_unit"] = value["unit"]
    if value.get("rate") is not None:
        native["mileage_rate"] = value["rate"]


TABLE = Table(
    Expense,
    (
        field(expense.id, "expense_id", ID),
        field(expense.created_at, "created_time", INSTANT, sort="created_time"),
        field(expense.updated_at, "last_modified_time", INSTANT),
        field(
            expense.transaction_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date")
        ),
        ref(
            expense.account, "paid_through_account_id", name="paid_through_account_name", nameable=True,
            to=ACCOUNTS, write=ALWAYS, below={"id": filtering.only("paid_through_account_id")},
        ),
        many(expense.line_items, "line_items", LINE, write=ALWAYS, complete=True, detail_only=True),
        ref(
            expense.contact, "vendor_id", name="vendor_name", to=VENDORS, write=ALWAYS,
            below={"id": filtering.only("vendor_id"), "name": filtering.text("vendor_name")},
        ),
        ref(
            expense.employee, "employee_id", name="employee_name", to=EMPLOYEES, write=ALWAYS, detail_only=True
        ),
        ref(
            expense.customer, "customer_id", name="customer_name", to=CUSTOMERS, write=ALWAYS,
            sort="customer_name",
            below={"id": filtering.only("customer_id"), "name": filtering.text("customer_name")},
        ),
        field(expense.is_billable, "is_billable", BOOL, write=ALWAYS),
        field(expense.payment_method, "payment_mode", METHOD, detail_only=True),
        field(
            expense.reference, "reference_number", TEXT, write=ALWAYS, sort="reference_number",
            filters=filtering.text("reference_number"),
        ),
        field(expense.memo, "description", TEXT, write=ALWAYS, filters=filtering.text("description")),
        computed(
            expense.mileage, _trip, put=_put_trip, clear={"mileage_type": "non_mileage"}, write=ALWAYS,
            uses=(
                "mileage_type", "distance", "mileage_unit", "mileage_rate", "start_reading", "end_reading"
            ),
        ),
        computed(expense.status, lambda native, ctx: "authorised", write=CREATE),
        field(expense.remote_status, "status", TEXT),
        computed(
            expense.billable_status, _billable, uses=("status", "is_billable", "invoice_id"),
            filters={Op.EQ: BILLABLE_WORDS},
        ),
        computed(
            expense.reimbursement_status, _reimbursement, list_read=_reimbursed_row,
            uses=("status", "is_reimbursable"),
            filters={Op.EQ: Words("status", {"reimbursed": "reimbursed"})},
        ),
        computed(
            expense.has_attachments,
            lambda native, ctx: bool(native.get("expense_receipt_name")) or has_attachments(native, ctx),
            uses=("has_attachment", "documents", "expense_receipt_name"),
        ),
        files_row(expense.attachments, "expense_receipt_name", "expense_receipt_type"),
        coded(expense.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS),
        field(expense.exchange_rate, "exchange_rate", RATE, write=ALWAYS),
        computed(expense.base_currency, lambda native, ctx: ctx.currency),
        field(expense.base_total_amount, "bcy_total", MONEY),
        field(expense.tax_inclusive, "is_inclusive_tax", BOOL, write=ALWAYS, detail_only=True),
        field(expense.sub_total, "sub_total", MONEY, list_native="total_without_tax"),
        *(
            unmapped(name, "has no discounts on expenses")
            for name in (
                expense.discount_percentage, expense.discount_amount, expense.discount_before_tax,
                expense.total_discount,
            )
        ),
        *(
            unmapped(name, "has no such charge on expenses; make it a line")
            for name in (
                expense.shipping_amount, expense.shipping_tax_rate, expense.adjustment_amount,
                expense.adjustment_description, expense.rounding_amount, expense.withheld_tax_amount,
            )
        ),
        field(expense.total_tax_amount, "tax_amount", MONEY, detail_only=True),
        computed(
            expense.total_amount, doc.money("total"), uses=("total",), write=CREATE, codec=MONEY, sort="total",
            filters=filtering.amount("amount"),
        ),
        many(expense.taxes, "taxes", doc.TAX_SUM, detail_only=True),
        custom_fields(expense.custom_fields, CUSTOM_FIELDS),
        tracking(expense.tracking_categories),
    ),
)  # fmt: skip


class Expenses(Resource):
    """Simple, itemised, or by the mile."""

    def prepare(self, draft: Draft) -> Flow[None]:
        yield from prepare(draft)

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        for name, side in (("contact", "vendor"), ("customer", "customer")):
            if record[name] is not None:
                record[name]["type"] = side
        if detail:
            _settle(record, native, issues)


def _settle(record: Record, native: Any, issues: Issues) -> None:
    """The lines stand on the expense's one project; the parts must come to the total (rule 1)."""
    lines: list[Record] = record["line_items"]
    id, name = native.get("project_id") or None, native.get("project_name") or None
    for line in lines:
        line["project"] = line["project"] or ({"id": str(id), "name": name} if id else None)
    doc.named_taxes(record["taxes"], lines)
    missing = difference(record)
    if missing:
        total = record["total_amount"]
        detail = f"the parts come to {total + missing:f}, the total is {total:f}"
        issues.append(Issue("totals_mismatch", "/total_amount", detail, native_path="total"))


RESOURCE = Expenses(
    name="expenses",
    path="/expenses",
    one="expense",
    many="expenses",
    table=TABLE,
    ids=IDS,
    scopes=scopes("expenses"),
    order="created_time",
    search="search_text",
    page_link="/app/{organization}#/expenses/{id}",
    statuses={"authorised": None},
    default_status="authorised",
    expansions={"line_items": "expenses", "attachments": "expenses", "contact": "contacts"},
    definitions=definitions("expense"),
    ledger=posted_as("expense"),
)
