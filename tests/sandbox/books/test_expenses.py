"""Expenses: plain, taxed, itemised and by the mile; who they are billed to; employees; receipts."""

from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture
def spend(desk: Any) -> Any:
    supplies, bank = desk.ledger.id("000000000400"), desk.ledger.id("000000093015")

    def make(**more: Any) -> dict[str, Any]:
        body = {"account_id": supplies, "paid_through_account_id": bank, "date": "2026-06-10", "amount": 75}
        return desk.post("/expenses", {**body, **more})["expense"]

    return make


def closing(desk: Any, suffix: str) -> Any:
    key = desk.ledger.id(suffix)
    return desk.get(f"/chartofaccounts/{key}")["chart_of_account"]["closing_balance"]


def test_it_posts(desk: Any, spend: Any) -> None:
    tax = desk.tax("VAT", 20)
    spend()
    taxed = spend(amount=100, tax_id=tax)
    assert (taxed["sub_total"], taxed["tax_amount"], taxed["total"]) == (100, 20, 120)
    inclusive = spend(amount=60, tax_id=tax, is_inclusive_tax=True)
    assert (inclusive["sub_total"], inclusive["tax_amount"], inclusive["total"]) == (50, 10, 60)
    assert closing(desk, "000000000400") == 225
    assert closing(desk, "000000093015") == -255
    assert closing(desk, "000000000376") == -30


def test_rows_have_names_only(desk: Any, spend: Any) -> None:
    spend()
    row = desk.get("/expenses")["expenses"][0]
    assert (row["account_name"], row["paid_through_account_name"]) == (
        "Office Supplies",
        "Operating Checking",
    )
    assert not {"account_id", "paid_through_account_id", "tax_id", "line_items"} & set(row)


def test_itemised(desk: Any, spend: Any) -> None:
    travel = desk.ledger.id("000000000418")
    lines = [
        {"account_id": travel, "amount": 10},
        {"account_id": desk.ledger.id("000000000400"), "amount": "5.5"},
    ]
    made = spend(account_id="", amount=0, line_items=lines)
    assert (made["total"], made["account_id"], len(made["line_items"])) == (Decimal("15.5"), travel, 2)
    path = f"/expenses/{made['expense_id']}"
    assert len(desk.put(path, {"description": "trip"})["expense"]["line_items"]) == 2
    kept = {"line_item_id": made["line_items"][1]["line_item_id"]}
    assert desk.put(path, {"line_items": [kept]})["expense"]["total"] == Decimal("5.5")


def test_partial_update(desk: Any, spend: Any) -> None:
    made = spend(description="pens", reference_number="R1")
    found = desk.put(f"/expenses/{made['expense_id']}", {"amount": 80})["expense"]
    assert (found["total"], found["description"], found["reference_number"]) == (80, "pens", "R1")
    assert found["line_items"][0]["line_item_id"] == made["line_items"][0]["line_item_id"]


def test_currency_follows_the_account(desk: Any, spend: Any) -> None:
    body = {"account_name": "Euros", "account_type": "bank", "currency_id": desk.currency("EUR")}
    euros = desk.post("/chartofaccounts", body)["chart_of_account"]["account_id"]
    assert spend(paid_through_account_id=euros)["currency_code"] == "EUR"
    assert spend()["currency_code"] == "USD"


def test_miles(desk: Any, spend: Any) -> None:
    employee = desk.post("/employees", {"name": "Sam", "email": "sam@x.example"})["employee"]["employee_id"]
    miles = {"mileage_type": "odometer", "start_reading": 100, "end_reading": 150, "mileage_rate": "0.7"}
    made = spend(amount=0, paid_through_account_id="", employee_id=employee, **miles)
    assert (made["total"], made["distance"], made["expense_type"]) == (35, 50, "mileage")
    assert made["paid_through_account_name"] == "Employee Reimbursements"
    assert made["employee_name"] == "Sam"
    assert desk.refused("DELETE", f"/employee/{employee}") == (400, 1007)
    desk.delete(f"/expenses/{made['expense_id']}")
    desk.delete(f"/employee/{employee}")
    assert desk.get("/employees")["employees"] == []


