from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.core.errors import Problem
from app.core.json import parse
from app.unified.body import decode, validate
from unified_models import MODELS

INVOICE = MODELS["accounting", "invoices"]
CONTACT = MODELS["accounting", "contacts"]
LINE = {"name": "Tea", "unit_price": "2.50"}


def errors_of(body: Any, mode: Any = "create", model: Any = INVOICE) -> dict[str, str]:
    with pytest.raises(Problem) as caught:
        validate(body, model, mode)
    assert caught.value.code == "validation_failed"
    return {error.pointer: error.code for error in caught.value.errors}


def test_only_what_was_set_comes_through_exactly() -> None:
    raw = b'{"contact":"7","line_items": [{"name": "Tea", "unit_price": 2.50}],"memo":null, "issue_date":"2026-02-28"}'
    fields = validate(parse(raw), INVOICE, "create")
    assert fields == {
        "contact": {"id": "7"},
        "line_items": [{"name": "Tea", "unit_price": Decimal("2.50")}],
        "memo": None,
        "issue_date": date(2026, 2, 28),
    }


def test_everything_wrong_is_named_at_once() -> None:
    found = errors_of(
        {
            "contct": "7",
            "balance": 3,
            "issue_date": "2026-02-30",
            "line_items": [{"name": "Tea", "unit_price": True}],
        }
    )
    assert found == {
        "/contct": "unknown_field",
        "/contact": "required",
        "/balance": "read_only",
        "/issue_date": "wrong_type",
        "/line_items/0/unit_price": "wrong_type",
    }


def test_a_near_miss_is_named() -> None:
    with pytest.raises(Problem) as caught:
        validate({"contact": "7", "line_items": [{**LINE, "quantty": 1}]}, INVOICE, "create")
    assert caught.value.errors[0].pointer == "/line_items/0/quantty"
    assert caught.value.errors[0].did_you_mean == "quantity"


def test_an_enum_lists_its_words() -> None:
    with pytest.raises(Problem) as caught:
        validate({"contact": "7", "line_items": [LINE], "status": "authorized"}, INVOICE, "create")
    error = caught.value.errors[0]
    assert (error.code, error.allowed, error.did_you_mean) == (
        "enum_value",
        ("draft", "authorised"),
        "authorised",
    )


def test_an_update_needs_nothing_but_clears_nothing_required() -> None:
    assert validate({"memo": None}, INVOICE, "update") == {"memo": None}
    assert errors_of({"contact": None}, "update") == {"/contact": "required"}
    assert errors_of({"remote_data": {"a": 1}}, "update") == {"/remote_data": "read_only"}


def test_an_element_may_be_removed_in_an_update_only() -> None:
    fields = validate({"addresses": [{"type": "billing", "_delete": True}]}, CONTACT, "update")
    assert fields == {"addresses": [{"type": "billing", "_delete": True}]}


@pytest.mark.parametrize("number", ["1e400", "NaN", "0.1234567", "1234567890123456789.0"])
def test_numbers_out_of_range(number: str) -> None:
    body = {"contact": "7", "line_items": [{"name": "Tea", "unit_price": number}]}
    assert errors_of(body) == {"/line_items/0/unit_price": "precision"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xef\xbb\xbf{}", b'{"a":"\xff"}']
)
def test_malformed_json(content: bytes) -> None:
    with pytest.raises(Problem) as caught:
        decode(content, "application/json")
    assert caught.value.code == "malformed_json"


def test_what_is_no_object_and_what_is_a_form() -> None:
    with pytest.raises(Problem) as caught:
        decode(b"[]", None)
    assert caught.value.code == "validation_failed"
    with pytest.raises(Problem) as caught:
        decode(b"a=1", "application/x-www-form-urlencoded")
    assert caught.value.code == "unsupported_media_type"
    assert decode(b"", None, optional=True) == {}


def test_a_required_text_says_something() -> None:
    assert errors_of({"name": "  "}, model=CONTACT) == {"/name": "required"}
