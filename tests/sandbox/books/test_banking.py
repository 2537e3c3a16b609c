"""Bank accounts, movements entered by hand, and what becomes of the lines of statements."""

from decimal import Decimal
from typing import Any

import pytest

BANK, SAVINGS, SUPPLIES = "000000093015", "000000093017", "000000000400"


@pytest.fixture
def bank(desk: Any) -> str:
    return desk.ledger.id(BANK)


def balance(desk: Any, account: str) -> Any:
    return desk.get(f"/bankaccounts/{account}")["bankaccount"]["balance"]


def taken_in(desk: Any, bank: str, *lines: tuple[str, Any]) -> list[str]:
    """Ids of the lines of a new statement, given as direction and amount."""
    entries = [
        {
            "date": "2026-06-12",
            "debit_or_credit": side,
            "amount": amount,
            "payee": "P",
            "transaction_id": f"f{n}",
        }
        for n, (side, amount) in enumerate(lines)
    ]
    desk.post("/bankstatements", {"account_id": bank, "transactions": entries})
    statement = desk.get(f"/bankaccounts/{bank}/statement/lastimported")["statement"][0]
    return [line["transaction_id"] for line in statement["transactions"]]


def status(desk: Any, key: str) -> str:
    return desk.books.truth()["banktransactions"][key]["status"]


def test_accounts(desk: Any) -> None:
    body = {
        "account_name": "Business",
        "account_type": "bank",
        "account_number": "123456789",
        "bank_name": "B",
    }
    made = desk.post("/bankaccounts", body)["bankaccount"]
    assert (made["account_number"], made["balance"], made["is_active"]) == ("xxxx6789", 0, True)
    key = made["account_id"]
    assert desk.get(f"/chartofaccounts/{key}")["chart_of_account"]["account_name"] == "Business"
    desk.post(f"/bankaccounts/{key}/inactive")
    assert desk.get("/bankaccounts", filter_by="Status.Inactive")["bankaccounts"][0]["account_id"] == key
    desk.post(f"/bankaccounts/{key}/active")
    assert desk.put(f"/bankaccounts/{key}", {"description": "d"})["bankaccount"]["description"] == "d"
    desk.delete(f"/bankaccounts/{key}")
    assert desk.refused("GET", f"/bankaccounts/{key}") == (404, 1002)
    assert desk.refused("GET", f"/bankaccounts/{desk.ledger.id(SUPPLIES)}") == (404, 1002)


def test_movements_by_hand(desk: Any, bank: str) -> None:
    savings = desk.ledger.id(SAVINGS)
    desk.post(
        "/banktransactions", {"transaction_type": "owner_contribution", "to_account_id": bank, "amount": 900}
    )
    transfer = {
        "transaction_type": "transfer_fund",
        "from_account_id": bank,
        "to_account_id": savings,
        "amount": 200,
    }
    moved = desk.post("/banktransactions", transfer)["banktransaction"]
    desk.post(
        "/banktransactions", {"transaction_type": "owner_drawings", "from_account_id": bank, "amount": 50}
    )
    assert (balance(desk, bank), balance(desk, savings)) == (650, 200)
    rows = desk.get("/banktransactions", account_id=bank)["banktransactions"]
    assert sorted((row["debit_or_credit"], row["amount"]) for row in rows) == [
        ("credit", 50),
        ("credit", 200),
        ("debit", 900),
    ]
    assert {row["status"] for row in rows} == {"manually_added"}
    assert len(desk.get("/banktransactions")["banktransactions"]) == 3
    path = f"/banktransactions/{moved['transaction_id']}"
    assert desk.put(path, {"amount": 210})["banktransaction"]["amount"] == 210
    desk.delete(path)
    assert (balance(desk, bank), balance(desk, savings)) == (850, 0)
    assert desk.refused("DELETE", f"/bankaccounts/{bank}") == (400, 1007)


def test_bad_movements(desk: Any, bank: str) -> None:
    whole = {"transaction_type": "deposit", "to_account_id": bank, "from_account_id": desk.ledger.id(SAVINGS)}
    assert desk.refused("POST", "/banktransactions", {**whole, "amount": 0}) == (400, 2)
    assert desk.refused(
        "POST", "/banktransactions", {**whole, "amount": 1, "transaction_type": "expense"}
    ) == (400, 2)
    assert desk.refused("POST", "/banktransactions", {**whole, "amount": 1, "from_account_id": bank}) == (
        400,
        2,
    )
    card = {**whole, "amount": 1, "transaction_type": "card_payment"}
    assert desk.refused("POST", "/banktransactions", card) == (400, 2)
    assert desk.refused("POST", "/banktransactions", {"transaction_type": "deposit", "amount": 1}) == (400, 4)


def test_documents_stand_among_them(desk: Any, bank: str) -> None:
    customer = desk.customer("Acme")
    sent = desk.sent(customer, {"name": "x", "rate": 40})
    desk.pay(customer, 40, {sent["invoice_id"]: 40}, account_id=bank)
    row = desk.get("/banktransactions", account_id=bank)["banktransactions"][0]
    assert (row["transaction_type"], row["debit_or_credit"], row["payee"]) == (
        "customer_payment",
        "debit",
        "Acme",
    )
    assert row["offset_account_name"] == "Accounts Receivable"
    found = desk.get(f"/banktransactions/{row['transaction_id']}")["banktransaction"]
    assert found["to_account_name"] == "Operating Checking"


