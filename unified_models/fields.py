"""Marks of unified fields: who may set them, and what they are."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from unified_models.types import Words

_SCALARS = (str, Decimal, bool, int, date, datetime)

Mark = Literal["required", "writable", "read_only"]


def _field(mark: Mark, description: str, **more: Any) -> Any:
    extra = {"mark": mark, **{key: value for key, value in more.items() if value}}
    return Field(default=None, description=description, json_schema_extra=extra)


def required(description: str) -> Any:
    """A field every create body must carry; it may be changed later."""
    return _field("required", description)


def writable(description: str, *, create_only: bool = False) -> Any:
    """A field a request may set. `create_only`: later it changes through actions, if at all."""
    return _field("writable", description, create_only=create_only)


def read_only(description: str) -> Any:
    """A field the provider or the gateway sets."""
    return _field("read_only", description)


def _extra(info: FieldInfo) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def mark_of(info: FieldInfo) -> Mark:
    return _extra(info).get("mark", "writable")


def is_create_only(info: FieldInfo) -> bool:
    return bool(_extra(info).get("create_only"))


def words_of(model: type[BaseModel], field: str) -> Words | None:
    """The known words of an enum field, None when the field is no enum."""
    info = model.model_fields[field]
    found = [item for item in (*info.metadata, *_metadata(info.annotation)) if isinstance(item, Words)]
    return found[0] if found else None


def part_of(model: type[BaseModel], field: str) -> type[BaseModel] | None:
    """The model of an object field, or of the elements of an array field; None for scalars."""
    for item in _types(model.model_fields[field].annotation):
        if isinstance(item, type) and issubclass(item, BaseModel):
            return item
    return None


def scalar_of(model: type[BaseModel], field: str) -> type | None:
    """The type of a field's value, or of the elements of an array field; None for objects and for any value."""
    return next((item for item in _types(model.model_fields[field].annotation) if item in _SCALARS), None)


def is_array(model: type[BaseModel], field: str) -> bool:
    return any(get_origin(item) is list for item in _types(model.model_fields[field].annotation))


def _types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for item in get_args(annotation):
        yield from _types(item)


def _metadata(annotation: Any) -> Iterator[Any]:
    for item in _types(annotation):
        yield from getattr(item, "__metadata__", ())
        if isinstance(item, Words):
            yield item
