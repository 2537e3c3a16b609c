"""Mapped fields as data: what they read, write and filter, and what is no mapping."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.mapping import When
from connectors.kit.operations import Filter, ListQuery, Op
from connectors.kit.overlay import overlaid
from connectors.kit.placing import Mapped
from connectors.kit.registry import load
from connectors.kit.resource import Resource
from connectors.kit.writing import Write, write
from tests.support.scripted import CONTEXT, run

(CONNECTOR,) = load()
PO = Mapped("custom.po_number", "custom_field_hash.cf_po", "text", "always")


def laid(*rows: Mapped, resource: str = "invoices") -> Resource:
    made, errors = overlaid(CONNECTOR, {resource: rows})
    assert errors == []
    return made.resources["accounting", resource]


def refused(*rows: Mapped, resource: str = "invoices") -> FieldError:
    (error,) = overlaid(CONNECTOR, {resource: rows})[1]
    return error


def read(native: dict[str, Any], *rows: Mapped, detail: bool = True) -> dict[str, Any]:
    return laid(*rows).read({"invoice_id": "1", **native}, CONTEXT, detail=detail).record


def element(name: str, value: Any) -> dict[str, Any]:
    return {"customfield_id": "5", "api_name": name, "value": value}


@pytest.mark.parametrize("path", ["custom_field_hash.cf_po", "cf_po", "custom_fields.cf_po"])
@pytest.mark.parametrize(
    "native",
    [
        {"custom_fields": [element("cf_other", "x"), element("cf_po", "PO-7")]},
        {"custom_fields": [], "custom_field_hash": {"cf_po": "PO-7"}},
        {"custom_fields": "", "cf_po": "PO-7"},
    ],
)
def test_a_custom_field_is_read_wherever_it_is_printed(path: str, native: dict[str, Any]) -> None:
    assert read(native, Mapped("custom.po", path))["custom"] == {"po": "PO-7"}


def test_typed_values_come_before_displayed_ones() -> None:
    native = {"cf_cost": "5,026.80", "cf_cost_unformatted": Decimal("5026.8")}
    cost = Mapped("custom.cost", "cf_cost", "money")
    assert read({"custom_field_hash": native}, cost)["custom"] == {"cost": Decimal("5026.8")}
    assert read(native, cost, detail=False)["custom"] == {"cost": Decimal("5026.8")}


def test_a_record_that_has_no_value_says_so_a_list_row_says_nothing() -> None:
    assert read({"custom_field_hash": {}}, PO)["custom"] == {"po_number": None}
    assert "custom" not in read({}, PO, detail=False)
    paid = Mapped("custom.is_gift", "cf_gift", "boolean")
    assert read({"cf_gift": "false"}, PO, paid, detail=False)["custom"] == {"is_gift": False}


def test_a_value_the_codec_refuses_is_null_and_an_issue() -> None:
    resource = laid(Mapped("custom.day", "cf_day", "date"))
    answer = resource.read({"invoice_id": "1", "cf_day": "soon"}, CONTEXT)
    assert answer.record["custom"] == {"day": None}
    assert [(each.code, each.pointer, each.native_path) for each in answer.issues] == [
        ("unreadable", "/custom/day", "cf_day")
    ]


def written(resource: Resource, body: dict[str, Any], when: When = When.UPDATE) -> dict[str, Any]:
    task = Write(when, CONTEXT)
    native = write(resource.parts[0].table, body, task)
    assert task.errors == []
    return native


@pytest.mark.parametrize("first", ["custom", "custom_fields"])
def test_what_is_written_joins_the_custom_fields_of_the_caller(first: str) -> None:
    body: dict[str, Any] = {
        "custom": {"po_number": "PO-7"},
        "custom_fields": [{"api_name": "cf_region", "value": "EU"}],
    }
    body = {first: body.pop(first), **body}
    found = written(laid(PO), body)["custom_fields"]
    assert sorted(found, key=lambda each: each["api_name"]) == [
        {"api_name": "cf_po", "value": "PO-7"},
        {"api_name": "cf_region", "value": "EU"},
    ]


def test_one_field_written_twice_is_refused() -> None:
    task = Write(When.UPDATE, CONTEXT)
    body = {"custom_fields": [{"api_name": "cf_po", "value": 1}], "custom": {"po_number": "2"}}
    write(laid(PO).parts[0].table, body, task)
    assert [(each.code, each.pointer) for each in task.errors] == [("wrong_type", "/custom/po_number")]


def test_null_clears_and_plain_values_go_into_place() -> None:
    due = Mapped("custom.due", "cf_due", "date", "always")
    zone = Mapped("custom.zone", "shipping_zone", "text", "always")
    part = Mapped("custom.ward", "delivery.ward", "text", "always")
    body = {"custom": {"due": date(2026, 1, 2), "zone": None, "ward": "3"}}
    assert written(laid(due, zone, part), body) == {
        "custom_fields": [{"api_name": "cf_due", "value": "2026-01-02"}],
        "shipping_zone": "",
        "delivery": {"ward": "3"},
    }


def test_writes_are_held_to_when_a_row_allows_them() -> None:
    resource = laid(
        Mapped("custom.a", "cf_a", write="create"),
        Mapped("custom.b", "cf_b", write="always"),
        Mapped("custom.c", "cf_c"),
    )
    task = Write(When.UPDATE, CONTEXT)
    write(resource.parts[0].table, {"custom": {"a": "1", "b": "1", "c": "1", "d": "1"}}, task)
    assert [(each.code, each.pointer) for each in task.errors] == [
        ("read_only", "/custom/a"),
        ("read_only", "/custom/c"),
        ("unknown_field", "/custom/d"),
    ]


def test_the_model_knows_the_fields_and_their_types() -> None:
    model = laid(PO, Mapped("custom.cost", "cf_cost", "money", "always")).model
    custom = model.model_validate({"custom": {"po_number": "7", "cost": "5.20"}}).model_dump()["custom"]
    assert custom == {"po_number": "7", "cost": Decimal("5.20")}
    for wrong in ({"po_nmber": "7"}, {"cost": "much"}, {"po_number": 7}):
        with pytest.raises(ValidationError):
            model.model_validate({"custom": wrong})
    assert "custom" not in CONNECTOR.resources["accounting", "invoices"].model.model_fields


def test_a_repointed_field_is_read_and_written_in_its_new_place() -> None:
    order = Mapped("reference", "cf_order")
    native = {"reference_number": "old", "custom_field_hash": {"cf_order": "O-1"}}
    assert read(native, order)["reference"] == "O-1"
    assert written(laid(order), {"reference": "O-2"}) == {
        "custom_fields": [{"api_name": "cf_order", "value": "O-2"}]
    }
    assert "reference" not in read({"reference_number": "old"}, order, detail=False)


def test_what_the_provider_has_no_place_for_can_be_given_one() -> None:
    memo = Mapped("memo", "cf_memo", write="always")
    assert written(laid(memo), {"memo": "call them"}) == {
        "custom_fields": [{"api_name": "cf_memo", "value": "call them"}]
    }
    swapped = laid(Mapped("custom.old", "reference_number", write="always"), Mapped("reference", "cf_order"))
    assert written(swapped, {"custom": {"old": "x"}}) == {"reference_number": "x"}


@pytest.mark.parametrize(
    ("rows", "code", "pointer"),
    [
        ([Mapped("referense", "cf_x")], "unknown_field", "0/field"),
        ([Mapped("custom.PoNumber", "cf_x")], "wrong_type", "0/field"),
        ([Mapped("custom.", "cf_x")], "unknown_field", "0/field"),
        ([Mapped("custom.copy", "cf_x")], "wrong_type", "0/field"),
        ([Mapped("custom.x", "cf_x", codec="txt")], "enum_value", "0/codec"),
        ([Mapped("custom.x", "cf x")], "wrong_type", "0/native"),
        ([Mapped("custom.x", "cf_x", write="sometimes")], "enum_value", "0/write"),
        ([Mapped("custom.x", "cf_x"), Mapped("custom.x", "cf_y")], "duplicate", "1/field"),
        ([PO, Mapped("custom.x", "cf_po", write="always")], "duplicate", "1/native"),
        ([Mapped("custom.x", "balance", "money", "always")], "read_only", "0/write"),
        ([Mapped("custom.x", "notes", write="always")], "duplicate", "0/native"),
        ([Mapped("custom.x", "billing_address.fax", write="always")], "duplicate", "0/native"),
        ([Mapped("custom.x", "payment_terms", "integer", write="update")], "duplicate", "0/native"),
        ([Mapped("id", "cf_x")], "read_only", "0/field"),
        ([Mapped("number", "cf_x")], "read_only", "0/field"),
        ([Mapped("status", "cf_x")], "read_only", "0/field"),
        ([Mapped("type", "cf_x")], "unsupported_field", "0/field"),
        ([Mapped("contact", "cf_x")], "unsupported_field", "0/field"),
        ([Mapped("line_items", "cf_x")], "unsupported_field", "0/field"),
        ([Mapped("is_emailed", "cf_x", write="always")], "read_only", "0/write"),
        ([Mapped("reference", "cf_x", codec="date")], "wrong_type", "0/codec"),
        ([Mapped("custom.x", "cf_x", filter="page")], "wrong_type", "0/filter"),
    ],
)
def test_what_is_no_mapping_is_told_by_its_row_and_left_out(
    rows: list[Mapped], code: str, pointer: str
) -> None:
    made, (error,) = overlaid(CONNECTOR, {"invoices": rows})
    assert (error.code, error.pointer) == (code, f"/invoices/{pointer}")
    good = [row for place, row in enumerate(rows) if str(place) != pointer[0]]
    fields = made.resources["accounting", "invoices"].model.model_fields
    assert ("custom" in fields) == any(row.field.startswith("custom.") for row in good)


def test_refusals_name_what_was_meant() -> None:
    assert refused(Mapped("referense", "cf_x")).did_you_mean == "reference"
    assert "text" in refused(Mapped("custom.x", "cf_x", codec="txt")).allowed
    error = refused(PO, resource="invoice")
    assert (error.code, error.pointer, error.did_you_mean) == ("unknown_field", "/invoice", "invoices")
    assert refused(PO, resource="reports").pointer == "/reports"
    error = refused(PO, resource="bank_accounts")
    assert (error.code, error.pointer) == ("read_only", "/bank_accounts/0/write")
    assert refused(PO, resource="company_info").code == "read_only"


def test_both_collections_of_a_joined_resource_have_it() -> None:
    payments = laid(Mapped("custom.batch", "cf_batch", write="always"), resource="payments")
    assert all("custom" in side.table.by_name for side in payments.sides.values())
    bills, _ = overlaid(CONNECTOR, {"bills": (PO,)})
    joined = bills.resources["accounting", "invoices"]
    assert "custom" not in joined.sides["invoice"].table.by_name
    assert "custom" in joined.sides["bill"].table.by_name
    assert "custom" in joined.model.model_fields
    assert joined.sides["bill"] is bills.resources["accounting", "bills"]


def test_what_is_mapped_is_described_and_nothing_else_changes() -> None:
    told = laid(PO).describe()["fields"]["custom"]
    assert told["fields"]["po_number"]["type"] == "text"
    assert told["fields"]["po_number"]["native"] == ["custom_field_hash.cf_po"]
    assert told["fields"]["po_number"]["create"] is True
    made, _ = overlaid(CONNECTOR, {"invoices": (PO,)})
    same = [key for key, each in made.resources.items() if each is CONNECTOR.resources[key]]
    assert ("accounting", "contacts") in same
    assert ("accounting", "invoices") not in same


# Filters


def page(*rows: dict[str, Any], columns: tuple[str, ...] = ()) -> dict[str, Any]:
    shown = [{"invoice_id": str(number), **row} for number, row in enumerate(rows, 1)]
    context = {"has_more_page": False, "custom_fields": [{"api_name": name} for name in columns]}
    return {"invoices": shown, "page_context": context}


def found(resource: Resource, name: str, answer: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    query = ListQuery(filters=(Filter(name, Op.EQ, "PO-7"),))
    result, provider = run(resource.list(query, CONTEXT), [answer])
    return [each.record["id"] for each in result.answers], dict(provider.last.query)


def test_a_custom_field_is_searched_for_and_compared() -> None:
    answer = page({"cf_po": "PO-7"}, {"cf_other": "PO-7"}, {"cf_po": "po-7"})
    ids, asked = found(laid(PO), "custom.po_number", answer)
    assert ids == ["1"]
    assert asked["custom_field"] == "PO-7"


def test_a_declared_filter_is_the_provider_s_own() -> None:
    project = Mapped("custom.project", "project_name", filter="project_name")
    ids, asked = found(laid(project), "custom.project", page({"project_name": "PO-7"}, {"project_name": "x"}))
    assert (ids, asked["project_name"]) == (["1"], "PO-7")


def test_a_repointed_field_is_filtered_by_its_new_place() -> None:
    ids, asked = found(laid(Mapped("reference", "cf_order")), "reference", page({"cf_order": "PO-7"}))
    assert ids == ["1"]
    assert "reference_number" not in asked


@pytest.mark.parametrize(("columns", "hits"), [(("cf_po",), []), ((), None)])
def test_what_the_list_does_not_show_cannot_be_compared(columns: tuple[str, ...], hits: Any) -> None:
    def ask() -> Any:
        return found(laid(PO), "custom.po_number", page({"cf_other": "PO-7"}, columns=columns))[0]

    if hits is not None:
        assert ask() == hits
        return
    with pytest.raises(Rejected) as rejection:
        ask()
    (error,) = rejection.value.errors
    assert (error.code, error.pointer) == ("unsupported_filter", "/custom/po_number")


@pytest.mark.parametrize(
    ("resource", "row"),
    [
        ("invoices", Mapped("custom.cost", "cf_cost", "money")),
        ("invoices", Mapped("custom.zone", "shipping_zone")),
        ("contacts", Mapped("custom.tier", "cf_tier")),
    ],
)
def test_what_the_provider_cannot_search_is_no_filter(resource: str, row: Mapped) -> None:
    assert row.field not in laid(row, resource=resource).filters