def test_statement_lines_wait(desk: Any, bank: str) -> None:
    taken_in(desk, bank, ("debit", 100), ("credit", "25.5"))
    account = desk.get(f"/bankaccounts/{bank}")["bankaccount"]
    assert (account["uncategorized_transactions"], account["balance"]) == (2, 0)
    assert account["bank_balance"] == Decimal("74.5")
    assert len(desk.get("/banktransactions", filter_by="Status.Uncategorized")["banktransactions"]) == 2
    again = [{"date": "2026-06-12", "debit_or_credit": "debit", "amount": 100, "transaction_id": "f0"}]
    desk.post("/bankstatements", {"account_id": bank, "transactions": again})
    account = desk.get(f"/bankaccounts/{bank}")["bankaccount"]
    assert (account["uncategorized_transactions"], account["last_import_duplicate_count"]) == (2, 1)


def test_categorised_and_back(desk: Any, bank: str) -> None:
    incoming, spent = taken_in(desk, bank, ("debit", 100), ("credit", 30))
    path = "/banktransactions/uncategorized"
    desk.post(f"{path}/{incoming}/categorize", {"transaction_type": "other_income"})
    desk.post(f"{path}/{spent}/categorize/expenses", {"account_id": desk.ledger.id(SUPPLIES)})
    assert (status(desk, incoming), status(desk, spent), balance(desk, bank)) == (
        "categorized",
        "categorized",
        70,
    )
    expense = desk.get("/expenses")["expenses"][0]
    assert expense["total"] == 30
    row = desk.get("/banktransactions", filter_by="Status.Categorized", transaction_type="other_income")
    made = row["banktransactions"][0]
    assert made["imported_transaction_id"] == incoming
    assert desk.refused("DELETE", f"/banktransactions/{made['transaction_id']}") == (400, 1007)
    assert desk.refused("POST", f"{path}/{incoming}/categorize", {"transaction_type": "other_income"}) == (
        400,
        1007,
    )
    desk.post(f"/banktransactions/{made['transaction_id']}/uncategorize")
    desk.post(f"/banktransactions/{expense['expense_id']}/uncategorize")
    assert (status(desk, incoming), status(desk, spent), balance(desk, bank)) == (
        "uncategorized",
        "uncategorized",
        0,
    )
    assert desk.get("/expenses")["expenses"] == []


def test_categorised_as_payment(desk: Any, bank: str) -> None:
    customer = desk.customer("Acme")
    sent = desk.sent(customer, {"name": "x", "rate": 100})
    (line,) = taken_in(desk, bank, ("debit", 100))
    body = {"customer_id": customer, "invoices": [{"invoice_id": sent["invoice_id"], "amount_applied": 100}]}
    desk.post(f"/banktransactions/uncategorized/{line}/categorize/customerpayments", body)
    assert desk.get(f"/invoices/{sent['invoice_id']}")["invoice"]["status"] == "paid"
    wrong = desk.refused("POST", f"/banktransactions/uncategorized/{line}/categorize/expenses", {})
    assert wrong == (400, 1007)


def test_matched_and_back(desk: Any, bank: str) -> None:
    customer = desk.customer("Acme")
    paid = [desk.pay(customer, amount, {}, account_id=bank)["payment_id"] for amount in (60, 40, 100)]
    (line,) = taken_in(desk, bank, ("debit", 100))
    path = f"/banktransactions/uncategorized/{line}/match"
    found = desk.get(path)["matching_transactions"]
    assert [(one["transaction_id"], one["is_best_match"]) for one in found] == [(paid[2], True)]
    assert len(desk.get(path, show_all_transactions="true")["matching_transactions"]) == 3
    assert len(desk.get(path, amount_end="60")["matching_transactions"]) == 2
    one = {
        "transactions_to_be_matched": [{"transaction_id": paid[0], "transaction_type": "customer_payment"}]
    }
    assert desk.refused("POST", path, one) == (400, 1007)
    both = [{"transaction_id": key, "transaction_type": "customer_payment"} for key in paid[:2]]
    desk.post(path, {"transactions_to_be_matched": both})
    assert status(desk, line) == "matched"
    rows = desk.get("/banktransactions", filter_by="Status.Matched")["banktransactions"]
    assert {row["transaction_id"] for row in rows} == set(paid[:2])
    desk.post(f"/banktransactions/{line}/unmatch")
    assert status(desk, line) == "uncategorized"


def test_excluded_and_restored(desk: Any, bank: str) -> None:
    (line,) = taken_in(desk, bank, ("debit", 100))
    desk.post(f"/banktransactions/uncategorized/{line}/exclude")
    assert desk.get("/banktransactions", filter_by="Status.Excluded")["banktransactions"][0]["amount"] == 100
    desk.post(f"/banktransactions/uncategorized/{line}/restore")
    assert status(desk, line) == "uncategorized"
    assert desk.refused("DELETE", f"/banktransactions/{line}") == (400, 1007)
    statement = desk.get(f"/bankaccounts/{bank}/statement/lastimported")["statement"][0]["statement_id"]
    desk.delete(f"/bankaccounts/{bank}/statement/{statement}")
    assert desk.get("/banktransactions")["banktransactions"] == []
