"""Financial statements, worked out from the ledger's postings."""

from decimal import Decimal

from . import report_lists
from .call import Answer, Call, Refused, Row, done
from .chart import DEBIT_TYPES, TYPE_NAMES
from .ledger import Ledger
from .money import ZERO
from .reporting import context, is_cash, sides, span, sums, until, year_start
from .resource import Handle, Route

FIRST_DAY = "0001-01-01"
_PROFIT = (
    (
        "Gross Profit",
        (("Operating Income", ("income",), -1), ("Cost of Goods Sold", ("cost_of_goods_sold",), 1)),
    ),
    ("Operating Profit", (("Operating Expense", ("expense",), 1),)),
    (
        "Net Profit/Loss",
        (
            ("Non Operating Income", ("other_income",), -1),
            ("Non Operating Expense", ("other_expense",), 1),
        ),
    ),
)
"""Root, its sections, the account types in each and the side on which they are shown positive."""
_EARNING = ("income", "other_income", "expense", "cost_of_goods_sold", "other_expense")
_ASSETS = (
    (
        "Current Assets",
        ("cash", "bank", "accounts_receivable", "stock", "payment_clearing", "other_current_asset"),
    ),
    ("Other Assets", ("other_asset",)),
    ("Fixed Assets", ("fixed_asset",)),
)
_OWED = (
    ("Current Liabilities", ("other_current_liability", "credit_card", "accounts_payable")),
    ("Long Term Liabilities", ("long_term_liability",)),
    ("Other Liabilities", ("other_liability",)),
)
RETAINED = "000000000379"


def _account(ledger: Ledger, account: Row, total: Decimal, **more: object) -> Row:
    key = account["account_id"]
    has_child = any(one["parent_account_id"] == key for one in ledger.accounts.all())
    return {
        "account_id": key,
        "name": account["account_name"],
        "account_code": account["account_code"],
        "total": total,
        "depth": 1 if account["parent_account_id"] else 0,
        "is_child_present": has_child,
        "total_sub_account": total if has_child else ZERO,
        **more,
    }


def _of_types(ledger: Ledger, found: dict[str, Decimal], types: tuple[str, ...], sign: int) -> list[Row]:
    """The accounts of these types that moved, by name."""
    chosen = [one for one in ledger.accounts.all() if one["account_type"] in types]
    return [
        _account(ledger, one, sign * found[one["account_id"]])
        for one in sorted(chosen, key=lambda one: one["account_name"])
        if found.get(one["account_id"])
    ]


def _total(rows: list[Row]) -> Decimal:
    return sum((row["total"] for row in rows), ZERO)


