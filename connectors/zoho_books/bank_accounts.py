"""Bank, card, cash and clearing accounts: /bankaccounts. Their ids are those of the chart of accounts."""

from dataclasses import replace
from typing import Any

from connectors.kit.actions import Action, masters
from connectors.kit.codec import DATE, ENUM, ID, INTEGER, MONEY, TEXT, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import (
    ALWAYS,
    NEVER,
    Native,
    Table,
    Words,
    coded,
    computed,
    field,
    names,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Issue, Op, Record
from connectors.kit.paging import merged_query
from connectors.kit.resource import Resource
from connectors.zoho_books.codecs import CUSTOM_FIELDS
from connectors.zoho_books.lookups import BANK_ACCOUNTS, CURRENCIES
from unified_models.actions import ImportStatement
from unified_models.bank_accounts import BankAccount

bank = names(BankAccount)

TYPES = ENUM({word: word for word in ("bank", "credit_card", "cash", "payment_clearing")})


def _status(native: Native, ctx: Context) -> str | None:
    active = flag(native.get("is_active"))
    return None if active is None else "active" if active else "archived"


def _remote_status(native: Native, ctx: Context) -> str | None:
    active = flag(native.get("is_active"))
    return None if active is None else "active" if active else "inactive"


def _account(native: Native, ctx: Context) -> Record:
    code = native.get("account_code") or None
    return {"id": str(native["account_id"]), "name": native.get("account_name") or None, "code": code}


TABLE = Table(
    BankAccount,
    (
        field(bank.id, "account_id", ID),
        unmapped(bank.created_at, "keeps no times of bank accounts"),
        unmapped(bank.updated_at, "keeps no times of bank accounts"),
        field(bank.name, "account_name", TEXT, write=ALWAYS, sort="account_name"),
        field(bank.account_type, "account_type", TYPES, write=ALWAYS, sort="account_type"),
        field(bank.code, "account_code", TEXT, write=ALWAYS, sort="account_code"),
        field(bank.account_number, "account_number", TEXT, write=ALWAYS),
        field(bank.routing_number, "routing_number", TEXT, write=ALWAYS),
        field(bank.bank_name, "bank_name", TEXT, write=ALWAYS),
        coded(bank.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS),
        field(bank.current_balance, "balance", MONEY),
        field(bank.bank_balance, "bank_balance", MONEY),
        field(bank.uncategorized_count, "uncategorized_transactions", INTEGER),
        computed(
            bank.status, _status, uses=("is_active",),
            filters={Op.EQ: Words("filter_by", {"active": "Status.Active", "archived": "Status.Inactive"})},
        ),
        computed(bank.remote_status, _remote_status, uses=("is_active",)),
        computed(bank.account, _account, uses=("account_id", "account_name", "account_code")),
        replace(custom_fields(bank.custom_fields, CUSTOM_FIELDS), write=NEVER),
        unmapped(bank.tracking_categories, "puts reporting tags on transactions, not on accounts"),
    ),
)  # fmt: skip

IMPORT = Action(
    name="import-statement",
    doc="Takes in the lines of a bank statement, to be categorized or matched.",
    path="/bankstatements",
    fields=ImportStatement,
)


class BankAccounts(Resource):
    """An account's number is written whole and read masked."""

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        return _unmasked((yield from super().create(body, ctx)))

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        return _unmasked((yield from super().update(id, body, ctx, replace_lines=replace_lines)))

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action != IMPORT.name:
            return (yield from super().act(action, id, body, ctx))
        self.at(id)
        statement = {"account_id": id, **_statement(body["lines"])}
        yield Request("POST", IMPORT.path, merged_query((), ctx), statement, step="import the statement")
        answer = yield from self.get(id, ctx)
        answer.outcome = "updated"
        known = INTEGER.read((answer.native or {}).get("last_import_duplicate_count") or 0)
        if known:
            detail = f"{known} of the lines had been imported before and were left out"
            answer.issues.append(Issue("duplicates_skipped", "/lines", detail))
        return answer


def _unmasked(answer: Answer) -> Answer:
    """A masked number that ends as the one sent is that number."""
    answer.issues = [
        issue
        for issue in answer.issues
        if (issue.code, issue.pointer) != ("not_applied", "/account_number") or not _is_masked(issue)
    ]
    return answer


def _is_masked(issue: Issue) -> bool:
    sent, got = str(issue.extra.get("sent") or ""), str(issue.extra.get("got") or "")
    seen = got.lstrip("xX*•")
    return seen != got and sent.endswith(seen)


def _statement(lines: list[Record]) -> Native:
    """Money into the account is a debit of it. Raises Rejected for lines that move nothing."""
    errors = [
        FieldError("wrong_type", f"/lines/{place}/amount", "a line of a statement moves money")
        for place, line in enumerate(lines)
        if not line["amount"]
    ]
    if errors:
        raise Rejected(*errors)
    days = [line["date"] for line in lines]
    return {
        "start_date": DATE.write(min(days)),
        "end_date": DATE.write(max(days)),
        "transactions": [_line(line) for line in lines],
    }


def _line(line: Record) -> Native:
    told: dict[str, Any] = {
        "date": DATE.write(line["date"]),
        "debit_or_credit": "debit" if line["amount"] > 0 else "credit",
        "amount": abs(line["amount"]),
        "payee": line.get("payee"),
        "description": line.get("description"),
        "reference_number": line.get("reference"),
    }
    return {name: value for name, value in told.items() if value is not None}


RESOURCE = BankAccounts(
    name="bank_accounts",
    path="/bankaccounts",
    one="bankaccount",
    many="bankaccounts",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions={**masters("/bankaccounts"), IMPORT.name: IMPORT},
    own=BANK_ACCOUNTS,
    scopes={verb: f"ZohoBooks.banking.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    list_query=(("filter_by", "Status.All"),),
    order="account_name",
    repeats=("account_name", "account_type"),
    page_link="/app/{organization}#/banking/{id}",
)
