"""Reports that are lists with pages: taxes, what is owed by age, and single postings."""

from collections.abc import Iterable
from decimal import Decimal

from .balances import NOT_OWED
from .call import Answer, Call, Row, done, invalid
from .ledger import Ledger
from .money import ZERO
from .postings import SOURCES
from .reporting import context, is_cash, movements, span, until
from .times import days_between


def _whole(call: Call, name: str, default: int, most: int) -> int:
    given = call.get(name).strip()
    if not given:
        return default
    if not (given.isascii() and given.isdigit()) or not 0 < int(given) < 10**6:
        raise invalid(name)
    return min(int(given), most)


def _paged(call: Call, key: str, rows: list[Row], about: Row) -> Answer:
    page, per_page = _whole(call, "page", 1, 10**6), _whole(call, "per_page", 200, 200)
    start = (page - 1) * per_page
    shown = {**about, "page": page, "per_page": per_page, "has_more_page": len(rows) > start + per_page}
    return done(**{key: rows[start : start + per_page], "page_context": shown})


_TAXED = (
    ("invoices", 1, "output", NOT_OWED),
    ("salesreceipts", 1, "output", ("void", "draft")),
    ("creditnotes", -1, "output", NOT_OWED),
    ("bills", 1, "input", NOT_OWED),
    ("vendorcredits", -1, "input", NOT_OWED),
    ("expenses", 1, "input", ()),
)


def tax_summary(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """By simple tax, in base currency: what was charged and what was paid, from the lines of documents."""
    start, end = span(ledger, call)
    found: dict[str, dict[str, Decimal]] = {}
    for table, sign, way, left_out in _TAXED:
        for document in ledger.tables[table].all():
            if document.get("status") in left_out or not start <= document["date"] <= end:
                continue
            for line in document["line_items"]:
                for key, _, _, amount in line.get("taxes", ()):
                    sums = found.setdefault(key, {})
                    rate = document["exchange_rate"]
                    on = ledger.in_base(line["item_total"], rate)
                    sums[f"{way}_tax"] = sums.get(f"{way}_tax", ZERO) + sign * ledger.in_base(amount, rate)
                    sums[f"{way}_amount"] = sums.get(f"{way}_amount", ZERO) + sign * on
    rows = [
        {
            "tax_id": key,
            "tax_name": tax["tax_name"],
            "tax_percentage": tax["tax_percentage"],
            "transaction_amount": sums.get("output_amount", ZERO),
            "tax_amount": sums.get("output_tax", ZERO),
            "input_transaction_amount": sums.get("input_amount", ZERO),
            "input_tax_amount": sums.get("input_tax", ZERO),
            "net_tax_amount": sums.get("output_tax", ZERO) - sums.get("input_tax", ZERO),
        }
        for key, sums in found.items()
        if (tax := ledger.taxes.get(key)) is not None
    ]
    rows.sort(key=lambda row: str(row["tax_name"]))
    return _paged(call, "taxsummary", rows, context(call, "Tax Summary", start, end))


def _open(ledger: Ledger, table: str, party: str, on: str) -> Iterable[Row]:
    """Documents still owed, as they stand today, dated by the day of the report."""
    for document in ledger.tables[table].all():
        if document["status"] not in NOT_OWED and document["balance"] > 0 and document["date"] <= on:
            yield document


def _buckets(call: Call) -> list[tuple[str, int]]:
    """Names and last days of the columns, from interval_range and number_of_columns."""
    step, count = _whole(call, "interval_range", 15, 365), _whole(call, "number_of_columns", 4, 12)
    found = [
        (f"{1 + step * place}_to_{step * (place + 1)}_days", step * (place + 1)) for place in range(count - 1)
    ]
    return [("current", 0), *found, (f"above_{step * (count - 1)}_days", 10**9)]


def _age(document: Row, call: Call, on: str) -> int:
    by = "date" if call.get("aging_by").lower() in ("date", "invoicedate", "invoice_date") else "due_date"
    return days_between(document[by], on)


def _summary(ledger: Ledger, call: Call, table: str, party: str, key: str, name: str) -> Answer:
    on, buckets = until(ledger, call), _buckets(call)
    found: dict[str, Row] = {}
    for document in _open(ledger, table, party, on):
        who = document[party]
        row = found.setdefault(
            who,
            {
                party: who,
                party.replace("_id", "_name"): ledger.contacts.rows[who]["contact_name"],
                **{title: ZERO for title, _ in buckets},
                "total": ZERO,
            },
        )
        amount = ledger.in_base(document["balance"], document["exchange_rate"])
        age = _age(document, call, on)
        title = next(title for title, last in buckets if age <= last)
        row[title] += amount
        row["total"] += amount
    rows = sorted(found.values(), key=lambda row: str(row[party.replace("_id", "_name")]).casefold())
    return _paged(call, key, rows, context(call, name, "", on))


def _details(ledger: Ledger, call: Call, table: str, party: str, key: str, name: str) -> Answer:
    on, buckets = until(ledger, call), _buckets(call)
    source = SOURCES[table]
    rows: list[Row] = []
    for document in _open(ledger, table, party, on):
        age = _age(document, call, on)
        rows.append(
            {
                "transaction_id": document[ledger.tables[table].key],
                "transaction_number": document[source.number],
                "transaction_type": source.kind,
                party: document[party],
                party.replace("_id", "_name"): ledger.contacts.rows[document[party]]["contact_name"],
                "date": document["date"],
                "due_date": document["due_date"],
                "age": age,
                "interval": next(title for title, last in buckets if age <= last),
                "currency_code": ledger.currency(document["currency_id"])["currency_code"],
                "amount": document["total"],
                "balance": document["balance"],
                "bcy_balance": ledger.in_base(document["balance"], document["exchange_rate"]),
                "status": "overdue" if document["due_date"] < on else "open",
            }
        )
    rows.sort(key=lambda row: (row["due_date"], row["transaction_id"]))
    return _paged(call, key, rows, context(call, name, "", on))


def receivable_summary(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _summary(ledger, call, "invoices", "customer_id", "aragingsummary", "AR Aging Summary")


def payable_summary(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _summary(ledger, call, "bills", "vendor_id", "apagingsummary", "AP Aging Summary")


def receivable_details(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _details(ledger, call, "invoices", "customer_id", "aragingdetails", "AR Aging Details")


def payable_details(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    return _details(ledger, call, "bills", "vendor_id", "apagingdetails", "AP Aging Details")


def account_transactions(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """Single postings, of one account when `account_id` says so."""
    start, end = span(ledger, call)
    wanted = call.get("account_id").strip()
    rows = [
        {
            "date": on,
            "account_id": account,
            "account_name": ledger.account_name(account),
            "transaction_id": document[ledger.tables[table].key],
            "transaction_type": SOURCES[table].kind,
            "entity_number": document.get(SOURCES[table].number, ""),
            "reference_number": document.get("reference_number", ""),
            "debit": amount if amount > 0 else "",
            "credit": -amount if amount < 0 else "",
        }
        for on, document, table, account, amount in movements(ledger, cash=is_cash(call))
        if start <= on <= end and wanted in ("", account) and amount
    ]
    rows.sort(key=lambda row: (row["date"], row["transaction_id"]))
    return _paged(call, "account_transactions", rows, context(call, "Account Transactions", start, end))
