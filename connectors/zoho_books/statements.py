"""Financial statements as Zoho prints them: /reports, which its specification does not know."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.kit.codec import DATE, MONEY
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.http import Flow, Json, Request
from connectors.kit.mapping import Native
from connectors.kit.operations import Context, Record
from connectors.kit.paging import Paging, context_of, merged_query
from connectors.kit.reports import Sheet, Span, column, row

TOTAL = column("total", "Total")
_PAGING = Paging()
_MOST_PAGES = 50
MOST_COLUMNS = 24
"""Each is a call."""


def read(name: str, key: str, span: Span, ctx: Context, *, page: int = 1) -> Flow[tuple[list[Native], Json]]:
    """The rows of a report and its whole answer."""
    days = [("from_date", DATE.write(span.start))] if span.start is not None else []
    query = [*days, ("to_date", DATE.write(span.end))]
    if span.basis == "cash":
        query.append(("cash_based", "true"))
    if page > 1:
        query.append(("page", str(page)))
    reply = yield Request("GET", f"/reports/{name}", merged_query(tuple(query), ctx), step="read the report")
    found = reply.body.get(key) if isinstance(reply.body, dict) else None
    if not isinstance(found, list):
        raise Fault(Kind.GARBLED, reply.status, message=f"the report has no {key!r}", raw=reply.body)
    return [each for each in found if isinstance(each, dict)], reply.body


def below(native: Native) -> list[Native]:
    found = native.get("account_transactions")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def amount(value: Any) -> Decimal | None:
    return None if value is None or value == "" else MONEY.read(value)


def basis_of(body: Json) -> str | None:
    """The basis an answer says it is on."""
    word = str(context_of(body, _PAGING).get("report_basis") or "").casefold()
    return word if word in ("accrual", "cash") else None


def account_of(native: Native) -> Record | None:
    """The account of a row; what stands in no account, as the year's earnings, has none."""
    if not native.get("account_id"):
        return None
    code = native.get("account_code") or None
    return {"id": str(native["account_id"]), "name": native.get("name") or None, "code": code}


def _label(native: Native) -> str | None:
    return native.get("name") or native.get("total_label") or None


def nested(native: Native) -> Record:
    """A node of a tree: a section where anything is, or could be, below it."""
    cells = {"total": amount(native.get("total"))}
    if "account_transactions" in native:
        return row("section", _label(native), cells, [nested(each) for each in below(native)])
    return row("account", _label(native), cells, account=account_of(native))


# Statements


def profit_and_loss(span: Span, ctx: Context) -> Flow[Sheet]:
    if span.group_by is not None:
        return (yield from _split(span, ctx))
    roots, body = yield from read("profitandloss", "profit_and_loss", span, ctx)
    rows: list[Record] = []
    for root in roots:
        rows += [nested(each) for each in below(root)]
        rows.append(row("total", _label(root), {"total": amount(root.get("total"))}))
    return Sheet([TOTAL], rows, body, basis_of(body))


def balance_sheet(span: Span, ctx: Context) -> Flow[Sheet]:
    roots, body = yield from read("balancesheet", "balance_sheet", span, ctx)
    return Sheet([TOTAL], [nested(each) for each in roots], body, basis_of(body))


def trial_balance(span: Span, ctx: Context) -> Flow[Sheet]:
    roots, body = yield from read("trialbalance", "trialbalance", span, ctx)
    rows = [_sided(each) for root in roots for each in below(root)]
    rows += [
        row("total", "Total", _cells(root))
        for root in roots
        if amount(root.get("net_debit_total")) is not None
    ]
    return Sheet([column("debit", "Debit"), column("credit", "Credit")], rows, body, basis_of(body))


def _sided(native: Native) -> Record:
    if "account_transactions" in native:
        return row("section", _label(native), {}, [_sided(each) for each in below(native)])
    return row("account", _label(native), _cells(native), account=account_of(native))


def _cells(native: Native) -> Record:
    return {"debit": amount(native.get("net_debit_total")), "credit": amount(native.get("net_credit_total"))}


