"""Customers and vendors, their persons and addresses."""

from decimal import Decimal
from typing import Any

JO = {"first_name": "Jo", "last_name": "Lee", "email": "jo@acme.example", "phone": "1"}
MAX = {"first_name": "Max", "email": "max@acme.example"}


def test_create_gives_the_whole_contact_and_a_location(desk: Any) -> None:
    answer = desk.send(
        "POST", "/contacts", {"contact_name": "Acme", "billing_address": {"city": "Rome", "zip": "00100"}}
    )
    contact = answer.body["contact"]
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/v3/contacts/{contact['contact_id']}"
    assert answer.body["message"] == "The contact has been added."
    assert contact["contact_type"] == "customer"
    assert contact["billing_address"]["city"] == "Rome"
    assert contact["shipping_address"]["city"] == ""
    assert contact["created_time"] == "2026-06-15T12:00:00-0400"
    assert contact["contact_persons"] == []


def test_names_are_unique_across_customers_and_vendors(desk: Any) -> None:
    first = desk.customer("Acme")
    assert desk.refused("POST", "/contacts", {"contact_name": "ACME", "contact_type": "vendor"}) == (
        400,
        3062,
    )
    second = desk.customer("Other")
    assert desk.refused("PUT", f"/contacts/{second}", {"contact_name": "Acme"}) == (400, 3062)
    desk.put(f"/contacts/{first}", {"contact_name": "Acme", "notes": "same name"})


def test_mail_and_telephone_mirror_the_primary_person(desk: Any) -> None:
    key = desk.customer("Acme", email="ignored@x.example", contact_persons=[JO, MAX])
    contact = desk.get(f"/contacts/{key}")["contact"]
    assert (contact["email"], contact["phone"], contact["first_name"]) == ("jo@acme.example", "1", "Jo")
    assert [one["is_primary_contact"] for one in contact["contact_persons"]] == [True, False]
    assert contact["primary_contact_id"] == contact["contact_persons"][0]["contact_person_id"]
    desk.put(f"/contacts/{key}", {"email": "new@x.example"})
    assert desk.get(f"/contacts/{key}")["contact"]["email"] == "jo@acme.example"
    other = contact["contact_persons"][1]["contact_person_id"]
    desk.post(f"/contacts/contactpersons/{other}/primary")
    assert desk.get("/contacts")["contacts"][0]["email"] == "max@acme.example"
    assert desk.get("/contacts", email_startswith="max")["contacts"]


def test_put_is_partial_and_persons_are_replaced(desk: Any) -> None:
    key = desk.customer(
        "Acme", notes="n", contact_persons=[JO, MAX], billing_address={"city": "Rome", "zip": "1"}
    )
    people = desk.get(f"/contacts/{key}")["contact"]["contact_persons"]
    desk.later(minutes=5)
    kept = {"contact_person_id": people[1]["contact_person_id"], "phone": "99"}
    changed = desk.put(f"/contacts/{key}", {"contact_persons": [kept], "billing_address": {"zip": "2"}})[
        "contact"
    ]
    assert [one["contact_person_id"] for one in changed["contact_persons"]] == [kept["contact_person_id"]]
    assert changed["contact_persons"][0]["email"] == "max@acme.example"
    assert changed["contact_persons"][0]["is_primary_contact"] is True
    assert (changed["billing_address"]["city"], changed["billing_address"]["zip"]) == ("Rome", "2")
    assert changed["notes"] == "n"
    assert changed["last_modified_time"] > changed["created_time"]


def test_a_refused_update_changes_nothing(desk: Any) -> None:
    key = desk.customer("Acme", contact_persons=[JO])
    before = desk.get(f"/contacts/{key}")["contact"]
    body = {"notes": "half", "contact_persons": [{"contact_person_id": "123"}]}
    assert desk.refused("PUT", f"/contacts/{key}", body) == (404, 1002)
    assert desk.get(f"/contacts/{key}")["contact"] == before


def test_person_routes(desk: Any) -> None:
    key = desk.customer("Acme")
    answer = desk.send("POST", "/contacts/contactpersons", {"contact_id": key, **JO})
    assert answer.status == 201
    one = answer.body["contact_person"]["contact_person_id"]
    assert answer.body["contact_person"]["is_primary_contact"] is True
    desk.put(f"/contacts/contactpersons/{one}", {"mobile": "7"})
    assert desk.get(f"/contacts/{key}/contactpersons/{one}")["contact_person"]["mobile"] == "7"
    assert len(desk.get(f"/contacts/{key}/contactpersons")["contact_persons"]) == 1
    other = desk.customer("Other")
    assert desk.refused("GET", f"/contacts/{other}/contactpersons/{one}") == (404, 1002)
    desk.delete(f"/contacts/contactpersons/{one}")
    assert desk.get(f"/contacts/{key}/contactpersons")["contact_persons"] == []
    assert desk.refused("POST", "/contacts/contactpersons", {"first_name": "x"}) == (400, 4)


