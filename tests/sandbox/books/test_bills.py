"""Bills, payments made and vendor credits by hand."""

from typing import Any

import pytest

OFFICE, CASH = "000000000400", "000000000358"


def bill_of(desk: Any, key: str) -> dict[str, Any]:
    return desk.get(f"/bills/{key}")["bill"]


def test_a_bill_is_open_at_once_unless_said_otherwise(desk: Any) -> None:
    vendor = desk.vendor(payment_terms=30)
    made = desk.bill(vendor, "B-1", 80)
    assert (made["status"], made["balance"], made["due_date"]) == ("open", 80, "2026-07-15")
    draft = desk.bill(vendor, "B-2", status="draft")
    assert draft["status"] == "draft"
    desk.post(f"/bills/{draft['bill_id']}/status/open")
    assert bill_of(desk, draft["bill_id"])["status"] == "open"


def test_what_it_needs(desk: Any) -> None:
    vendor, customer = desk.vendor(), desk.customer()
    line = {"account_id": desk.ledger.id(OFFICE), "rate": 5}
    assert desk.refused("POST", "/bills", {"vendor_id": vendor, "line_items": [line]}) == (400, 4)
    body = {"vendor_id": vendor, "bill_number": "1", "line_items": [{"name": "No account", "rate": 5}]}
    assert desk.refused("POST", "/bills", body) == (400, 4)
    body = {"vendor_id": customer, "bill_number": "1", "line_items": [line]}
    assert desk.refused("POST", "/bills", body) == (404, 1002)


def test_prices_and_accounts_come_from_how_the_item_is_bought(desk: Any) -> None:
    bought = desk.ledger.id("000000034003")
    item = desk.item(
        rate=100, item_type="sales_and_purchases", purchase_rate="62.5", purchase_account_id=bought
    )
    tax = desk.tax("VAT", 20)
    lines = [{"item_id": item, "quantity": 3, "tax_id": tax}]
    body = {"vendor_id": desk.vendor(), "bill_number": "1", "line_items": lines, "adjustment": "-0.5"}
    made = desk.post("/bills", body)["bill"]
    assert (made["sub_total"], made["tax_total"], made["total"]) == (187.5, 37.5, 224.5)
    assert made["line_items"][0]["account_id"] == bought
    assert made["taxes"] == [{"tax_id": tax, "tax_name": "VAT (20%)", "tax_amount": 37.5}]
    assert desk.refused("DELETE", f"/items/{item}")[0] == 400


def test_statuses_are_worked_out(desk: Any) -> None:
    vendor = desk.vendor(payment_terms=15)
    made = desk.bill(vendor, "B-1")
    key = made["bill_id"]
    desk.remit(vendor, 40, {key: 40})
    assert bill_of(desk, key)["status"] == "partially_paid"
    desk.later(days=20)
    row = desk.get("/bills", status="overdue")["bills"][0]
    assert (row["bill_id"], row["due_days"], row["balance"]) == (key, "Overdue by 5 days", 60)
    assert bill_of(desk, key)["due_by_days"] == 5
    assert len(desk.get("/bills", filter_by="Status.Unpaid")["bills"]) == 1
    desk.remit(vendor, 60, {key: 60})
    assert desk.get("/bills", filter_by="Status.Paid")["bills"][0]["balance"] == 0


def test_a_payment_moves_the_bill_and_its_time(desk: Any) -> None:
    vendor = desk.vendor()
    key = desk.bill(vendor, "B-1")["bill_id"]
    desk.later(minutes=5)
    paid = desk.remit(vendor, 130, {key: 100})
    assert (paid["status"], paid["payment_mode"], paid["balance"]) == ("paid", "Cash", 30)
    assert paid["bills"][0]["balance"] == 0
    after = bill_of(desk, key)
    assert after["last_modified_time"] == paid["created_time"]
    assert after["payments"][0]["amount"] == 100
    row = desk.get("/vendorpayments")["vendorpayments"][0]
    assert (row["bill_numbers"], row["balance"]) == ("B-1", 30)
    contact = desk.get(f"/contacts/{vendor}")["contact"]
    assert (contact["outstanding_payable_amount"], contact["unused_credits_payable_amount"]) == (0, 30)


