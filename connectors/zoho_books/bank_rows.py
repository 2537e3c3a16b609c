"""Bank transactions in one shape, whether Zoho prints a list row, a whole one, or the expense behind one."""

from decimal import Decimal
from typing import Any

from connectors.kit.codec import MONEY, TEXT
from connectors.kit.mapping import ALWAYS, Native, Table, computed, field, names, ref, unmapped
from connectors.zoho_books import documents as doc
from connectors.zoho_books.amount_lines import put_price, put_quantity, put_total, put_type
from connectors.zoho_books.lookups import ACCOUNTS, TAXES
from connectors.zoho_books.tracking import tracking
from unified_models.line_items import LineItem

line = names(LineItem)

ONE = Decimal(1)

BETWEEN = frozenset({"transfer_fund", "card_payment"})
"""Types that move money from one money account to another."""

_OUT = frozenset({"owner_drawings", "sales_return", "expense", "vendor_payment", "creditnote_refund"})
"""Types that take money out of the account, where no row says which way it went."""

_LINE = (
    "account_id", "account_name", "description", "tax_id", "tax_name", "tax_amount", "tags",
)  # fmt: skip


def is_outflow(native: Native) -> bool:
    """A debit of a money account brings money in, whatever kind of account it is."""
    word = native.get("debit_or_credit")
    if word:
        return word == "credit"
    return str(native.get("transaction_type")) in _OUT


def shaped(native: Native) -> Native:
    """With the money account as `account_id`, the other one of a transfer as `from_account_id`, and lines."""
    kind, out = str(native.get("transaction_type")), is_outflow(native)
    between = kind in BETWEEN
    own, other = ("from", "to") if out and not between else ("to", "from")
    told = dict(native)
    if not native.get("account_id"):
        told["account_id"] = native.get(f"{own}_account_id") or ""
        told["account_name"] = native.get(f"{own}_account_name") or ""
    if not between:
        told["from_account_id"] = told["from_account_name"] = ""
    told["line_items"] = [] if between else _lines(native, other)
    return told


def _lines(native: Native, other: str) -> list[Native]:
    listed = native.get("line_items")
    given = listed if isinstance(listed, list) else []
    rows = [each for each in given if isinstance(each, dict) and each.get("account_id")]
    if rows:
        return [{**{name: each.get(name) for name in _LINE}, "item_total": _amount(each)} for each in rows]
    account = native.get(f"{other}_account_id")
    if not account:
        return []
    told = {name: native.get(name) for name in _LINE}
    name = native.get(f"{other}_account_name")
    return [{**told, "account_id": account, "account_name": name, "item_total": native.get("amount")}]


def _amount(row: Native) -> Any:
    return next((row[name] for name in ("item_total", "amount") if row.get(name) not in (None, "")), None)


def as_spent(expense: Native) -> Native:
    """An expense as the transaction it is on the account it was paid through."""
    told = {name: expense.get(name) for name in _SHARED}
    return {
        **told,
        "transaction_id": expense.get("expense_id"),
        "transaction_type": "expense",
        "debit_or_credit": "credit",
        "status": "manually_added",
        "amount": expense.get("total"),
        "account_id": expense.get("paid_through_account_id"),
        "account_name": expense.get("paid_through_account_name"),
        "to_account_id": expense.get("account_id"),
        "to_account_name": expense.get("account_name"),
    }


_SHARED = (
    "date", "customer_id", "customer_name", "vendor_id", "vendor_name", "reference_number", "description",
    "currency_id", "currency_code", "exchange_rate", "bcy_total", "tax_id", "tax_name", "tax_amount",
    "line_items", "tags", "custom_fields", "imported_transactions",
)  # fmt: skip


LINE = Table(
    LineItem,
    (
        unmapped(line.id, "keeps no ids of what a transaction was for"),
        computed(line.type, lambda native, ctx: "item", put=put_type("a transaction"), write=ALWAYS),
        unmapped(line.item, "books transactions on accounts, not on items"),
        ref(line.account, "account_id", name="account_name", to=ACCOUNTS, write=ALWAYS),
        unmapped(line.name, "has no short text of what a transaction was for; use description"),
        field(line.description, "description", TEXT, write=ALWAYS),
        computed(line.quantity, lambda native, ctx: ONE, put=put_quantity("a transaction"), write=ALWAYS),
        unmapped(line.unit, "counts nothing in transactions"),
        computed(
            line.unit_price, doc.money("item_total"), uses=("item_total",), put=put_price, write=ALWAYS,
            codec=MONEY,
        ),
        unmapped(line.discount_percentage, "has no discounts on transactions"),
        unmapped(line.discount_amount, "has no discounts on transactions"),
        ref(line.tax_rate, "tax_id", name="tax_name", to=TAXES, write=ALWAYS),
        field(line.tax_amount, "tax_amount", MONEY),
        unmapped(line.sub_total, "tells amounts of transactions with their tax"),
        computed(
            line.total_line_amount, doc.money("item_total"), uses=("item_total",), put=put_total, write=ALWAYS,
            codec=MONEY,
        ),
        unmapped(line.project, "books no transactions on projects, but the expenses behind them"),
        unmapped(line.customer, "has one contact per transaction, not per line"),
        unmapped(line.is_billable, "charges expenses on, not transactions"),
        unmapped(line.source, "does not tell where a transaction comes from"),
        tracking(line.tracking_categories, located=False),
        unmapped(line.custom_fields, "has custom fields on the transaction, not on its lines"),
    ),
)  # fmt: skip


def amount_of(native: Native) -> Decimal:
    """What moved, whichever way."""
    return MONEY.read(native.get("amount") or 0) or Decimal(0)
