"""Where the value of a mapped field stands: at a plain native path, or among the custom fields."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.kit.codec import BOOL, DATE, INSTANT, INTEGER, MONEY, QUANTITY, TEXT, Codec
from connectors.kit.custom_fields import CustomFields, Shape
from connectors.kit.mapping import Computed, Filters, Native, Nested, Row, Searched, Table, When
from connectors.kit.operations import Context, Op
from connectors.kit.reading import get_path
from connectors.kit.writing import set_path
from unified_models.types import Date, Instant, Quantity, SignedMoney

CODECS: Mapping[str, Codec[Any]] = {
    "text": TEXT,
    "integer": INTEGER,
    "decimal": QUANTITY,
    "money": MONEY,
    "boolean": BOOL,
    "date": DATE,
    "instant": INSTANT("%Y-%m-%dT%H:%M:%S%z"),
}
"""Codecs a mapping may name."""

TYPES: Mapping[str, Any] = {
    "text": str,
    "integer": int,
    "decimal": Quantity,
    "money": SignedMoney,
    "boolean": bool,
    "date": Date,
    "instant": Instant,
}
"""The type of a field read by each of them."""

PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}(\.[A-Za-z_][A-Za-z0-9_]{0,99}){0,4}")
"""A native path: names, dotted where objects stand in objects."""


ABSENT = object()
"""Stands for a value where there is not even a place for one."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One row of a mapping, as data: a unified field and the native path it is read from and written to.

    field    "custom.<name>" adds a field, the name of a field of the model re-points that one
    codec    a key of CODECS; None: the field's own
    write    create | update | always | never; None: as the field is written now, an added one never
    filter   the parameter the provider's list is filtered with
    """

    field: str
    native: str
    codec: str | None = None
    write: str | None = None
    filter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Computed):
    """The row a mapped field became. `api_name` where it is a custom field.

    `raw` is what a native object holds there, ABSENT where it has no such place.
    """

    native: str
    raw: Callable[[Native], Any]
    api_name: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.native,)


def customs(table: Table[Any]) -> CustomFields | None:
    """The row of the table's custom fields, where it has them."""
    return next((row for row in table.rows if isinstance(row, CustomFields)), None)


def placed(
    unified: str, native: str, codec: Codec[Any], write: When, table: Table[Any], param: str | None
) -> Placed:
    """The row that reads `unified` at `native` and writes it there."""
    row = customs(table)
    api_name = row.shape.named(native) if row is not None else None
    if row is not None and api_name is not None:
        found, spelled, top = _in_custom_fields(row.shape, api_name)
        param = param or (row.search if codec is TEXT else None)
    else:
        found, spelled, top = _at(native, table.null)

    def read(record: Native, ctx: Context) -> Any:
        value = found(record)
        return None if value is None or value is ABSENT or value == "" else codec.read(value)

    def put(value: Any, record: Native, ctx: Context) -> None:
        spelled(None if value is None else codec.write(value), record)

    return Placed(
        unified=unified, native=native, raw=found, api_name=api_name, codec=codec, write=write,
        read=read, list_read=read, put=put, takes_null=True, uses=(top,), filters=_filters(param, api_name or native),
    )  # fmt: skip


def _filters(param: str | None, column: str) -> Filters:

    return {Op.EQ: Searched(param, column)} if param is not None else {}


Finds = Callable[[Native], Any]
Puts = Callable[[Any, Native], None]


def _in_custom_fields(shape: Shape, name: str) -> tuple[Finds, Puts, str]:
    return (
        lambda record: shape.value(record, name, ABSENT),
        lambda value, record: shape.add(name, "" if value is None else value, record),
        shape.array,
    )


def _at(path: str, null: Any) -> tuple[Finds, Puts, str]:
    parent, _, last = path.rpartition(".")

    def raw(record: Native) -> Any:
        found = get_path(record, parent)
        return found.get(last, ABSENT) if isinstance(found, dict) else ABSENT

    return (
        raw,
        lambda value, record: set_path(record, path, null if value is None else value),
        path.partition(".")[0],
    )


def names_of(rows: tuple[Row, ...]) -> dict[str, Row]:
    """First name of every native path the rows read or write → the row; one that writes it there comes first."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=lambda each: not writes_there(each)):
        for path in _touched(row):
            found.setdefault(path.partition(".")[0], row)
    return found


def writes_there(row: Row) -> bool:
    """Whether a row writes what it reads. A computed one reads more than it writes."""
    return bool(row.write) and not isinstance(row, Computed)


def _touched(row: Row) -> tuple[str, ...]:

    if isinstance(row, Nested) and not row.native:
        return tuple(path for each in row.table.rows for path in _touched(each))
    writes = getattr(row, "writes", None)
    return (*row.paths, *((writes,) if writes else ()))