def test_an_advance_is_applied_later_and_given_back(desk: Any) -> None:
    vendor = desk.vendor()
    advance = desk.remit(vendor, 100, {})
    assert (advance["balance"], advance["offset_account_name"]) == (100, "Prepaid Expenses")
    key = desk.bill(vendor, "B-1", 60)["bill_id"]
    payment = advance["payment_id"]
    desk.post(f"/bills/{key}/credits", {"bill_payments": [{"payment_id": payment, "amount_applied": 60}]})
    assert bill_of(desk, key)["status"] == "paid"
    refund = {"date": "2026-06-15", "amount": 41, "to_account_id": desk.ledger.id(CASH)}
    path = f"/vendorpayments/{payment}/refunds"
    assert desk.refused("POST", path, refund) == (400, 24016)
    made = desk.send("POST", path, {**refund, "amount": 40})
    assert made.status == 201
    assert desk.get(f"/vendorpayments/{payment}")["vendorpayment"]["balance"] == 0
    assert desk.refused("DELETE", f"/vendorpayments/{payment}") == (400, 1007)
    one = made.body["vendorpayment_refund"]["vendorpayment_refund_id"]
    assert desk.get(path)["vendorpayment_refunds"][0]["amount_fcy"] == 40
    desk.put(f"{path}/{one}", {"amount": 10})
    desk.delete(f"{path}/{one}")
    assert desk.get(f"/vendorpayments/{payment}")["vendorpayment"]["balance"] == 40


def test_taking_payments_back(desk: Any) -> None:
    vendor = desk.vendor()
    key = desk.bill(vendor, "B-1")["bill_id"]
    paid = desk.remit(vendor, 100, {key: 100})
    assert desk.refused("DELETE", f"/bills/{key}") == (400, 1007)
    assert desk.refused("POST", f"/bills/{key}/status/void") == (400, 1007)
    share = desk.get(f"/bills/{key}/payments")["payments"][0]["bill_payment_id"]
    desk.delete(f"/bills/{key}/payments/{share}")
    assert bill_of(desk, key)["balance"] == 100
    assert desk.get(f"/vendorpayments/{paid['payment_id']}")["vendorpayment"]["balance"] == 100
    desk.put(f"/vendorpayments/{paid['payment_id']}", {"bills": [{"bill_id": key, "amount_applied": 70}]})
    assert bill_of(desk, key)["balance"] == 30
    desk.delete(f"/vendorpayments/{paid['payment_id']}")
    assert bill_of(desk, key)["balance"] == 100
    desk.delete(f"/bills/{key}")
    assert desk.refused("GET", f"/bills/{key}") == (404, 1002)


def test_void_keeps_the_balance_and_opens_again(desk: Any) -> None:
    key = desk.bill(desk.vendor(), "B-1")["bill_id"]
    desk.post(f"/bills/{key}/status/void")
    assert (bill_of(desk, key)["status"], bill_of(desk, key)["balance"]) == ("void", 100)
    assert desk.refused("PUT", f"/bills/{key}", {"notes": "x"}) == (400, 1007)
    desk.post(f"/bills/{key}/status/open")
    assert bill_of(desk, key)["status"] == "open"


def test_approval(desk: Any) -> None:
    key = desk.bill(desk.vendor(), "B-1", status="draft")["bill_id"]
    assert desk.refused("POST", f"/bills/{key}/approve") == (400, 1007)
    desk.post(f"/bills/{key}/submit")
    assert bill_of(desk, key)["status"] == "pending_approval"
    desk.post(f"/bills/{key}/approve")
    assert bill_of(desk, key)["status"] == "approved"


@pytest.mark.parametrize(("amount", "code"), [(101, 24016), (-1, 2)])
def test_no_more_than_the_balance(desk: Any, amount: int, code: int) -> None:
    vendor = desk.vendor()
    key = desk.bill(vendor, "B-1")["bill_id"]
    body = {
        "vendor_id": vendor,
        "amount": 500,
        "paid_through_account_id": desk.ledger.id(CASH),
        "bills": [{"bill_id": key, "amount_applied": amount}],
    }
    assert desk.refused("POST", "/vendorpayments", body) == (400, code)
    assert not desk.get("/vendorpayments")["vendorpayments"]


def vendor_credit(desk: Any, vendor: str, rate: Any, **query: str) -> dict[str, Any]:
    lines = [{"account_id": desk.ledger.id(OFFICE), "rate": rate}]
    return desk.post("/vendorcredits", {"vendor_id": vendor, "line_items": lines}, **query)["vendor_credit"]


