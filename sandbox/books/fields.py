"""Readers of single values in a request body: `reader(ledger, value, name) -> stored value`."""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .call import Refused, Row, invalid
from .money import ZERO, number, rounded
from .times import read_day

if TYPE_CHECKING:
    from .ledger import Ledger

Reader = Callable[["Ledger", Any, str], Any]


def text(limit: int = 0) -> Reader:
    """Text of at most `limit` characters (0: any); null is "". Numbers become text."""

    def read(ledger: "Ledger", value: Any, name: str) -> str:
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal, float)):
            raise invalid(name)
        found = str(value).strip()
        if limit and len(found) > limit:
            raise Refused(15, f"Please ensure that the {name} has less than {limit + 1} characters.")
        return found

    return read


def boolean(ledger: "Ledger", value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    if value in (None, ""):
        return False
    raise invalid(name)


def amount(low: Decimal | None = ZERO, places: int = 6) -> Reader:
    """A decimal, at least `low`, rounded to `places`; "" and null are 0."""

    def read(ledger: "Ledger", value: Any, name: str) -> Decimal:
        found = rounded(number(value, name, default=ZERO), places)
        if low is not None and found < low:
            raise invalid(name)
        return found

    return read


def integer(ledger: "Ledger", value: Any, name: str) -> int:
    found = number(value, name, default=ZERO)
    if found != found.to_integral_value():
        raise invalid(name)
    return int(found)


def day(ledger: "Ledger", value: Any, name: str) -> str:
    return "" if value in (None, "") else read_day(value, name)


def choice(allowed: Collection[str]) -> Reader:
    def read(ledger: "Ledger", value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise invalid(name)
        return value

    return read


def one_id(value: Any, name: str) -> str:
    """An id as text; ids sent as numbers are taken."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not (value == "" or value.isdigit()):
        raise invalid(name)
    return value


def ref(table: str, missing: str) -> Reader:
    """The id of an existing record of a table; "" and null are none. Unknown ids are code 1002, 404."""

    def read(ledger: "Ledger", value: Any, name: str) -> str:
        if value in (None, ""):
            return ""
        found = one_id(value, name)
        if ledger.tables[table].get(found) is None:
            raise Refused(1002, missing, 404)
        return found

    return read


def objects(value: Any, name: str) -> list[Row]:
    """A list of objects; null and "" are empty."""
    if value in (None, ""):
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise invalid(name)
    return value


def read_all(ledger: "Ledger", body: Row, readers: Mapping[str, Reader]) -> Row:
    """The fields of a body that the table knows, read; unknown keys are ignored."""
    return {name: read(ledger, body[name], name) for name, read in readers.items() if name in body}