def test_billed_to_a_customer(desk: Any, spend: Any) -> None:
    customer = desk.customer()
    made = spend(customer_id=customer, is_billable=True)
    assert made["status"] == "unbilled"
    line = {"name": "Pens", "rate": 75, "expense_id": made["expense_id"]}
    invoice = desk.invoice(customer, line)
    found = desk.get(f"/expenses/{made['expense_id']}")["expense"]
    assert (found["status"], found["invoice_number"]) == ("invoiced", invoice["invoice_number"])
    assert desk.refused("DELETE", f"/expenses/{made['expense_id']}") == (400, 1007)
    spend()
    assert len(desk.get("/expenses", status="billable")["expenses"]) == 1
    assert len(desk.get("/expenses", status="non-billable")["expenses"]) == 1


def test_refusals(desk: Any) -> None:
    supplies, bank = desk.ledger.id("000000000400"), desk.ledger.id("000000093015")
    whole = {"account_id": supplies, "paid_through_account_id": bank, "date": "2026-06-10", "amount": 75}
    for name, answer in (
        ("account_id", (400, 4)),
        ("paid_through_account_id", (400, 4)),
        ("date", (400, 4)),
        ("amount", (400, 2)),
    ):
        body = {key: value for key, value in whole.items() if key != name}
        assert desk.refused("POST", "/expenses", body) == answer
    assert desk.refused("POST", "/expenses", {**whole, "vendor_id": desk.customer()}) == (404, 1002)
    assert desk.refused("POST", "/expenses", {**whole, "is_billable": True}) == (400, 4)


def test_receipts(desk: Any, spend: Any, upload: Any) -> None:
    path = f"/expenses/{spend()['expense_id']}"
    assert desk.refused("GET", f"{path}/receipt") == (404, 1002)
    file = upload("receipt", "bill.png", "image/png", b"\x89PNG")
    assert desk.send("POST", f"{path}/receipt", files=(file,)).status == 200
    row = desk.get("/expenses")["expenses"][0]
    assert (row["expense_receipt_name"], row["has_attachment"]) == ("bill.png", True)
    answer = desk.send("GET", f"{path}/receipt")
    assert (answer.content, answer.media_type) == (b"\x89PNG", "image/png")
    desk.put(path, {"description": "d"}, delete_receipt="true")
    assert desk.get("/expenses")["expenses"][0]["has_attachment"] is False


def test_files_of_every_document(desk: Any, spend: Any, upload: Any) -> None:
    customer = desk.customer()
    line = {"line_items": [{"name": "x", "rate": 1}], "customer_id": customer}
    quote = desk.post("/estimates", line)["estimate"]["estimate_id"]
    order = desk.post("/salesorders", line)["salesorder"]["salesorder_id"]
    paths = [f"/contacts/{customer}", f"/estimates/{quote}", f"/salesorders/{order}"]
    for path in (*paths, f"/expenses/{spend()['expense_id']}"):
        file = upload("attachment", "a.pdf", "application/pdf", b"%PDF")
        answer = desk.send("POST", f"{path}/attachment", files=(file,))
        key = answer.body["documents"][0]["document_id"]
        assert desk.send("GET", f"{path}/attachment").content == b"%PDF"
        assert desk.send("GET", f"{path}/documents/{key}").content == b"%PDF"
        detail = next(value for value in desk.get(path).values() if isinstance(value, dict))
        assert detail["documents"][0]["file_name"] == "a.pdf"
        desk.delete(f"{path}/documents/{key}")
        assert desk.refused("GET", f"{path}/attachment") == (404, 1002)


def test_files_of_purchases(desk: Any, upload: Any) -> None:
    vendor = desk.vendor()
    line = {"vendor_id": vendor, "line_items": [{"account_id": desk.ledger.id("000000000400"), "rate": 1}]}
    paths = [
        f"/bills/{desk.bill(vendor, 'B-1', 5)['bill_id']}",
        f"/purchaseorders/{desk.post('/purchaseorders', line)['purchaseorder']['purchaseorder_id']}",
        f"/vendorcredits/{desk.post('/vendorcredits', line)['vendor_credit']['vendor_credit_id']}",
        f"/creditnotes/{desk.credit(desk.customer())['creditnote_id']}",
    ]
    for path in paths:
        file = upload("attachment", "a.pdf", "application/pdf", b"%PDF")
        answer = desk.send("POST", f"{path}/attachment", files=(file,))
        assert answer.body["documents"][0]["file_size"] == 4
        assert desk.send("GET", f"{path}/attachment").content == b"%PDF"
        detail = next(value for value in desk.get(path).values() if isinstance(value, dict))
        assert detail["documents"][0]["file_name"] == "a.pdf"
        desk.delete(f"{path}/attachment")
        assert desk.refused("GET", f"{path}/attachment") == (404, 1002)
