"""Custom fields, tags, upserts."""

from decimal import Decimal
from typing import Any

import pytest


@pytest.fixture
def ready(desk: Any) -> Any:
    define = desk.books.define_custom_field
    desk.fields = {
        "project": define("invoice", "Project Code"),
        "budget": define("invoice", "Budget", "decimal"),
        "channel": define("invoice", "Channel", "dropdown", options=("Web", "Shop")),
        "hidden": define("invoice", "Hidden", in_rows=False),
        "key": define("invoice", "External Id", unique=True),
    }
    define("contact", "Tier")
    desk.buyer = desk.customer(custom_fields=[{"label": "Tier", "value": "Gold"}])
    return desk


def test_written_by_any_name_and_shown_everywhere(ready: Any) -> None:
    made = ready.invoice(
        ready.buyer,
        custom_fields=[
            {"customfield_id": ready.fields["project"]["customfield_id"], "value": "P1"},
            {"api_name": "cf_budget", "value": "5026.80"},
            {"index": 3, "value": "Web"},
            {"label": "Hidden", "value": "h"},
        ],
    )
    shown = {field["api_name"]: field for field in made["custom_fields"]}
    assert set(shown) == {"cf_project_code", "cf_budget", "cf_channel", "cf_hidden"}
    assert shown["cf_budget"]["value"] == Decimal("5026.80")
    assert shown["cf_channel"]["selected_option_id"].isdigit()
    assert made["custom_field_hash"]["cf_budget"] == "5026.80"
    assert made["custom_field_hash"]["cf_budget_unformatted"] == Decimal("5026.8")
    assert made["customer_custom_field_hash"]["cf_tier"] == "Gold"
    answer = ready.get("/invoices")
    row = answer["invoices"][0]
    assert (row["cf_project_code"], row["cf_channel_unformatted"]) == ("P1", "Web")
    assert "cf_hidden" not in row
    assert row["custom_fields"] == []
    columns = [field["api_name"] for field in answer["page_context"]["custom_fields"]]
    assert "cf_budget" in columns
    assert "cf_hidden" not in columns


def test_partial_writes(ready: Any) -> None:
    made = ready.invoice(ready.buyer, custom_fields=[{"api_name": "cf_project_code", "value": "P1"}])
    path = f"/invoices/{made['invoice_id']}"
    changed = ready.put(path, {"custom_fields": [{"api_name": "cf_budget", "value": 7}]})["invoice"]
    assert set(changed["custom_field_hash"]) >= {"cf_project_code", "cf_budget"}
    cleared = ready.put(path, {"custom_fields": [{"api_name": "cf_project_code", "value": ""}]})["invoice"]
    assert "cf_project_code" not in cleared["custom_field_hash"]
    answer = ready.put(
        f"/invoice/{made['invoice_id']}/customfields", [{"api_name": "cf_channel", "value": "Shop"}]
    )
    assert answer["message"] == "Custom Fields Updated Successfully"
    assert ready.get(path)["invoice"]["custom_field_hash"]["cf_channel"] == "Shop"


@pytest.mark.parametrize(
    "entry",
    [
        {"api_name": "cf_unknown", "value": 1},
        {"value": 1},
        {"api_name": "cf_budget", "value": "much"},
        {"api_name": "cf_channel", "value": "Radio"},
        {"api_name": "cf_project_code", "value": {"a": 1}},
    ],
)
def test_bad_values(ready: Any, entry: Any) -> None:
    body = {"customer_id": ready.buyer, "line_items": [{"name": "x", "rate": 1}], "custom_fields": [entry]}
    assert ready.refused("POST", "/invoices", body) == (400, 2)


def test_unique_values(ready: Any) -> None:
    one = [{"api_name": "cf_external_id", "value": "A"}]
    made = ready.invoice(ready.buyer, custom_fields=one)
    body = {"customer_id": ready.buyer, "line_items": [{"name": "x", "rate": 1}], "custom_fields": one}
    assert ready.refused("POST", "/invoices", body) == (400, 1001)
    ready.put(f"/invoices/{made['invoice_id']}", {"custom_fields": one})


def test_upsert(ready: Any) -> None:
    headers = {"x-unique-identifier-key": "cf_external_id", "x-unique-identifier-value": "A"}
    body = {"customer_id": ready.buyer, "line_items": [{"name": "x", "rate": 1}]}
    assert ready.refused("PUT", "/invoices", body, headers=headers) == (404, 1002)
    headers["x-upsert"] = "true"
    made = ready.send("PUT", "/invoices", body, headers=headers).body["invoice"]
    assert made["custom_field_hash"]["cf_external_id"] == "A"
    again = ready.send("PUT", "/invoices", {"notes": "twice"}, headers=headers).body["invoice"]
    assert (again["invoice_id"], again["notes"], again["total"]) == (made["invoice_id"], "twice", 1)
    assert len(ready.get("/invoices")["invoices"]) == 1
    wrong = {**headers, "x-unique-identifier-key": "cf_project_code"}
    assert ready.refused("PUT", "/invoices", body, headers=wrong) == (400, 2)
    assert ready.refused("PUT", "/invoices", body) == (400, 4)


def test_metadata(ready: Any) -> None:
    found = ready.get("/settings/preferences/customfields", entity="invoice")["customfields"]
    assert [field["api_name"] for field in found][:2] == ["cf_project_code", "cf_budget"]
    assert [value["name"] for value in found[2]["values"]] == ["Web", "Shop"]
    assert found[4]["is_unique"] is True
    assert ready.refused("GET", "/settings/preferences/customfields") == (400, 4)


def test_search_by_custom_field(ready: Any) -> None:
    ready.invoice(ready.buyer, custom_fields=[{"api_name": "cf_project_code", "value": "North"}])
    ready.invoice(ready.buyer)
    assert len(ready.get("/invoices", custom_field_contains="nor")["invoices"]) == 1
    assert ready.get("/invoices", custom_field="nor")["invoices"] == []


def test_tags(furnished: Any) -> None:
    tag = next(iter(furnished.ledger.tags.values()))
    tagged = next(row for row in furnished.books.truth()["invoices"].values() if row.get("tags"))
    shown = furnished.get(f"/invoices/{tagged['invoice_id']}")["invoice"]["tags"][0]
    assert shown["tag_id"] == tag["tag_id"]
    assert shown["tag_option_name"] == tag["options"][shown["tag_option_id"]]
