"""What credit notes and vendor credits do alike: rows, statuses, applying and refunding."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.codec import DATE
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Filters,
    Native,
    Row,
    Table,
    When,
    Words,
    computed,
    field,
    many,
    unmapped,
)
from connectors.kit.operations import Answer, Context, Op, Record
from connectors.kit.references import Lookup
from connectors.zoho_books import document_rows as rows
from connectors.zoho_books import filtering, settling, standing
from connectors.zoho_books.document_resource import Documents
from connectors.zoho_books.references import documents_named
from connectors.zoho_books.settlement import Means, Target, allocations_of, refunds_of
from unified_models.documents import Credit
from unified_models.line_items import LineItem

STATUS = {
    "draft": "draft", "open": "authorised", "approved": "authorised", "closed": "paid", "void": "voided",
    "pending_approval": "submitted", "rejected": "rejected",
}  # fmt: skip

STATUS_WORDS = Words(
    "status",
    {
        "draft": "draft", "authorised": ("open", "approved"), "paid": "closed", "voided": "void",
        "submitted": "pending_approval", "rejected": "rejected",
    },
    native="status",
)  # fmt: skip


UNSEEN = {"discount_total": "documents of the same build tell it; the recorded credits had no discount"}


def _remaining(native: Native, ctx: Context) -> Decimal | None:
    return standing.balance(native, ctx)


def _source(target: Target) -> Callable[[Native, Context], Any]:
    key = f"{target.type}_id"

    def read(native: Native, ctx: Context) -> Any:
        return {"type": target.type, "id": native[key]} if native.get(key) else None

    return read


def credit_rows(
    c: Credit,
    means: Means,
    table: Table[LineItem],
    *,
    noun: str,
    to: Lookup,
    refund: str,
    number: Callable[[str], Filters],
    search: str | None = None,
    ships: bool = False,
) -> tuple[Row, ...]:
    """Every row of a credit. `refund` begins the native keys of its refunds. Both are found by `customer_…`."""
    target = means.target
    return (
        *rows.head(
            c, means.key.removesuffix("_id"), number=number, reference=filtering.only,
            search=search,
        ),
        rows.party(c, target.party, to, by="customer", name=filtering.only),
        computed(
            c.status, standing.worded(STATUS), uses=("status",), write=CREATE,
            filters={Op.EQ: STATUS_WORDS, Op.IN: STATUS_WORDS},
        ),
        field(c.transaction_date, "date", DATE, write=ALWAYS, sort="date", filters=filtering.day("date")),
        unmapped(c.reason, f"keeps no reason of {noun}; customer_note is printed"),
        computed(
            c.source, _source(target), uses=(f"{target.type}_id",), put=lambda value, native, ctx: None,
            write=CREATE, detail_only=True,
        ),
        computed(c.remaining_credit, _remaining, uses=("balance", "status"), sort="balance"),
        many(c.allocations, means.shares, allocations_of(means), detail_only=True),
        many(c.refunds, f"{refund}s", refunds_of(means, f"{refund}_id"), detail_only=True),
        *rows.currency(c),
        *rows.totals(c, c.line_items, table, noun=noun, ships=ships),
        *rows.printed(c, noun),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Credits(Documents):
    """Born open unless the body says draft; applied, taken back and refunded by actions."""

    means: Means
    sources: Lookup
    drafted: tuple[str, Any] = ("status", "draft")

    def prepare(self, draft: Draft) -> Flow[None]:
        if draft.when is When.CREATE:
            draft.native.setdefault("date", DATE.write(draft.ctx.today))
            if draft.body.get("status") == "draft":
                name, value = self.drafted
                draft.native[name] = value
            if draft.body.get("source") is not None:
                type = self.means.target.type
                given = [draft.body["source"]]
                ids = yield from documents_named(given, {type: self.sources}, f"a {self.noun}", "/source")
                draft.query.append((f"{type}_id", ids[0]))
                draft.body = {**draft.body, "source": {"type": type, "id": ids[0]}}
        yield from super().prepare(draft)

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        if action in settling.VERBS:
            return (yield from settling.act(self, self.means, action, id, body, ctx))
        return (yield from super().act(action, id, body, ctx))

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], **settling.cost(self.means)}}