def general_ledger(span: Span, ctx: Context) -> Flow[Sheet]:
    rows, body = yield from read("generalledger", "generalledger", span, ctx)
    columns = [column("debit", "Debit"), column("credit", "Credit"), column("balance", "Balance")]
    return Sheet(columns, [_moved(each) for each in rows], body, basis_of(body))


def _moved(native: Native) -> Record:
    cells = {
        "debit": amount(native.get("debit_total")),
        "credit": amount(native.get("credit_total")),
        "balance": amount(native.get("balance")),
    }
    return row("account", _label(native), cells, account=account_of(native))


_TAXES = {
    "transaction_amount": ("sales", "Sales"),
    "tax_amount": ("tax_on_sales", "Tax on sales"),
    "input_transaction_amount": ("purchases", "Purchases"),
    "input_tax_amount": ("tax_on_purchases", "Tax on purchases"),
    "net_tax_amount": ("net_tax", "Net tax"),
}


def tax_summary(span: Span, ctx: Context) -> Flow[Sheet]:
    """Pages are read to the end."""
    found: list[Native] = []
    body: Json = None
    for page in range(1, _MOST_PAGES + 1):
        rows, body = yield from read("taxsummary", "taxsummary", span, ctx, page=page)
        found += rows
        if not rows or context_of(body, _PAGING).get(_PAGING.more) is not True:
            break
    told = {name: given for name, given in _TAXES.items() if any(name in each for each in found)}
    columns = [column(key, label) for key, label in told.values()]
    lines = [
        row("account", each.get("tax_name") or _label(each), {
            key: amount(each.get(name)) for name, (key, _) in told.items()
        })
        for each in found
    ]  # fmt: skip
    return Sheet(columns, lines, body, basis_of(body))


# Columns side by side


def _split(span: Span, ctx: Context) -> Flow[Sheet]:
    """One report for each part of the period, put side by side, and their sum."""
    parts = periods(span)
    if len(parts) > MOST_COLUMNS:
        detail = f"{len(parts)} columns are more than {MOST_COLUMNS}: choose a shorter period"
        raise Rejected(FieldError("unsupported_field", "/group_by", detail))
    sheets: list[Sheet] = []
    for start, end in parts:
        part = Span(start, end, span.basis)
        sheets.append((yield from profit_and_loss(part, ctx)))
    keys = [_key(start, span.group_by or "") for start, _ in parts]
    columns = [*(column(key, key) for key in keys), TOTAL]
    rows = _beside([sheet.rows for sheet in sheets], keys)
    return Sheet(columns, rows, [sheet.native for sheet in sheets], sheets[0].basis)


def _key(start: date, group_by: str) -> str:
    if group_by == "year":
        return f"{start.year}"
    return (
        f"{start.year}-{start.month:02}" if group_by == "month" else f"{start.year}-Q{(start.month + 2) // 3}"
    )


def periods(span: Span) -> list[tuple[date, date]]:
    """The months, calendar quarters or years of a span, cut at its ends."""
    months = {"month": 1, "quarter": 3, "year": 12}[span.group_by or "month"]
    found: list[tuple[date, date]] = []
    start = span.start or span.end
    while start <= span.end:
        last = (start.month - 1) // months * months + months
        following = date(start.year + last // 12, last % 12 + 1, 1)
        found.append((start, min(following - timedelta(days=1), span.end)))
        start = following
    return found


def _beside(columns: Sequence[list[Record]], keys: list[str]) -> list[Record]:
    """Rows that stand for the same in several columns become one, in the order they first appear."""
    found: dict[tuple[Any, ...], list[Record | None]] = {}
    for place, rows in enumerate(columns):
        for each in rows:
            same = (each["kind"], (each["account"] or {}).get("id"), each["label"])
            found.setdefault(same, [None] * len(columns))[place] = each
    rows: list[Record] = []
    for parts in found.values():
        first = next(part for part in parts if part is not None)
        values = [part["cells"].get("total") if part else None for part in parts]
        told = [value for value in values if value is not None]
        cells = {**dict(zip(keys, values, strict=True)), "total": sum(told, Decimal(0)) if told else None}
        below = _beside([part["rows"] if part else [] for part in parts], keys)
        rows.append(row(first["kind"], first["label"], cells, below, first["account"]))
    return rows
