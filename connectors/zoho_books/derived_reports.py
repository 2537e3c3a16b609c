"""Reports reckoned here, because nobody confirmed that Zoho answers them: cash flow, and what is owed by age."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from connectors.kit.codec import MONEY
from connectors.kit.http import Flow
from connectors.kit.mapping import Native
from connectors.kit.operations import Answer, Context, Filter, Issue, ListQuery, Op, Record
from connectors.kit.reports import Sheet, Span, column, row
from connectors.kit.resolving import rows_by
from connectors.kit.resource import Resource
from connectors.zoho_books import bills, invoices
from connectors.zoho_books.control_totals import places_of
from connectors.zoho_books.lookups import ACCOUNTS
from connectors.zoho_books.statements import TOTAL, amount, below, read

ZERO = Decimal(0)

# Cash flow

CASH = frozenset({"bank", "cash", "payment_clearing"})
_WORKING = frozenset(
    {
        "accounts_receivable", "stock", "other_current_asset", "input_tax", "accounts_payable",
        "other_current_liability", "credit_card", "output_tax",
    }
)  # fmt: skip
_INVESTED = frozenset({"fixed_asset", "other_asset"})


def cash_flow(span: Span, ctx: Context) -> Flow[Sheet]:
    """Indirect: what was earned, and by how much everything that is not cash changed.

    Assets that grew took cash, debts and capital that grew brought it. What an equity account changed by beyond
    the earnings is financing, so that the three parts always come to the change in cash.
    """
    start = span.start or span.end
    before = yield from _standing(replace(span, start=None, end=start - timedelta(days=1)), ctx)
    after = yield from _standing(replace(span, start=None), ctx)
    roots, _ = yield from read("profitandloss", "profit_and_loss", span, ctx)
    earned = (amount(roots[-1].get("total")) or ZERO) if roots else ZERO
    chart = yield from rows_by(ACCOUNTS, None, "")
    types = {str(each.get("account_id")): str(each.get("account_type")) for each in chart}
    parts: dict[str, list[Record]] = {"operating": [], "investing": [], "financing": []}
    parts["operating"].append(row("account", "Net income", {"total": earned}))
    equity, cash, opening = -earned, ZERO, ZERO
    for key in dict.fromkeys([*before, *after]):
        kind, name = key
        was, now = before.get(key, ZERO), after.get(key, ZERO)
        type = types.get(kind, "equity")
        if type in CASH:
            cash, opening = cash + now - was, opening + was
        elif type == "equity":
            equity += was - now
        elif now != was:
            part = "operating" if type in _WORKING else "investing" if type in _INVESTED else "financing"
            parts[part].append(row("account", name, {"total": was - now}, account={"id": kind, "name": name}))
    if equity:
        parts["financing"].append(row("account", "Capital and other equity", {"total": equity}))
    rows = [_part(f"Cash from {name} activities", given) for name, given in parts.items()]
    for label, value in (
        ("Net change in cash", cash), ("Cash at the beginning", opening), ("Cash at the end", opening + cash),
    ):  # fmt: skip
        rows.append(row("total", label, {"total": value}))
    return Sheet([TOTAL], rows)


def _part(label: str, rows: list[Record]) -> Record:
    return row("section", label, {"total": sum((each["cells"]["total"] for each in rows), ZERO)}, rows)


def _standing(span: Span, ctx: Context) -> Flow[dict[tuple[str, str], Decimal]]:
    """(account, name) → balance on a day as debit less credit; earnings stand under no account."""
    roots, _ = yield from read("balancesheet", "balance_sheet", span, ctx)
    found: dict[tuple[str, str], Decimal] = {}
    for place, root in enumerate(roots):
        for leaf in _leaves(root):
            key = str(leaf.get("account_id") or ""), str(leaf.get("name") or "")
            value = amount(leaf.get("total")) or ZERO
            found[key] = found.get(key, ZERO) + (value if place == 0 else -value)
    return found


def _leaves(native: Native) -> Iterator[Native]:
    if "account_transactions" not in native:
        yield native
    for each in below(native):
        yield from _leaves(each)


# What is owed, by age

AGES = (
    ("current", "Current", 0),
    ("1_30", "1-30 days", 30),
    ("31_60", "31-60 days", 60),
    ("61_90", "61-90 days", 90),
)
OLDEST = ("over_90", "Over 90 days")


def aged(documents: Callable[[], Resource]) -> Callable[[Span, Context], Flow[Sheet]]:
    """Open documents by contact, in base currency, by the days since they fell due."""

    def read_aged(span: Span, ctx: Context) -> Flow[Sheet]:
        found: dict[str, Record] = {}
        unpriced: list[str] = []
        for answer in (yield from _open(documents(), ctx)):
            record = answer.record
            issued = record.get("issue_date")
            if record.get("status") not in ("authorised", "partially_paid") or (issued and issued > span.end):
                continue
            balance = _in_base(answer, ctx)
            if balance is None:
                unpriced.append(str(record.get("number") or record["id"]))
                continue
            contact = record.get("contact") or {}
            line = found.setdefault(str(contact.get("id")), _blank(contact.get("name")))
            age = _age(record.get("due_date") or issued, span.end)
            line["cells"][age] += balance
            line["cells"]["total"] += balance
        rows = sorted(found.values(), key=lambda each: str(each["label"]).casefold())
        total = _blank("Total", "total")
        for each in rows:
            total["cells"] = {key: value + each["cells"][key] for key, value in total["cells"].items()}
        columns = [*(column(key, label) for key, label, _ in AGES), column(*OLDEST), TOTAL]
        return Sheet(columns, [*rows, total], issues=list(_doubts(span, ctx, unpriced)))

    return read_aged


def _open(resource: Resource, ctx: Context) -> Flow[list[Answer]]:
    """Every document that is owed something; what is approved and not sent yet is not."""
    query = ListQuery(200, filters=(Filter("status", Op.IN, ("authorised", "partially_paid")),))
    found: list[Answer] = []
    while True:
        page = yield from resource.list(query, ctx)
        found += (each for each in page.answers if each.record.get("remote_status") != "approved")
        if page.next is None:
            return found
        query = replace(query, position=page.next)


def _in_base(answer: Answer, ctx: Context) -> Decimal | None:
    record, native = answer.record, answer.native
    balance: Decimal = record.get("balance") or ZERO
    if record.get("currency") in (None, ctx.currency):
        return balance
    told = native.get("bcy_balance") if isinstance(native, dict) else None
    if told not in (None, ""):
        return MONEY.read(told)
    rate: Decimal | None = record.get("exchange_rate")
    places = Decimal(1).scaleb(-places_of(ctx.currency))
    return (balance * rate).quantize(places, ROUND_HALF_UP) if rate else None


def _blank(label: str | None, kind: str = "account") -> Record:
    return row(kind, label, dict.fromkeys((*(key for key, *_ in AGES), OLDEST[0], "total"), ZERO))


def _age(due: date | None, on: date) -> str:
    days = (on - due).days if due is not None else 0
    return next((key for key, _, last in AGES if days <= last), OLDEST[0])


def _doubts(span: Span, ctx: Context, unpriced: list[str]) -> Iterator[Issue]:
    if span.end < ctx.today:
        detail = f"aged on {span.end}; the balances are those of {ctx.today}"
        yield Issue("balances_of_today", "/as_of", detail)
    if unpriced:
        detail = f"left out, as their exchange rate is not told: {', '.join(unpriced[:20])}"
        yield Issue("rate_unknown", "/rows", detail)


aged_receivables = aged(lambda: invoices.RESOURCE)
aged_payables = aged(lambda: bills.RESOURCE)
