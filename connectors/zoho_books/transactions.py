"""Transactions on money accounts: /banktransactions, entered by hand, imported, or made by other records.

Zoho makes expenses and payments only in their own collections: money spent is written as an expense.
"""

from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.kit.codec import DATE, ENUM, ID, MONEY, RATE, TEXT
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Json, Request
from connectors.kit.mapping import (
    ALWAYS,
    Native,
    Table,
    When,
    Words,
    coded,
    computed,
    field,
    many,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.kit.paging import merged_query
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books import bank_matching, bank_writes
from connectors.zoho_books.bank_rows import LINE, amount_of, as_spent, is_outflow, shaped
from connectors.zoho_books.codecs import CUSTOM_FIELDS
from connectors.zoho_books.ledger_lines import posted_as
from connectors.zoho_books.lookups import BANK_ACCOUNTS, CONTACTS, CURRENCIES
from connectors.zoho_books.tracking import tracking
from unified_models.transactions import Transaction

tx = names(Transaction)

TYPES = {
    "deposit": "deposit",
    "transfer_fund": "transfer",
    "card_payment": "credit_card",
    "expense": "spend",
    "vendor_payment": "spend",
    "sales_without_invoices": "receive",
    "other_income": "receive",
    "interest_income": "receive",
    "customer_payment": "receive",
    "expense_refund": "refund",
    "refund": "refund",
}
"""transaction_type → unified type. What owners put in and take out, and what comes from journals, stays raw."""

STATUSES = {"manually_added": "categorized"}
"""Entered by hand, a transaction has all a categorized one has."""

STATUS_WORDS = Words(
    "filter_by",
    {
        "uncategorized": "Status.Uncategorized", "categorized": ("Status.Categorized", "Status.ManuallyAdded"),
        "matched": "Status.Matched", "excluded": "Status.Excluded",
    },
    native="status",
    covers={
        "Status.Uncategorized": frozenset({"uncategorized"}), "Status.Categorized": frozenset({"categorized"}),
        "Status.ManuallyAdded": frozenset({"manually_added", ""}), "Status.Matched": frozenset({"matched"}),
        "Status.Excluded": frozenset({"excluded"}),
    },
)  # fmt: skip

FIELDS = replace(CUSTOM_FIELDS, ids=("custom_field_id", "customfield_id", "field_id"))


def _direction(native: Native, ctx: Context) -> str:
    return "outflow" if is_outflow(native) else "inflow"


def _net(native: Native, ctx: Context) -> Decimal | None:
    if native.get("amount") in (None, ""):
        return None
    return -amount_of(native) if is_outflow(native) else amount_of(native)


def _payee(native: Native, ctx: Context) -> str | None:
    listed = native.get("imported_transactions")
    lines = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return native.get("payee") or next((each["payee"] for each in lines if each.get("payee")), None)


def _status(native: Native, ctx: Context) -> str:
    word = str(native.get("status") or "manually_added")
    return STATUSES.get(word, word)


def _match(native: Native, ctx: Context) -> Record | None:
    if native.get("status") != "matched":
        return None
    return {"type": bank_matching.noun_of(native), "id": str(native["transaction_id"])}


TABLE = Table(
    Transaction,
    (
        field(tx.id, "transaction_id", ID),
        unmapped(tx.created_at, "keeps no times of transactions"),
        unmapped(tx.updated_at, "keeps no times of transactions"),
        field(
            tx.transaction_type, "transaction_type", ENUM(TYPES), write=ALWAYS,
            filters={Op.EQ: Words("transaction_type", {"deposit": "deposit"})},
        ),
        ref(
            tx.account, "account_id", name="account_name", to=BANK_ACCOUNTS, write=ALWAYS,
            below={"id": {Op.EQ: "account_id"}},
        ),
        field(
            tx.transaction_date, "date", DATE, write=ALWAYS, sort="date",
            filters={Op.EQ: "date", Op.GTE: "date_start", Op.LTE: "date_end"},
        ),
        field(tx.total_amount, "amount", MONEY, write=ALWAYS, filters={Op.EQ: "amount"}),
        ref(
            tx.account_from, "from_account_id", name="from_account_name", to=BANK_ACCOUNTS, write=ALWAYS,
            detail_only=True,
        ),
        computed(tx.direction, _direction, uses=("debit_or_credit", "transaction_type")),
        computed(tx.net_amount, _net, uses=("amount", "debit_or_credit")),
        ref(tx.contact, "customer_id", name="customer_name", to=CONTACTS, write=ALWAYS),
        computed(tx.payee, _payee, uses=("payee", "imported_transactions")),
        unmapped(tx.number, "does not number transactions"),
        field(
            tx.reference, "reference_number", TEXT, write=ALWAYS, filters={Op.EQ: "reference_number"}
        ),
        field(tx.description, "description", TEXT, write=ALWAYS),
        many(tx.line_items, "line_items", LINE, write=ALWAYS, complete=True, detail_only=True),
        computed(tx.match, _match, uses=("status", "transaction_type", "transaction_id")),
        computed(
            tx.status, _status, uses=("status",),
            filters={Op.EQ: STATUS_WORDS, Op.IN: STATUS_WORDS},
        ),
        field(tx.remote_status, "status", TEXT),
        unmapped(tx.running_balance, "does not tell what an account held after a transaction"),
        coded(tx.currency, "currency_code", writes="currency_id", to=CURRENCIES, write=ALWAYS),
        field(tx.exchange_rate, "exchange_rate", RATE, write=ALWAYS, detail_only=True),
        computed(tx.base_currency, lambda native, ctx: ctx.currency),
        field(tx.base_total_amount, "bcy_total", MONEY, detail_only=True),
        custom_fields(tx.custom_fields, FIELDS),
        tracking(tx.tracking_categories, located=False),
    ),
)  # fmt: skip


class Transactions(Resource):
    """One record per movement; where money was spent it is the expense."""

    def read(self, native: Json, ctx: Context, *, detail: bool = True) -> Answer:
        answer = super().read(shaped(native) if isinstance(native, dict) else native, ctx, detail=detail)
        answer.native = native
        return answer

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        if record["contact"] is not None:
            record["contact"]["type"] = "customer"
        elif native.get("vendor_id"):
            name = native.get("vendor_name") or None
            record["contact"] = {"id": str(native["vendor_id"]), "name": name, "type": "vendor"}

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        try:
            return (yield from super().fetch(id, ctx, step))
        except Fault as fault:
            if fault.kind is not Kind.NOT_FOUND or fault.phase == "idle":
                raise
        reply = yield Request("GET", f"/expenses/{id}", merged_query((), ctx), step="look among the expenses")
        found = reply.body.get("expense") if isinstance(reply.body, dict) else None
        if not isinstance(found, dict):
            raise Fault(Kind.GARBLED, reply.status, message="the answer has no expense")
        return as_spent(found)

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        if body.get("transaction_type") != "spend":
            return (yield from super().create(body, ctx))
        made = yield from bank_writes.spend(body, ctx)
        answer = self.read(as_spent(made.native), ctx)
        answer.native, answer.issues, answer.outcome = (
            made.native,
            [*answer.issues, *made.issues],
            made.outcome,
        )
        return answer

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        return True

    def prepare(self, draft: Draft) -> Flow[None]:
        if draft.when is When.UPDATE and draft.body.get("transaction_type") == "spend":
            detail = "a transaction does not become an expense; delete it and record the spending"
            raise Rejected(FieldError("enum_value", "/transaction_type", detail))
        yield from bank_writes.prepare(draft)

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        flow = bank_matching.FLOWS.get(action)
        if flow is None:
            return (yield from super().act(action, id, body, ctx))
        return (yield from flow(self, id, body, ctx))

    @cached_property
    def lists(self) -> frozenset[str]:
        return frozenset({"matches", "ledger-lines"})

    def inside(self, name: str, id: str, ctx: Context) -> Flow[list[Record]]:
        if name == "matches":
            return (yield from bank_matching.matches(id, ctx))
        native: Native = yield from self.fetch(id, ctx, "read what kind of transaction it is")
        return (yield from posted_as(str(native.get("transaction_type") or ""))(id, ctx))

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "update": 2, "categorize": 3, "match": 4, "unmatch": 3}}


RESOURCE = Transactions(
    name="transactions",
    path="/banktransactions",
    one="banktransaction",
    many="banktransactions",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions=bank_matching.ACTIONS,
    scopes={verb: f"ZohoBooks.banking.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    order="date",
    search="search_text",
    expansions={"line_items": "transactions"},
)
