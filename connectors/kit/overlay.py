"""An account's own fields, laid over a connector as data.

    overlaid(connector, {"invoices": (Mapped("custom.po_number", "custom_field_hash.cf_po", "text", "always"),)})

Nothing is changed: the result is another connector, whose tables have the mapped rows. Rows that do not fit are
told, each by its pointer, and left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeAlias

from pydantic import BaseModel, create_model

from connectors.kit.attachments import Attachments
from connectors.kit.codec import BOOL, DATE, INTEGER, MONEY, TEXT, Codec
from connectors.kit.connector import Connector
from connectors.kit.faults import FieldError
from connectors.kit.fitting import exact_of
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    NEVER,
    UPDATE,
    Field,
    Filters,
    Nested,
    Row,
    Table,
    Unmapped,
    When,
)
from connectors.kit.placing import (
    CODECS,
    PATH,
    TYPES,
    Mapped,
    Placed,
    customs,
    names_of,
    placed,
    writes_there,
)
from connectors.kit.reports import Reports
from connectors.kit.resource import GATEWAY_FIELDS, Resource
from unified_models.fields import mark_of, read_only, writable
from unified_models.references import Part

CUSTOM = "custom"
WRITES: Mapping[str, When] = {"never": NEVER, "create": CREATE, "update": UPDATE, "always": ALWAYS}
STAYS = GATEWAY_FIELDS | {"id", "created_at", "updated_at", "status", "remote_status", "custom_fields"}
"""Fields other things hang on."""

FieldMapping: TypeAlias = Mapping[str, Sequence[Mapped]]
"""Resource → its rows."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 64


def overlaid(connector: Connector, mapping: FieldMapping) -> tuple[Connector, list[FieldError]]:
    """The connector with every row of `mapping` (resource → rows) that fits, and what is wrong with the others."""
    every = [part for resource in connector.resources.values() for part in resource.parts]
    known = sorted({part.name for part in every if not isinstance(part, Reports | Attachments)})
    errors = [_unknown(f"/{name}", "resource", name, known) for name in mapping if name not in known]
    done: dict[int, _Laid] = {}

    def lay(part: Resource) -> _Laid:
        if id(part) not in done:
            rows = mapping.get(part.name, ()) if part.name in known else ()
            done[id(part)] = laid = _Laid(part, frozenset(row.field for row in rows))
            for number, row in enumerate(rows):
                laid.lay(row, f"/{part.name}/{number}")
            errors.extend(laid.errors)
        return done[id(part)]

    resources: dict[tuple[str, str], Resource] = {}
    for key, resource in connector.resources.items():
        parts = [lay(part) for part in resource.parts]
        if not any(part.rows for part in parts):
            resources[key] = resource
        elif resource.sides:
            sides = {word: lay(side).resource() for word, side in resource.sides.items()}
            joined = {name: row for part in reversed(parts) for name, row in part.rows.items()}
            resources[key] = replace(resource, sides=sides, table=_table(resource.table, joined))
        else:
            resources[key] = parts[0].resource()
    distinct = {(error.code, error.pointer): error for error in errors}
    return replace(connector, resources=resources), list(distinct.values())


