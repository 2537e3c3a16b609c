"""Every record: what it takes, what it refuses, and what its schema says."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import unified_models
from unified_models import MODELS, Record
from unified_models.accounts import Account
from unified_models.contacts import Contact
from unified_models.fields import is_array, is_create_only, mark_of, part_of, words_of
from unified_models.invoices import Invoice
from unified_models.types import READING

ALL = pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.__name__)


def errors(model: type[BaseModel], body: dict[str, Any], context: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body, context=context)
    return [("/".join(map(str, e["loc"])), e["type"]) for e in caught.value.errors()]


def test_the_registry_finds_every_resource_file() -> None:
    assert {resource for _, resource in MODELS} >= {
        "accounts", "company_info", "contacts", "currencies", "invoices", "items", "payments", "tax_rates", "users"
    }  # fmt: skip
    assert MODELS["user-directory", "users"].__name__ == "User"
    assert MODELS["accounting", "invoices"] is Invoice
    files = {path.stem for path in Path(unified_models.__file__).parent.glob("*.py")}
    assert {resource for _, resource in MODELS} <= files
    assert not {"record", "documents"} & {resource for _, resource in MODELS}


def parts(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model not in seen:
        seen.add(model)
        for name in model.model_fields:
            inner = part_of(model, name)
            if inner is not None:
                parts(inner, seen)
    return seen


@ALL
def test_every_field_of_every_part_is_described_and_optional(model: type[Record]) -> None:
    for part in parts(model, set()):
        for name, info in part.model_fields.items():
            where = f"{part.__name__}.{name}"
            assert info.description, where
            assert "\n" not in info.description, where
            assert info.default is None, where
            assert mark_of(info) in ("required", "writable", "read_only"), where
        assert part.model_config.get("extra") == "forbid", part.__name__
        assert part.__doc__, part.__name__


@ALL
def test_every_record_has_the_common_fields(model: type[Record]) -> None:
    marks = {name: mark_of(info) for name, info in model.model_fields.items()}
    for name in ("id", "remote_id", "company", "created_at", "updated_at", "url", "etag", "is_partial"):
        assert marks[name] == "read_only", name
    assert marks["custom_fields"] == marks["remote_data"] == "writable"
    assert is_create_only(model.model_fields["remote_data"])


@ALL
def test_an_empty_body_validates_and_sets_nothing(model: type[Record]) -> None:
    assert model.model_validate({}).model_dump(exclude_unset=True) == {}


@ALL
def test_schemas_of_both_directions_can_be_made(model: type[Record]) -> None:
    for mode in ("validation", "serialization"):
        schema = model.model_json_schema(mode=mode)
        assert schema["properties"]["id"]["description"]
        assert schema["additionalProperties"] is False


def test_absent_null_and_value_stay_three_things() -> None:
    body = Invoice.model_validate({"memo": None, "number": "", "due_date": "2026-01-31"})
    dumped = body.model_dump(exclude_unset=True)
    assert list(dumped) and set(dumped) == {"memo", "number", "due_date"}
    assert dumped["memo"] is None
    assert dumped["number"] == ""


def test_types_are_strict() -> None:
    assert errors(Invoice, {"number": 5}) == [("number", "string_type")]
    assert errors(Invoice, {"tax_inclusive": "yes"}) == [("tax_inclusive", "bool_type")]
    assert errors(Invoice, {"tax_inclusive": 1}) == [("tax_inclusive", "bool_type")]
    assert errors(Invoice, {"line_items": {}}) == [("line_items", "list_type")]
    assert errors(Invoice, {"payment_terms": {"days": "30"}}) == [("payment_terms/days", "int_type")]
    assert errors(Invoice, {"reference": "x" * 101}) == [("reference", "string_too_long")]


def test_unknown_fields_are_named_where_they_stand() -> None:
    assert errors(Invoice, {"line_items": [{"nme": "x"}], "referense": "1"}) == [
        ("line_items/0/nme", "extra_forbidden"),
        ("referense", "extra_forbidden"),
    ]


def test_words_of_an_enum_pass_when_read_and_not_when_written() -> None:
    assert errors(Contact, {"type": "supplier"}) == [("type", "enum_value")]
    assert Contact.model_validate({"type": "supplier"}, context=READING).type == "supplier"
    with pytest.raises(ValidationError) as caught:
        Invoice.model_validate({"status": "paid"})
    problem = caught.value.errors()[0]
    assert problem.get("ctx", {})["allowed"] == ("draft", "authorised")
    assert Invoice.model_validate({"status": "authorised"}).status == "authorised"


def test_words_are_known_from_the_field() -> None:
    words = words_of(Invoice, "status")
    assert words is not None
    assert words.allowed == ("draft", "authorised")
    assert "partially_paid" in words.known
    assert words_of(Invoice, "number") is None
    requests = Invoice.model_json_schema(mode="validation")["properties"]["status"]
    answers = Invoice.model_json_schema(mode="serialization")["properties"]["status"]
    assert requests["anyOf"][0]["enum"] == ["draft", "authorised"]
    assert "enum" not in answers["anyOf"][0]
    assert "paid" in answers["anyOf"][0]["x-extensible-enum"]


def test_fields_tell_their_parts() -> None:
    assert is_array(Invoice, "line_items")
    assert not is_array(Invoice, "contact")
    line = part_of(Invoice, "line_items")
    assert line is not None and line.__name__ == "LineItem"
    assert part_of(Account, "name") is None


def test_bare_emails_and_phones_become_objects() -> None:
    body = Contact.model_validate(
        {"emails": ["a@b.example", {"email": "c@d.example", "type": "billing"}], "phones": ["+1 2"]}
    )
    assert body.model_dump(exclude_unset=True) == {
        "emails": [{"email": "a@b.example"}, {"email": "c@d.example", "type": "billing"}],
        "phones": [{"number": "+1 2"}],
    }
    for bad in ("", "a", "@b", "a@", "a b@c", "a@b@c"):
        assert errors(Contact, {"emails": [bad]}) == [("emails/0", "wrong_type")]


def test_money_keeps_its_digits() -> None:
    body = Invoice.model_validate({"line_items": [{"name": "x", "unit_price": "2.50", "quantity": 3}]})
    assert body.model_dump(exclude_unset=True)["line_items"] == [
        {"name": "x", "unit_price": Decimal("2.50"), "quantity": Decimal(3)}
    ]


def test_elements_may_be_removed_where_arrays_merge() -> None:
    body = Contact.model_validate(
        {
            "custom_fields": [{"api_name": "cf_a", "_delete": True}],
            "contact_persons": [{"id": "1", "_delete": True}],
            "addresses": [{"type": "billing", "_delete": True}],
        }
    )
    assert body.model_dump(exclude_unset=True)["contact_persons"] == [{"id": "1", "_delete": True}]
    assert errors(Invoice, {"line_items": [{"id": "1", "_delete": True}]}) == [
        ("line_items/0/_delete", "extra_forbidden")
    ]
