"""`match_on`: the record is looked for before it is created."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.flows.company import Company


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="empty")


def post(
    company: Company, path: str, body: Any, match_on: str, on_match: str | None = None, **more: Any
) -> Any:
    params = {"match_on": match_on, **({"on_match": on_match} if on_match else {}), **more.pop("params", {})}
    return company.call("POST", path, json=body, params=params, **more)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("ledgerway-outcome") or answer.json()["code"]


def test_the_first_field_with_a_hit_wins(company: Company) -> None:
    made = post(company, "contacts", {"name": "Ada", "emails": ["ada@m.example"]}, "email,name")
    assert told(made) == (201, "created")
    other = company.create("contacts", name="Bo", emails=["bo@m.example"])
    body = {"name": "Bo", "emails": ["ADA@M.example"]}
    found = post(company, "contacts", body, "email,name", "return")
    assert (told(found), found.json()["id"]) == ((200, "already_existed"), made.json()["id"])
    assert found.json() == company.get(f"contacts/{made.json()['id']}")
    found = post(company, "contacts", body, "name,email")
    assert found.json()["id"] == other["id"]
    body = {"name": "  bO ", "emails": ["new@m.example"]}
    found = post(company, "contacts", body, "email,name")
    assert (told(found), found.json()["id"]) == ((200, "already_existed"), other["id"])


def test_an_error_names_what_is_there(company: Company) -> None:
    made = company.create("contacts", name="Cy")
    problem = company.refused(
        "POST", "contacts", 409, "already_exists", reads=2, json={"name": "CY"},
        params={"match_on": "name", "on_match": "error"},
    )  # fmt: skip
    assert problem["existing"] == {"resource": "contacts", "id": made["id"]}


def test_several_hits_are_nobodys_choice(company: Company) -> None:
    twins = [company.create("contacts", name=f"Twin {n}", emails=["twin@m.example"])["id"] for n in (1, 2)]
    problem = company.refused(
        "POST", "contacts", 409, "multiple_matches", reads=1, params={"match_on": "email,name"},
        json={"name": "Twin 1", "emails": ["twin@m.example"]},
    )  # fmt: skip
    assert sorted(each["id"] for each in problem["candidates"]) == sorted(twins)
    assert {each["name"] for each in problem["candidates"]} == {"Twin 1", "Twin 2"}


@pytest.mark.parametrize("on_match", ["return", "update", "error"])
def test_a_vendor_is_no_customer(company: Company, on_match: str) -> None:
    name = f"Supplier for {on_match}"
    made = company.create("contacts", name=name, is_vendor=True)
    problem = company.refused(
        "POST", "contacts", 409, "type_conflict", reads=2, json={"name": name},
        params={"match_on": "name", "on_match": on_match},
    )  # fmt: skip
    assert problem["existing"] == {"resource": "contacts", "id": made["id"], "type": "vendor"}
    same = post(company, "contacts", {"name": name, "type": "vendor"}, "name")
    assert (told(same), same.json()["id"]) == ((200, "already_existed"), made["id"])


def test_an_update_sends_only_what_differs(company: Company) -> None:
    body: dict[str, Any] = {
        "name": "Di", "emails": ["di@m.example"], "memo": "Old", "website": "https://d.example",
        "addresses": [{"type": "billing", "city": "Leeds"}], "currency": "USD",
        "contact_persons": [{"first_name": "Di", "emails": ["di@m.example"], "is_primary": True}],
    }  # fmt: skip
    made = post(company, "contacts", body, "email", "update")
    assert told(made) == (201, "created")
    mark = company.admin.last()
    same = post(company, "contacts", body, "email", "update")
    assert told(same) == (200, "unchanged")
    assert {each["method"] for each in company.calls(mark)} == {"GET"}
    body["memo"], body["contact_persons"][0]["role"] = "New", "Owner"
    changed = post(company, "contacts", body, "email", "update")
    assert (told(changed), changed.json()["memo"]) == ((200, "updated"), "New")
    assert "issues" not in changed.json()
    [person] = changed.json()["contact_persons"]
    assert (person["id"], person["role"]) == (made.json()["contact_persons"][0]["id"], "Owner")
    [sent] = [each for each in company.calls(mark) if each["method"] == "PUT"]
    assert not {"website", "currency_id", "billing_address"} & set(sent["body"])


def test_what_cannot_be_matched_is_said(company: Company) -> None:
    problem = company.refused(
        "POST", "contacts", 422, "unsupported_filter", "match_on", json={"name": "X"},
        params={"match_on": "email,tax_number,name"},
    )  # fmt: skip
    assert {"email", "name", "phone"} <= set(problem["allowed"]) and "tax_number" not in problem["allowed"]
    assert problem["allowed"] == company.get("contacts/meta")["match_on"]
    company.refused(
        "POST",
        "contacts",
        422,
        "validation_failed",
        "/emails",
        json={"name": "X"},
        params={"match_on": "email"},
    )
    for params in ({"on_match": "return"}, {"match_on": "name", "on_match": "merge"}):
        company.refused(
            "POST", "contacts", 400, "parameter_invalid", "on_match", json={"name": "X"}, params=params
        )
    company.refused(
        "PATCH",
        "contacts/1",
        422,
        "unknown_parameter",
        "match_on",
        json={"memo": "X"},
        params={"match_on": "name"},
    )
    body = {"name": "Child", "parent": {"id": "1"}}
    company.refused(
        "POST", "contacts", 422, "unsupported_field", "/parent", json=body, params={"match_on": "name"}
    )


def test_items_and_accounts_are_matched_too(company: Company) -> None:
    item = company.create("items", name="Tea", code="SKU-1", unit_price=2)
    found = post(company, "items", {"name": "Black tea", "code": "sku-1", "unit_price": 2}, "code", "update")
    assert (told(found), found.json()["id"]) == ((200, "updated"), item["id"])
    assert found.json()["name"] == "Black tea"
    assert (
        told(post(company, "items", {"name": "Tea 2", "code": "SKU-10", "unit_price": 2}, "code"))[0] == 201
    )
    account = company.create("accounts", name="Petty sales", type="income", code="4711")
    for match_on in ("code", "name", "code,name"):
        body = {"name": "petty SALES", "type": "income", "code": "4711"}
        found = post(company, "accounts", body, match_on)
        assert (told(found), found.json()["id"]) == ((200, "already_existed"), account["id"])


def test_documents_are_matched_by_number_or_reference(company: Company) -> None:
    buyer = company.create("contacts", name="Buyer")
    body = {"contact": buyer["id"], "reference": "order-1", "line_items": [{"name": "Tea", "unit_price": 1}]}
    made = post(company, "invoices", body, "reference", "update")
    assert told(made) == (201, "created")
    again = post(company, "invoices", body, "reference", "update")
    assert (told(again), again.json()["id"]) == ((200, "unchanged"), made.json()["id"])
    again = post(company, "invoices", {**body, "number": made.json()["number"]}, "number")
    assert (told(again), again.json()["id"]) == ((200, "already_existed"), made.json()["id"])
    lines = {"line_items": [{"name": "Tea", "unit_price": 3}]}
    company.refused(
        "POST", "invoices", 422, "would_remove_lines", reads=4, json={**body, **lines},
        params={"match_on": "reference", "on_match": "update"},
    )  # fmt: skip
    params = {"replace_lines": "true"}
    changed = post(company, "invoices", {**body, **lines}, "reference", "update", params=params)
    assert (told(changed), changed.json()["total_amount"]) == ((200, "updated"), 3)
    live = post(company, "invoices", {**body, **lines, "status": "authorised"}, "reference", "update")
    assert [each["code"] for each in live.json()["issues"]] == ["not_applied"]


def test_a_vendors_number_is_its_own(company: Company) -> None:
    account = company.create("accounts", name="Costs", type="expense")["id"]
    one, two = (company.create("contacts", name=f"Vendor {n}", type="vendor")["id"] for n in (1, 2))
    body = {"number": "B-1", "line_items": [{"account": account, "name": "Rent", "unit_price": 9}]}
    first = post(company, "bills", {**body, "contact": one}, "number")
    second = post(company, "bills", {**body, "contact": two}, "number")
    assert told(first) == told(second) == (201, "created")
    again = post(company, "bills", {**body, "contact": {"name": "Vendor 2"}}, "number")
    assert (told(again), again.json()["id"]) == ((200, "already_existed"), second.json()["id"])
    typed = post(company, "invoices", {**body, "type": "bill", "contact": one}, "number")
    assert (told(typed), typed.json()["id"]) == ((200, "already_existed"), first.json()["id"])


def test_a_preview_says_what_would_become_of_it(company: Company) -> None:
    body = {"name": "Eve", "memo": "Old"}
    preview = post(company, "contacts", body, "name", params={"preview": "true"}).json()
    assert [step["method"] for step in preview["steps"] if not step["sent"]] == ["POST"]
    made = post(company, "contacts", body, "name").json()
    preview = post(company, "contacts", body, "name", params={"preview": "true"}).json()
    assert (preview["outcome"], preview["existing"]["id"]) == ("already_existed", made["id"])
    assert all(step["sent"] for step in preview["steps"])
    preview = post(
        company, "contacts", {**body, "memo": "New"}, "name", "update", params={"preview": "true"}
    ).json()
    assert [step["method"] for step in preview["steps"] if not step["sent"]] == ["PUT"]
    assert company.get(f"contacts/{made['id']}")["memo"] == "Old"


def test_a_key_repeats_what_was_found(company: Company) -> None:
    made = company.create("contacts", name="Fay")
    headers = {"Idempotency-Key": "order-77"}
    first = post(company, "contacts", {"name": "Fay"}, "name", headers=headers)
    again = post(company, "contacts", {"name": "Fay"}, "name", headers=headers)
    assert told(first) == (200, "already_existed") and told(again) == (200, "replayed")
    assert first.json() == again.json() and first.json()["id"] == made["id"]
    other = post(company, "contacts", {"name": "Fay"}, "name", "update", headers=headers)
    assert other.status_code == 422


def test_creates_at_once_make_one_record(company: Company) -> None:
    """The names differ, so that the provider would take every one of them."""
    bodies = [
        {"name": f"Zoe {n}", "emails": [" Zoe@M.example" if n % 2 else "zoe@m.example"]} for n in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda body: post(company, "contacts", body, "email"), bodies))
    assert sorted(map(told, answers)) == [(200, "already_existed")] * 3 + [(201, "created")]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_creates_of_others_do_not_wait_for_each_other(company: Company) -> None:
    bodies = [{"name": f"Yves {n}", "emails": [f"yves{n}@m.example"]} for n in range(3)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda body: post(company, "contacts", body, "email,name"), bodies))
    assert [told(answer) for answer in answers] == [(201, "created")] * 3


def test_documents_orders_and_rates_are_matched_by_what_names_them(company: Company) -> None:
    vendor = company.create("contacts", name="Orders and rates", type="vendor")["id"]
    lines = [{"name": "Tea", "account": {"name": "Office Supplies"}, "unit_price": 1}]
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("purchase_orders", "reference", {"contact": vendor, "reference": "po-1", "line_items": lines}),
        ("vendor_credits", "number", {"contact": vendor, "number": "VC-77", "line_items": lines}),
        ("tax_rates", "name", {"name": "Reduced", "total_tax_rate": 7}),
        ("tracking_categories", "name", {"name": "Region", "options": [{"name": "North"}]}),
    ]
    for name, key, body in bodies:
        assert key in company.get(f"{name}/meta")["match_on"]
        made = post(company, name, body, key)
        assert told(made) == (201, "created"), made.text
        again = post(company, name, {**body, key: body[key].upper()}, key)
        assert told(again) == (200, "already_existed"), again.text
        assert again.json()["id"] == made.json()["id"]
    changed = post(company, "tax_rates", {"name": "reduced", "total_tax_rate": 8}, "name", "update")
    assert (told(changed), changed.json()["total_tax_rate"]) == ((200, "updated"), 8)


def test_a_match_changed_half_way_was_there(company: Company) -> None:
    made = company.create("contacts", name="Half way")
    fault = {
        "kind": "status",
        "path": "/address",
        "times": 1,
        "status": 400,
        "code": 4047,
        "message": "Not now.",
    }
    assert company.admin.post("/faults", json=fault).is_success
    body = {"name": "Half way", "memo": "New", "addresses": [{"type": "other", "city": "Leeds"}]}
    changed = post(company, "contacts", body, "name", "update")
    assert (told(changed), changed.json()["id"]) == ((200, "partial"), made["id"])
    assert [each["code"] for each in changed.json()["issues"]] == ["step_failed", "not_applied"]
    assert changed.json()["memo"] == "New"


def test_a_contact_is_found_by_what_the_provider_finds_it_by(company: Company) -> None:
    for key in ("tax_number", "number"):
        body = {"contact": {key: "DE1"}, "line_items": [{"name": "Tea", "unit_price": 1}]}
        problem = company.refused("POST", "invoices", 422, "unsupported_field", "/contact", json=body)
        assert problem["errors"][0]["allowed"] == ["id", "name", "email"]
    assert company.get("invoices/meta")["fields"]["contact"]["found_by"] == ["id", "name", "email"]
