"""What becomes of imported transactions: categorized, matched, excluded, and back.

Zoho answers these with a message. A line that was dealt with is listed under the record it stands for, which is
then the transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.kit.actions import Action
from connectors.kit.codec import DATE
from connectors.kit.faults import Conflict, Fault, FieldError, Kind, Rejected
from connectors.kit.flows import allow, step_failed
from connectors.kit.http import Flow, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Answer, Context, Record
from connectors.kit.paging import merged_query, rows_of
from connectors.kit.resource import Resource
from connectors.zoho_books import bank_categories
from connectors.zoho_books.bank_rows import amount_of, is_outflow
from unified_models.actions import Categorize, Match

PATH = "/banktransactions"
WAITING = PATH + "/uncategorized/{id}"

NOUNS = {
    "expense": "expense", "customer_payment": "payment", "vendor_payment": "payment", "journal": "journal_entry",
    "invoice": "invoice", "bill": "bill", "creditnote": "credit_note", "vendor_credit": "vendor_credit",
}  # fmt: skip
"""transaction_type → kind of record; any other is a transaction of its own."""

_NEW = frozenset({"uncategorized"})

ACTIONS: Mapping[str, Action] = {
    each.name: each
    for each in (
        Action(
            name="categorize", doc="Says what an imported transaction was.", path=WAITING + "/categorize",
            fields=Categorize, allowed_from=_NEW,
        ),
        Action(
            name="match", doc="Says which records an imported transaction stands for.", path=WAITING + "/match",
            fields=Match, allowed_from=_NEW,
        ),
        Action(
            name="unmatch", doc="Takes a match or a category back; the transaction waits again.",
            path=PATH + "/{id}/unmatch", allowed_from=frozenset({"categorized", "matched"}),
        ),
        Action(
            name="exclude", doc="Puts an imported transaction aside.", path=WAITING + "/exclude",
            allowed_from=_NEW,
        ),
        Action(
            name="restore", doc="Brings an excluded transaction back.", path=WAITING + "/restore",
            allowed_from=frozenset({"excluded"}),
        ),
    )
}  # fmt: skip


def noun_of(native: Native) -> str:
    return NOUNS.get(str(native.get("transaction_type")), "transaction")


# Finding


def candidates(id: str, ctx: Context) -> Flow[list[Native]]:
    """The records Zoho would let an imported transaction stand for."""
    query = merged_query((("show_all_transactions", "true"),), ctx)
    path = WAITING.format(id=id) + "/match"
    reply = yield Request("GET", path, query, step="read what it may stand for")
    return rows_of(reply.body, "matching_transactions")


def matches(id: str, ctx: Context) -> Flow[list[Record]]:
    """What an imported transaction may stand for, the likeliest first, as `match` takes it."""
    if not id.isascii() or not id.isdecimal():
        raise Fault(Kind.NOT_FOUND, message="no such transaction", phase="idle")
    rows = yield from candidates(id, ctx)
    rows.sort(key=lambda row: row.get("is_best_match") is not True)
    return [
        {
            "type": noun_of(row),
            "id": str(row.get("transaction_id")),
            "number": row.get("transaction_number") or None,
            "reference": row.get("reference_number") or None,
            "transaction_date": DATE.read(row["date"]) if row.get("date") else None,
            "total_amount": amount_of(row),
            "direction": "outflow" if is_outflow(row) else "inflow",
            "contact": row.get("contact_name") or None,
            "is_best_match": row.get("is_best_match") is True,
        }
        for row in rows
    ]


# Doing


def _match(resource: Resource, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    line = yield from _waiting(resource, id, "match", ctx)
    known = {str(row.get("transaction_id")): row for row in (yield from candidates(id, ctx))}
    given: Sequence[Record] = body["records"]
    errors = [
        FieldError("reference_not_found", f"/records/{place}", _no_candidate(each), tuple(known)[:20])
        for place, each in enumerate(given)
        if each["id"] not in known or each["type"] not in ("transaction", noun_of(known[each["id"]]))
    ]
    if errors:
        raise Rejected(*errors)
    chosen = {each["id"]: known[each["id"]] for each in given}
    total = sum((amount_of(row) for row in chosen.values()), Decimal(0))
    if total != amount_of(line):
        detail = f"the records come to {total:f}, the transaction to {amount_of(line):f}"
        raise Rejected(FieldError("total_mismatch", "/records", detail))
    told = [
        {"transaction_id": key, "transaction_type": row["transaction_type"]} for key, row in chosen.items()
    ]
    path = ACTIONS["match"].path.format(id=id)
    yield Request("POST", path, (), {"transactions_to_be_matched": told}, step="match the transaction")
    return (yield from _after(resource, id, [{**line, **row} for row in chosen.values()], "matched", ctx))


def _no_candidate(given: Record) -> str:
    return f"{given['type']} {given['id']} is nothing this transaction can stand for"


def _categorize(resource: Resource, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    line = yield from _waiting(resource, id, "categorize", ctx)
    word, native = yield from bank_categories.spelled(resource, line, body, ctx)
    path = ACTIONS["categorize"].path.format(id=id) + (f"/{word}" if word else "")
    yield Request("POST", path, (), native, step="categorize the transaction")
    days = [line, {**line, "date": native.get("date") or line.get("date")}]
    return (yield from _after(resource, id, days, "categorized", ctx))


def _unmatch(resource: Resource, id: str, body: Record, ctx: Context) -> Flow[Answer]:
    """By the id of the line or of what it stands for. What categorizing made goes away again."""
    try:
        native: Native = yield from resource.fetch(id, ctx, "read the transaction as it stands")
    except Fault as fault:
        if fault.kind is not Kind.NOT_FOUND or fault.phase == "idle":
            raise
        native = {}
    status = str(native.get("status") or "matched")
    if native and status not in ("matched", "categorized"):
        stands = {"manually_added": "categorized"}.get(status, status)
        detail = "unmatch is not possible: no imported transaction stands for this one"
        raise Conflict("invalid_transition", detail, **{"from": stands, "allowed": []})
    verb = "uncategorize" if status == "categorized" else "unmatch"
    yield Request("POST", f"{resource.at(id)}/{verb}", (), None, step=f"{verb} the transaction")
    answer = yield from resource.get(_line_of(native) or id, ctx)
    answer.outcome = "updated"
    return answer


def _line_of(native: Native) -> str | None:
    """The id of the imported line behind a transaction."""
    if native.get("imported_transaction_id"):
        return str(native["imported_transaction_id"])
    listed = native.get("imported_transactions")
    lines = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return next((str(each["imported_transaction_id"]) for each in lines), None)


FLOWS: Mapping[str, Callable[[Resource, str, Record, Context], Flow[Answer]]] = {
    "categorize": _categorize,
    "match": _match,
    "unmatch": _unmatch,
}


def _waiting(resource: Resource, id: str, action: str, ctx: Context) -> Flow[Native]:
    """The line as it stands. Raises Conflict when it waits no more."""
    native: Native = yield from resource.fetch(id, ctx, "read the transaction as it stands")
    allow(resource, ACTIONS[action], resource.read(native, ctx).record)
    return native


def _after(resource: Resource, id: str, rows: Sequence[Native], word: str, ctx: Context) -> Flow[Answer]:
    """The row of the account's list that stands for the line now; the first of `rows` where none is found.

    `rows` are of the days to look at.
    """
    days = sorted(str(row.get("date") or "") for row in rows)
    query = (
        ("account_id", str(rows[0].get("account_id") or "")),
        ("date_start", days[0]), ("date_end", days[-1]), ("per_page", "200"),
    )  # fmt: skip
    found: Native | None = None
    issues: list[Any] = []
    try:
        reply = yield Request("GET", PATH, merged_query(query, ctx), step="read what it became")
        listed = rows_of(reply.body, "banktransactions")
        found = next((row for row in listed if id in _ids(row)), None)
    except Fault as fault:
        issues.append(step_failed(2, "read what it became", fault))
    answer = resource.read(found or {**rows[0], "status": word}, ctx, detail=False)
    answer.issues += issues
    answer.outcome = "partial" if issues else "updated"
    return answer


def _ids(row: Native) -> tuple[str, str]:
    return str(row.get("imported_transaction_id") or ""), str(row.get("transaction_id") or "")
