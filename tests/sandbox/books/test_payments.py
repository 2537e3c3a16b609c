"""Payments and what they do to invoices."""

from decimal import Decimal
from typing import Any


def test_a_payment_settles_its_invoice(desk: Any) -> None:
    customer = desk.customer()
    made = desk.sent(customer)
    key = made["invoice_id"]
    desk.later(minutes=3)
    body = {
        "customer_id": customer,
        "payment_mode": "check",
        "amount": "130.00",
        "invoices": [{"invoice_id": key, "amount_applied": "100"}],
    }
    answer = desk.send("POST", "/customerpayments", body)
    payment = answer.body["payment"]
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v3/customerpayments/{payment['payment_id']}"
    assert answer.body["message"] == "The payment from the customer has been recorded"
    assert (payment["amount"], payment["unused_amount"], payment["payment_number"]) == (130, 30, "1")
    assert (payment["account_name"], payment["account_type"]) == ("Undeposited Funds", "cash")
    share = payment["invoices"][0]
    assert (share["invoice_id"], share["amount_applied"], share["balance"]) == (key, 100, 0)
    invoice = desk.get(f"/invoices/{key}")["invoice"]
    assert (invoice["status"], invoice["payment_made"], invoice["balance"]) == ("paid", 100, 0)
    assert invoice["last_modified_time"] == payment["created_time"]
    row = desk.get("/customerpayments")["customerpayments"][0]
    assert (row["invoice_numbers"], row["bcy_amount"]) == ("INV-000001", 130)
    assert "last_modified_time" in row
    assert "last_modified_time" not in payment
    assert "invoices" not in row


def test_a_description_does_not_touch_the_invoice(desk: Any) -> None:
    customer = desk.customer()
    key = desk.sent(customer)["invoice_id"]
    payment = desk.pay(customer, 50, {key: 50})
    stamp = desk.get(f"/invoices/{key}")["invoice"]["last_modified_time"]
    desk.later(minutes=5)
    answer = desk.put(f"/customerpayments/{payment['payment_id']}", {"description": "by post"})
    assert answer["message"] == "The details of the payment received from the customer have been updated"
    assert answer["payment"]["updated_time"] > payment["updated_time"]
    assert answer["payment"]["invoices"][0]["amount_applied"] == 50
    assert desk.get(f"/invoices/{key}")["invoice"]["last_modified_time"] == stamp


def test_update_moves_allocations(desk: Any) -> None:
    customer = desk.customer()
    first, second = (desk.sent(customer)["invoice_id"] for _ in range(2))
    payment = desk.pay(customer, 100, {first: 100})
    path = f"/customerpayments/{payment['payment_id']}"
    shares = [{"invoice_id": first, "amount_applied": 30}, {"invoice_id": second, "amount_applied": 60}]
    changed = desk.put(path, {"invoices": shares})["payment"]
    assert changed["unused_amount"] == 10
    assert changed["invoices"][0]["invoice_payment_id"] == payment["invoices"][0]["invoice_payment_id"]
    balances = [desk.get(f"/invoices/{key}")["invoice"]["balance"] for key in (first, second)]
    assert balances == [70, 40]
    assert desk.put(path, {"invoices": []})["payment"]["unused_amount"] == 100
    assert desk.get(f"/invoices/{first}")["invoice"]["status"] == "sent"


def test_delete_restores(desk: Any) -> None:
    customer = desk.customer()
    key = desk.sent(customer)["invoice_id"]
    payment = desk.pay(customer, 100, {key: 100})
    assert (
        desk.delete(f"/customerpayments/{payment['payment_id']}")["message"]
        == "The payment has been deleted."
    )
    invoice = desk.get(f"/invoices/{key}")["invoice"]
    assert (invoice["status"], invoice["balance"], invoice["last_payment_date"]) == ("sent", 100, "")
    assert desk.refused("GET", f"/customerpayments/{payment['payment_id']}") == (404, 1002)


def test_refusals(desk: Any) -> None:
    customer, other = desk.customer(), desk.customer("Other")
    key = desk.sent(customer)["invoice_id"]
    foreign = desk.sent(other)["invoice_id"]
    void = desk.sent(customer)["invoice_id"]
    desk.post(f"/invoices/{void}/status/void")
    base = {"customer_id": customer, "payment_mode": "cash", "amount": 500}
    for more in (
        {"invoices": [{"invoice_id": key, "amount_applied": "100.01"}]},
        {"invoices": [{"invoice_id": key, "amount_applied": 60}], "amount": 50},
        {"invoices": [{"invoice_id": key, "amount_applied": -1}]},
        {"invoices": [{"invoice_id": key, "amount_applied": 1}, {"invoice_id": key, "amount_applied": 1}]},
        {"invoices": [{"invoice_id": foreign, "amount_applied": 1}]},
        {"invoices": [{"invoice_id": void, "amount_applied": 1}]},
        {"invoices": [{"invoice_id": "99", "amount_applied": 1}]},
        {"invoices": [{"amount_applied": 1}]},
        {"invoices": [{"invoice_id": key}]},
        {"amount": 0},
        {"amount": "lots"},
        {"amount": ""},
        {"date": "yesterday"},
        {"payment_mode": ""},
        {"customer_id": "99"},
        {"account_id": "99"},
    ):
        desk.refused("POST", "/customerpayments", {**base, **more})
    assert desk.get("/customerpayments")["customerpayments"] == []
    assert desk.get(f"/invoices/{key}")["invoice"]["balance"] == 100
    assert desk.pay(customer, 1, {})["payment_number"] == "1"


