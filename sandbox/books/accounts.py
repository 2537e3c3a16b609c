"""The chart of accounts."""

from collections.abc import Callable

from . import postings
from .call import Answer, Call, Row, done, in_use, invalid, missing
from .chart import DEBIT_TYPES, GROUPS, TYPE_NAMES
from .customfields import detail as custom_detail
from .customfields import page_context
from .fields import boolean, choice, ref, text
from .ledger import Ledger
from .listing import Filter, Listing
from .money import ZERO, formatted
from .projection import Columns
from .resource import Messages, Resource, Route, id_list
from .times import shown_day

UNKNOWN = "Account does not exist."


def _family(ledger: Ledger, account: Row) -> Row:
    key = account["account_id"]
    children = sum(1 for other in ledger.accounts.all() if other.get("parent_account_id") == key)
    return {
        "is_active": account["status"] == "active",
        "is_child_present": children > 0,
        "child_count": str(children) if children else "",
        "parent_account_name": ledger.account_name(account.get("parent_account_id", "")),
        "depth": _depth(ledger, account),
    }


def _depth(ledger: Ledger, account: Row) -> int:
    depth, parent = 0, ledger.accounts.get(account.get("parent_account_id", ""))
    while parent is not None and depth < 10:
        depth, parent = depth + 1, ledger.accounts.get(parent.get("parent_account_id", ""))
    return depth


ROW = Columns(
    stored={
        "account_id": "",
        "account_name": "",
        "account_code": "",
        "account_type": "",
        "description": "",
        "placeholder": "",
        "is_user_created": True,
        "is_system_account": False,
        "can_show_in_ze": False,
        "parent_account_id": "",
        "created_time": "",
        "last_modified_time": "",
    },
    constants={
        "is_register_supported_account": False,
        "has_attachment": False,
        "documents": [],
        "is_standalone_account": False,
    },
    spread=(_family,),
)
CREATED = Columns(
    stored={
        "account_id": "",
        "account_name": "",
        "account_code": "",
        "account_type": "",
        "description": "",
        "can_show_in_ze": True,
        "parent_account_id": "",
        "currency_id": "",
        "status": "active",
        "created_time": "",
        "last_modified_time": "",
    },
    constants={
        "account_code_prefix": "",
        "generation_number": "",
        "documents": [],
        "is_standalone_account": False,
        "opening_balances": [],
    },
    made={
        "is_active": lambda ledger, account: account["status"] == "active",
        "account_type_formatted": lambda ledger, account: TYPE_NAMES[account["account_type"]],
        "currency_code": lambda ledger, account: ledger.currency(account["currency_id"])["currency_code"],
        "parent_account_name": lambda ledger, account: ledger.account_name(account["parent_account_id"]),
    },
    spread=(custom_detail("account"),),
)


def _balance(ledger: Ledger, account: Row) -> Row:
    """Positive on the account's normal side."""
    net = postings.closing(ledger, account["account_id"])
    is_debit = account["account_type"] in DEBIT_TYPES
    closing = net if is_debit else -net
    return {
        "isdebit": is_debit,
        "closing_balance": closing,
        "closing_balance_formatted": formatted(closing, ledger.look(ledger.profile.currency_id)),
        "is_involved_in_transaction": account["account_id"] in postings.by_account(ledger),
    }


def _recent(ledger: Ledger, account: Row) -> list[Row]:
    return [_entry(ledger, row) for row in postings.rows(ledger, account["account_id"], 10)]


def _entry(ledger: Ledger, row: Row) -> Row:
    look = ledger.look(ledger.profile.currency_id)
    shown = formatted(row["amount"], look)
    is_debit = row["net"] > 0
    debit, credit = (row["amount"], "") if is_debit else ("", row["amount"])
    debit_text, credit_text = (shown, "") if is_debit else ("", shown)
    contact = ledger.contacts.get(row["customer_id"])
    return {
        "date": row["transaction_date"],
        "date_formatted": shown_day(row["transaction_date"]),
        "transaction_id": row["transaction_id"],
        "entity_type": row["transaction_type"],
        "entity_type_formatted": row["transaction_type"].replace("_", " ").title(),
        "reference_number": row["reference_number"],
        "customer_id": row["customer_id"],
        "customer_name": contact["contact_name"] if contact else "",
        "debit": debit,
        "credit": credit,
        "fcy_debit": debit,
        "fcy_credit": credit,
        "debit_formatted": debit_text,
        "credit_formatted": credit_text,
        "fcy_debit_formatted": debit_text,
        "fcy_credit_formatted": credit_text,
    }


