from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.codec import (
    BOOL,
    DATE,
    ENUM,
    INSTANT,
    INTEGER,
    MONEY,
    TEXT,
    Codec,
    CodecError,
)

STAMP = INSTANT("%Y-%m-%dT%H:%M:%S%z")
SIZE = ENUM({"s": "small", "xs": "small", "l": "large"})


@pytest.mark.parametrize(
    ("codec", "native", "unified"),
    [
        (TEXT, "a", "a"),
        (TEXT, 12, "12"),
        (MONEY, Decimal("1.10"), Decimal("1.10")),
        (MONEY, 7, Decimal(7)),
        (MONEY, " 0.00 ", Decimal("0.00")),
        (INTEGER, "30", 30),
        (INTEGER, Decimal("30.0"), 30),
        (BOOL, 1, True),
        (BOOL, "false", False),
        (DATE, "2026-02-28", date(2026, 2, 28)),
        (STAMP, "2026-06-09T09:46:21-0400", datetime(2026, 6, 9, 13, 46, 21, tzinfo=UTC)),
        (SIZE, "xs", "small"),
        (SIZE, "huge", "huge"),
    ],
)
def test_reads(codec: Codec[Any], native: Any, unified: Any) -> None:
    assert codec.read(native) == unified


@pytest.mark.parametrize(
    ("codec", "native"),
    [
        (TEXT, True),
        (TEXT, ["a"]),
        (MONEY, True),
        (MONEY, "NaN"),
        (MONEY, "1e999999"),
        (MONEY, "twelve"),
        (INTEGER, Decimal("1.5")),
        (BOOL, "maybe"),
        (DATE, "2026-02-30"),
        (DATE, 20260101),
        (STAMP, "2026-06-09T09:46:21"),
        (STAMP, "yesterday"),
        (SIZE, 3),
    ],
)
def test_refuses(codec: Codec[Any], native: Any) -> None:
    with pytest.raises(CodecError):
        codec.read(native)


def test_an_enum_writes_its_first_word_and_refuses_others() -> None:
    assert SIZE.write("small") == "s"
    with pytest.raises(CodecError) as refusal:
        SIZE.write("huge")
    assert (refusal.value.code, refusal.value.allowed) == ("enum_value", ("small", "large"))


def test_a_huge_exponent_is_refused_before_it_costs_memory() -> None:
    with pytest.raises(CodecError):
        INTEGER.parse("1e99999999")
