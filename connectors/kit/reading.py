"""Reading: a table becomes one straight-line function from a native object to a unified record.

The function is generated, because a page holds two hundred records of a hundred fields: a walk over rows
costs five times as much. Reading is lenient. Blank ("", null, not there) is null; a value a codec refuses is
null and an issue; what is no object reads as blank.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from connectors.kit import codec as codecs
from connectors.kit.mapping import Coded, Computed, Field, Native, Nested, Reference, Row, Table
from connectors.kit.operations import Context, Issue, Record

Reader: TypeAlias = Callable[[Native, Context, list[Issue], str], Record]
"""(native object, context, issues to add to, JSON pointer of the record) → record."""

_READY = {
    codecs.TEXT.read: "str",
    codecs.MONEY.read: "Decimal",
    codecs.BOOL.read: "bool",
}
"""Codecs whose good values have one exact class and are taken as they are; others go to the codec."""

FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a codec or a computed row raises on a value it cannot make sense of."""


def _refused(issues: list[Issue], at: str, unified: str, native: str, error: Exception) -> None:
    detail = (
        str(error) if isinstance(error, codecs.CodecError) else "the provider's value makes no sense here"
    )
    issues.append(Issue("unreadable", f"{at}/{unified}", detail, native_path=native))


def _unless_blank(record: Record, fields: tuple[str, ...]) -> Record | None:
    for name in fields:
        if record[name] is not None and record[name] != []:
            return record
    return None


def present(table: Table[Any], detail: bool) -> list[Row]:
    """The rows a list row (or a single record, `detail`) can fill."""
    return [row for row in table.rows if not (row.list_only if detail else row.detail_only)]


def absent(table: Table[Any]) -> tuple[str, ...]:
    """Fields list rows lack."""
    return tuple(row.unified for row in table.rows if row.detail_only)


def compile_reader(table: Table[Any], *, detail: bool) -> Reader:
    """The reader of single records (`detail`) or of list rows."""
    return _Source(table, detail).function()


class _Source:
    """The text of one reader and the names it uses."""

    def __init__(self, table: Table[Any], detail: bool) -> None:
        self.rows = present(table, detail)
        self.detail = detail
        self.names: dict[str, Any] = {"refused": _refused, "unless_blank": _unless_blank, "FAULTS": FAULTS}
        self.names["blank"] = dict.fromkeys(self._always(table))
        self.names["nothing"] = {}
        self.names["Decimal"] = codecs.Decimal
        self.lines: list[str] = []
        self.parents: dict[str, str] = {"": "n"}

    def _always(self, table: Table[Any]) -> Iterable[str]:
        """The fields every record has, in the order of the model."""
        own_way = {
            row.unified for row in self.rows if isinstance(row, Computed) and row.list_read is not None
        }
        there = {row.unified for row in self.rows} - (set() if self.detail else own_way)
        return (name for name in table.model.model_fields if name in there)

    def function(self) -> Reader:
        for row in self.rows:
            self._row(row)
        body = "\n".join("    " + line for line in self.lines)
        source = f"def read(n, ctx, issues, at):\n    r = blank.copy()\n{body}\n    return r\n"
        exec(compile(source, f"<reader of {len(self.rows)} rows>", "exec"), self.names)  # noqa: S102 — our own text
        return self.names["read"]

    def _name(self, value: Any) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def _object(self, path: str) -> str:
        """The variable holding the native object at a path."""
        if path not in self.parents:
            name = f"n{len(self.parents)}"
            self.lines.append(f"{name} = {self._get(path)}")
            self.lines.append(f"if {name}.__class__ is not dict: {name} = nothing")
            self.parents[path] = name
        return self.parents[path]

    def _get(self, path: str) -> str:
        parent, _, key = path.rpartition(".")
        return f"{self._object(parent)}.get({key!r})"

    def _row(self, row: Row) -> None:
        match row:
            case Field() | Coded():
                listed = row.list_native if isinstance(row, Field) and not self.detail else None
                self._value(row, listed or row.native)
            case Reference():
                self._reference(row)
            case Nested():
                self._nested(row)
            case Computed():
                self._computed(row)
            case _:
                pass

    def _guarded(self, unified: str, native: str, expression: str, indent: str = "") -> None:
        self.lines += [
            f"{indent}try: r[{unified!r}] = {expression}",
            f"{indent}except FAULTS as e: refused(issues, at, {unified!r}, {native!r}, e)",
        ]

    def _computed(self, row: Computed) -> None:
        """What list rows tell in their own way and do not tell here is absent, not null."""
        native = ", ".join(row.uses)
        if self.detail or row.list_read is None:
            self._guarded(row.unified, native, f"{self._name(row.read)}(n, ctx)")
            return
        self.lines += [
            f"try: v = {self._name(row.list_read)}(n, ctx)",
            f"except FAULTS as e: v = refused(issues, at, {row.unified!r}, {native!r}, e)",
            f"if v: r[{row.unified!r}] = v",
        ]

    def _value(self, row: Row, native: str) -> None:
        read = self._name(row.codec.read)
        ready = _READY.get(row.codec.read)
        expression = f"v if v.__class__ is {ready} else {read}(v)" if ready else f"{read}(v)"
        self.lines += [f"v = {self._get(native)}", "if v or (v is not None and v != ''):"]
        self._guarded(row.unified, native, expression, "    ")

    def _reference(self, row: Reference) -> None:
        native = (None if self.detail else row.list_native) or row.native
        text = self._name(codecs.ID.read)
        name = self._get(row.name) if row.name else "None"
        self.lines += [f"v = {self._get(native)}", f"w = {name}", "if v or w:" if row.nameable else "if v:"]
        expression = f"{{'id': {text}(v), 'name': w or None}}"
        if row.nameable:
            expression += " if v else {'name': w}"
        self._guarded(row.unified, native, expression, "    ")

    def _nested(self, row: Nested) -> None:
        read = self._name(compile_reader(row.table, detail=self.detail))
        native = (None if self.detail else row.list_native) or row.native
        if not row.is_list:
            source = self._object(native)
            told = tuple(each.unified for each in row.table.rows if each.paths)
            record = f"{read}({source}, ctx, issues, at + '/{row.unified}')"
            self.lines.append(f"r[{row.unified!r}] = unless_blank({record}, {told!r})")
            return
        at = f"at + '/{row.unified}/' + str(i)"
        self.lines += [
            f"v = {self._get(native)}",
            f"r[{row.unified!r}] = [{read}(e, ctx, issues, {at}) for i, e in enumerate(v)"
            " if e.__class__ is dict] if v.__class__ is list else []",
        ]
