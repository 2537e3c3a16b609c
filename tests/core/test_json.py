"""One codec: strict for callers, lenient for providers, exact for money."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.core import json
from app.core.errors import Problem


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1, "a": 2}',
        b'[{"b": {"a": 1, "a": 1}}]',
        b'{"\\u0061": 1, "a": 2}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}',
        b'["\\ud83d x"]',
        b'{"a": "\\u0000"}',
        b'{"a": "\x00"}',
        b'{"a": "\n"}',
        b"1_000",
        "１２".encode(),
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"0x10",
        b"12345678901234567890",
        b"-12345678901234567890",
        b"1e401",
        b"1e-401",
        b"1e999999999",
        b"1." + b"0" * 80,
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"{} {}",
    ],
)
def test_refused(data: bytes) -> None:
    with pytest.raises(Problem) as caught:
        json.parse(data)
    assert caught.value.code == "malformed_json"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 0.10}', {"a": Decimal("0.10")}),
        (b"1234567890123456789", 1234567890123456789),
        (b"-1", -1),
        (b"1e3", Decimal("1E+3")),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"[[[["', "[[[["),
        (b'["' + b"[" * 500 + b'\\"{", 1]', ["[" * 500 + '"{', 1]),
        (b"[" * 64 + b"]" * 64, None),
        (b" \t\r\n null ", None),
    ],
)
def test_accepted(data: bytes, value: object) -> None:
    parsed = json.parse(data)
    if value is not None:
        assert parsed == value
        assert str(parsed) == str(value)


def test_the_message_shows_where_not_what() -> None:
    with pytest.raises(Problem) as caught:
        json.parse(b'{"secret": oops}')
    assert "column 12" in caught.value.detail and "oops" not in caught.value.detail


def test_providers_are_read_leniently() -> None:
    assert json.decode(b'\xef\xbb\xbf{"a": 1, "a": 2.50}') == {"a": Decimal("2.50")}
    assert json.decode(b'{"id": 982000000567114123456789}') == {"id": 982000000567114123456789}
    for garbled in (b"<html>", b'{"a": NaN}', b"1e999999999", b"[" * 5000, b"\xff", b""):
        with pytest.raises(ValueError):
            json.decode(garbled)


class Kind(StrEnum):
    A = "a"


@dataclass
class Line:
    amount: Decimal
    at: datetime


class Model(BaseModel):
    name: str = "x"
    price: Decimal | None = None


def test_writing() -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    value = {
        "n": Decimal("10.00"),
        "at": at,
        "day": date(2026, 3, 4),
        "k": Kind.A,
        "m": Model(price=Decimal("1E-7")),
    }
    assert json.encode(value) == (
        b'{"n":10.00,"at":"2026-03-04T05:06:07Z","day":"2026-03-04","k":"a","m":{"price":0.0000001}}'
    )
    assert json.encode([Line(Decimal("1E+3"), at), "3E+4 NaN"]) == (
        b'[{"amount":1000,"at":"2026-03-04T05:06:07Z"},"3E+4 NaN"]'
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1E+999999"])
def test_no_answer_carries_what_is_no_figure(number: str) -> None:
    with pytest.raises(ValueError):
        json.encode({"a": Decimal(number)})


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18))
def test_decimals_survive_the_round_trip(number: Decimal) -> None:
    if abs(number.adjusted()) > 400 or len(json.plain(number)) > 60:
        return
    text = json.encode(number)
    assert b"E" not in text and b"e" not in text
    assert Decimal(json.parse(text)) == number
    assert Decimal(json.decode(text)) == number


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_text_survives_the_round_trip(text: str) -> None:
    assert json.parse(json.encode({"a": text})) == json.decode(json.encode({"a": text})) == {"a": text}


def test_what_a_provider_spelled_wrong_is_put_right_and_named() -> None:
    data = b'{"a": [{"x": NaN, "y": {"z": "\\ud83d!"}, "w": "\\ud83d\\ude00"}, {"x": 1.50}], "b": 1e999}'
    with pytest.raises(ValueError):
        json.decode(data)
    found = json.mend(data)
    assert found == {"a": [{"x": None, "y": {"z": "\ufffd!"}, "w": "😀"}, {"x": Decimal("1.50")}], "b": None}
    assert [path for path, _ in found.gaps] == ["a.0.x", "a.0.y.z", "b"]
    assert [path for path, _ in found["a"][0].gaps] == ["x", "y.z"]
    assert type(found["a"][1]) is dict and isinstance(found["a"][1]["x"], Decimal)
    assert json.decode(json.encode(found)) == found


@given(st.binary(max_size=60))
def test_mending_never_does_more_than_refuse(data: bytes) -> None:
    try:
        found = json.mend(data)
    except ValueError:
        return
    json.encode(found)
