"""Reports agree with the ledger and with each other."""

from typing import Any

import pytest

EVER = {"from_date": "2000-01-01", "to_date": "2026-06-30"}


@pytest.fixture
def traded(desk: Any) -> Any:
    """Sold for 1000 plus tax, of which half is paid; spent 300; an owner's 5000."""
    customer, tax = desk.customer("Acme"), desk.tax("VAT", 20)
    bank, rent = desk.ledger.id("000000093015"), desk.ledger.id("000000000430")
    sent = desk.sent(
        customer, {"name": "x", "rate": 1000, "tax_id": tax}, date="2026-06-01", due_date="2026-06-05"
    )
    desk.pay(customer, 600, {sent["invoice_id"]: 600}, account_id=bank, date="2026-06-10")
    spent = {"account_id": rent, "paid_through_account_id": bank, "date": "2026-06-11", "amount": 300}
    desk.post("/expenses", spent)
    money = {
        "transaction_type": "owner_contribution",
        "to_account_id": bank,
        "amount": 5000,
        "date": "2025-12-31",
    }
    desk.post("/banktransactions", money)
    return desk


def totals(report: list[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for node in report:
        found[node["name"]] = node["total"]
        found.update(totals(node.get("account_transactions", [])))
    return found


def test_profit_and_loss(traded: Any) -> None:
    answer = traded.get("/reports/profitandloss", from_date="2026-06-01", to_date="2026-06-30")
    found = totals(answer["profit_and_loss"])
    assert [root["name"] for root in answer["profit_and_loss"]] == [
        "Gross Profit",
        "Operating Profit",
        "Net Profit/Loss",
    ]
    assert (found["Gross Profit"], found["Operating Profit"], found["Net Profit/Loss"]) == (1000, 700, 700)
    assert (found["Sales"], found["Rent Expense"], found["Cost of Goods Sold"]) == (1000, 300, 0)
    assert answer["page_context"]["report_basis"] == "Accrual"
    assert (
        totals(traded.get("/reports/profitandloss", to_date="2026-05-31")["profit_and_loss"])["Gross Profit"]
        == 0
    )


def test_cash_basis_counts_what_was_paid(traded: Any) -> None:
    answer = traded.get("/reports/profitandloss", cash_based="true", **EVER)
    found = totals(answer["profit_and_loss"])
    assert (found["Sales"], found["Net Profit/Loss"]) == (500, 200)
    assert answer["page_context"]["report_basis"] == "Cash"
    sheet = totals(
        traded.get("/reports/balancesheet", cash_based="true", to_date="2026-06-30")["balance_sheet"]
    )
    assert sheet["Accounts Receivable"] == 0
    assert sheet["Assets"] == sheet["Liabilities & Equities"] == 5300


def test_balance_sheet(traded: Any) -> None:
    found = totals(traded.get("/reports/balancesheet", to_date="2026-06-30")["balance_sheet"])
    assert (found["Accounts Receivable"], found["Operating Checking"], found["Tax Payable"]) == (
        600,
        5300,
        200,
    )
    assert (found["Current Year Earnings"], found["Owner's Equity"]) == (700, 5000)
    assert found["Assets"] == found["Liabilities & Equities"] == 5900
    later = totals(traded.get("/reports/balancesheet", to_date="2027-02-01")["balance_sheet"])
    assert (later["Retained Earnings"], later["Current Year Earnings"]) == (700, 0)


def test_trial_balance_and_general_ledger(traded: Any) -> None:
    whole = traded.get("/reports/trialbalance", to_date="2026-06-30")["trialbalance"][0]
    assert whole["net_debit_total"] == whole["net_credit_total"] == 6200
    rows = [row for group in whole["account_transactions"] for row in group["account_transactions"]]
    assert all((row["net_debit_total"] == "") != (row["net_credit_total"] == "") for row in rows)
    ledger = {row["name"]: row for row in traded.get("/reports/generalledger", **EVER)["generalledger"]}
    bank = ledger["Operating Checking"]
    assert (bank["debit_total"], bank["credit_total"], bank["balance"], bank["is_debit"]) == (
        5600,
        300,
        5300,
        True,
    )
    assert sum(row["debit_total"] for row in ledger.values()) == sum(
        row["credit_total"] for row in ledger.values()
    )


def test_taxes_and_ages(traded: Any) -> None:
    (tax,) = traded.get("/reports/taxsummary", **EVER)["taxsummary"]
    assert (tax["tax_name"], tax["transaction_amount"], tax["tax_amount"]) == ("VAT", 1000, 200)
    (row,) = traded.get("/reports/aragingsummary", report_date="2026-06-30")["aragingsummary"]
    assert (row["customer_name"], row["16_to_30_days"], row["total"]) == ("Acme", 600, 600)
    (one,) = traded.get("/reports/aragingdetails", report_date="2026-06-30")["aragingdetails"]
    assert (one["age"], one["balance"]) == (25, 600)
    assert traded.get("/reports/apagingsummary")["apagingsummary"] == []
    rows = traded.get("/reports/accounttransaction", **EVER)["account_transactions"]
    assert sum(row["debit"] or 0 for row in rows) == sum(row["credit"] or 0 for row in rows)


def test_unknown_reports(traded: Any) -> None:
    for name in ("accounttransactions", "cashflow", "nonsense"):
        assert traded.refused("GET", f"/reports/{name}") == (404, 5)
    assert traded.refused("GET", "/reports/profitandloss", query={"from_date": "June"}) == (400, 2)


def test_furnished_books_balance(furnished: Any) -> None:
    for query in ({}, {"cash_based": "true"}):
        whole = furnished.get("/reports/trialbalance", **query)["trialbalance"][0]
        assert whole["net_debit_total"] == whole["net_credit_total"] > 0
        sheet = furnished.get("/reports/balancesheet", **query)["balance_sheet"]
        assert sheet[0]["total"] == sheet[1]["total"]
