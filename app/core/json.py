"""The one JSON codec: strict for what callers send, lenient for what providers say, exact for decimals."""

import json as _stdlib
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

import msgspec
from pydantic import BaseModel

from app.core.errors import Problem
from connectors.kit.http import Mended

_DEEPEST = 64
_INT_DIGITS = 19
_NUMBER_TEXT = 64
_EXPONENT = 400  # past any figure a field accepts, and small enough to write out in digits
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_CHARACTER = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")


class _Refused(Exception):
    pass


def parse(data: bytes) -> Any:
    """A caller's JSON. Fractions become Decimal.

    Problem `malformed_json` on anything but one plain document: invalid UTF-8, a BOM, duplicate keys, NaN or
    Infinity, NUL, lone surrogates, more than 64 levels, integers of more than 19 digits.
    """
    try:
        if data.startswith(b"\xef\xbb\xbf"):
            raise _Refused("The body starts with a byte order mark.")
        text = data.decode("utf-8", "strict")
        _check_depth(data)
        value = _stdlib.loads(
            text,
            parse_float=_exact,
            parse_int=_integer,
            parse_constant=_constant,
            object_pairs_hook=_members,
        )
        if _ESCAPED.search(data):
            _check_text(value)
    except _Refused as refused:
        raise Problem("malformed_json", str(refused)) from None
    except UnicodeDecodeError as error:
        raise Problem("malformed_json", f"The body is not UTF-8 (byte {error.start}).") from None
    except _stdlib.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem("malformed_json", f"The body is not JSON: {error.msg} at {where}.") from None
    except (ValueError, RecursionError):
        raise Problem("malformed_json", "The body is not JSON.") from None
    return value


def decode(data: bytes) -> Any:
    """A provider's JSON. Fractions become Decimal, of duplicate keys the last wins; ValueError otherwise."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    try:
        return _DECODER.decode(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def mend(data: bytes) -> Any:
    """A provider's JSON that `decode` refused for a value in it; ValueError where more than values is wrong.

    NaN, Infinity and numbers out of range become null; halves of surrogate pairs and bytes that are no UTF-8 become
    U+FFFD. Every object with one below it is `Mended` and says where. Bare control characters in texts are taken.
    """
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    try:
        found = _stdlib.loads(text, strict=False, parse_float=_in_range, parse_constant=_NoNumber)
        return _mended(found)[0]
    except RecursionError:
        raise ValueError("nested too deeply") from None


def encode(value: Any) -> bytes:
    """Compact JSON: Decimal as a plain number without exponent, aware UTC datetime with `Z`, ISO date.

    Takes dataclasses, enums and pydantic models (only their set fields). ValueError for NaN and Infinity.
    """
    out = _ENCODER.encode(value)
    # Cheap searches; the rare hit (it may be inside a text) is settled by writing again with care.
    if b"E+" in out or b"E-" in out or b"NaN" in out or b"Infinity" in out:
        return _ENCODER.encode(_spelled(value))
    return out


def pretty(value: Any) -> str:
    """The same, indented for people."""
    return msgspec.json.format(encode(value), indent=2).decode()


def plain(number: Decimal) -> str:
    """`number` in digits, its scale kept, never with an exponent."""
    if not number.is_finite() or abs(number.adjusted()) > _EXPONENT:
        raise ValueError(f"{number} cannot be written as a plain number")
    return format(number, "f")


def _exact(text: str) -> Decimal:
    if len(text) > _NUMBER_TEXT:
        raise _Refused(f"A number has more than {_NUMBER_TEXT} characters.")
    number = Decimal(text)
    if abs(number.adjusted()) > _EXPONENT:
        raise _Refused("A number is out of range.")
    return number


def exact(text: str) -> Decimal:
    """A fraction with every digit; ValueError when it could not be written out."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number is out of range") from None
    if abs(number.adjusted()) > _EXPONENT:
        raise ValueError("a number is out of range")
    return number


class _NoNumber(str):
    """What stood where a number should be."""


def _in_range(text: str) -> Decimal | _NoNumber:
    try:
        return exact(text)
    except ValueError:
        return _NoNumber(text[:_NUMBER_TEXT])


def _mended(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """The value without what nobody can store, and the gaps that left below it."""
    if isinstance(value, _NoNumber):
        return None, [("", f"{value}, which is no value")]
    if isinstance(value, str):
        clean = _NO_CHARACTER.sub("\ufffd", value)
        return clean, [] if clean == value else [("", "what is no character, for which U+FFFD stands")]
    if isinstance(value, list):
        inner = [_mended(item) for item in value]
        return [item for item, _ in inner], [
            gap for at, (_, gaps) in enumerate(inner) for gap in _below(at, gaps)
        ]
    if not isinstance(value, dict):
        return value, []
    members = {_mended(key)[0]: _mended(member) for key, member in value.items()}
    gaps = [gap for key, (_, inner) in members.items() for gap in _below(key, inner)]
    clean = {key: member for key, (member, _) in members.items()}
    return (Mended(clean, tuple(gaps)) if gaps else clean), gaps


def _below(name: object, gaps: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(f"{name}.{path}" if path else str(name), stood) for path, stood in gaps]


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > _INT_DIGITS:
        raise _Refused(f"An integer has more than {_INT_DIGITS} digits.")
    return int(text)


def _constant(text: str) -> Any:
    raise _Refused(f"{text} is not JSON.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused(f"The key {key[:100]!r} occurs twice in one object.")
            seen.add(key)
    return out


def _check_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= _DEEPEST:
        return
    depth = 0
    for byte in _STRINGS.sub(b"", data):
        if byte in b"[{":
            depth += 1
            if depth > _DEEPEST:
                raise _Refused(f"The body is nested more than {_DEEPEST} levels deep.")
        elif byte in b"]}":
            depth -= 1


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise _Refused("A text contains NUL.")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Refused("A text contains half of a surrogate pair.") from None
    elif isinstance(value, dict):
        for key, member in value.items():
            _check_text(key)
            _check_text(member)
    elif isinstance(value, list):
        for item in value:
            _check_text(item)


def _hook(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_unset=True)
    if isinstance(value, Iterable):  # mappings that are no dict, generators
        items = getattr(value, "items", None)
        return dict(items()) if items is not None else list(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _spelled(value: Any) -> Any:
    if isinstance(value, Decimal):
        return msgspec.Raw(plain(value).encode())
    if isinstance(value, dict):
        return {key: _spelled(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_spelled(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _spelled(getattr(value, field.name)) for field in fields(value)}
    if value is None or isinstance(value, str | int | float | bytes | datetime | Enum | msgspec.Raw):
        return value
    if isinstance(value, BaseModel):
        return _spelled(_hook(value))
    return value


def instant(value: datetime) -> str:
    """An aware datetime as ISO text in UTC ending in `Z`, without fractions when they are zero."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=exact)
_ENCODER = msgspec.json.Encoder(enc_hook=_hook, decimal_format="number")
