"""Readers as generated code.

A page holds two hundred records of a hundred fields, so reading must not walk over rows. Each table becomes one
expression: a dict display whose values fetch, test and decode. Whatever is refused raises out of it, and the
record is read again by `reading.Walk`.
"""

from typing import Any

from pydantic import BaseModel

from connectors.kit import codec as codecs
from connectors.kit.fitting import exact_of, fit_of, is_list
from connectors.kit.mapping import Coded, Computed, Field, Native, Nested, Plain, Reference, Row, Table
from connectors.kit.operations import Context, Issue, Record
from connectors.kit.reading import (
    FAULTS,
    Reader,
    Walk,
    is_told,
    is_untold,
    listed,
    present,
    telling,
    unless_blank,
)

_CLASSES = {codecs.MONEY.read: "Decimal", codecs.BOOL.read: "bool"}
"""Codecs whose good values have one exact class and are taken as they are; others go to the codec."""


def compile_reader(table: Table[Any], *, detail: bool) -> Reader:
    """The reader of single records (`detail`) or of list rows."""
    quick = quick_reader(table, detail=detail)
    walk = Walk(table, detail=detail)

    def read(native: Native, ctx: Context, issues: list[Issue], at: str) -> Record:
        if native.__class__ is not dict:  # mended, perhaps below too, where the quick reader sees no object
            return walk(native, ctx, issues, at)
        try:
            return quick(native, ctx, issues, at)
        except FAULTS:
            return walk(native, ctx, issues, at)

    return read


def quick_reader(table: Table[Any], *, detail: bool) -> Reader:
    """The generated part alone: raises one of FAULTS on the first value it cannot read."""
    return _Source(detail).function(table)


class _Source:
    """The text of one reader and the names it uses."""

    def __init__(self, detail: bool) -> None:
        self.detail = detail
        self.names: dict[str, Any] = {
            "Decimal": codecs.Decimal,
            "nothing": {},
            "unless_blank": unless_blank,
            "is_told": is_told,
        }

    def function(self, table: Table[Any]) -> Reader:
        rows = present(table, self.detail)
        always = [row for row in rows if not is_untold(row, self.detail)]
        members = ",\n  ".join(f"{row.unified!r}: {self._value(row, table)}" for row in always)
        untold = [
            f" if is_told(v := {self._value(row, table)}): r[{row.unified!r}] = v"
            for row in rows
            if is_untold(row, self.detail)
        ]
        lines = [
            "def read(n, ctx, issues, at):",
            " g = n.get",
            f" r = {{\n  {members}}}",
            *untold,
            " return r",
        ]
        exec(compile("\n".join(lines), f"<{table.model.__name__}>", "exec"), self.names)  # noqa: S102 — our own text
        return self.names["read"]

    def _name(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def _get(self, path: str) -> str:
        parent, _, key = path.rpartition(".")
        return f"{self._object(parent)}.get({key!r})" if parent else f"g({key!r})"

    def _object(self, path: str) -> str:
        return f"(o if (o := {self._get(path)}).__class__ is dict else nothing)" if path else "n"

    def _fitted(self, value: str, model: type[BaseModel], name: str) -> str:
        fit, exact = fit_of(model, name), exact_of(model, name)
        if fit is None:
            return value
        fitted = f"{self._name(fit)}(v)"
        if exact is not None:
            return f"v if (v := {value}) is None or v.__class__ is {self._name(exact)} else {fitted}"
        return f"v if (v := {value}) is None else {fitted} if v or v.__class__ is not list else v"

    def _value(self, row: Row, table: Table[Any]) -> str:
        match row:
            case Field():
                return self._decoded(row.codec, listed(row, self.detail))
            case Coded():
                return self._decoded(row.codec, row.native)
            case Reference():
                return self._reference(row)
            case Nested():
                return self._nested(row)
            case Computed():
                return self._computed(row, table.model)
            case _:
                return "None"

    def _computed(self, row: Computed, model: type[BaseModel]) -> str:
        read = row.read if self.detail or row.list_read is None else row.list_read
        if isinstance(read, Plain):
            return self._decoded(read.codec, read.native)
        value = self._fitted(f"{self._name(read)}(n, ctx)", model, row.unified)
        if row.needs and read is row.read:
            blank = "[]" if is_list(model, row.unified) else "None"
            return f"({value}) if {' or '.join(map(self._get, row.needs))} else {blank}"
        return value

    def _decoded(self, codec: codecs.Codec[Any], path: str) -> str:
        if codec.read is codecs.TEXT.read:
            return self._text(path)
        got, read = f"(v := {self._get(path)})", self._name(codec.read)
        decoded = f"None if v is None or v == '' else {read}(v)"
        ready = _CLASSES.get(codec.read)
        if ready is not None:
            return f"v if {got}.__class__ is {ready} else {decoded}"
        return f"None if {got} is None or v == '' else {read}(v)"

    def _text(self, path: str) -> str:
        read = self._name(codecs.TEXT.read)
        return (
            f"(v or None) if (v := {self._get(path)}).__class__ is str else None if v is None else {read}(v)"
        )

    def _reference(self, row: Reference) -> str:
        name = self._text(row.name) if row.name is not None else "None"
        written = f"v if v.__class__ is str else {self._name(codecs.ID.read)}(v)"
        if row.to is not None and row.to.prefix:
            written = f"{row.to.prefix!r} + ({written})"
        found = f"{{'id': {written}, 'name': {name}}} if (v := {self._get(listed(row, self.detail))}) else "
        return found + (f"{{'name': v}} if (v := {name}) else None" if row.nameable else "None")

    def _nested(self, row: Nested) -> str:
        read, path = self._name(quick_reader(row.table, detail=self.detail)), listed(row, self.detail)
        if not row.is_list:
            if row.stands:
                return f"{read}({self._object(path)}, ctx, issues, at)"
            told = telling(row.table, self.detail)
            return f"unless_blank({read}({self._object(path)}, ctx, issues, at), {told!r})"
        elements = f"[{read}(e, ctx, issues, at) for e in v if e.__class__ is dict]"
        return f"{elements} if (v := {self._get(path)}).__class__ is list and v else []"
