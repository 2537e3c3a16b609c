"""Contacts through the gateway: made, found by nature, changed part by part, archived, deleted."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.company import Company

ACME: dict[str, Any] = {
    "name": "Acme Trading", "type": "customer", "company_name": "Acme Trading Ltd", "number": "C-100",
    "first_name": "Ada", "last_name": "Okafor", "emails": ["ada@acme.example"],
    "phones": [{"number": "+44 20 7946 0001", "type": "work"}, {"number": "+44 7700 900001", "type": "mobile"}],
    "addresses": [
        {"type": "billing", "street_1": "1 Dock Road", "city": "Leeds", "postal_code": "LS1 1AA", "country": "U.K."},
        {"type": "shipping", "street_1": "Gate 4", "city": "Hull"},
    ],
    "currency": "USD", "payment_terms": {"days": 30, "label": "Net 30"}, "credit_limit": "2500.50",
    "website": "https://acme.example", "memo": "Calls on Mondays", "language": "en",
}  # fmt: skip


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    found = connected(seed="empty")
    path = f"/organizations/{found.organization_id}/custom-fields"
    found.admin.did(
        "POST", path, entity="contact", label="Tier", data_type="dropdown", options=["Gold", "Silver"]
    )
    found.admin.did("POST", path, entity="contact", label="Seats", data_type="number")
    return found


@pytest.fixture(scope="module")
def acme(company: Company) -> Any:
    fields = [{"api_name": "cf_tier", "value": "Gold"}, {"api_name": "cf_seats", "value": 12}]
    return company.create("contacts", **ACME, custom_fields=fields)


def test_everything_said_is_kept(company: Company, acme: Any) -> None:
    assert acme == company.get(f"contacts/{acme['id']}")
    for name in (
        "name",
        "type",
        "company_name",
        "number",
        "first_name",
        "last_name",
        "currency",
        "website",
        "memo",
    ):
        assert acme[name] == ACME[name], name
    assert (acme["is_customer"], acme["is_vendor"], acme["status"]) == (True, False, "active")
    assert (acme["credit_limit"], acme["payment_terms"]) == (Decimal("2500.5"), ACME["payment_terms"])
    assert [each["email"] for each in acme["emails"]] == ACME["emails"]
    assert {each["type"]: each["number"] for each in acme["phones"]} == {
        each["type"]: each["number"] for each in ACME["phones"]
    }
    assert {each["type"]: each["city"] for each in acme["addresses"]} == {
        "billing": "Leeds",
        "shipping": "Hull",
    }
    assert {each["api_name"]: each["value"] for each in acme["custom_fields"]} == {
        "cf_tier": "Gold",
        "cf_seats": 12,
    }
    [person] = acme["contact_persons"]
    assert (person["first_name"], person["is_primary"]) == ("Ada", True)
    book = company.truth("contacts", acme["id"])
    assert (book["contact_name"], book["payment_terms"], book["notes"]) == (
        "Acme Trading",
        30,
        "Calls on Mondays",
    )
    assert book["persons"][0]["email"] == "ada@acme.example"


def test_a_name_is_taken_once(company: Company, acme: Any) -> None:
    answer = company.call("POST", "contacts", json={"name": acme["name"]})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "already_exists"), answer.text
    assert problem["truto_is_remote_error"] is True and problem["raw_response"]
    assert problem["existing"] == {"resource": "contacts", "id": acme["id"]}


def test_a_change_leaves_the_rest_alone(company: Company) -> None:
    some = {name: ACME[name] for name in ("addresses", "memo", "phones")}
    made = company.create("contacts", name="Partial", emails=["p@p.example"], **some)
    changed = company.patch(f"contacts/{made['id']}", {"memo": "Changed", "website": "https://p.example"})
    untouched = ("name", "emails", "phones", "addresses", "contact_persons", "currency", "payment_terms")
    assert {name: changed[name] for name in untouched} == {name: made[name] for name in untouched}
    assert (changed["memo"], changed["website"]) == ("Changed", "https://p.example")
    cleared = company.patch(f"contacts/{made['id']}", {"memo": None, "website": None})
    assert (cleared["memo"], cleared["website"]) == (None, None)
    assert "issues" not in changed and "issues" not in cleared
    same = company.patch(f"contacts/{made['id']}", {})
    assert same == cleared


def test_persons_merge_by_id(company: Company) -> None:
    persons = [
        {"first_name": "Bo", "emails": ["bo@m.example"], "is_primary": True},
        {"first_name": "Cy", "emails": ["cy@m.example"], "role": "Buyer"},
    ]
    made = company.create("contacts", name="Merging", contact_persons=persons)
    ids = {each["first_name"]: each["id"] for each in made["contact_persons"]}
    changed = company.patch(
        f"contacts/{made['id']}",
        {
            "contact_persons": [
                {"id": ids["Cy"], "role": "Head buyer"},
                {"first_name": "Di", "emails": ["di@m.example"]},
            ]
        },
    )
    assert "issues" not in changed
    told = {each["first_name"]: each for each in changed["contact_persons"]}
    assert told.keys() == {"Bo", "Cy", "Di"}
    assert (told["Cy"]["role"], told["Cy"]["emails"][0]["email"]) == ("Head buyer", "cy@m.example")
    gone = company.patch(f"contacts/{made['id']}", {"contact_persons": [{"id": ids["Cy"], "_delete": True}]})
    assert {each["first_name"] for each in gone["contact_persons"]} == {"Bo", "Di"}
    assert "issues" not in gone
    company.refused(
        "PATCH", f"contacts/{made['id']}", 422, "reference_not_found", "/contact_persons/0", reads=1,
        json={"contact_persons": [{"id": "1", "role": "Ghost"}]},
    )  # fmt: skip


def test_the_mail_address_is_the_primary_persons(company: Company) -> None:
    made = company.create("contacts", name="Reachable", emails=["old@r.example"], first_name="Eve")
    changed = company.patch(f"contacts/{made['id']}", {"emails": ["new@r.example"]})
    assert [each["email"] for each in changed["emails"]] == ["new@r.example"]
    [person] = changed["contact_persons"]
    assert (person["id"], person["first_name"]) == (made["contact_persons"][0]["id"], "Eve")
    assert person["emails"][0]["email"] == "new@r.example"
    none = company.patch(f"contacts/{made['id']}", {"emails": []})
    assert none["emails"] == [] and "issues" not in none


def test_addresses_merge_by_type(company: Company) -> None:
    made = company.create("contacts", name="Moving", addresses=ACME["addresses"])
    moved = company.patch(f"contacts/{made['id']}", {"addresses": [{"type": "billing", "city": "York"}]})
    told = {each["type"]: each for each in moved["addresses"]}
    assert (told["billing"]["city"], told["billing"]["street_1"], told["shipping"]["city"]) == (
        "York",
        "1 Dock Road",
        "Hull",
    )
    gone = company.patch(f"contacts/{made['id']}", {"addresses": [{"type": "shipping", "_delete": True}]})
    assert [each["type"] for each in gone["addresses"]] == ["billing"]
    more = company.patch(f"contacts/{made['id']}", {"addresses": [{"type": "other", "city": "Ghent"}]})
    assert {each["type"]: each["city"] for each in more["addresses"]} == {"billing": "York", "other": "Ghent"}
    assert all("issues" not in each for each in (moved, gone, more))


def test_custom_fields_merge_by_name_or_id(company: Company, acme: Any) -> None:
    made = company.create(
        "contacts", name="Custom", custom_fields=[{"api_name": "cf_tier", "value": "Silver"}]
    )
    id = {each["api_name"]: each["id"] for each in acme["custom_fields"]}["cf_seats"]
    changed = company.patch(f"contacts/{made['id']}", {"custom_fields": [{"id": id, "value": 3}]})
    assert values(changed) == {"cf_tier": "Silver", "cf_seats": 3} and "issues" not in changed
    cleared = company.patch(
        f"contacts/{made['id']}",
        {"custom_fields": [{"api_name": "cf_tier", "_delete": True}, {"id": id, "value": None}]},
    )
    assert {name: value for name, value in values(cleared).items() if value is not None} == {}
    problem = company.refused(
        "PATCH", f"contacts/{made['id']}", 422, "validation_failed", "/custom_fields/0", reads=2,
        json={"custom_fields": [{"api_name": "cf_teir", "value": "Gold"}]},
    )  # fmt: skip
    assert problem["errors"][0]["code"] in ("unknown_field", "reference_not_found")


def values(record: Any) -> dict[str, Any]:
    return {each["api_name"]: each["value"] for each in record["custom_fields"]}


def test_a_contact_is_archived_and_called_back(company: Company) -> None:
    made = company.create("contacts", name="Dormant")
    assert company.act(f"contacts/{made['id']}/deactivate")["status"] == "archived"
    assert made["id"] in [row["id"] for row in company.rows("contacts", status="archived")]
    company.refused("POST", "contacts/1%2F2/activate", 404, "not_found")
    assert company.act(f"contacts/{made['id']}/activate")["status"] == "active"
    problem = company.refused("POST", f"contacts/{made['id']}/send", 404, "unknown_action")
    assert {"activate", "deactivate"} <= set(problem["allowed"])
    company.refused(
        "POST", f"contacts/{made['id']}/activate", 422, "validation_failed", "/why", json={"why": "because"}
    )


def test_a_contact_is_deleted_unless_it_is_used(company: Company) -> None:
    made = company.create("contacts", name="Short lived")
    company.delete(f"contacts/{made['id']}")
    company.refused("GET", f"contacts/{made['id']}", 404, "not_found", reads=1)
    assert company.rows("contacts", name="Short lived") == []
    used = company.create("contacts", name="Long lived")
    invoice = company.create("invoices", contact=used["id"], line_items=[{"name": "Tea", "unit_price": 1}])
    answer = company.call("DELETE", f"contacts/{used['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "has_dependents"), answer.text
    assert answer.json()["records"] == [{"resource": "invoices", "id": invoice["id"]}]
    assert company.get(f"contacts/{used['id']}")["status"] == "active"


def test_vendors_and_customers(company: Company) -> None:
    by_flag = company.create("contacts", name="Supplies", is_vendor=True)
    assert (by_flag["type"], by_flag["is_vendor"], by_flag["is_customer"]) == ("vendor", True, False)
    assert by_flag["id"] in [row["id"] for row in company.rows("contacts", type="vendor")]
    assert by_flag["id"] not in [row["id"] for row in company.rows("contacts", is_customer="true")]
    body = {"name": "Both", "is_vendor": True, "is_customer": True}
    company.refused("POST", "contacts", 422, "unsupported_field", "/is_vendor", json=body)


def test_a_contact_is_found_by_its_keys(company: Company, acme: Any) -> None:
    company.create("contacts", name="Twin one", emails=["twin@t.example"])
    company.create("contacts", name="Twin two", emails=["twin@t.example"])
    lines = [{"name": "Tea", "unit_price": 1}]
    for key in (acme["id"], {"id": acme["id"]}, {"name": "Acme Trading"}, {"email": "ada@acme.example"}):
        made = company.create("invoices", contact=key, line_items=lines)
        assert made["contact"]["id"] == acme["id"]
    for key, code in (
        ({"name": "Acme Tradin"}, "reference_not_found"),
        ({"name": "acme"}, "reference_not_found"),
        ({"email": "twin@t.example"}, "reference_ambiguous"),
        ({"name": "Arrives late"}, "reference_not_found"),
    ):
        problem = company.refused(
            "POST", "invoices", 422, code, "/contact", reads=3, json={"contact": key, "line_items": lines}
        )
        if key == {"name": "Acme Tradin"}:
            assert problem["errors"][0]["did_you_mean"] == "Acme Trading"
    late = company.create("contacts", name="Arrives late")
    made = company.create("invoices", contact={"name": "Arrives late"}, line_items=lines)
    assert made["contact"]["id"] == late["id"]


def test_amounts_owed(company: Company) -> None:
    made = company.create("contacts", name="Owes")
    lines = [{"name": "Tea", "unit_price": "12.34"}]
    company.create("invoices", contact=made["id"], line_items=lines)
    company.create("invoices", contact=made["id"], line_items=lines, status="authorised")
    assert str(company.get(f"contacts/{made['id']}")["receivable_balance"]) == "12.34"
    company.create("payments", contact=made["id"], total_amount=5, issues=["defaulted"])
    assert company.get(f"contacts/{made['id']}")["unapplied_receivable"] == 5