def test_address_routes(desk: Any) -> None:
    key = desk.customer("Acme")
    made = desk.post(f"/contacts/{key}/address", {"city": "Paris", "country": "France"})["address_info"]
    assert made["country_code"] == "FR"
    desk.put(f"/contacts/{key}/address/{made['address_id']}", {"zip": 75001})
    assert desk.get(f"/contacts/{key}")["contact"]["addresses"][0]["zip"] == "75001"
    assert len(desk.get(f"/contacts/{key}/address")["addresses"]) == 3
    desk.delete(f"/contacts/{key}/address/{made['address_id']}")
    assert desk.get(f"/contacts/{key}")["contact"]["addresses"] == []
    billing = desk.get(f"/contacts/{key}")["contact"]["billing_address"]["address_id"]
    assert desk.refused("DELETE", f"/contacts/{key}/address/{billing}")[0] == 400


def test_active_and_inactive(desk: Any) -> None:
    key = desk.customer("Acme")
    assert desk.post(f"/contacts/{key}/inactive")["message"] == "The contact has been marked as inactive."
    assert desk.get("/contacts", filter_by="Status.Inactive")["contacts"][0]["contact_id"] == key
    assert desk.get("/contacts")["contacts"][0]["status"] == "inactive"  # still listed
    answer = desk.post(f"/contacts/{key}/active")
    assert set(answer) == {"code", "message"}
    assert desk.get("/contacts", filter_by="Status.Inactive")["contacts"] == []


def test_delete(desk: Any) -> None:
    key = desk.customer("Acme")
    vendor = desk.customer("Shop", contact_type="vendor")
    assert desk.delete(f"/contacts/{vendor}")["message"] == "The vendor has been deleted."
    made = desk.invoice(key)
    assert desk.refused("DELETE", f"/contacts/{key}")[0] == 400
    desk.delete(f"/invoices/{made['invoice_id']}")
    assert desk.delete(f"/contacts/{key}")["message"] == "The customer has been deleted."
    assert desk.refused("GET", f"/contacts/{key}") == (404, 1002)
    desk.customer("Acme")  # the name is free again


def test_balances_follow_documents_but_not_the_time_stamp(desk: Any) -> None:
    key = desk.customer("Acme")
    stamp = desk.get(f"/contacts/{key}")["contact"]["last_modified_time"]
    made = desk.invoice(key, {"name": "Work", "rate": 250})
    assert desk.get("/contacts")["contacts"][0]["outstanding_receivable_amount"] == 0  # drafts do not count
    desk.later(minutes=1)
    desk.post(f"/invoices/{made['invoice_id']}/status/sent")
    row = desk.get("/contacts")["contacts"][0]
    assert row["outstanding_receivable_amount"] == 250
    desk.pay(key, 300, {made["invoice_id"]: 200})
    contact = desk.get(f"/contacts/{key}")["contact"]
    assert contact["outstanding_receivable_amount"] == 50
    assert contact["unused_credits_receivable_amount"] == 100
    assert contact["last_modified_time"] == stamp
    assert desk.get("/contacts", filter_by="Invoice.Unpaid")["contacts"]
    desk.post(f"/invoices/{made['invoice_id']}/writeoff")
    assert desk.get(f"/contacts/{key}")["contact"]["outstanding_receivable_amount"] == 0


def test_balances_in_a_foreign_currency(desk: Any) -> None:
    euro = desk.currency("EUR")
    desk.post(f"/settings/currencies/{euro}/exchangerates", {"effective_date": "2026-01-01", "rate": "1.25"})
    key = desk.customer("Acme", currency_id=euro)
    desk.sent(key, {"name": "Work", "rate": 80})
    row = desk.get("/contacts")["contacts"][0]
    assert row["currency_code"] == "EUR"
    assert row["outstanding_receivable_amount"] == 80
    assert row["outstanding_receivable_amount_bcy"] == Decimal(100)


def test_names_with_any_letters(desk: Any) -> None:
    key = desk.customer("株式会社 Ünïcode 🚀")
    assert desk.get("/contacts", contact_name_contains="ünïcode")["contacts"][0]["contact_id"] == key


def test_mail_terms_and_marks(desk: Any) -> None:
    key = desk.customer("Acme", payment_terms=30, track_1099=False)
    contact = desk.get(f"/contacts/{key}")["contact"]
    assert (contact["payment_terms"], contact["payment_terms_label"]) == (30, "Net 30")
    desk.post(f"/contacts/{key}/track1099")
    assert desk.get(f"/contacts/{key}")["contact"]["track_1099"] is True
    desk.post(f"/contacts/{key}/paymentreminder/disable")
    assert desk.get(f"/contacts/{key}")["contact"]["payment_reminder_enabled"] is False
    assert desk.post(f"/contacts/{key}/email", {"subject": "x"})["message"] == "Email has been sent."
