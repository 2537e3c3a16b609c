"""Writing: what the caller set becomes a native body, and nothing else does.

Strict: every refused field is found and named in one go, before anything is sent; nothing is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from connectors.kit.arrays import merged
from connectors.kit.codec import ID, CodecError
from connectors.kit.faults import FieldError
from connectors.kit.mapping import (
    Coded,
    Computed,
    Field,
    Native,
    Nested,
    Reference,
    Row,
    Table,
    Unmapped,
    When,
)
from connectors.kit.operations import Context, Record
from connectors.kit.reading import objects
from unified_models.fields import mark_of

OURS = frozenset({"_delete", "remote_data"})
"""Members of a body that are about the write itself."""

UNRESOLVED = "?"
"""Stands for an id while a body is only being checked."""


@dataclass(slots=True)
class Write:
    """One body on its way: which write it is, ids its references resolved to (by pointer), errors found.

    `current` is the native record as it stands, where a merge needs it. `ids` None: only checking.
    """

    when: When
    ctx: Context
    current: Native | None = None
    ids: Mapping[str, str] | None = None
    errors: list[FieldError] = field(default_factory=list[FieldError])

    def refuse(self, code: str, at: str, detail: str, allowed: tuple[str, ...] = ()) -> None:
        near = get_close_matches(at.rsplit("/", 1)[-1], allowed, 1) if code == "unknown_field" else []
        self.errors.append(FieldError(code, at, detail, allowed, near[0] if near else None))


def write(
    table: Table[Any], body: Record, task: Write, *, at: str = "", into: Native | None = None
) -> Native:
    """The native spelling of a body, or of a part that joins `into`; refusals are added to `task.errors`."""
    if task.when is When.CREATE:
        _required(table, body, task, at)
    native: Native = {} if into is None else into
    for name, value in body.items():
        if name in OURS:
            continue
        pointer = f"{at}/{name}"
        row = table.by_name.get(name)
        if row is None:
            task.refuse("unknown_field", pointer, "there is no such field", tuple(table.by_name))
        elif isinstance(row, Unmapped):
            if value is not None:
                task.refuse("unsupported_field", pointer, f"the provider {row.why}")
        elif row.write is When.NEVER:
            task.refuse("read_only", pointer, "cannot be set")
        elif not row.write & task.when:
            moment = "created" if row.write is When.CREATE else "changed"
            task.refuse("read_only", pointer, f"can be set only when the record is {moment}")
        else:
            _put(row, value, native, table, task, pointer)
    return native


def _required(table: Table[Any], body: Record, task: Write, at: str) -> None:
    for name, info in table.model.model_fields.items():
        if mark_of(info) == "required" and body.get(name) is None:
            row = table.by_name.get(name)
            if row is not None and row.write & When.CREATE:
                task.refuse("required", f"{at}/{name}", "is required")


def _put(row: Row, value: Any, native: Native, table: Table[Any], task: Write, at: str) -> None:
    try:
        match row:
            case Field():
                spelled = table.null if value is None else row.codec.write(value)
                set_path(native, row.writes or row.native, spelled)
            case Reference():
                found = table.null if value is None else _id(row, value, task, at)
                set_path(native, row.writes or row.native, found)
            case Coded():
                found = table.null if value is None else (task.ids or {}).get(at, UNRESOLVED)
                set_path(native, row.writes, found)
            case Nested() if row.is_list:
                set_path(native, row.native, _elements(row, value or [], task, at))
            case Nested():
                _member(row, value, native, task, at)
            case Computed() if row.put is not None:
                _compute(row, value, native, task, at)
            case _:
                pass
    except CodecError as error:
        task.refuse(error.code, at, str(error), error.allowed)


def _compute(row: Computed, value: Any, native: Native, task: Write, at: str) -> None:
    if row.put is None:
        return
    if value is not None or row.takes_null:
        row.put(value, native, task.ctx)
    elif row.key:
        row.put([], native, task.ctx)
    elif row.clear is not None:
        native.update(row.clear)
    elif task.when is not When.CREATE:
        task.refuse("wrong_type", at, "cannot be cleared")


def _id(row: Reference, value: Mapping[str, Any], task: Write, at: str) -> str:
    if value.get("id") is not None:
        return str(value["id"]).removeprefix(row.to.prefix if row.to is not None else "")
    return (task.ids or {}).get(at, UNRESOLVED)


def _member(row: Nested, value: Record | None, native: Native, task: Write, at: str) -> None:
    """A record inside: null clears each of its writable values."""
    cleared = {each.unified: None for each in row.table.rows if each.write & task.when and each.paths}
    body = cleared if value is None else value
    if row.native:
        set_path(native, row.native, write(row.table, body, task, at=at))
    else:
        write(row.table, body, task, at=at, into=native)


def _elements(row: Nested, values: Sequence[Record], task: Write, at: str) -> list[Native]:
    """The complete new list, or the present list with these elements merged in."""
    written: list[tuple[Native, bool]] = []
    for place, value in enumerate(values):
        fresh = task.when is When.CREATE or all(value.get(key) is None for key in row.key)
        part = Write(When.CREATE if fresh else When.UPDATE, task.ctx, None, task.ids, task.errors)
        pointer = f"{at}/{place}"
        if value.get("_delete"):
            value = {key: value[key] for key in row.key if value.get(key) is not None}
            part.when = When.UPDATE
        written.append((write(row.table, value, part, at=pointer), bool(values[place].get("_delete"))))
    if row.complete or task.current is None or not values:
        return [part for part, deleted in written if not deleted]
    keys = tuple(_native_key(row.table, key) for key in row.key)
    standing = [again(row.table, each) for each in objects(task.current, row.native)]
    return merged(standing, written, keys, at, task.errors)


def again(table: Table[Any], native: Native) -> Native:
    """As much of a native object as a body may say again: what its rows write, and what the table keeps."""
    said = dict.fromkeys(table.kept, False)
    for row in table.rows:
        if row.write:
            path = row.writes if isinstance(row, (Field, Reference)) else None
            said.update(dict.fromkeys((path,) if path else row.paths, row.codec is ID))
    return {name: str(value) if said[name] else value for name, value in native.items() if name in said}


def _native_key(table: Table[Any], unified: str) -> str:
    row = table.by_name[unified]
    return (row.writes or row.native) if isinstance(row, Field) else unified


def set_path(native: Native, path: str, value: Any) -> None:
    """Sets a dotted path, making the objects on the way."""
    *parents, last = path.split(".")
    for name in parents:
        native = native.setdefault(name, {})
    native[last] = value