def test_vendor_credits_settle_bills(desk: Any) -> None:
    vendor = desk.vendor()
    first, second = (desk.bill(vendor, number)["bill_id"] for number in ("B-1", "B-2"))
    credit = vendor_credit(desk, vendor, 150)
    key = credit["vendor_credit_id"]
    assert (credit["vendor_credit_number"], credit["status"], credit["balance"]) == ("DN-00001", "open", 150)
    path = f"/vendorcredits/{key}/bills"
    assert desk.refused("POST", path, {"bills": [{"bill_id": first, "amount_applied": 101}]}) == (400, 24016)
    desk.post(path, {"bills": [{"bill_id": first, "amount_applied": 100}]})
    desk.post(
        f"/bills/{second}/credits",
        {"apply_vendor_credits": [{"vendor_credit_id": key, "amount_applied": 50}]},
    )
    assert desk.get("/vendorcredits")["vendor_credits"][0]["status"] == "closed"
    assert bill_of(desk, first)["status"] == "paid"
    assert bill_of(desk, second)["vendor_credits"][0]["amount"] == 50
    assert desk.refused("POST", f"/vendorcredits/{key}/status/void") == (400, 1007)
    assert desk.refused("DELETE", f"/vendorcredits/{key}") == (400, 1007)
    shares = desk.get(path)["bills_credited"]
    desk.delete(f"{path}/{shares[0]['vendor_credit_bill_id']}")
    assert bill_of(desk, first)["balance"] == 100
    assert desk.get(f"/vendorcredits/{key}")["vendor_credit"]["total_credits_used"] == 50


def test_a_vendor_credit_of_a_bill_settles_it(desk: Any) -> None:
    vendor = desk.vendor()
    key = desk.bill(vendor, "B-1")["bill_id"]
    credit = vendor_credit(desk, vendor, 30, bill_id=key)
    assert (credit["status"], bill_of(desk, key)["balance"]) == ("closed", 70)


def test_vendor_credits_are_refunded_and_voided(desk: Any) -> None:
    key = vendor_credit(desk, desk.vendor(), 30)["vendor_credit_id"]
    body = {"date": "2026-06-15", "amount": 30, "account_id": desk.ledger.id(CASH)}
    refund = desk.post(f"/vendorcredits/{key}/refunds", body)["vendor_credit_refund"]
    assert desk.get(f"/vendorcredits/{key}")["vendor_credit"]["status"] == "closed"
    assert (
        desk.get("/vendorcredits/refunds")["vendor_credit_refunds"][0]["vendor_credit_number"] == "DN-00001"
    )
    desk.delete(f"/vendorcredits/{key}/refunds/{refund['vendor_credit_refund_id']}")
    desk.post(f"/vendorcredits/{key}/status/void")
    assert desk.get("/vendorcredits", filter_by="Status.Void")["vendor_credits"][0]["balance"] == 30
    desk.delete(f"/vendorcredits/{key}")
    assert not desk.get("/vendorcredits")["vendor_credits"]


def test_upsert_by_a_unique_field(desk: Any) -> None:
    desk.books.define_custom_field("bill", "External Id", unique=True)
    lines = [{"account_id": desk.ledger.id(OFFICE), "rate": 5}]
    body = {"vendor_id": desk.vendor(), "bill_number": "1", "line_items": lines}
    headers = {
        "x-unique-identifier-key": "cf_external_id",
        "x-unique-identifier-value": "7",
        "x-upsert": "true",
    }
    for notes in ("first", "second"):
        answer = desk.send("PUT", "/bills", {**body, "notes": notes}, headers=headers)
        assert answer.status == 200
    assert len(desk.get("/bills")["bills"]) == 1
    assert answer.body["bill"]["notes"] == "second"


def test_foreign_bills_are_paid_in_their_currency(desk: Any) -> None:
    vendor = desk.vendor(currency_id=desk.currency("EUR"))
    key = desk.bill(vendor, "B-1", exchange_rate="1.25")["bill_id"]
    paid = desk.remit(vendor, 100, {key: 100}, exchange_rate="1.5")
    row = desk.get("/vendorpayments")["vendorpayments"][0]
    assert (paid["currency_code"], row["bcy_amount"]) == ("EUR", 150)
    payable = desk.get(f"/chartofaccounts/{desk.ledger.id('000000000373')}")["chart_of_account"]
    gain = desk.get(f"/chartofaccounts/{desk.ledger.id('000000000415')}")["chart_of_account"]
    assert (payable["closing_balance"], gain["closing_balance"]) == (0, 25)


def test_a_bill_stands_at_a_location(desk: Any) -> None:
    desk.post("/settings/locations/enable")
    place = desk.post("/locations", {"location_name": "Depot", "type": "general"})
    key = next(one for one in place.values() if isinstance(one, dict))["location_id"]
    made = desk.bill(desk.vendor(), "B-1", location_id=key)
    assert (made["location_id"], made["location_name"]) == (key, "Depot")
