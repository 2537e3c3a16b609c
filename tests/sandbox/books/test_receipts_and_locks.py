"""Sales receipts, and the lock on past days."""

from typing import Any

import pytest


@pytest.fixture
def customer(desk: Any) -> str:
    return desk.customer("Acme", contact_persons=[{"first_name": "Jo", "email": "jo@acme.example"}])


def test_a_receipt(desk: Any, customer: str) -> None:
    lines = [{"item_id": desk.item("Cup", 5), "quantity": 4, "tax_id": desk.tax("VAT", 10)}]
    body = {"customer_id": customer, "payment_mode": "cash", "line_items": lines}
    made = desk.post("/salesreceipts", body)["salesreceipt"]
    path = f"/salesreceipts/{made['sales_receipt_id']}"
    assert (made["receipt_number"], made["status"], made["sub_total"], made["total"]) == (
        "SR-00001",
        "draft",
        20,
        22,
    )
    undeposited = desk.get(f"/chartofaccounts/{desk.ledger.id('000000000358')}")["chart_of_account"]
    assert undeposited["closing_balance"] == 22
    assert desk.put(path, {"notes": "n"})["salesreceipt"]["notes"] == "n"
    assert desk.refused("POST", f"{path}/email", {"to_mail_ids": ["a@b.example"]}) == (400, 4)
    desk.send("POST", f"{path}/email", {"to_mail_ids": ["a@b.example"], "subject": "s", "body": "b"})
    row = desk.get("/salesreceipts", filter_by="Status.Sent", customer_id=customer)["salesreceipts"][0]
    assert (row["status"], row["payment_mode"]) == ("sent", "cash")
    assert desk.send("GET", path, query={"accept": "pdf"}).media_type == "application/pdf"
    assert desk.get("/reports/taxsummary")["taxsummary"][0]["tax_amount"] == 2
    desk.delete(path)
    assert desk.refused("GET", path) == (404, 1002)
    assert desk.refused("POST", "/salesreceipts", {**body, "payment_mode": ""}) == (400, 4)


def test_locked_days(desk: Any, customer: str) -> None:
    old = desk.invoice(customer, date="2026-03-01", due_date="2026-03-01")
    lock = {"transaction_lock_date": "2026-03-31", "reason": "closed"}
    found = desk.put("/transactionlock", lock)["transaction_lock"]
    assert (found["transaction_lock_status"], found["transaction_lock_date"]) == ("enabled", "2026-03-31")
    assert desk.get("/transactionlock")["transaction_lock"] == found
    assert len(desk.get("/transactionlocks")["transaction_locks"]) == 1
    path = f"/invoices/{old['invoice_id']}"
    before = repr(desk.books.truth())
    for method, place, body in (
        ("PUT", path, {"notes": "n"}),
        ("DELETE", path, None),
        ("POST", f"{path}/status/void", None),
        (
            "POST",
            "/invoices",
            {"customer_id": customer, "date": "2026-03-31", "line_items": [{"name": "x", "rate": 1}]},
        ),
        ("POST", "/expenses", {"date": "2026-01-01"}),
        ("POST", "/journals", {"journal_date": "2026-01-01"}),
    ):
        assert desk.refused(method, place, body) == (400, 1008)
    assert repr(desk.books.truth()) == before
    desk.invoice(customer, date="2026-04-01")
    desk.put("/transactionlock/partialunlock", {"start_date": "2026-03-01", "end_date": "2026-03-05"})
    desk.put(path, {"notes": "n"})
    desk.delete("/transactionlock", transaction_lock_id=found["transaction_lock_id"])
    desk.delete(path)
    assert desk.get("/transactionlock")["transaction_lock"]["transaction_lock_status"] == "disabled"


def test_locks_of_one_part(desk: Any, customer: str) -> None:
    desk.put(
        "/transactionlock", {"transaction_lock_module": "purchase", "transaction_lock_date": "2026-03-31"}
    )
    desk.invoice(customer, date="2026-03-01", due_date="2026-03-01")
    assert desk.refused("POST", "/expenses", {"date": "2026-03-01"}) == (400, 1008)