def test_paying_a_draft_issues_it(desk: Any) -> None:
    customer = desk.customer()
    key = desk.invoice(customer)["invoice_id"]
    desk.pay(customer, 100, {key: 100})
    invoice = desk.get(f"/invoices/{key}")["invoice"]
    assert (invoice["status"], invoice["issued_date"]) == ("paid", "2026-06-15")


def test_advance_applied_later_and_taken_off_again(desk: Any) -> None:
    customer = desk.customer()
    payment = desk.pay(customer, 80, {})
    key = desk.sent(customer)["invoice_id"]
    credit = {"invoice_payments": [{"payment_id": payment["payment_id"], "amount_applied": 50}]}
    path = f"/invoices/{key}/credits"
    assert desk.post(path, credit)["message"] == "Credits have been applied to the invoice(s)."
    assert desk.get(f"/invoices/{key}")["invoice"]["balance"] == 50
    assert desk.refused("POST", path, credit)[0] == 400  # only 30 left
    credit["invoice_payments"][0]["amount_applied"] = 30
    desk.post(path, credit)
    found = desk.get(f"/invoices/{key}/payments")["payments"]
    assert [(one["amount"], one["is_single_invoice_payment"]) for one in found] == [(80, True)]
    desk.delete(f"/invoices/{key}/payments/{found[0]['invoice_payment_id']}")
    assert desk.get(f"/invoices/{key}")["invoice"]["balance"] == 100
    assert desk.get(f"/customerpayments/{payment['payment_id']}")["payment"]["unused_amount"] == 80
    assert desk.refused(
        "POST", path, {"apply_creditnotes": [{"creditnote_id": "1", "amount_applied": 1}]}
    ) == (
        404,
        1002,
    )


def test_refunds(desk: Any) -> None:
    customer = desk.customer()
    payment = desk.pay(customer, 80, {})
    base = f"/customerpayments/{payment['payment_id']}/refunds"
    bank = desk.ledger.id("000000093015")
    body = {"date": "2026-06-15", "amount": 50, "from_account_id": bank, "refund_mode": "cash"}
    assert desk.refused("POST", base, {**body, "amount": 81})[0] == 400
    assert desk.refused("POST", base, {**body, "from_account_id": ""}) == (400, 4)
    refund = desk.post(base, body)["payment_refunds"][0]
    detail = desk.get(f"/customerpayments/{payment['payment_id']}")["payment"]
    assert (detail["unused_amount"], len(detail["payment_refunds"])) == (30, 1)
    assert desk.get(base)["payment_refunds"][0]["amount_bcy"] == 50
    one = f"{base}/{refund['payment_refund_id']}"
    desk.put(one, {"amount": 60})
    assert desk.get(one)["payment_refunds"][0]["amount"] == 60
    assert desk.refused("DELETE", f"/customerpayments/{payment['payment_id']}")[0] == 400
    desk.delete(one)
    assert desk.get(f"/customerpayments/{payment['payment_id']}")["payment"]["unused_amount"] == 80


def test_bulk_delete(desk: Any) -> None:
    customer = desk.customer()
    key = desk.sent(customer)["invoice_id"]
    made = [desk.pay(customer, 10, {key: 10})["payment_id"] for _ in range(3)]
    query = {"payment_ids": f"{made[0]},999"}
    assert desk.refused("DELETE", "/customerpayments", query=query) == (404, 1002)
    assert desk.get(f"/invoices/{key}")["invoice"]["balance"] == 70
    desk.delete("/customerpayments", payment_ids=",".join(made), bulk_delete="true")
    assert desk.get(f"/invoices/{key}")["invoice"]["balance"] == 100


def test_foreign_payments_take_the_invoice_currency(desk: Any) -> None:
    euro = desk.currency("EUR")
    desk.post(f"/settings/currencies/{euro}/exchangerates", {"effective_date": "2026-06-01", "rate": "1.25"})
    customer = desk.customer(currency_id=euro)
    key = desk.sent(customer)["invoice_id"]
    payment = desk.pay(customer, 100, {key: 100})
    assert (payment["currency_code"], payment["exchange_rate"]) == ("EUR", Decimal("1.25"))
    assert desk.get("/customerpayments")["customerpayments"][0]["bcy_amount"] == 125


def test_modes_and_filters(desk: Any) -> None:
    customer = desk.customer()
    for mode in ("cash", "banktransfer", "Barter"):
        desk.pay(customer, 10, {}, payment_mode=mode, reference_number=f"ref {mode}")
    rows = desk.get("/customerpayments", filter_by="PaymentMode.Others")["customerpayments"]
    assert [row["payment_mode"] for row in rows] == ["Barter"]
    rows = desk.get("/customerpayments", payment_mode="CASH")["customerpayments"]
    assert len(rows) == 1
    assert len(desk.get("/customerpayments", reference_number_contains="b")["customerpayments"]) == 2
    assert len(desk.get("/customerpayments", customer_id=customer)["customerpayments"]) == 3
    pdf = desk.send("GET", f"/customerpayments/{rows[0]['payment_id']}", query={"accept": "pdf"})
    assert pdf.content.startswith(b"%PDF")
