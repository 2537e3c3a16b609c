"""Chart of accounts: /chartofaccounts.

Lists hide inactive accounts unless asked for all. Lists alone tell the depth and the times, single records
alone the balance; `remote_query[showbalance]=true` adds it to lists. Only answers to a write tell the currency,
and those lack what a read tells. Zoho refuses `last_modified_time` here, though its specification has it.
"""

from dataclasses import replace
from typing import Any

from connectors.kit.actions import masters
from connectors.kit.codec import BOOL, ENUM, ID, INTEGER, MONEY, TEXT, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.mapping import (
    ALWAYS,
    SCANNED,
    Native,
    Table,
    Words,
    coded,
    computed,
    field,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Context, Op, Record
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT
from connectors.zoho_books.lookups import ACCOUNTS, CURRENCIES
from unified_models.accounts import Account

account = names(Account)

TYPES = {
    "other_asset": "other_asset",
    "other_current_asset": "current",
    "cash": "cash",
    "bank": "bank",
    "fixed_asset": "fixed_asset",
    "accounts_receivable": "accounts_receivable",
    "stock": "inventory",
    "payment_clearing": "payment_clearing",
    "other_current_liability": "current_liability",
    "credit_card": "credit_card",
    "long_term_liability": "long_term_liability",
    "other_liability": "other_liability",
    "accounts_payable": "accounts_payable",
    "equity": "equity",
    "income": "income",
    "other_income": "other_income",
    "expense": "expense",
    "cost_of_goods_sold": "direct_costs",
    "other_expense": "other_expenses",
}
"""account_type → unified type."""

_KINDS = {
    "asset": (
        "other_asset", "other_current_asset", "cash", "bank", "fixed_asset", "accounts_receivable", "stock",
        "payment_clearing", "input_tax",
    ),
    "liability": (
        "other_current_liability", "credit_card", "long_term_liability", "other_liability", "accounts_payable",
        "output_tax",
    ),
    "equity": ("equity",),
    "revenue": ("income", "other_income"),
    "expense": ("expense", "cost_of_goods_sold", "other_expense"),
}  # fmt: skip

CLASSIFICATIONS = {native: kind for kind, natives in _KINDS.items() for native in natives}
"""account_type → classification."""

MONEY_TYPES = frozenset({"bank", "cash", "credit_card", "payment_clearing"})
CONTROL_TYPES = frozenset({"accounts_receivable", "accounts_payable"})

_GROUPS = {
    "asset": "AccountType.Asset",
    "liability": "AccountType.Liability",
    "equity": "AccountType.Equity",
    "revenue": "AccountType.Income",
    "expense": "AccountType.Expense",
}
"""Classification → filter. A filter on the type asks for its classification and drops the rest."""

GROUP_WORDS = Words(
    "filter_by", _GROUPS, "account_type",
    {_GROUPS[kind]: frozenset(natives) for kind, natives in _KINDS.items()},
)  # fmt: skip


def _type(native: Native) -> str:
    return str(native.get("account_type") or "")


def _classification(native: Native, ctx: Context) -> str | None:
    return CLASSIFICATIONS.get(_type(native))


def _status(native: Native, ctx: Context) -> str | None:
    active = flag(native.get("is_active"))
    if active is not None:
        return "active" if active else "archived"
    return {"active": "active", "inactive": "archived"}.get(str(native.get("status")))


def _remote_status(native: Native, ctx: Context) -> str | None:
    active = flag(native.get("is_active"))
    return native.get("status") or (None if active is None else "active" if active else "inactive")


def _qualified(native: Native, ctx: Context) -> str | None:
    """Zoho names the parent only, so the path is known down to the second level."""
    name, parent = native.get("account_name") or None, native.get("parent_account_name") or None
    if parent is None or name is None:
        return name
    return f"{parent}:{name}" if str(native.get("depth")) == "1" else None


def _is_money(native: Native, ctx: Context) -> bool:
    return _type(native) in MONEY_TYPES


def _can_post(native: Native, ctx: Context) -> bool:
    return _type(native) not in CONTROL_TYPES


TABLE = Table(
    Account,
    (
        field(account.id, "account_id", ID),
        field(account.created_at, "created_time", INSTANT, list_only=True),
        field(
            account.updated_at, "last_modified_time", INSTANT, list_only=True,
            filters={Op.GT: SCANNED, Op.GTE: SCANNED},
        ),
        field(
            account.name, "account_name", TEXT, write=ALWAYS, sort="account_name",
            filters={Op.EQ: "account_name"},
        ),
        field(
            account.type, "account_type", ENUM(TYPES), write=ALWAYS, sort="account_type",
            filters={Op.EQ: replace(GROUP_WORDS, words={
                unified: _GROUPS[CLASSIFICATIONS[native]] for native, unified in TYPES.items()
            })},
        ),
        field(account.remote_type, "account_type", TEXT),
        computed(
            account.classification, _classification, uses=("account_type",),
            filters={Op.EQ: GROUP_WORDS},
        ),
        field(
            account.code, "account_code", TEXT, write=ALWAYS, sort="account_code",
            filters={Op.EQ: "account_code"},
        ),
        field(account.description, "description", TEXT, write=ALWAYS),
        ref(
            account.parent_account, "parent_account_id", name="parent_account_name", to=ACCOUNTS, write=ALWAYS
        ),
        field(account.level, "depth", INTEGER, list_only=True),
        computed(
            account.fully_qualified_name, _qualified, uses=("account_name", "parent_account_name", "depth")
        ),
        coded(
            account.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS,
            detail_only=True,
        ),
        field(account.current_balance, "closing_balance", MONEY, detail_only=True),
        unmapped(account.account_number, "keeps bank numbers with bank accounts, not in the chart of accounts"),
        computed(
            account.status, _status, uses=("is_active", "status"),
            filters={Op.EQ: Words("filter_by", {
                "active": "AccountType.Active", "archived": "AccountType.Inactive"
            })},
        ),
        computed(account.remote_status, _remote_status, uses=("status", "is_active")),
        field(account.is_system, "is_system_account", BOOL),
        computed(account.is_money_account, _is_money, uses=("account_type",)),
        computed(account.can_post, _can_post, uses=("account_type",)),
        custom_fields(account.custom_fields, CUSTOM_FIELDS),
        unmapped(account.tracking_categories, "puts reporting tags on transactions, not on accounts"),
    ),
)  # fmt: skip


READ_ONLY = {"current_balance": "closing_balance", "is_system": "is_system_account"}
"""What only a read of one account tells → its key."""


class Accounts(Resource):
    """List rows have a balance when `showbalance` was asked for; what was written is told in part."""

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        balance = native.get("current_balance")
        if not detail and balance not in (None, ""):
            record["current_balance"] = MONEY.read(balance)
        if detail and "currency_code" not in native:
            del record["currency"]
        untold = [name for name, key in READ_ONLY.items() if detail and key not in native]
        record["is_partial"] = record["is_partial"] or bool(untold)
        for name in untold:
            del record[name]


RESOURCE = Accounts(
    name="accounts",
    path="/chartofaccounts",
    one="chart_of_account",
    many="chartofaccounts",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions=masters("/chartofaccounts"),
    own=ACCOUNTS,
    scopes={verb: f"ZohoBooks.accountants.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    list_query=(("filter_by", "AccountType.All"),),
    order="account_name",
    search="search_text",
    expansions={"current_balance": "accounts"},
    page_link="/app/{organization}#/accountant/chartofaccounts/{id}",
)
