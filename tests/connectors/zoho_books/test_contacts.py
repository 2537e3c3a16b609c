from datetime import timedelta
from typing import Any

import pytest

from connectors.kit.faults import Rejected
from connectors.kit.http import Reply
from connectors.kit.operations import Filter, Op
from tests.support.twin import Twin


@pytest.fixture
def twin() -> Twin:
    return Twin()


def person(record: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in record["contact_persons"] if each["first_name"] == name)


ADA = {"first_name": "Ada", "last_name": "L", "emails": ["ada@acme.test"]}
PHONES = [{"number": "1"}, {"number": "2", "type": "mobile"}]


def test_name_mail_and_telephones_are_the_primary_persons(twin: Twin) -> None:
    made = twin.create("contacts", name="Acme", phones=PHONES, contact_persons=[{"first_name": "Bob"}], **ADA)
    record = made.record
    assert made.issues == []
    assert person(record, "Ada")["is_primary"] is True
    assert person(record, "Bob")["is_primary"] is False
    assert [each["email"] for each in record["emails"]] == ["ada@acme.test"]
    assert [(each["type"], each["number"]) for each in record["phones"]] == [("work", "1"), ("mobile", "2")]
    body = twin.seen[-1].body
    assert "email" not in body
    assert "primary" not in body


def test_emails_and_phones_are_complete_lists(twin: Twin) -> None:
    made = twin.create("contacts", name="Acme", phones=PHONES, contact_persons=[{"first_name": "Bob"}], **ADA)
    id = made.record["id"]
    changed = twin.update(
        "contacts", id, emails=["new@acme.test"], phones=[{"number": "9", "type": "mobile"}]
    )
    assert changed.issues == []
    assert [each["number"] for each in changed.record["phones"]] == ["9"]
    assert person(changed.record, "Ada")["emails"][0]["email"] == "new@acme.test"
    assert person(changed.record, "Bob")["emails"] == []
    assert twin.update("contacts", id, emails=None).record["emails"] == []


def test_more_than_zoho_keeps_is_refused(twin: Twin) -> None:
    with pytest.raises(Rejected) as rejection:
        twin.create(
            "contacts", name="Acme", emails=["a@b.c", "d@e.f"], phones=[{"number": "1", "extension": "2"}]
        )
    assert {error.pointer: error.code for error in rejection.value.errors} == {
        "/emails": "unsupported_field",
        "/phones": "unsupported_field",
    }
    assert twin.seen == []


def test_persons_merge_by_id(twin: Twin) -> None:
    record = twin.create(
        "contacts", name="Acme", contact_persons=[{"first_name": "Bob"}, {"first_name": "Eve"}], **ADA
    ).record
    bob, eve = person(record, "Bob"), person(record, "Eve")
    given = [{"id": bob["id"], "last_name": "B"}, {"id": eve["id"], "_delete": True}, {"first_name": "New"}]
    changed = twin.update("contacts", record["id"], contact_persons=given)
    assert changed.issues == []
    assert sorted(each["first_name"] for each in changed.record["contact_persons"]) == ["Ada", "Bob", "New"]
    assert person(changed.record, "Bob")["last_name"] == "B"
    with pytest.raises(Rejected) as rejection:
        twin.update("contacts", record["id"], contact_persons=[{"id": "999", "last_name": "B"}])
    assert rejection.value.errors[0].code == "reference_not_found"


def test_addresses_merge_by_type_and_further_ones_are_calls(twin: Twin) -> None:
    given = [{"type": "billing", "street_1": "Via 1", "city": "Rome"}, {"type": "other", "city": "Pisa"}]
    made = twin.create("contacts", name="Acme", addresses=given)
    assert [(each["type"], each["city"]) for each in made.record["addresses"]] == [
        ("billing", "Rome"),
        ("other", "Pisa"),
    ]
    other = made.record["addresses"][1]["id"]
    given = [{"type": "billing", "city": "Bari"}, {"type": "other", "id": other, "_delete": True}]
    changed = twin.update("contacts", made.record["id"], addresses=given)
    sent = next(each.body for each in reversed(twin.seen) if each.method == "PUT" and each.body)
    assert not {"address_id", "county", "country_code", "latitude"} & set(sent["billing_address"])
    (billing,) = changed.record["addresses"]
    assert (billing["street_1"], billing["city"]) == ("Via 1", "Bari")
    assert changed.issues == []
    with pytest.raises(Rejected) as rejection:
        twin.update("contacts", made.record["id"], addresses=[{"type": "delivery", "city": "x"}])
    assert rejection.value.errors[0].pointer == "/addresses/0/type"
    gone = twin.update("contacts", made.record["id"], addresses=[{"type": "billing", "_delete": True}])
    assert gone.record["addresses"] == []


