"""Transaction locking: which days are closed, for everything or for one part of the books.

The API's specification closes a day and all before it. Locks that exempt users or accounts, or only log, are left
to Zoho: who asks and what exactly they touch is not known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.guarding import Intent
from connectors.kit.http import Flow, Json, Request
from connectors.kit.paging import rows_of

FRESH_FOR = 300.0
"""Seconds a lock may be known before it is read again; a refusal is never made from memory."""

_NOW = 0.001
"""Nothing older will do; a look-up all the same, which is no part of the write when that is resumed."""

_EVERYTHING = "all"
_SCOPES: Mapping[str, str] = {
    "0": _EVERYTHING, "all": _EVERYTHING, "sales": "sales", "purchase": "purchase", "purchases": "purchase",
    "accountant": "accountant", "accounts": "accountant", "banking": "banking",
}  # fmt: skip
"""What a lock says it is of → the part of the books. The numbers but for 0 are not explained anywhere."""


@dataclass(frozen=True, slots=True)
class Dated:
    """Records that post: the part of the books they are in, their native day and its unified field."""

    part: str
    resource: str
    field: str = "transaction_date"
    day: str = "date"


DATED: Mapping[str, Dated] = {
    "invoices": Dated("sales", "invoices", "issue_date"),
    "creditnotes": Dated("sales", "credit_notes"),
    "customerpayments": Dated("sales", "payments"),
    "salesreceipts": Dated("sales", "sales_receipts", "issue_date"),
    "bills": Dated("purchase", "bills", "issue_date"),
    "vendorcredits": Dated("purchase", "vendor_credits"),
    "vendorpayments": Dated("purchase", "payments"),
    "expenses": Dated("purchase", "expenses"),
    "journals": Dated("accountant", "journal_entries", day="journal_date"),
    "banktransactions": Dated("banking", "transactions"),
}
"""First segment of a path → what is dated there. Offers and orders do not post."""

_POSTING = frozenset({"status", "approve"})
"""Verbs that put a record into the books or take it out, on its own day; settling it has a day of its own."""


def locks(*, fresh_for: float = FRESH_FOR) -> Flow[list[Json]]:
    """The locks in force; none where they cannot be read, for Zoho refuses on its own account too."""
    query = (("page", "1"), ("per_page", "200"))
    step = "read which days are locked"
    try:
        reply = yield Request("GET", "/transactionlocks", query, step=step, fresh_for=fresh_for, lasting=True)
        return [row for row in rows_of(reply.body, "transaction_locks") if _until(row)]
    except Fault:
        return []


def locked_until(rows: Iterable[Json], part: str = "") -> str | None:
    """The last day locked for everything, or for one part of the books."""
    return max((_until(row) for row in rows if _part(row) in (_EVERYTHING, part)), default=None)


def _until(row: Json) -> str:
    """The last day a lock surely closes; "" when it closes none."""
    word = row.get("transaction_lock_status") or {"locked": "enabled"}.get(str(row.get("lock_status")))
    exempt = any(
        row.get(f"{who}_exceptions_count") or row.get(f"{who}_exceptions") for who in ("user", "account")
    )
    return "" if exempt or word != "enabled" else str(row.get("transaction_lock_date") or "")


def _part(row: Json) -> str | None:
    told = (row.get("transaction_lock_module"), row.get("lock_scope"), row.get("lock_scope_formatted"))
    words = (_SCOPES.get(str(each).strip().casefold()) for each in told if each is not None)
    return next((word for word in words if word is not None), None)


def _partly_open(row: Json, day: str) -> bool:
    """A window opened inside of what is locked."""
    start, end = str(row.get("start_date") or ""), str(row.get("end_date") or "")
    return bool(row.get("partial_lock_number")) and start <= day <= end


def check(intent: Intent) -> Flow[None]:
    """Raises Rejected(period_locked) before a locked day is written to."""
    error = yield from _locked(intent, known=True)
    if error is not None:
        raise Rejected(error)


def explain(intent: Intent, fault: Fault) -> Flow[None]:
    """Zoho's refusal for a locked day has a text in any language and no code of its own: the locks tell."""
    if fault.kind not in (Kind.INVALID, Kind.CONFLICT):
        return
    error = yield from _locked(intent, known=False)
    if error is not None:
        fault.kind, fault.errors = Kind.LOCKED, (error,)


def _locked(intent: Intent, *, known: bool) -> Flow[FieldError | None]:
    """`known`: past days only, and what is remembered of the locks will do while it locks nothing."""
    parts = _parts(intent.request)
    dated = DATED.get(parts[0])
    if dated is None:
        return None
    days = {day: at for day, at in _named(intent, dated) if not known or day < intent.ctx.today.isoformat()}
    own = _is_own(intent.request, parts)
    if not days and not own:
        return None
    rows = yield from locks(fresh_for=FRESH_FOR if known else _NOW)
    if own and locked_until(rows, dated.part) is not None:
        day = yield from _own_day(intent, dated, parts)
        days = {day: f"/{dated.field}", **days} if day else days
    error = _first(rows, dated, days)
    if error is not None and known:
        error = _first((yield from locks(fresh_for=_NOW)), dated, days)
    return error


def _first(rows: Iterable[Json], dated: Dated, days: Mapping[str, str]) -> FieldError | None:
    for day, at in days.items():
        for row in rows:
            if _part(row) in (_EVERYTHING, dated.part) and day <= _until(row) and not _partly_open(row, day):
                until = _until(row)
                detail = f"{day} is in a locked period: nothing dated up to {until} may be written"
                return FieldError("period_locked", at, detail)
    return None


def _parts(request: Request) -> list[str]:
    return request.path.strip("/").split("/")


def _named(intent: Intent, dated: Dated) -> Iterator[tuple[str, str]]:
    """The days a write names itself, with their pointers. A new record without one is of today."""
    request, parts = intent.request, _parts(intent.request)
    body: Mapping[str, Any] = request.body if isinstance(request.body, dict) else {}
    on_refund = "refunds" in parts
    day = dict(request.query).get("reversal_date") or body.get("date" if on_refund else dated.day)
    if day:
        elsewhere = on_refund or parts[-1] == "reverse"
        yield str(day), "/transaction_date" if elsewhere else f"/{dated.field}"
    elif len(parts) == 1:
        yield intent.ctx.today.isoformat(), f"/{dated.field}"


def _is_own(request: Request, parts: list[str]) -> bool:
    """Whether the day the record has counts."""
    if len(parts) == 2:
        return request.method in ("PUT", "DELETE")
    return len(parts) > 2 and parts[2] in _POSTING


def _own_day(intent: Intent, dated: Dated, parts: list[str]) -> Flow[str]:
    """The day of the record as it stands, of an answer the flow has already or of one more."""
    path = "/" + "/".join(parts[:2])
    body = intent.seen.get(path)
    if body is None:
        try:
            body = (yield Request("GET", path, step="read the day it is of", fresh_for=_NOW)).body
        except Fault:
            return ""
    members: list[Any] = list(body.values()) if isinstance(body, dict) else []
    return next(
        (str(each[dated.day]) for each in members if isinstance(each, dict) and each.get(dated.day)), ""
    )


_COSTS = {
    "period_lock": {"calls": 1, "fresh_for": int(FRESH_FOR), "when": "the day written to is past or not told"}
}

COST = {dated.resource: _COSTS for dated in DATED.values()}
"""What `check` costs a write, by resource."""
