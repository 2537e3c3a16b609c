"""Status moves and everything else done to an invoice."""

from typing import Any

import pytest


def status(desk: Any, key: str) -> str:
    return desk.get(f"/invoices/{key}")["invoice"]["status"]


def test_the_life_of_an_invoice(desk: Any) -> None:
    customer = desk.customer(payment_terms=30, contact_persons=[{"email": "a@b.c"}])
    key = desk.invoice(customer)["invoice_id"]
    answer = desk.post(f"/invoices/{key}/status/sent")
    assert answer == {"code": 0, "message": "Invoice status has been changed to Sent."}
    row = desk.get("/invoices")["invoices"][0]
    assert (row["status"], row["due_days"], row["issued_date"]) == ("sent", "Due in 30 days", "2026-06-15")
    desk.books.mark_viewed(key)
    assert status(desk, key) == "viewed"
    desk.pay(customer, 40, {key: 40})
    assert status(desk, key) == "partially_paid"
    desk.later(days=31)
    row = desk.get("/invoices")["invoices"][0]
    assert (row["status"], row["due_days"]) == ("overdue", "Overdue by 1 day")
    desk.pay(customer, 60, {key: 60})
    row = desk.get("/invoices")["invoices"][0]
    assert (row["status"], row["balance"], row["due_days"]) == ("paid", 0, "")
    assert row["last_payment_date"] == "2026-07-16"


def test_overdue_by_the_organisations_calendar(desk: Any) -> None:
    key = desk.sent(desk.customer())["invoice_id"]
    desk.later(hours=11)  # 23:00 in New York, already the 16th in UTC
    assert status(desk, key) == "sent"
    desk.later(hours=2)
    assert status(desk, key) == "overdue"


def test_void_keeps_the_balance_and_leads_back_to_draft_only(desk: Any) -> None:
    key = desk.sent(desk.customer())["invoice_id"]
    assert desk.refused("POST", f"/invoices/{key}/status/draft")[0] == 400
    desk.post(f"/invoices/{key}/status/void")
    void = desk.get(f"/invoices/{key}")["invoice"]
    assert (void["status"], void["balance"], void["total"]) == ("void", 100, 100)
    assert desk.refused("POST", f"/invoices/{key}/status/sent")[0] == 400
    assert desk.refused("PUT", f"/invoices/{key}", {"notes": "x"})[0] == 400
    assert (
        desk.post(f"/invoices/{key}/status/draft")["message"]
        == "Status of invoice changed from void to draft"
    )
    assert status(desk, key) == "draft"


def test_paid_invoices_are_neither_voided_nor_deleted(desk: Any) -> None:
    customer = desk.customer()
    key = desk.sent(customer)["invoice_id"]
    desk.pay(customer, 10, {key: 10})
    assert desk.refused("POST", f"/invoices/{key}/status/void")[0] == 400
    assert desk.refused("DELETE", f"/invoices/{key}")[0] == 400


def test_send_on_create(desk: Any) -> None:
    body = {"customer_id": desk.customer(), "line_items": [{"name": "x", "rate": 1}]}
    made = desk.post("/invoices", body, send="true")["invoice"]
    assert (made["status"], made["is_emailed"]) == ("sent", True)


def test_mail(desk: Any) -> None:
    key = desk.invoice(desk.customer())["invoice_id"]
    assert desk.refused("POST", f"/invoices/{key}/email", {}) == (400, 4)
    body = {"to_mail_ids": ["x@y.z"], "subject": "s", "body": "b"}
    first = desk.post(f"/invoices/{key}/email", body)
    assert first == {"code": 0, "message": "Your invoice has been sent.", "is_first_email": True}
    assert desk.post(f"/invoices/{key}/email", body)["is_first_email"] is False
    made = desk.get(f"/invoices/{key}")["invoice"]
    assert (made["status"], made["is_emailed"]) == ("sent", True)
    assert desk.get(f"/invoices/{key}/email")["data"]["file_name"] == "INV-000001.pdf"
    desk.post(f"/invoices/{key}/paymentreminder", body)
    assert desk.get("/invoices")["invoices"][0]["reminders_sent"] == 1


def test_approval(desk: Any) -> None:
    key = desk.invoice(desk.customer())["invoice_id"]
    assert desk.refused("POST", f"/invoices/{key}/approve")[0] == 400
    desk.post(f"/invoices/{key}/submit")
    assert status(desk, key) == "pending_approval"
    assert desk.refused("POST", f"/invoices/{key}/status/sent")[0] == 400
    assert desk.post(f"/invoices/{key}/approve")["message"] == "You have approved the invoice."
    assert status(desk, key) == "approved"
    desk.post(f"/invoices/{key}/status/sent")
    assert status(desk, key) == "sent"