@pytest.mark.parametrize(
    ("given", "type"),
    [
        ({}, "customer"),
        ({"is_vendor": True}, "vendor"),
        ({"is_customer": False}, "vendor"),
        ({"type": "vendor"}, "vendor"),
    ],
)
def test_a_contact_is_on_one_side(twin: Twin, given: dict[str, Any], type: str) -> None:
    record = twin.create("contacts", name="Acme", **given).record
    assert (record["type"], record["is_vendor"]) == (type, type == "vendor")


@pytest.mark.parametrize(
    "given", [{"is_vendor": True, "is_customer": True}, {"type": "vendor", "is_vendor": False}]
)
def test_it_is_not_on_both(twin: Twin, given: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        twin.create("contacts", name="Acme", **given)


def test_a_currency_is_an_iso_code(twin: Twin) -> None:
    made = twin.create("contacts", name="Acme", currency="EUR")
    assert made.record["currency"] == "EUR"
    assert "currency_code" not in twin.seen[-1].body
    with pytest.raises(Rejected) as rejection:
        twin.create("contacts", name="Other", currency="XTS")
    assert rejection.value.errors[0].code == "currency_not_enabled"


def test_it_is_archived_and_found_again(twin: Twin) -> None:
    id = twin.create("contacts", name="Acme", emails=["a@b.c"]).record["id"]
    twin.create("contacts", name="Beta")
    assert twin.act("contacts", id, "deactivate").record["status"] == "archived"

    def found(field: str, value: str) -> list[str]:
        return [each.record["name"] for each in twin.list("contacts", Filter(field, Op.EQ, value)).answers]

    assert found("status", "archived") == ["Acme"]
    assert found("status", "active") == ["Beta"]
    assert found("emails.email", "a@b.c") == ["Acme"]
    assert twin.act("contacts", id, "activate").record["status"] == "active"


def test_changes_since_are_read_from_the_newest_down(twin: Twin) -> None:
    twin.create("contacts", name="Old")
    twin.now += timedelta(days=2)
    twin.create("contacts", name="New")
    since = Filter("updated_at", Op.GTE, "2026-06-21T00:00:00Z")
    page = twin.list("contacts", since)
    assert [each.record["name"] for each in page.answers] == ["New"]
    assert page.next is None


def test_the_tax_number_stands_where_the_country_keeps_it() -> None:
    for country, code, key in (("India", "IN", "gst_no"), ("U.S.A", "US", "tax_id_value")):
        twin = Twin(country=country, country_code=code)
        body = twin.body("contacts", {"name": "Acme", "tax_number": "123"})
        flow = twin.resource("contacts").create(body, twin.context)
        request = next(flow)
        while request.method == "GET":
            told = {"organization": {"country": country, "country_code": code}}
            request = flow.send(Reply(200, body=told))
        assert request.body[key] == "123"


def test_what_zoho_tells_in_one_place_only_is_told(twin: Twin) -> None:
    native = {
        "contact_id": "7", "contact_name": "Acme", "contact_type": "customer", "contact_salutation": "",
        "contact_persons": [
            {"contact_person_id": "1", "is_primary_contact": False, "salutation": "Mr."},
            {"contact_person_id": "2", "is_primary_contact": True, "salutation": "Dr."},
        ],
        "billing_address": {"address": "Street 1", "country": "India"},
        "shipping_address": {"address": "Street 2", "country": "Freedonia", "country_code": "USA"},
    }  # fmt: skip
    record = twin.resource("contacts").read(native, twin.context).record
    assert record["title"] == "Dr."
    assert [(each["country"], each["country_code"]) for each in record["addresses"]] == [
        ("India", "IN"), ("Freedonia", "US"),
    ]  # fmt: skip
