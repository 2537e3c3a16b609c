"""Items, accounts, tax rates, currencies, users and the company: made, changed, archived, deleted."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.company import Company

USERS = "/unified/user-directory/users"


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    found = connected(seed="empty", currency_code="EUR", time_zone="Europe/Berlin", tax_number="DE123")
    path = f"/organizations/{found.organization_id}/custom-fields"
    found.admin.did("POST", path, entity="item", label="Shelf", data_type="string")
    return found


def test_an_item_from_the_shelf_to_the_bin(company: Company) -> None:
    company.create("tax_rates", name="VAT", total_tax_rate="19")
    company.create("accounts", name="Pot sales", type="income", code="4100")
    company.create("accounts", name="Pot costs", type="direct_costs", code="5100")
    said = {
        "name": "Teapot", "code": "POT-1", "description": "Holds tea", "type": "goods", "unit": "pcs",
        "unit_price": "19.905", "purchase_price": "7.5", "purchase_description": "From the potter",
        "is_sold": True, "is_purchased": True,
    }  # fmt: skip
    refs: dict[str, Any] = {
        "sales_account": {"code": "4100"}, "purchase_account": {"name": "Pot costs"}, "sales_tax_rate": {"name": "VAT"},
    }  # fmt: skip
    made = company.create("items", **said, **refs, custom_fields=[{"api_name": "cf_shelf", "value": "B2"}])
    for name, value in said.items():
        assert made[name] == (Decimal(value) if name.endswith("price") else value), name
    assert [made[name]["name"] for name in refs] == ["Pot sales", "Pot costs", "VAT"]
    assert [(each["api_name"], each["value"]) for each in made["custom_fields"]] == [("cf_shelf", "B2")]
    assert company.truth("items", made["item_id"] if "item_id" in made else made["id"])["sku"] == "POT-1"
    path = f"items/{made['id']}"
    assert company.get(path) == made
    changed = company.patch(path, {"unit_price": 21, "description": None, "sales_tax_rate": None})
    assert (changed["unit_price"], changed["description"], changed["sales_tax_rate"]) == (21, None, None)
    assert (changed["code"], changed["custom_fields"], "issues" in changed) == (
        "POT-1",
        made["custom_fields"],
        False,
    )
    sold_only = company.patch(path, {"is_purchased": False})
    assert (sold_only["is_sold"], sold_only["is_purchased"]) == (True, False)
    company.refused("PATCH", path, 422, "unsupported_field", "/is_sold", reads=1, json={"is_sold": False})
    company.refused(
        "PATCH",
        path,
        422,
        "unsupported_field",
        "/purchase_tax_rate",
        json={"purchase_tax_rate": {"name": "VAT"}},
    )
    twice = company.call("POST", "items", json={"name": "Teapot", "unit_price": 1})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_exists"), twice.text
    assert twice.json()["existing"] == {"resource": "items", "id": made["id"]}
    assert company.act(f"{path}/deactivate")["status"] == "archived"
    assert [row["id"] for row in company.rows("items", status="archived")] == [made["id"]]
    assert company.act(f"{path}/activate")["status"] == "active"
    company.delete(path)
    company.refused("GET", path, 404, "not_found", reads=1)


def test_an_account_in_the_chart(company: Company) -> None:
    parent = company.create("accounts", name="Travel", type="expense", code="6000")
    made = company.create(
        "accounts",
        name="Trains",
        type="expense",
        code="6010",
        description="By rail",
        parent_account={"code": "6000"},
    )
    assert (made["type"], made["remote_type"], made["classification"]) == ("expense", "expense", "expense")
    assert (made["parent_account"]["id"], made["fully_qualified_name"]) in (
        (parent["id"], "Travel:Trains"), (parent["id"], None),
    )  # fmt: skip
    row = next(row for row in company.rows("accounts", code="6010"))
    assert (row["level"], row["id"]) == (1, made["id"])
    path = f"accounts/{made['id']}"
    changed = company.patch(path, {"name": "Railways", "description": None})
    assert (changed["name"], changed["description"], changed["code"]) == ("Railways", None, "6010")
    assert company.act(f"{path}/deactivate")["status"] == "archived"
    assert made["id"] in [row["id"] for row in company.get("accounts", limit=200)["result"]]
    assert [row["id"] for row in company.rows("accounts", status="archived")] == [made["id"]]
    company.act(f"{path}/activate")
    company.delete(path)
    company.refused("GET", path, 404, "not_found", reads=1)
    system = next(row for row in company.rows("accounts", limit=200) if row["is_system"])
    refused = company.call("DELETE", f"accounts/{system['id']}")
    assert (refused.status_code, refused.json()["executed"]) == (409, "no"), refused.text
    bank = company.create("accounts", name="Bank", type="bank")
    assert (bank["is_money_account"], bank["can_post"]) == (True, True)
    assert company.get(f"accounts/{bank['id']}")["current_balance"] == 0


def test_taxes_and_groups_of_them(company: Company) -> None:
    federal = company.create("tax_rates", name="Federal", total_tax_rate="5", type="tax")
    state = company.create("tax_rates", name="State", total_tax_rate="9.975", type="compound")
    assert (state["type"], state["total_tax_rate"], state["components"]) == (
        "compound",
        Decimal("9.975"),
        [],
    )
    parts = [{"id": federal["id"]}, {"name": "State"}]
    group = company.create("tax_rates", name="Both", type="group", total_tax_rate="15.4738", components=parts)
    assert (group["type"], [each["name"] for each in group["components"]]) == ("group", ["Federal", "State"])
    assert group["effective_tax_rate"] == Decimal("15.47375")
    assert [each["is_compound"] for each in group["components"]] == [False, True]
    rows = {row["name"]: row for row in company.rows("tax_rates")}
    assert rows["Both"]["is_partial"] is True and rows["State"]["is_partial"] is False
    assert company.get(f"tax_rates/{group['id']}") == group
    wrong = company.create(
        "tax_rates", name="Odd", type="group", total_tax_rate="1", components=parts, issues=["not_applied"]
    )
    assert wrong["issues"][0]["pointer"] == "/total_tax_rate"
    renamed = company.patch(f"tax_rates/{group['id']}", {"name": "Both of them"})
    assert (renamed["name"], len(renamed["components"])) == ("Both of them", 2)
    dearer = company.patch(f"tax_rates/{federal['id']}", {"total_tax_rate": 6})
    assert dearer["total_tax_rate"] == 6
    assert company.get(f"tax_rates/{group['id']}")["effective_tax_rate"] == Decimal("16.5735")
    for body, code, pointer in (
        ({"name": "X", "total_tax_rate": 1, "type": "group"}, "required", "/components"),
        ({"name": "X", "total_tax_rate": 1, "components": parts}, "unsupported_field", "/components"),
        ({"name": "X", "total_tax_rate": 1, "code": "C"}, "unsupported_field", "/code"),
        ({"name": "X", "total_tax_rate": 1, "type": "group", "components": [{"name": "Nope"}]}, "reference_not_found",
         "/components/0"),
    ):  # fmt: skip
        top = "validation_failed" if code == "required" else code
        company.refused("POST", "tax_rates", 422, top, pointer, reads=None, json=body)
    for id in (wrong["id"], group["id"], state["id"]):
        company.delete(f"tax_rates/{id}")
        company.refused("GET", f"tax_rates/{id}", 404, "not_found", reads=2)


def test_currencies_by_their_code(company: Company) -> None:
    base = next(row for row in company.get("currencies")["result"] if row["is_base"])
    assert (base["id"], base["code"], base["exchange_rate"], base["precision"]) == ("EUR", "EUR", 1, 2)
    assert [row["id"] for row in company.rows("currencies", is_base="false")] != []
    made = company.create(
        "currencies", code="KWD", precision=3, exchange_rate="3.0525", rate_date="2026-11-01"
    )
    assert (made["id"], made["precision"], made["exchange_rate"]) == ("KWD", 3, Decimal("3.0525"))
    assert (made["rate_date"], made["remote_id"].isdecimal()) == ("2026-11-01", True)
    assert company.get(f"currencies/{made['remote_id']}")["id"] == "KWD"
    newer = company.patch("currencies/KWD", {"exchange_rate": "3.1", "rate_date": "2026-11-10"})
    assert (newer["exchange_rate"], newer["rate_date"]) == (Decimal("3.1"), "2026-11-10")
    symbol = company.patch("currencies/KWD", {"symbol": "KD"})
    assert (symbol["symbol"], symbol["exchange_rate"]) == ("KD", Decimal("3.1"))
    company.refused("PATCH", "currencies/KWD", 422, "validation_failed", "/code", json={"code": "KWX"})
    company.delete("currencies/KWD")
    company.refused("GET", "currencies/KWD", 404, "not_found", reads=1)
    refused = company.call("DELETE", "currencies/EUR")
    assert (refused.status_code, refused.json()["executed"]) == (409, "no"), refused.text


def test_users_are_invited_and_looked_up(company: Company) -> None:
    rows = company.rows(USERS)
    me = next(row for row in rows if row["is_current"])
    alone = company.get(f"{USERS}/{me['id']}")
    assert (alone["emails"][0]["is_primary"], alone["name"], alone["is_2fa_enabled"]) == (
        True,
        me["name"],
        None,
    )
    assert alone["organizations"][0]["id"] == company.organization_id
    assert company.get(f"{USERS}/me")["id"] == me["id"]
    company.refused("POST", USERS, 422, "validation_failed", json={"name": "New"})
    person = {"name": "Nia Osei", "emails": ["nia@n.example"], "roles": [{"id": me["roles"][0]["id"]}]}
    nia = company.create(USERS, **person)
    assert (nia["first_name"], nia["last_name"], nia["status"]) == ("Nia", "Osei", "invited")
    path = f"{USERS}/{nia['id']}"
    assert company.act(f"{path}/invite")["status"] == "invited"
    company.refused("POST", f"{path}/invite", 409, "possible_duplicate", json={})
    assert company.patch(path, {"name": "Nia Mensah"})["last_name"] == "Mensah"
    assert company.act(f"{path}/deactivate")["status"] == "inactive"
    assert [row["id"] for row in company.rows(USERS, status="inactive")] == [nia["id"]]
    assert company.act(f"{path}/activate")["status"] == "active"
    allowed = company.get(f"{USERS}/meta")["actions"]
    assert "inactive" in allowed["activate"]["allowed_from"]
    company.delete(path)


def test_the_company_itself(company: Company) -> None:
    [row] = company.rows("company_info")
    assert row == company.get(f"company_info/{company.organization_id}")
    assert (row["currency"], row["time_zone"], row["tax_number"], row["is_partial"]) == (
        "EUR", "Europe/Berlin", "DE123", False,
    )  # fmt: skip
    assert (row["fiscal_year_start_month"], row["fiscal_year_end_month"], row["fiscal_year_end_day"]) == (
        1,
        12,
        31,
    )
    company.refused("PATCH", f"company_info/{row['id']}", 405, "method_not_allowed", json={"name": "X"})
    company.refused("DELETE", f"company_info/{row['id']}", 405, "method_not_allowed")


@pytest.mark.parametrize(
    "name",
    [
        "contacts",
        "items",
        "invoices",
        "accounts",
        "tax_rates",
        "payments",
        "company_info",
        "currencies",
        USERS,
    ],
)
def test_meta_says_what_can_be_done(company: Company, name: str) -> None:
    mark = company.admin.last()
    meta: Any = company.get(f"{name}/meta")
    assert company.calls(mark) == []
    assert (meta["integration"], meta["resource"]) == ("zohobooks", name.rpartition("/")[2])
    assert ("create_schema" in meta and meta["create_schema"] is not None) is ("create" in meta["methods"])
    properties = meta["schema"]["properties"]
    assert {field.partition(".")[0] for field in meta["filters"]} | set(meta["sort"]) <= properties.keys()
    assert set(meta["absent_in_lists"]) <= properties.keys()
    assert meta["scopes"]["read"].startswith("ZohoBooks.")
    assert set(meta["methods"]) <= meta["calls"].keys()
    told = (
        {field["name"]: field for field in meta["fields"]}
        if isinstance(meta["fields"], list)
        else meta["fields"]
    )
    for field, said in told.items():
        if said.get("required_on_create"):
            body = {other: "x" for other in ("name",) if other != field}
            answer = company.call("POST", name, json=body)
            assert f"/{field}" in [error["pointer"] for error in answer.json()["errors"]], field
