"""Reports: the provider's own trees in one shape, and those derived here, which must agree with them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind, Rejected
from connectors.kit.operations import ListQuery
from connectors.kit.reports import Asked, Span
from connectors.zoho_books.reports import RESOURCE
from connectors.zoho_books.statements import periods
from tests.support.scripted import CONTEXT, run
from tests.support.twin import Twin
from unified_models.reports import Report
from unified_models.types import READING

YEAR = Asked(date(2026, 1, 1), date(2026, 6, 20))
BASIS = {"page_context": {"report_basis": "Accrual"}}


@pytest.fixture
def twin() -> Twin:
    return Twin(seed="furnished")


def read(twin: Twin, type: str, asked: Asked = Asked()) -> dict[str, Any]:
    answer = twin.run(RESOURCE.report(type, asked, twin.context))
    Report.model_validate(answer.record, context=READING)
    assert [issue.code for issue in answer.issues if issue.code != "balances_of_today"] == []
    return answer.record


def labelled(rows: list[dict[str, Any]], label: str) -> dict[str, Any]:
    return next(each for each in walk(rows) if each["label"] == label)


def walk(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in rows:
        yield each
        yield from walk(each["rows"])


def test_the_types_are_listed_without_a_call() -> None:
    page, provider = run(RESOURCE.list(ListQuery(), CONTEXT))
    assert provider.calls == []
    told = {each.record["type"]: each.record["is_derived"] for each in page.answers}
    assert [type for type, derived in told.items() if derived] == [
        "cash_flow", "aged_receivables", "aged_payables",
    ]  # fmt: skip
    assert len(told) == 8


def test_profit_and_loss_in_one_shape() -> None:
    account = {"account_id": "5", "name": "Sales", "account_code": "", "total": Decimal(90), "depth": 0}
    income = {"name": "Operating Income", "total": Decimal(90), "account_transactions": [account]}
    sold = {"name": "Cost of Goods Sold", "total": 0, "account_transactions": []}
    roots = [{"name": "Gross Profit", "total": Decimal(90), "account_transactions": [income, sold]}]
    flow = RESOURCE.report(
        "profit_and_loss", Asked(date(2026, 5, 1), date(2026, 5, 31), basis="cash"), CONTEXT
    )
    cash = {"page_context": {"report_basis": "Cash"}}
    answer, provider = run(flow, [{"profit_and_loss": roots, **cash}])
    assert provider.last.path == "/reports/profitandloss"
    assert dict(provider.last.query) == {
        "from_date": "2026-05-01", "to_date": "2026-05-31", "cash_based": "true",
    }  # fmt: skip
    record = answer.record
    assert (record["basis"], record["start_date"], record["as_of"]) == ("cash", date(2026, 5, 1), None)
    assert [(each["kind"], each["label"], each["cells"]["total"]) for each in record["rows"]] == [
        ("section", "Operating Income", 90),
        ("section", "Cost of Goods Sold", 0),
        ("total", "Gross Profit", 90),
    ]
    assert record["rows"][0]["rows"][0]["account"] == {"id": "5", "name": "Sales", "code": None}
    assert record["report_data"]["columns"] == ["Account", "Total"]
    assert record["report_data"]["rows"][0]["rows"][0]["data"] == ["Sales", 90]
    assert answer.native["profit_and_loss"] == roots


def test_another_basis_than_asked_for_is_told() -> None:
    flow = RESOURCE.report("general_ledger", Asked(basis="cash"), CONTEXT)
    answer, _ = run(flow, [{"generalledger": [], **BASIS}])
    assert (answer.record["basis"], [issue.code for issue in answer.issues]) == ("accrual", ["basis_ignored"])


def test_empty_cells_are_null() -> None:
    rows = [{"account_id": "1", "name": "Cash", "net_debit_total": Decimal(5), "net_credit_total": ""}]
    groups = [{"name": "Cash", "account_transactions": rows}]
    whole = {"net_debit_total": Decimal(5), "net_credit_total": Decimal(5), "account_transactions": groups}
    answer, provider = run(
        RESOURCE.report("trial_balance", Asked(), CONTEXT), [{"trialbalance": [whole], **BASIS}]
    )
    assert dict(provider.last.query) == {"to_date": "2026-06-20"}
    section, total = answer.record["rows"]
    assert section["rows"][0]["cells"] == {"debit": 5, "credit": None}
    assert total["cells"] == {"debit": 5, "credit": 5}


def test_taxes_are_read_to_the_last_page() -> None:
    def page(name: str, more: bool) -> dict[str, Any]:
        tax = {"tax_name": name, "transaction_amount": Decimal(10), "tax_amount": Decimal(1)}
        return {"taxsummary": [tax], "page_context": {"has_more_page": more, "report_basis": "Accrual"}}

    answer, provider = run(RESOURCE.report("tax_summary", YEAR, CONTEXT), [page("A", True), page("B", False)])
    assert [each["label"] for each in answer.record["rows"]] == ["A", "B"]
    assert dict(provider.last.query)["page"] == "2"
    assert [each["key"] for each in answer.record["columns"]] == ["sales", "tax_on_sales"]


@pytest.mark.parametrize(
    ("type", "asked", "at"),
    [
        ("profit_and_loss", Asked(as_of=date(2026, 6, 1)), "/as_of"),
        ("balance_sheet", Asked(start=date(2026, 6, 1)), "/start_date"),
        ("profit_and_loss", Asked(date(2026, 6, 2), date(2026, 6, 1)), "/start_date"),
        ("aged_payables", Asked(basis="cash"), "/basis"),
        ("balance_sheet", Asked(group_by="month"), "/group_by"),
        ("profit_and_loss", Asked(date(2020, 1, 1), date(2026, 1, 1), group_by="month"), "/group_by"),
    ],
)
def test_what_a_report_does_not_have_is_refused(type: str, asked: Asked, at: str) -> None:
    with pytest.raises(Rejected) as caught:
        run(RESOURCE.report(type, asked, CONTEXT))
    assert [error.pointer for error in caught.value.errors] == [at]


def test_an_unknown_report_is_not_found() -> None:
    with pytest.raises(Fault) as caught:
        run(RESOURCE.get("weather", CONTEXT))
    assert caught.value.kind is Kind.NOT_FOUND


def test_parts_of_a_period_are_cut_at_its_ends() -> None:
    span = Span(date(2025, 11, 15), date(2026, 2, 3), group_by="month")
    assert [(a.isoformat(), b.isoformat()) for a, b in periods(span)] == [
        ("2025-11-15", "2025-11-30"), ("2025-12-01", "2025-12-31"), ("2026-01-01", "2026-01-31"),
        ("2026-02-01", "2026-02-03"),
    ]  # fmt: skip
    quarters = periods(Span(date(2025, 11, 15), date(2026, 2, 3), group_by="quarter"))
    assert [a.isoformat() for a, _ in quarters] == ["2025-11-15", "2026-01-01"]


def test_months_side_by_side_come_to_the_whole(twin: Twin) -> None:
    whole = read(twin, "profit_and_loss", YEAR)
    split = read(twin, "profit_and_loss", Asked(YEAR.start, YEAR.end, group_by="month"))
    assert [each["key"] for each in split["columns"]] == [*(f"2026-0{n}" for n in range(1, 7)), "total"]
    assert labelled(whole["rows"], "Net Profit/Loss")["cells"]["total"] != 0
    for each in walk(whole["rows"]):
        assert labelled(split["rows"], each["label"])["cells"]["total"] == each["cells"]["total"], each[
            "label"
        ]


def test_statements_of_a_furnished_company_balance(twin: Twin) -> None:
    sheet = read(twin, "balance_sheet")
    assets, owed = (each["cells"]["total"] for each in sheet["rows"])
    assert assets == owed != 0
    trial = read(twin, "trial_balance")["rows"][-1]
    assert trial["kind"] == "total"
    assert trial["cells"]["debit"] == trial["cells"]["credit"] != 0
    ledger = read(twin, "general_ledger", YEAR)
    debit, credit = (sum(each["cells"][side] for each in ledger["rows"]) for side in ("debit", "credit"))
    assert debit == credit != 0


def test_derived_cash_flow_comes_to_the_change_in_cash(twin: Twin) -> None:
    flow = read(twin, "cash_flow", YEAR)
    parts = sum(each["cells"]["total"] for each in flow["rows"] if each["kind"] == "section")
    change = labelled(flow["rows"], "Net change in cash")["cells"]["total"]
    assert parts == change != 0
    closing = labelled(flow["rows"], "Cash at the end")["cells"]["total"]
    sheet = read(twin, "balance_sheet")["rows"]
    chart = twin.list("accounts", limit=200).answers
    money = {a.record["id"] for a in chart if a.record["type"] in ("bank", "cash", "payment_clearing")}
    held = sum(
        each["cells"]["total"] for each in walk(sheet) if each["account"] and each["account"]["id"] in money
    )
    assert closing == held
    net = labelled(read(twin, "profit_and_loss", YEAR)["rows"], "Net Profit/Loss")["cells"]["total"]
    assert labelled(flow["rows"], "Net income")["cells"]["total"] == net


@pytest.mark.parametrize(
    ("type", "documents"), [("aged_receivables", "invoices"), ("aged_payables", "bills")]
)
def test_derived_ages_come_to_what_is_owed(twin: Twin, type: str, documents: str) -> None:
    report = read(twin, type)
    *contacts, total = report["rows"]
    assert contacts
    parts = [value for key, value in total["cells"].items() if key != "total"]
    assert sum(parts) == total["cells"]["total"] == sum(each["cells"]["total"] for each in contacts)
    owed = Decimal(0)
    for record in everything(twin, documents):
        is_live = (
            record["status"] in ("authorised", "partially_paid") and record["remote_status"] != "approved"
        )
        if is_live and record["issue_date"] <= twin.context.today:
            owed += record["balance"] * (record["exchange_rate"] or 1)
    assert abs(total["cells"]["total"] - owed) < Decimal("0.05")


def everything(twin: Twin, name: str) -> Iterator[dict[str, Any]]:
    position: Any = None
    while True:
        page = twin.list(name, limit=200, position=position)
        yield from (answer.record for answer in page.answers)
        position = page.next
        if position is None:
            return


def test_ages_of_a_past_day_say_whose_balances_they_are(twin: Twin) -> None:
    answer = twin.run(RESOURCE.report("aged_receivables", Asked(as_of=date(2026, 5, 31)), twin.context))
    assert [issue.code for issue in answer.issues] == ["balances_of_today"]
    assert answer.record["as_of"] == date(2026, 5, 31)
