from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from unified_models.types import READING, Date, Instant, Money, SignedMoney

MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)
SIGNED: TypeAdapter[Decimal] = TypeAdapter(SignedMoney)
DATE: TypeAdapter[date] = TypeAdapter(Date)
INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def code(adapter: TypeAdapter[Any], value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    return caught.value.errors()[0]["type"]


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (100, "100"),
        ("100.10", "100.10"),
        (Decimal("0.1"), "0.1"),
        ("999999999999999999.999999", "999999999999999999.999999"),
        (999999999999999999, "999999999999999999"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-6"), "0.000001"),
        ("0", "0"),
    ],
)
def test_money_is_exact(value: Any, exact: str) -> None:
    found = MONEY.validate_python(value)
    assert format(found, "f") == exact


NO_TEXT = (
    "",
    " 1",
    "1 ",
    "1,5",
    "1_000",
    "1e3",
    "NaN",
    "Infinity",
    "+1",
    ".5",
    "5.",
    "１２",
    "0.1234567",
    "0x10",
    "1\n",
)
NO_NUMBER = (*map(Decimal, ("NaN", "-Infinity", "1E+400", "1E-7", "1E+999999")), 10**18, 10**5000)


@pytest.mark.parametrize("value", [*NO_TEXT, str(10**18), *NO_NUMBER], ids=lambda value: type(value).__name__)
def test_money_out_of_range_is_a_matter_of_precision(value: Any) -> None:
    assert code(MONEY, value) == "precision"
    assert code(SIGNED, value) == "precision"


@pytest.mark.parametrize("value", [True, False, 1.5, float("nan"), [], {}, b"1", object()])
def test_money_is_a_number_or_text(value: Any) -> None:
    assert code(MONEY, value) == "wrong_type"


def test_only_signed_money_is_negative() -> None:
    assert code(MONEY, "-1") == "wrong_type"
    assert SIGNED.validate_python("-1.50") == Decimal("-1.50")


def test_a_date_is_a_day_of_the_calendar() -> None:
    assert DATE.validate_python("2028-02-29") == date(2028, 2, 29)
    assert DATE.validate_python("0001-01-01") == date(1, 1, 1)
    assert DATE.validate_python("9999-12-31") == date(9999, 12, 31)
    assert DATE.validate_python(date(2026, 1, 2)) == date(2026, 1, 2)


NO_DATE = (
    "2026-02-29",
    "2026-01-01T00:00:00Z",
    "2026-1-1",
    "20260101",
    "01.01.2026",
    "",
    "2026-W01-1",
    "2026-01-01\n",
)


@pytest.mark.parametrize(
    "value", [*NO_DATE, "２０２６-01-01", 20260101, True, datetime(2026, 1, 1, tzinfo=UTC)]
)
def test_a_date_with_a_time_or_of_another_form_is_refused(value: Any) -> None:
    assert code(DATE, value) == "wrong_type"


def test_an_instant_has_an_offset() -> None:
    assert INSTANT.validate_python("2026-03-01T09:30:00+0200").astimezone(UTC).hour == 7
    assert INSTANT.validate_python("2026-03-01T09:30:00Z").utcoffset() is not None
    assert code(INSTANT, "2026-03-01T09:30:00") == "wrong_type"
    assert code(INSTANT, datetime(2026, 3, 1)) == "wrong_type"  # noqa: DTZ001 — the point of the test


def test_schemas_tell_what_requests_and_answers_hold() -> None:
    assert MONEY.json_schema(mode="serialization") == {"type": "number", "minimum": 0}
    request = MONEY.json_schema(mode="validation")
    assert [one["type"] for one in request["anyOf"]] == ["number", "string"]
    assert DATE.json_schema() == {"type": "string", "format": "date"}


def test_reading_context_is_what_it_says() -> None:
    assert READING == {"reading": True}
