"""Reading: from a native object to a unified record, leniently.

Blank ("", null, not there) is null; a value a codec refuses is null and an issue; what is no object reads as
blank. `compile_reader` gives the function that is used: straight-line code made from the rows, and, for the
record something in it was refused, the careful walk below, which knows what to complain about. Both read the
same; the tests hold one against the other.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from connectors.kit.codec import ID, CodecError
from connectors.kit.fitting import fit_of, text
from connectors.kit.mapping import Coded, Computed, Field, Native, Nested, Reference, Row, Table
from connectors.kit.operations import Context, Issue, Record

Reader: TypeAlias = Callable[[Native, Context, list[Issue], str], Record]
"""(native object, context, issues to add to, JSON pointer of the record) → record."""

FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a codec or a computed row raises on a value it cannot make sense of."""


def present(table: Table[Any], detail: bool) -> list[Row]:
    """The rows a single record (`detail`) or a list row can fill, in the order of the model."""
    order = {name: place for place, name in enumerate(table.model.model_fields)}
    rows = (row for row in table.rows if not (row.list_only if detail else row.detail_only))
    return sorted(rows, key=lambda row: order[row.unified])


def absent(table: Table[Any]) -> tuple[str, ...]:
    """Fields list rows lack."""
    return tuple(row.unified for row in table.rows if row.detail_only)


def is_untold(row: Row, detail: bool) -> bool:
    """List rows that tell a field in their own way and do not tell it here leave it absent, not null."""
    if detail:
        return False
    if isinstance(row, Nested):
        return row.stands and all(is_untold(each, detail) for each in row.table.rows)
    return isinstance(row, Computed) and row.list_read is not None


def is_told(value: Any) -> bool:
    """Whether a row that need not tell its field does."""
    return value is not None and value != [] and value != {}


def listed(row: Field | Reference | Nested, detail: bool) -> str:
    """The native path a row reads in single records or in list rows."""
    return row.native if detail or row.list_native is None else row.list_native


def unless_blank(record: Record, fields: Iterable[str]) -> Record | None:
    """A record inside another is null when all it tells is blank."""
    for name in fields:
        if record[name] is not None and record[name] != []:
            return record
    return None


def telling(table: Table[Any], detail: bool) -> tuple[str, ...]:
    """The fields that come from the provider; constants say nothing about blankness."""
    return tuple(row.unified for row in present(table, detail) if row.paths)


def get_path(native: Any, path: str) -> Any:
    """What stands at a dotted path, the object itself at ""; None where the way breaks off."""
    for name in path.split(".") if path else ():
        if not isinstance(native, dict):
            return None
        native = native.get(name)
    return native


def objects(native: Any, path: str) -> list[Native]:
    """The objects of the list at a path; [] where there is none."""
    found = get_path(native, path)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


class Walk:
    """The careful reader: row by row, with an issue for everything refused."""

    def __init__(self, table: Table[Any], *, detail: bool) -> None:
        self.table = table
        self.detail = detail
        self.rows = present(table, detail)
        nested = (row for row in self.rows if isinstance(row, Nested))
        computed = (row.unified for row in self.rows if isinstance(row, Computed))
        self.fits = {name: fit_of(table.model, name) for name in computed}
        self.inner = {row.unified: Walk(row.table, detail=detail) for row in nested}

    def __call__(self, native: Native, ctx: Context, issues: list[Issue], at: str) -> Record:
        record: Record = {}
        for row in self.rows:
            value = None
            try:
                found = self._value(row, native, ctx, issues, f"{at}/{row.unified}")
                fit = self.fits.get(row.unified)
                value = found if fit is None else fit(found)
            except FAULTS as error:
                issues.append(_refused(row, f"{at}/{row.unified}", error))
            if not is_untold(row, self.detail) or is_told(value):
                record[row.unified] = value
        return record

    def _value(self, row: Row, native: Native, ctx: Context, issues: list[Issue], at: str) -> Any:
        match row:
            case Field():
                return _decoded(row, get_path(native, listed(row, self.detail)))
            case Coded():
                return _decoded(row, get_path(native, row.native))
            case Reference():
                return _reference(row, native, listed(row, self.detail), issues, at)
            case Nested():
                return self._nested(row, get_path(native, listed(row, self.detail)), ctx, issues, at)
            case Computed():
                read = row.read if self.detail or row.list_read is None else row.list_read
                return read(native, ctx)
            case _:
                return None

    def _nested(self, row: Nested, found: Any, ctx: Context, issues: list[Issue], at: str) -> Any:
        read = self.inner[row.unified]
        if row.is_list:
            elements = enumerate(found) if isinstance(found, list) else ()
            return [read(each, ctx, issues, f"{at}/{i}") for i, each in elements if isinstance(each, dict)]
        record = read(found if isinstance(found, dict) else {}, ctx, issues, at)
        return record if row.stands else unless_blank(record, telling(row.table, self.detail))


def _decoded(row: Row, value: Any) -> Any:
    return None if value is None or value == "" else row.codec.read(value)


def _reference(row: Reference, native: Native, path: str, issues: list[Issue], at: str) -> Record | None:
    """A name that makes no sense leaves the id standing."""
    id = get_path(native, path)
    name = None
    try:
        name = text(get_path(native, row.name)) or None if row.name is not None else None
    except CodecError as error:
        issues.append(Issue("unreadable", f"{at}/name", str(error), native_path=row.name))
    if id:
        prefix = row.to.prefix if row.to is not None else ""
        return {"id": f"{prefix}{ID.read(id)}", "name": name}
    return {"name": name} if row.nameable and name else None


def _refused(row: Row, at: str, error: Exception) -> Issue:
    detail = str(error) if isinstance(error, CodecError) else "the provider's value makes no sense here"
    return Issue("unreadable", at, detail, native_path=", ".join(row.paths))
