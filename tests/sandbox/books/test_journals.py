"""Journal entries: they balance, post, are reversed, and every document shows its own."""

from typing import Any

import pytest

RENT, BANK = "000000000430", "000000093015"
RECEIVABLE = "000000000364"


@pytest.fixture
def book(desk: Any) -> Any:
    def make(amount: Any = 500, **more: Any) -> dict[str, Any]:
        lines = [
            {"account_id": desk.ledger.id(RENT), "debit_or_credit": "debit", "amount": amount},
            {"account_id": desk.ledger.id(BANK), "debit_or_credit": "credit", "amount": amount},
        ]
        return desk.post("/journals", {"journal_date": "2026-06-10", "line_items": lines, **more})["journal"]

    return make


def closing(desk: Any, suffix: str) -> Any:
    key = desk.ledger.id(suffix)
    return desk.get(f"/chartofaccounts/{key}")["chart_of_account"]["closing_balance"]


def test_it_posts_when_published(desk: Any, book: Any) -> None:
    made = book()
    assert (made["status"], made["entry_number"], made["custom_fields"]) == ("published", "1", "")
    assert made["comments"][0]["description"] == "Journal created for $500.00"
    draft = book(status="draft")
    assert closing(desk, RENT) == 500
    desk.post(f"/journals/{draft['journal_id']}/status/publish")
    assert closing(desk, RENT) == 1000
    assert closing(desk, BANK) == -1000
    desk.delete(f"/journals/{draft['journal_id']}")
    assert closing(desk, RENT) == 500
    assert desk.refused("GET", f"/journals/{draft['journal_id']}") == (404, 1002)


def test_it_must_balance(desk: Any) -> None:
    lines = [
        {"account_id": desk.ledger.id(RENT), "debit_or_credit": "debit", "amount": "10.01"},
        {"account_id": desk.ledger.id(BANK), "debit_or_credit": "credit", "amount": 10},
    ]
    assert desk.refused("POST", "/journals", {"journal_date": "2026-06-10", "line_items": lines})[0] == 400
    assert desk.refused("POST", "/journals", {"line_items": lines}) == (400, 4)
    assert desk.refused("POST", "/journals", {"journal_date": "2026-06-10", "line_items": lines[:1]}) == (
        400,
        4,
    )
    assert desk.get("/journals")["journals"] == []


def test_control_accounts_need_somebody(desk: Any) -> None:
    lines = [
        {"account_id": desk.ledger.id(RECEIVABLE), "debit_or_credit": "debit", "amount": 10},
        {"account_id": desk.ledger.id(BANK), "debit_or_credit": "credit", "amount": 10},
    ]
    body = {"journal_date": "2026-06-10", "line_items": lines}
    assert desk.refused("POST", "/journals", body) == (400, 11)
    lines[0]["customer_id"] = desk.customer("Acme")
    assert desk.post("/journals", body)["journal"]["line_items"][0]["customer_name"] == "Acme"


def test_partial_update_keeps_lines(desk: Any, book: Any) -> None:
    made = book()
    changed = desk.put(f"/journals/{made['journal_id']}", {"journal_date": "2026-06-11", "notes": "n"})[
        "journal"
    ]
    assert changed["line_items"] == made["line_items"]
    assert (changed["journal_date"], changed["notes"]) == ("2026-06-11", "n")


def test_reversal(desk: Any, book: Any) -> None:
    made = book()
    back = desk.post(f"/journals/{made['journal_id']}/reverse", reversal_date="2026-06-30")["journal"]
    assert [line["debit_or_credit"] for line in back["line_items"]] == ["credit", "debit"]
    assert (back["journal_date"], back["journal_id"] != made["journal_id"]) == ("2026-06-30", True)
    assert closing(desk, RENT) == 0
    assert desk.get(f"/journals/{made['journal_id']}")["journal"]["reversal_date"] == "2026-06-30"


def test_approval(desk: Any, book: Any) -> None:
    path = f"/journals/{book(status='draft')['journal_id']}"
    assert desk.refused("POST", f"{path}/approve") == (400, 1007)
    desk.post(f"{path}/submit")
    desk.post(f"{path}/reject")
    desk.post(f"{path}/submit")
    desk.post(f"{path}/approve")
    assert desk.get("/journals", status="approved")["journals"][0]["status"] == "approved"
    desk.post(f"{path}/status/publish")
    assert closing(desk, RENT) == 500


def test_modification_filter_is_equality(desk: Any, book: Any) -> None:
    first = book()
    desk.later(hours=1)
    book()
    rows = desk.get("/journals", last_modified_time=first["last_modified_time"])["journals"]
    assert [row["journal_id"] for row in rows] == [first["journal_id"]]
    assert len(desk.get("/journals", total="500")["journals"]) == 2


def test_lines_of_any_document(desk: Any, book: Any) -> None:
    customer = desk.customer("Acme")
    sent = desk.sent(customer, {"name": "x", "rate": 40})
    paid = desk.pay(customer, 40, {sent["invoice_id"]: 40})["payment_id"]
    for key, kind in (
        (sent["invoice_id"], "invoice"),
        (paid, "customer_payment"),
        (book()["journal_id"], "journal"),
    ):
        found = desk.get(f"/transactions/{key}/journals", entity_type=kind)["journal"]
        assert found["transaction_type"] == kind
        sides = {
            side: sum(line["amount"] for line in found["line_items"] if line["debit_or_credit"] == side)
            for side in ("debit", "credit")
        }
        assert sides["debit"] == sides["credit"] == found["total"]
    for key, kind, refusal in (
        ("1", "invoice", (404, 1002)),
        (paid, "invoice", (404, 1002)),
        (paid, "", (400, 4)),
    ):
        query = {"entity_type": kind}
        assert desk.refused("GET", f"/transactions/{key}/journals", query=query) == refusal
