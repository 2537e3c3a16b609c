"""Reports through the API: the types there are, one report, and what a query gets wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="empty")


def test_the_types_are_listed(company: Company) -> None:
    rows: list[Any] = company.rows("reports")
    assert {"profit_and_loss", "cash_flow"} <= {each["type"] for each in rows}
    assert {each["type"] for each in rows if each["is_derived"]} == {
        "cash_flow", "aged_receivables", "aged_payables",
    }  # fmt: skip


def test_a_report_over_a_period_and_on_a_day(company: Company) -> None:
    report = company.call(
        "GET", "reports/profit_and_loss?start_date=2026-01-01&end_date=2026-03-31&basis=cash"
    ).json()
    assert (report["start_date"], report["end_date"], report["basis"]) == ("2026-01-01", "2026-03-31", "cash")
    assert report["rows"][-1]["kind"] == "total"
    assert report["report_data"]["columns"][0] == "Account"
    assert report["etag"]
    sheet = company.call("GET", "reports/balance_sheet?as_of=2026-03-31").json()
    assert (sheet["as_of"], sheet["start_date"]) == ("2026-03-31", None)
    months = company.call(
        "GET", "reports/profit_and_loss?start_date=2026-01-01&end_date=2026-03-31&group_by=month"
    ).json()
    assert [each["key"] for each in months["columns"]] == ["2026-01", "2026-02", "2026-03", "total"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("profit_and_loss?start_date=January", 400, "parameter_invalid"),
        ("profit_and_loss?basis=gut", 400, "parameter_invalid"),
        ("profit_and_loss?as_of=2026-01-01", 422, "unsupported_field"),
        ("profit_and_loss?until=2026-01-01", 422, "unknown_parameter"),
        ("weather", 404, "not_found"),
    ],
)
def test_what_cannot_be_answered(company: Company, query: str, status: int, code: str) -> None:
    answer = company.call("GET", f"reports/{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
