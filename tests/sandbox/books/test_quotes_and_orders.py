"""Quotes and sales orders: statuses, answers, mail, paper, and the invoices made from them."""

from decimal import Decimal
from typing import Any

import pytest

PERSON = {"first_name": "Jo", "email": "jo@acme.example"}


@pytest.fixture
def customer(desk: Any) -> str:
    return desk.customer("Acme", contact_persons=[PERSON])


def quote(desk: Any, customer: str, **more: Any) -> dict[str, Any]:
    body = {"customer_id": customer, "line_items": [{"name": "Work", "rate": 100, "quantity": 3}], **more}
    return desk.post("/estimates", body)["estimate"]


def order(desk: Any, customer: str, **more: Any) -> dict[str, Any]:
    lines = [{"name": "Work", "rate": 100, "quantity": 3}, {"name": "Parts", "rate": 10, "quantity": 5}]
    return desk.post("/salesorders", {"customer_id": customer, "line_items": lines, **more})["salesorder"]


def test_a_quote_goes_its_way(desk: Any, customer: str) -> None:
    made = quote(desk, customer, expiry_date="2026-07-01")
    path = f"/estimates/{made['estimate_id']}"
    assert (made["status"], made["estimate_number"], made["total"]) == ("draft", "QT-000001", 300)
    assert desk.refused("POST", f"{path}/status/accepted") == (400, 1007)
    assert desk.refused("POST", f"{path}/status/draft") == (404, 5)
    desk.post(f"{path}/status/sent")
    assert desk.get(path)["estimate"]["status"] == "sent"
    desk.post(f"{path}/status/accepted")
    row = desk.get("/estimates", status="accepted")["estimates"][0]
    assert (row["status"], row["accepted_date"]) == ("accepted", "2026-06-15")
    assert (
        desk.put(path, {"notes": "n"})["estimate"]["line_items"] == desk.get(path)["estimate"]["line_items"]
    )
    desk.delete(path)
    assert desk.refused("GET", path) == (404, 1002)


def test_a_quote_expires(desk: Any, customer: str) -> None:
    made = quote(desk, customer, expiry_date="2026-06-20")
    desk.post(f"/estimates/{made['estimate_id']}/status/sent")
    desk.later(days=10)
    assert desk.get(f"/estimates/{made['estimate_id']}")["estimate"]["status"] == "expired"
    assert len(desk.get("/estimates", filter_by="Status.Expired")["estimates"]) == 1


def test_mailing_marks_as_sent(desk: Any, customer: str) -> None:
    made = quote(desk, customer)
    path = f"/estimates/{made['estimate_id']}"
    answer = desk.post(f"{path}/email", {"to_mail_ids": ["a@b.example"]})
    assert answer["is_first_email"] is True
    assert desk.get(path)["estimate"]["status"] == "sent"
    assert desk.get("/estimates")["estimates"][0]["is_emailed"] is True
    assert desk.get(f"{path}/email")["to_contacts"][0]["email"] == "jo@acme.example"


def test_paper(desk: Any, customer: str) -> None:
    made = quote(desk, customer)
    answer = desk.send("GET", f"/estimates/{made['estimate_id']}", query={"accept": "pdf"})
    assert answer.media_type == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_quotes_become_invoices(desk: Any, customer: str) -> None:
    made = quote(desk, customer, discount="10%", notes="as agreed")
    path = f"/estimates/{made['estimate_id']}"
    query = {"estimate_ids": made["estimate_id"]}
    assert desk.refused("POST", "/invoices/fromestimates", query=query) == (400, 1007)
    desk.post(f"{path}/status/sent")
    desk.post("/invoices/fromestimates", **query)
    found = desk.get(path)["estimate"]
    assert (found["status"], found["invoiced_amount"], found["uninvoiced_amount"]) == ("invoiced", 270, 0)
    invoice = desk.get(f"/invoices/{found['invoice_ids'][0]}")["invoice"]
    assert (invoice["total"], invoice["estimate_id"]) == (270, made["estimate_id"])
    assert desk.refused("POST", "/invoices/fromestimates", query=query) == (400, 1007)
    assert desk.refused("DELETE", path) == (400, 1007)
    desk.delete(f"/invoices/{invoice['invoice_id']}")
    assert desk.get(path)["estimate"]["status"] == "sent"