def _profit_and_loss(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    start, end = span(ledger, call)
    found = sums(ledger, start, end, cash=is_cash(call))
    so_far = ZERO
    roots: list[Row] = []
    for name, parts in _PROFIT:
        sections: list[Row] = []
        for title, types, sign in parts:
            rows = _of_types(ledger, found, types, sign)
            so_far += -sign * _total(rows)
            sections.append(
                {
                    "name": title,
                    "total": _total(rows),
                    "total_label": f"Total for {title}",
                    "account_transactions": rows,
                }
            )
        roots.append({"name": name, "total": so_far, "account_transactions": sections})
    return done(profit_and_loss=roots, page_context=context(call, "Profit and Loss", start, end))


def _earned(ledger: Ledger, found: dict[str, Decimal]) -> Decimal:
    earning = [one["account_id"] for one in ledger.accounts.all() if one["account_type"] in _EARNING]
    return -sum((found.get(key, ZERO) for key in earning), ZERO)


def _node(name: str, rows: list[Row]) -> Row:
    return {
        "name": name,
        "total": _total(rows),
        "total_label": f"Total for {name}",
        "account_transactions": rows,
    }


def _groups(
    ledger: Ledger, found: dict[str, Decimal], parts: tuple[tuple[str, tuple[str, ...]], ...]
) -> list[Row]:
    return [
        _node(
            title,
            [
                _node(TYPE_NAMES[kind], _of_types(ledger, found, (kind,), 1 if kind in DEBIT_TYPES else -1))
                for kind in types
            ],
        )
        for title, types in parts
    ]


def _balance_sheet(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """What was earned in former years stands with the retained earnings."""
    end, cash = until(ledger, call), is_cash(call)
    begin = year_start(ledger, end)
    found = sums(ledger, FIRST_DAY, end, cash=cash)
    current = _earned(ledger, sums(ledger, begin, end, cash=cash))
    former = _earned(ledger, found) - current
    retained = ledger.id(RETAINED)
    if former:
        found[retained] = found.get(retained, ZERO) - former
    equities = [
        *_of_types(ledger, found, ("equity",), -1),
        {
            "account_id": "",
            "name": "Current Year Earnings",
            "account_code": "",
            "total": current,
            "depth": 0,
            "is_child_present": False,
            "total_sub_account": ZERO,
        },
    ]
    liabilities = _node("Liabilities", _groups(ledger, found, _OWED))
    sheet = [
        _node("Assets", _groups(ledger, found, _ASSETS)),
        _node("Liabilities & Equities", [liabilities, _node("Equities", equities)]),
    ]
    return done(balance_sheet=sheet, page_context=context(call, "Balance Sheet", "", end))


def _trial_balance(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """The side an account is not on is empty text."""
    end = until(ledger, call)
    found = sums(ledger, FIRST_DAY, end, cash=is_cash(call))
    groups: list[Row] = []
    debits = credits = ZERO
    for kind, name in TYPE_NAMES.items():
        rows: list[Row] = []
        for account in sorted(ledger.accounts.all(), key=lambda one: one["account_name"]):
            net = found.get(account["account_id"], ZERO)
            if account["account_type"] != kind or not net:
                continue
            rows.append(
                {
                    "account_id": account["account_id"],
                    "name": account["account_name"],
                    "account_code": account["account_code"],
                    "account_type": kind,
                    "net_debit_total": net if net > 0 else "",
                    "net_credit_total": -net if net < 0 else "",
                    "depth": 0,
                }
            )
            debits, credits = debits + max(net, ZERO), credits + max(-net, ZERO)
        if rows:
            groups.append({"name": name, "account_type": kind, "account_transactions": rows})
    whole: Row = {
        "name": "Trial Balance",
        "net_debit_total": debits,
        "net_credit_total": credits,
        "account_transactions": groups,
    }
    return done(trialbalance=[whole], page_context=context(call, "Trial Balance", "", end))


def _general_ledger(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    start, end = span(ledger, call)
    moved = sides(ledger, start, end, cash=is_cash(call))
    closing = sums(ledger, FIRST_DAY, end, cash=is_cash(call))
    rows: list[Row] = []
    for account in sorted(ledger.accounts.all(), key=lambda one: one["account_name"]):
        key = account["account_id"]
        if key not in moved and not closing.get(key):
            continue
        debit, credit = moved.get(key, (ZERO, ZERO))
        is_debit = account["account_type"] in DEBIT_TYPES
        net = closing.get(key, ZERO)
        rows.append(
            {
                "name": account["account_name"],
                "account_id": key,
                "account_code": account["account_code"],
                "debit_total": debit,
                "credit_total": credit,
                "balance": net if is_debit else -net,
                "is_debit": is_debit,
            }
        )
    return done(generalledger=rows, page_context=context(call, "General Ledger", start, end))


def _unknown(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    message = "We couldnt find any resource for the given ID. Please verify the ID and try again."
    raise Refused(5, message, 404)


def _report(name: str, handle: Handle) -> Route:
    return Route("GET", f"/reports/{name}", "reports.READ", handle)


ROUTES = (
    _report("profitandloss", _profit_and_loss),
    _report("balancesheet", _balance_sheet),
    _report("trialbalance", _trial_balance),
    _report("generalledger", _general_ledger),
    _report("taxsummary", report_lists.tax_summary),
    _report("aragingsummary", report_lists.receivable_summary),
    _report("apagingsummary", report_lists.payable_summary),
    _report("aragingdetails", report_lists.receivable_details),
    _report("apagingdetails", report_lists.payable_details),
    _report("accounttransaction", report_lists.account_transactions),
    _report("{}", _unknown),
)