class _Refused(Exception):
    """One row does not fit."""

    def __init__(
        self, code: str, member: str, detail: str, allowed: Iterable[str] = (), near: str | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.member, self.detail, self.allowed, self.near = code, member, detail, allowed, near


@dataclass(slots=True)
class _Laid:
    """The mapped rows of one resource, by unified field. `moved`: the fields that leave their places."""

    of: Resource
    moved: frozenset[str]
    rows: dict[str, Placed] = field(default_factory=dict[str, Placed])
    errors: list[FieldError] = field(default_factory=list[FieldError])
    made: Resource | None = None

    def resource(self) -> Resource:
        if self.made is None:
            self.made = replace(self.of, table=_table(self.of.table, self.rows)) if self.rows else self.of
        return self.made

    def lay(self, mapped: Mapped, at: str) -> None:
        try:
            if mapped.field in self.rows:
                raise _Refused("duplicate", "field", f"{mapped.field} is mapped twice")
            self.rows[mapped.field] = self._placed(mapped)
        except _Refused as no:
            pointer = f"{at}/{no.member}"
            self.errors.append(FieldError(no.code, pointer, no.detail, tuple(no.allowed), no.near))

    def _placed(self, mapped: Mapped) -> Placed:
        head, _, name = mapped.field.partition(".")
        if mapped.codec is not None and mapped.codec not in CODECS:
            near = next(iter(get_close_matches(mapped.codec, CODECS, 1)), None)
            raise _Refused("enum_value", "codec", f"there is no codec {mapped.codec[:60]!r}", CODECS, near)
        if not PATH.fullmatch(mapped.native):
            raise _Refused("wrong_type", "native", "a native path is names, dotted: custom_field_hash.cf_po")
        self._check_filter(mapped.filter)
        if head == CUSTOM and name:
            if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
                raise _Refused("wrong_type", "field", "a custom name is snake_case: custom.po_number")
            if hasattr(Part, name) or name.startswith("model_"):
                raise _Refused("wrong_type", "field", f"{name} cannot be a name; choose another")
            codec, usual = CODECS[mapped.codec or "text"], NEVER
        else:
            name = mapped.field
            codec, usual = self._repointed(mapped)
        write = usual if mapped.write is None else WRITES.get(mapped.write)
        if write is None:
            raise _Refused("enum_value", "write", f"write is not {mapped.write!r}", WRITES)
        self._check_place(mapped, write)
        return placed(name, mapped.native, codec, write, self.of.table, mapped.filter)

    def _repointed(self, mapped: Mapped) -> tuple[Codec[Any], When]:
        """The codec of a field of the model, and when it is written now."""
        model, name = self.of.model, mapped.field
        row = self.of.table.by_name.get(name)
        if name not in model.model_fields:
            raise _unknown_field(name, model)
        if name in STAYS or (self.of.own is not None and name in self.of.own.keys):
            detail = (
                f"{name} stays where it is: ids, times, states and what records are found by cannot be moved"
            )
            raise _Refused("read_only", "field", detail)
        info = model.model_fields[name]
        if mark_of(info) == "required":
            raise _Refused("unsupported_field", "field", f"the provider needs {name} where it is")
        plain = _codec_of(model, name)
        if not isinstance(row, Field | Unmapped) or plain is None:
            raise _Refused("unsupported_field", "field", f"{name} is no plain value of the provider's record")
        own = row.codec if isinstance(row, Field) else plain
        if mapped.codec is not None:
            own = CODECS[mapped.codec]
            fits = [each for each, codec in CODECS.items() if _kind(codec) is _kind(plain)]
            if mapped.codec not in fits:
                raise _Refused("wrong_type", "codec", f"{name} does not hold a {mapped.codec}", fits)
        if mark_of(info) == "read_only" and mapped.write not in (None, "never"):
            raise _Refused("read_only", "write", f"{name} is never written")
        return own, row.write

    def _check_place(self, mapped: Mapped, write: When) -> None:
        """A written value must have a place of its own that the provider takes."""
        if not write:
            return
        if not self.of.methods & {"create", "update"}:
            raise _Refused("read_only", "write", f"{self.of.name} are not written")
        among = customs(self.of.table)
        name = among.shape.named(mapped.native) if among is not None else None
        if among is not None and name is not None:
            if not among.write:
                raise _Refused("read_only", "write", f"the provider takes no custom fields of {self.of.name}")
        else:
            rows = tuple(row for row in self.of.table.rows if row.unified not in self.moved)
            taken = names_of(rows).get(mapped.native.partition(".")[0])
            if taken is not None and writes_there(taken):
                raise _Refused("duplicate", "native", f"{taken.unified} is written there already")
            if taken is not None:
                raise _Refused("read_only", "write", f"{mapped.native} is told by {taken.unified}, not set")
        for row in self.rows.values():
            if row.write and (row.native == mapped.native or (name is not None and row.api_name == name)):
                raise _Refused("duplicate", "native", f"{mapped.native} is written by another row")

    def _check_filter(self, param: str | None) -> None:
        paging = self.of.paging
        ours = {paging.page, paging.per_page, paging.column, paging.order, self.of.search}
        ours |= {name for name, _ in self.of.list_query}
        if param is not None and (not PATH.fullmatch(param) or param in ours):
            raise _Refused(
                "wrong_type", "filter", "a filter is the name of a list parameter of the provider's"
            )


# What follows from the rows


def _table(table: Table[Any], rows: Mapping[str, Placed]) -> Table[Any]:
    """The table with the rows laid over it, for the model they make."""
    added = {row.unified: row for name, row in rows.items() if name.startswith(f"{CUSTOM}.")}
    kept = tuple(rows.get(row.unified, row) for row in table.rows)
    if not added:
        return replace(table, rows=kept)
    inner = _model("Custom", Part, {name: (TYPES[_word(row.codec)], row) for name, row in added.items()})
    when = NEVER
    for row in added.values():
        when |= row.write
    below: dict[str, Filters] = {name: row.filters for name, row in added.items() if row.filters}
    custom = Nested(
        unified=CUSTOM, native="", is_list=False, stands=True, write=when, below=below,
        table=Table(inner, tuple(added.values()), table.null),
    )  # fmt: skip
    model = _model(table.model.__name__, table.model, {CUSTOM: (inner, custom)})
    return Table(model, (*kept, custom), table.null)


def _model(name: str, base: type[BaseModel], members: Mapping[str, tuple[Any, Row]]) -> type[BaseModel]:
    """A model with further members, each writable as its row is."""
    fields: dict[str, Any] = {}
    for member, (kind, row) in members.items():
        told = f"The provider's {row.native}" if isinstance(row, Placed) else "Fields mapped for this account"
        mark = writable(told, create_only=row.write == CREATE) if row.write else read_only(told)
        fields[member] = (kind | None, mark)
    return create_model(name, __base__=base, __module__=base.__module__, **fields)


def _word(codec: Codec[Any]) -> str:
    return next(name for name, each in CODECS.items() if each is codec)


def _kind(codec: Codec[Any]) -> Any:
    """What kind of value a codec reads; those of numbers with a point are one."""
    return Decimal if codec in (CODECS["decimal"], MONEY) else codec


_BY_TYPE: Mapping[type, Codec[Any]] = {
    str: TEXT, Decimal: MONEY, bool: BOOL, int: INTEGER, date: DATE, datetime: CODECS["instant"],
}  # fmt: skip


def _codec_of(model: type[BaseModel], name: str) -> Codec[Any] | None:
    """The codec of a field of plain values, None of any other."""
    kind = exact_of(model, name)
    return None if kind is None else _BY_TYPE[kind]


def _unknown_field(name: str, model: type[BaseModel]) -> _Refused:
    near = next(iter(get_close_matches(name, model.model_fields, 1)), None)
    detail = f"there is no field {name[:60]!r}; a new one is custom.<name>"
    return _Refused("unknown_field", "field", detail, (), near)


def _unknown(pointer: str, what: str, name: str, known: Sequence[str]) -> FieldError:
    near = next(iter(get_close_matches(name, known, 1)), None)
    return FieldError("unknown_field", pointer, f"there is no {what} {name[:60]!r}", tuple(known), near)