def test_write_off_and_back(desk: Any) -> None:
    customer = desk.customer()
    key = desk.invoice(customer)["invoice_id"]
    assert desk.refused("POST", f"/invoices/{key}/writeoff")[0] == 400
    desk.post(f"/invoices/{key}/status/sent")
    desk.pay(customer, 30, {key: 30})
    assert desk.post(f"/invoices/{key}/writeoff")["message"] == "Invoice has been written off"
    row = desk.get("/invoices")["invoices"][0]
    assert (row["status"], row["balance"], row["write_off_amount"]) == ("paid", 0, 70)
    desk.post(f"/invoices/{key}/writeoff/cancel")
    row = desk.get("/invoices")["invoices"][0]
    assert (row["status"], row["balance"], row["write_off_amount"]) == ("partially_paid", 70, 0)
    assert desk.refused("POST", f"/invoices/{key}/writeoff/cancel")[0] == 400


def test_bulk_is_all_or_nothing(desk: Any) -> None:
    customer = desk.customer()
    first, second = (desk.invoice(customer)["invoice_id"] for _ in range(2))
    desk.post(f"/invoices/{second}/status/void")
    both = {"invoice_ids": f"{first},{second}"}
    assert desk.refused("POST", "/invoices/status/sent", query=both)[0] == 400
    assert status(desk, first) == "draft"
    desk.post(f"/invoices/{second}/status/draft")
    desk.post("/invoices/status/sent", None, **both)
    assert [status(desk, key) for key in (first, second)] == ["sent", "sent"]
    desk.delete("/invoices", **both)
    assert desk.get("/invoices")["invoices"] == []
    assert desk.refused("DELETE", "/invoices") == (400, 4)


def test_comments(desk: Any) -> None:
    key = desk.invoice(desk.customer())["invoice_id"]
    desk.post(f"/invoices/{key}/comments", {"description": "Called them"})
    found = desk.get(f"/invoices/{key}/comments")["comments"]
    assert [one["description"] for one in found] == ["Called them", "Invoice created."]
    assert (found[0]["commented_by"], found[0]["date"], found[0]["time"]) == ("Ada", "2026-06-15", "12:00 PM")
    mine = found[0]["comment_id"]
    desk.put(f"/invoices/{key}/comments/{mine}", {"description": "Wrote"})
    desk.delete(f"/invoices/{key}/comments/{mine}")
    assert desk.refused("DELETE", f"/invoices/{key}/comments/{mine}") == (404, 1002)


def test_attachment(desk: Any, upload: Any) -> None:
    key = desk.invoice(desk.customer())["invoice_id"]
    path = f"/invoices/{key}/attachment"
    assert desk.refused("GET", path) == (404, 1002)
    assert desk.refused("POST", path) == (400, 4)
    wrong = upload("attachment", "run.exe", "application/octet-stream", b"x")
    assert desk.refused("POST", path, files=(wrong,))[0] == 400
    file = upload("attachment", "scan.pdf", "application/pdf", b"%PDF-1.4 scan")
    answer = desk.send("POST", path, files=(file,))
    assert answer.body["message"] == "Your file has been successfully attached to the invoice."
    got = desk.send("GET", path)
    assert (got.content, got.media_type, got.body) == (b"%PDF-1.4 scan", "application/pdf", None)
    made = desk.get(f"/invoices/{key}")["invoice"]
    assert made["attachment_name"] == "scan.pdf"
    assert made["documents"][0]["file_size"] == 13
    assert desk.get("/invoices")["invoices"][0]["has_attachment"] is True
    desk.delete(path)
    assert desk.get("/invoices")["invoices"][0]["has_attachment"] is False


def test_addresses_of_the_document(desk: Any) -> None:
    key = desk.invoice(desk.customer())["invoice_id"]
    desk.put(f"/invoices/{key}/address/shipping", {"city": "Lima", "zip": 15001})
    assert desk.get(f"/invoices/{key}")["invoice"]["shipping_address"]["zip"] == "15001"


@pytest.mark.parametrize("path", ["", "/payments", "/comments", "/email", "/creditsapplied", "/attachment"])
def test_unknown_invoices(desk: Any, path: str) -> None:
    assert desk.refused("GET", f"/invoices/999{path}") == (404, 1002)