DETAIL = Columns(
    stored={
        "account_id": "",
        "account_name": "",
        "account_code": "",
        "account_type": "",
        "description": "",
        "placeholder": "",
        "is_system_account": False,
        "parent_account_id": "",
        "status": "active",
    },
    constants={"is_bulk_update_supported": True, "is_register_supported_account": False, "documents": []},
    made={
        "is_active": lambda ledger, account: account["status"] == "active",
        "account_type_formatted": lambda ledger, account: TYPE_NAMES[account["account_type"]],
        "parent_account_name": lambda ledger, account: ledger.account_name(account["parent_account_id"]),
        "transactions": _recent,
    },
    spread=(_balance, lambda ledger, one: {"custom_fields": _custom(ledger, one)["custom_fields"]}),
)
_custom = custom_detail("account")
WITH_BALANCE = ROW.with_more(
    Columns(
        made={"current_balance": lambda ledger, one: _balance(ledger, one)["closing_balance"]},
        spread=(lambda ledger, one: {"closing_balance": _balance(ledger, one)["closing_balance"]},),
    )
)


def _prepare(ledger: Ledger, account: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        account["account_id"] = ledger.ids.take()
        account["currency_id"] = account.get("currency_id") or ledger.profile.currency_id
        words = "".join(letter if letter.isalnum() else " " for letter in account["account_name"].lower())
        account["placeholder"] = "gl_" + "_".join(words.split())
    before = ledger.accounts.get(account["account_id"])
    if before is not None and before["account_type"] != account["account_type"] and _is_used(ledger, before):
        raise invalid("account_type")
    parent = ledger.accounts.get(account["parent_account_id"])
    if parent is not None:
        while parent is not None:
            if parent["account_id"] == account["account_id"]:
                raise invalid("parent_account_id")
            parent = ledger.accounts.get(parent["parent_account_id"])
        if ledger.accounts.rows[account["parent_account_id"]]["account_type"] != account["account_type"]:
            raise invalid("parent_account_id")


def _is_used(ledger: Ledger, account: Row) -> bool:
    key = account["account_id"]
    items = any(key in (one.get("account_id"), one.get("purchase_account_id")) for one in ledger.items.all())
    return items or key in postings.by_account(ledger)


def _deletable(ledger: Ledger, account: Row) -> None:
    if account["is_system_account"]:
        raise in_use("System accounts cannot be deleted.")
    if _family(ledger, account)["is_child_present"]:
        raise in_use("An account that has sub-accounts cannot be deleted.")
    if _is_used(ledger, account):
        raise in_use("Accounts that are involved in transactions cannot be deleted.")


def _list(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return (BALANCED if call.flag("showbalance") else LISTING).answer(ledger, call)


def _mark_many(word: str) -> Route:
    def handle(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
        found = [RESOURCE.find(ledger, each) for each in id_list(call, "account_ids")]
        for account in found:
            account["status"], account["last_modified_time"] = word, ledger.now()
            ledger.accounts.changed(account)
        return done(f"The account has been marked as {word}.")

    return Route("POST", f"/chartofaccounts/{word}", "accountants.CREATE", handle)


def _delete_many(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    found = [RESOURCE.find(ledger, each) for each in id_list(call, "account_ids")]
    for account in found:
        _deletable(ledger, account)
    for account in found:
        ledger.accounts.remove(account)
    return done("The account has been deleted.")


def _transactions(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    key = call.get("account_id")
    if not key:
        raise missing("account_id")
    RESOURCE.find(ledger, key)
    return TRANSACTIONS.answer(ledger, call, postings.rows(ledger, key))


def _statement(ledger: Ledger, row: Row) -> Row:
    contact = ledger.contacts.get(row["customer_id"])
    is_debit = row["net"] > 0
    return {
        "payee": contact["contact_name"] if contact else "",
        "currency_code": ledger.base["currency_code"],
        "debit_or_credit": "debit" if is_debit else "credit",
        "debit_amount": row["amount"] if is_debit else "",
        "credit_amount": "" if is_debit else row["amount"],
        "transaction_type_formatted": row["transaction_type"].replace("_", " ").title(),
    }


def _in(*types: str) -> Callable[[Ledger, Row], bool]:
    def test(ledger: Ledger, account: Row) -> bool:
        return account["account_type"] in types and account["status"] == "active"

    return test


def _listing(columns: Columns, depends: tuple[str, ...] = ()) -> Listing:
    return Listing(
        table="accounts",
        list_key="chartofaccounts",
        report_name="List Chart Of Accounts",
        columns=columns,
        sorts={name: name for name in ("account_type", "account_name", "account_code")},
        sort_column="account_type",
        per_page=5000,
        most=5000,
        default_filter="AccountType.Active",
        filters={
            "account_id": Filter("exact", "account_id"),
            "account_code": Filter("text", "account_code"),
            "account_name": Filter("text", "account_name"),
            "last_modified_time": Filter("refused", "last_modified_time"),
        },
        filter_by={
            "Active": lambda ledger, account: account["status"] == "active",
            "Inactive": lambda ledger, account: account["status"] != "active",
            **{group: _in(*types) for group, types in GROUPS.items()},
        },
        search=("account_name", "account_code"),
        context=page_context("account"),
        depends=depends,
    )


LISTING = _listing(ROW)
BALANCED = _listing(WITH_BALANCE)
TRANSACTIONS = Listing(
    table="invoices",
    row_key="transaction_id",
    list_key="transactions",
    report_name="Account Transactions",
    columns=Columns(
        stored={
            "categorized_transaction_id": "",
            "transaction_type": "",
            "transaction_id": "",
            "transaction_date": "",
            "account_id": "",
            "customer_id": "",
            "entry_number": "",
            "currency_id": "",
            "reference_number": "",
        },
        constants={
            "transaction_status": "",
            "transaction_source": "",
            "description": "",
            "offset_account_name": "",
            "reconcile_status": "",
        },
        spread=(_statement,),
    ),
    sorts={"transaction_date": "transaction_date"},
    sort_column="transaction_date",
    sort_order="D",
    default_filter="TransactionType.All",
    filters={
        "date": Filter("day", "transaction_date"),
        "amount": Filter("amount", "amount"),
        "transaction_type": Filter("exact", "transaction_type"),
    },
)
RESOURCE = Resource(
    path="/chartofaccounts",
    table="accounts",
    item_key="chart_of_account",
    area="accountants",
    entity="account",
    listing=LISTING,
    detail=DETAIL,
    created=CREATED,
    location="/chartofaccountdetails",
    readers={
        "account_name": text(100),
        "account_code": text(20),
        "account_type": choice(tuple(TYPE_NAMES)),
        "description": text(500),
        "can_show_in_ze": boolean,
        "currency_id": ref("currencies", "Currency does not exist."),
        "parent_account_id": ref("accounts", UNKNOWN),
    },
    required=("account_name", "account_type"),
    defaults={
        "status": "active",
        "account_code": "",
        "description": "",
        "can_show_in_ze": True,
        "parent_account_id": "",
        "is_user_created": True,
        "is_system_account": False,
        "opening_balance": ZERO,
    },
    messages=Messages(
        unknown=UNKNOWN,
        created="The account has been created.",
        updated="The details of the account have been updated.",
        deleted="The account has been deleted.",
        active="The account has been marked as active.",
        inactive="The account has been marked as inactive.",
    ),
    unique={
        "account_name": (1001, 'The account "{}" already exists.'),
        "account_code": (1001, 'The account code "{}" is already in use.'),
    },
    prepare=_prepare,
    blocks_delete=_deletable,
    extra=(
        Route("GET", "/chartofaccounts", "accountants.READ", _list),
        _mark_many("active"),
        _mark_many("inactive"),
        Route("DELETE", "/chartofaccounts/bulkdelete", "accountants.DELETE", _delete_many),
        Route("GET", "/chartofaccounts/accounttransactions", "accountants.READ", _transactions),
        Route("GET", "/chartofaccounts/transactions", "accountants.READ", _transactions),
    ),
)
ROUTES = RESOURCE.routes()