def test_an_invoice_may_name_its_quote(desk: Any, customer: str) -> None:
    made = quote(desk, customer)
    desk.post(f"/estimates/{made['estimate_id']}/status/sent")
    desk.invoice(customer, {"name": "Work", "rate": 100}, invoiced_estimate_id=made["estimate_id"])
    found = desk.get(f"/estimates/{made['estimate_id']}")["estimate"]
    assert (found["status"], found["uninvoiced_amount"]) == ("partially_invoiced", 200)


def test_numbers(desk: Any, customer: str) -> None:
    lines = {"customer_id": customer, "line_items": [{"name": "x", "rate": 1}]}
    assert desk.refused("POST", "/salesorders", {**lines, "salesorder_number": "A"}) == (400, 2)
    flag = {"ignore_auto_number_generation": "true"}
    made = desk.post("/salesorders", {**lines, "salesorder_number": "A"}, **flag)["salesorder"]
    assert made["salesorder_number"] == "A"
    again = {**lines, "salesorder_number": "A"}
    assert desk.refused("POST", "/salesorders", again, query=flag) == (400, 1001)


def test_an_order_is_invoiced_in_steps(desk: Any, customer: str) -> None:
    made = order(desk, customer)
    path, query = f"/salesorders/{made['salesorder_id']}", {"salesorder_id": made["salesorder_id"]}
    assert (made["status"], made["order_status"], made["invoiced_status"]) == ("draft", "draft", "")
    assert desk.refused("POST", "/invoices/fromsalesorder", query=query) == (400, 1007)
    desk.post(f"{path}/status/open")
    found = desk.get(path)["salesorder"]
    assert (found["status"], found["order_status"], found["invoiced_status"]) == (
        "open",
        "open",
        "not_invoiced",
    )
    first = made["line_items"][0]["line_item_id"]
    desk.invoice(customer, {"name": "Work", "rate": 100, "quantity": 3, "salesorder_item_id": first})
    found = desk.get(path)["salesorder"]
    assert (found["status"], found["paid_status"]) == ("partially_invoiced", "unpaid")
    assert [line["quantity_invoiced"] for line in found["line_items"]] == [3, 0]
    invoice = desk.post("/invoices/fromsalesorder", **query)["invoice"]
    assert (invoice["total"], invoice["salesorder_number"]) == (Decimal(50), made["salesorder_number"])
    found = desk.get(path)["salesorder"]
    assert (found["status"], found["order_status"], len(found["invoices"])) == ("invoiced", "closed", 2)
    for each in found["invoices"]:
        desk.pay(customer, each["total"], {each["invoice_id"]: each["total"]})
    row = desk.get("/salesorders", status="paid")["salesorders"][0]
    assert (row["paid_status"], row["total_invoiced_amount"]) == ("paid", 350)
    assert desk.refused("POST", f"{path}/status/void") == (400, 1007)
    assert desk.refused("DELETE", path) == (400, 1007)


def test_void_and_reopened(desk: Any, customer: str) -> None:
    path = f"/salesorders/{order(desk, customer)['salesorder_id']}"
    desk.post(f"{path}/status/void", {"reason": "changed mind"})
    assert desk.get(path)["salesorder"]["order_status"] == "void"
    assert desk.refused("PUT", path, {"notes": "n"}) == (400, 1007)
    desk.post(f"{path}/status/open")
    assert desk.get(path)["salesorder"]["status"] == "open"


def test_approval(desk: Any, customer: str) -> None:
    for path in (
        f"/estimates/{quote(desk, customer)['estimate_id']}",
        f"/salesorders/{order(desk, customer)['salesorder_id']}",
    ):
        assert desk.refused("POST", f"{path}/approve") == (400, 1007)
        desk.post(f"{path}/submit")
        desk.post(f"{path}/approve")
        found = next(value for key, value in desk.get(path).items() if isinstance(value, dict))
        assert found["status"] == "approved"
        assert found["approver_id"]
        comment = desk.post(f"{path}/comments", {"description": "fine"})["comment"]
        assert desk.get(f"{path}/comments")["comments"][0]["comment_id"] == comment["comment_id"]
