from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.codec import CodecError
from connectors.kit.faults import Fault, Kind, Rejected
from connectors.zoho_books import invoices
from connectors.zoho_books.codecs import CUSTOM_FIELDS
from connectors.zoho_books.field_names import check_custom_fields
from tests.support.scripted import CONTEXT, run


def element(**more: Any) -> dict[str, Any]:
    named = {"customfield_id": "5", "api_name": "cf_region", "label": "Region"}
    return {**named, "data_type": "dropdown", "value": "EU", **more}


def read(native: dict[str, Any], *, detail: bool = True) -> Any:
    return invoices.RESOURCE.read({"invoice_id": "1", **native}, CONTEXT, detail=detail).record.get(
        "custom_fields"
    )


def test_the_array_of_a_detail() -> None:
    assert read({"custom_fields": [element()]}) == [
        {"id": "5", "api_name": "cf_region", "label": "Region", "type": "select", "value": "EU"}
    ]


@pytest.mark.parametrize(
    ("kind", "native", "type", "value"),
    [
        ("decimal", "5026.80", "decimal", Decimal("5026.80")),
        ("amount", 5, "money", Decimal(5)),
        ("check_box", "true", "boolean", True),
        ("check_box", False, "boolean", False),
        ("date", "2026-01-01", "date", "2026-01-01"),
        ("multiselect", ["a", "b"], "multiselect", ["a", "b"]),
        ("brand_new", "x", "text", "x"),
        ("string", "", "text", None),
    ],
)
def test_values_have_the_type_of_their_definition(kind: str, native: Any, type: str, value: Any) -> None:
    (found,) = read({"custom_fields": [element(data_type=kind, value=native)]})
    assert (found["type"], found["value"]) == (type, value)


def test_the_hash_holds_displayed_and_typed_values() -> None:
    hashed = {
        "cf_cost": "5,026.80",
        "cf_cost_unformatted": Decimal("5026.8"),
        "cf_cost_formatted": "$5,026.80",
    }
    for blank in ("", [], None):
        found = read({"custom_fields": blank, "custom_field_hash": hashed})
        assert found == [{"api_name": "cf_cost", "value": Decimal("5026.8")}]


def test_list_rows_flatten_them_but_a_detail_does_not() -> None:
    flat = {"custom_fields": [], "cf_cost": "1.00", "cf_cost_unformatted": Decimal("1.0"), "cf_none": ""}
    assert read(flat, detail=False) == [
        {"api_name": "cf_cost", "value": Decimal("1.0")},
        {"api_name": "cf_none", "value": None},
    ]
    assert read(flat) == []
    assert read({"custom_fields": []}, detail=False) is None


def test_they_are_written_by_id_or_name() -> None:
    native: dict[str, Any] = {}
    given = [
        {"id": "5", "value": "x"},
        {"api_name": "cf_a", "value": None},
        {"api_name": "cf_b", "_delete": True, "value": 1},
    ]
    CUSTOM_FIELDS.put(given, native, CONTEXT)
    assert native == {
        "custom_fields": [
            {"customfield_id": "5", "value": "x"},
            {"api_name": "cf_a", "value": ""},
            {"api_name": "cf_b", "value": ""},
        ]
    }
    with pytest.raises(CodecError):
        CUSTOM_FIELDS.put([{"value": "x"}], {}, CONTEXT)


def check(*given: dict[str, Any], answer: Any) -> None:
    run(check_custom_fields({"custom_fields": list(given)}, "invoice"), [answer])


DEFINED = {"customfields": [{"customfield_id": "5", "api_name": "cf_region"}]}


def test_a_name_the_organisation_does_not_have_is_refused_with_the_nearest() -> None:
    check({"id": "5", "value": 1}, {"api_name": "cf_region", "value": 1}, answer=DEFINED)
    with pytest.raises(Rejected) as rejection:
        check({"api_name": "cf_regoin", "value": 1}, answer=DEFINED)
    (error,) = rejection.value.errors
    assert (error.code, error.pointer, error.did_you_mean) == (
        "unknown_field",
        "/custom_fields/0",
        "cf_region",
    )


@pytest.mark.parametrize("answer", [Fault(Kind.NOT_FOUND, 404), {}, {"customfields": {"invoice": []}}])
def test_where_the_provider_does_not_tell_nothing_is_refused(answer: Any) -> None:
    check({"api_name": "cf_any", "value": 1}, answer=answer)
