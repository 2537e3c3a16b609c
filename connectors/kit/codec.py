"""Codecs: how one value is spelled natively and what it is in a unified record.

`read` is given a value that is not blank and refuses with CodecError; the caller turns that into null and an
issue. `write` is given a set, non-null value. `parse` reads the text of a filter. Blank and null never reach
a codec.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class CodecError(ValueError):
    """A value this codec does not take. `code` is a field error code; `allowed` the words it would take."""

    def __init__(self, detail: str, code: str = "wrong_type", allowed: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """Invariant in T, so that a strict type checker refuses a field and a codec of different types.

    name     what the value is, for people ("money")
    read     native → unified, or None for a native value that means nothing
    write    unified → native
    parse    text of a filter → unified
    words    native word → unified word, of an enum
    spread   how far an echoed number may lie from the one sent and still be it; None compares exactly
    """

    name: str
    read: Callable[[Any], T | None]
    write: Callable[[T], Any]
    parse: Callable[[str], T]
    words: Mapping[str, str] | None = None
    spread: Decimal | None = None


_MAGNITUDE = 30  # digits; beyond it int() and quantize() would spend unbounded memory


def _same(value: T) -> T:
    return value


def _text(value: Any) -> str:
    if value.__class__ is str:
        return value
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    raise CodecError(f"expected text, got {type(value).__name__}")


def _decimal(value: Any) -> Decimal | None:
    if value.__class__ is Decimal:
        return value
    if value.__class__ is int:
        return Decimal(value)
    if isinstance(value, str):
        return decimal_of(value) if value.strip() else None
    raise CodecError(f"expected a number, got {type(value).__name__}")


def decimal_of(text: str) -> Decimal:
    """The finite number a text spells; CodecError otherwise."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise CodecError(f"{text!r} is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > _MAGNITUDE:
        raise CodecError(f"{text!r} is not a number of a sensible size")
    return number


def _integer(value: Any) -> int | None:
    if value.__class__ is int:
        return value
    number = _decimal(value)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise CodecError(f"{number} is not a whole number")
    return int(number)


def _whole(text: str) -> int:
    number = _integer(decimal_of(text))
    assert number is not None
    return number


_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})


def flag(value: Any) -> bool | None:
    """What a native yes or no says, as a boolean, 1 or 0, or a text of these; None for anything else."""
    if value.__class__ is bool:
        return value
    word = str(value).strip().casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def _bool(value: Any) -> bool:
    told = flag(value)
    if told is None:
        raise CodecError(f"{value!r} is neither true nor false")
    return told


def _unless_blank(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Reads what is refused only because it is nothing but blanks as nothing."""

    def lenient(value: Any) -> T | None:
        try:
            return read(value)
        except CodecError:
            if isinstance(value, str) and not value.strip():
                return None
            raise

    return lenient


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise CodecError(f"{value!r} is not a date (YYYY-MM-DD)") from None


def instant_of(value: Any) -> datetime:
    """The UTC instant an ISO 8601 text with an offset names; CodecError without one."""
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise CodecError(f"{value!r} has no UTC offset")
        return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, CodecError):
            raise
        raise CodecError(f"{value!r} is not an instant (ISO 8601 with an offset)") from None


def INSTANT(form: str) -> Codec[datetime]:
    """Instants the provider prints in ISO 8601 and takes in strftime `form`."""
    return Codec("instant", _unless_blank(instant_of), lambda moment: moment.strftime(form), instant_of)


def ENUM(words: Mapping[str, str]) -> Codec[str]:
    """Native word → unified word. Unknown native words pass through; unknown unified words are refused.

    Where several native words share a unified one, the first is written.
    """
    back: dict[str, str] = {}
    for native, unified in words.items():
        back.setdefault(unified, native)
    allowed = tuple(back)

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise CodecError(f"expected a word, got {type(value).__name__}")
        return words.get(value, value)

    def write(value: str) -> str:
        if value not in back:
            raise CodecError(f"{value!r} is not possible here", "enum_value", allowed)
        return back[value]

    return Codec("enum", read, write, _same, words=dict(words))


CENT = Decimal("0.005")
FINE = Decimal("0.0005")

TEXT: Codec[str] = Codec("text", _text, _same, _same)
ID: Codec[str] = Codec("id", _text, _same, _same)
MONEY: Codec[Decimal] = Codec("money", _decimal, _same, decimal_of, spread=CENT)
RATE: Codec[Decimal] = Codec("rate", _decimal, _same, decimal_of, spread=FINE)
QUANTITY: Codec[Decimal] = Codec("quantity", _decimal, _same, decimal_of, spread=FINE)
INTEGER: Codec[int] = Codec("integer", _integer, _same, _whole)
BOOL: Codec[bool] = Codec("boolean", _unless_blank(_bool), _same, _bool)
DATE: Codec[date] = Codec("date", _unless_blank(_date), date.isoformat, _date)
