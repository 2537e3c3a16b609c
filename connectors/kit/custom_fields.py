"""Custom fields in one shape, whatever shape the provider prints them in.

Details print an array of definitions with values, or a hash of them; list rows flatten them among the record's
own keys. They are written as [{id or api_name, value}] and merged by the provider.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.kit.codec import CodecError, decimal_of
from connectors.kit.mapping import ALWAYS, Computed, Native, Row
from connectors.kit.operations import Context
from unified_models.parts import CustomField

NUMBERS = frozenset({"number", "decimal", "money"})


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a provider keeps custom fields.

    array        path of the array; `ids` the names an id may go by there, first the one written
    hash         path of the object of values by api name
    prefix       how an api name begins; flattened keys of list rows begin so
    typed        suffix of the key holding the typed value beside a displayed one
    displayed    suffixes of keys that only repeat a value for people
    types        native type → ours
    own          api names of the gateway's own fields: neither shown nor written as anybody's
    """

    array: str = "custom_fields"
    ids: tuple[str, ...] = ("customfield_id", "field_id", "custom_field_id")
    hash: str = "custom_field_hash"
    prefix: str = "cf_"
    typed: str = "_unformatted"
    displayed: tuple[str, ...] = ("_formatted",)
    types: Mapping[str, str] = field(default_factory=dict[str, str])
    own: frozenset[str] = frozenset()

    def read(self, native: Native, ctx: Context) -> list[dict[str, Any]]:
        """Of a single record: the array, else the hash."""
        found = native.get(self.array)
        if isinstance(found, list) and found:
            return [
                self._element(each)
                for each in found
                if isinstance(each, dict) and each.get("api_name") not in self.own
            ]
        hashed = native.get(self.hash)
        return list(self._flat(hashed)) if isinstance(hashed, dict) and hashed else []

    def read_row(self, native: Native, ctx: Context) -> list[dict[str, Any]]:
        """Of a list row: as above, else the keys flattened into it."""
        return self.read(native, ctx) or list(self._flat(native))

    def _element(self, native: Native) -> dict[str, Any]:
        get = native.get
        id = None
        for key in self.ids:
            if id := get(key):
                break
        kind = self.types.get(str(get("data_type") or ""), "text")
        return {
            "id": str(id) if id else None,
            "api_name": get("api_name") or None,
            "label": get("label") or None,
            "type": kind,
            "value": _value(get("value"), kind),
        }

    def _flat(self, native: Native) -> Iterator[dict[str, Any]]:
        for key, value in native.items():
            shown = key.startswith(self.prefix) and not key.endswith((self.typed, *self.displayed))
            if shown and key not in self.own:
                value = native.get(key + self.typed, value)
                yield {"api_name": key, "value": None if value == "" else value}

    def named(self, path: str) -> str | None:
        """The api name of the custom field a native path names, wherever it is printed; None of any other."""
        parent, _, name = path.rpartition(".")
        return name if name.startswith(self.prefix) and parent in ("", self.hash, self.array) else None

    def value(self, native: Native, name: str, absent: Any = None) -> Any:
        """What one custom field holds, by its api name: in the array, the hash or flattened."""
        listed = native.get(self.array)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("api_name") == name:
                return each.get("value")
        hashed = native.get(self.hash)
        for found in (hashed if isinstance(hashed, dict) else {}, native):
            if name in found:
                return found.get(name + self.typed, found[name])
        return absent

    def add(self, name: str, value: Any, native: Native) -> None:
        """One more value for the array. CodecError when it has one for the same field, or it is the gateway's."""
        if name in self.own:
            raise CodecError(f"{name} is set by the gateway", "read_only")
        written: list[Native] = native.setdefault(self.array, [])
        if any(each.get("api_name") == name for each in written):
            raise CodecError(f"{name} is given twice")
        written.append({"api_name": name, "value": value})

    def put(self, values: list[dict[str, Any]], native: Native, ctx: Context) -> None:
        """An element needs an id or an api name; `_delete` and null clear its value."""
        written: list[Native] = native.setdefault(self.array, [])
        for element in values:
            given = element.get("value")
            value = "" if given is None or element.get("_delete") else given
            if element.get("id"):
                written.append({self.ids[0]: element["id"], "value": value})
            elif element.get("api_name"):
                self.add(element["api_name"], value, native)
            else:
                raise CodecError("a custom field needs its id or api_name", "required")


def _value(value: Any, kind: str) -> Any:
    if value is None or value == "":
        return None
    if kind == "boolean":
        return value in (True, "true", "1", 1)
    if kind in NUMBERS and isinstance(value, str):
        try:
            return decimal_of(value)
        except CodecError:
            return value
    return Decimal(value) if kind in NUMBERS and isinstance(value, int) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFields(Computed):
    """The row of a record's custom fields. `search`: the list parameter that looks into all their values."""

    shape: Shape
    search: str | None = None


def custom_fields(unified: list[CustomField] | None, shape: Shape, *, search: str | None = None) -> Row:
    """The row of a record's custom fields. A list row that flattens none does not say there are none."""
    return CustomFields(
        unified=str(unified), read=shape.read, list_read=shape.read_row, put=shape.put, write=ALWAYS,
        uses=(shape.array,), needs=(shape.array, shape.hash), key=("id", "api_name"), shape=shape, search=search,
    )  # fmt: skip
