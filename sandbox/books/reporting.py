"""The sums reports are made of: what every account moved between two days, accrual or cash."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from .call import Call, Row, invalid
from .ledger import Ledger
from .money import ZERO
from .postings import SOURCES, Entry
from .times import read_day, shown_day

_SETTLED = {
    "invoices": ("payments", "invoice_ids", "invoice_id"),
    "bills": ("vendorpayments", "bill_ids", "bill_id"),
}
Movement = tuple[str, Row, str, str, Decimal]
"""Day, document, its table, account and amount (debit positive)."""


def movements(ledger: Ledger, *, cash: bool = False) -> list[Movement]:
    """Everything posted. On a cash basis invoices and bills count when and as far as they are paid."""
    found: list[Movement] = []
    for name, source in SOURCES.items():
        for document in ledger.tables[name].all():
            entries = source.entries(ledger, document)
            if cash and name in _SETTLED:
                found += _paid(ledger, name, document, entries)
            else:
                on = document[source.date]
                found += [(on, document, name, account, amount) for account, amount in entries]
    return found


def _paid(ledger: Ledger, name: str, document: Row, entries: list[Entry]) -> list[Movement]:
    table, link, key = _SETTLED[name]
    total: Decimal = document["total"]
    if not entries or not total:
        return []
    found: list[Movement] = []
    for payment in ledger.tables[table].linked(link, document[key]):
        share = sum((one["amount_applied"] for one in payment["applied"] if one[key] == document[key]), ZERO)
        scaled = [
            (account, ledger.in_base(amount * share / total, Decimal(1))) for account, amount in entries
        ]
        off = sum((amount for _, amount in scaled), ZERO)
        account, last = scaled.pop()
        for each, amount in (*scaled, (account, last - off)):
            found.append((payment["date"], document, name, each, amount))
    return found


def sums(ledger: Ledger, start: str, end: str, *, cash: bool = False) -> dict[str, Decimal]:
    """Debits less credits by account, between two days, both included."""
    found: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for on, _, _, account, amount in movements(ledger, cash=cash):
        if start <= on <= end:
            found[account] += amount
    return found


def sides(ledger: Ledger, start: str, end: str, *, cash: bool = False) -> dict[str, tuple[Decimal, Decimal]]:
    """Debits and credits by account."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for on, _, _, account, amount in movements(ledger, cash=cash):
        if start <= on <= end:
            debit, credit = found.get(account, (ZERO, ZERO))
            found[account] = (debit + amount, credit) if amount > 0 else (debit, credit - amount)
    return found


def year_start(ledger: Ledger, on: str) -> str:
    """The first day of the fiscal year a day is in."""
    day = date.fromisoformat(on)
    month = ledger.profile.fiscal_year_start_month
    return date(day.year if day.month >= month else day.year - 1, month, 1).isoformat()


def span(ledger: Ledger, call: Call) -> tuple[str, str]:
    """from_date and to_date; this month when nothing is said."""
    end = read_day(call.get("to_date"), "to_date") if call.get("to_date") else ledger.today()
    start = read_day(call.get("from_date"), "from_date") if call.get("from_date") else f"{end[:8]}01"
    if start > end:
        raise invalid("from_date")
    return start, end


def until(ledger: Ledger, call: Call) -> str:
    """The day a report stands on."""
    for name in ("to_date", "as_of_date", "report_date"):
        if call.get(name):
            return read_day(call.get(name), name)
    return ledger.today()


def is_cash(call: Call) -> bool:
    return call.flag("cash_based")


def context(call: Call, name: str, start: str, end: str, **more: object) -> Row:
    """What every report tells about itself; without a start it stands on a day."""
    days = {"from_date": start, "to_date": end} if start else {"as_of_date": end}
    label = f"{shown_day(start)} - {shown_day(end)}" if start else f"As of {shown_day(end)}"
    return {
        "report_name": name,
        "report_basis": "Cash" if is_cash(call) else "Accrual",
        **days,
        "date_range_label": label,
        "select_columns": [],
        "group_by": [{"field": call.get("group_by") or "none", "group": "report"}],
        **more,
    }
