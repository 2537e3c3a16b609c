"""JSON schemas of the wire shapes, made from the unified models and the marks their fields carry."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

from unified_models.fields import part_of
from unified_models.parts import Email, Phone
from unified_models.references import Ref

Schema = dict[str, Any]
Purpose = Literal["read", "create", "update"]

_LOCAL = "#/$defs/{model}"


@lru_cache(1024)
def schema_of(model: type[BaseModel], purpose: Purpose, template: str = _LOCAL) -> Schema:
    """The schema of `model` as answered or as a body takes it; parts stand in `$defs`.

    `template` is how `$ref` names a part ("{model}" is its name). The result is shared: copy before changing.
    """
    mode = "serialization" if purpose == "read" else "validation"
    schema = model.model_json_schema(mode=mode, by_alias=True, ref_template=template)
    _mark(schema, purpose, top=True)
    shorthand = {part.__name__ for part in _parts(model, set()) if issubclass(part, Ref | Email | Phone)}
    for name, part in schema.get("$defs", {}).items():
        _mark(part, purpose, top=False)
        if purpose != "read" and name in shorthand:
            schema["$defs"][name] = {"anyOf": [{"type": "string", "minLength": 1}, part]}
    return schema


def _mark(schema: Schema, purpose: Purpose, *, top: bool) -> None:
    """Turn our marks into `readOnly` and `required`, and take away what a body cannot hold."""
    required: list[str] = []
    kept: Schema = {}
    for name, member in schema.get("properties", {}).items():
        mark = member.pop("mark", "writable")
        create_only = member.pop("create_only", False)
        member.pop("default", None)
        member.pop("title", None)
        if purpose == "read":
            if mark == "read_only":
                member["readOnly"] = True
        elif mark == "read_only" or (create_only and purpose == "update"):
            continue
        elif mark == "required" and not (top and purpose == "update"):
            required.append(name)
        kept[name] = member
    if "properties" in schema:
        schema["properties"] = kept
    if required:
        schema["required"] = required
    if purpose == "read" and schema.get("additionalProperties") is False:
        del schema["additionalProperties"]  # answers grow; a client that refuses what it does not know breaks
    schema.pop("title", None)


def _parts(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    for name in model.model_fields:
        part = part_of(model, name)
        if part is not None and part not in seen:
            seen.add(part)
            yield part
            yield from _parts(part, seen)
