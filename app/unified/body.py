"""From the bytes of a request to the set fields of a unified record, with every problem named.

A body is judged by the unified model alone here; what this provider cannot take is the connector's to refuse.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.core import json
from app.core.errors import Problem
from app.unified.query import nearest
from connectors.kit.faults import FieldError
from unified_models.fields import is_create_only, mark_of, part_of
from unified_models.marks import violations

Mode = Literal["create", "update", "act"]

_SAID = {
    "model_type": "an object is expected",
    "dict_type": "an object is expected",
    "list_type": "a list is expected",
    "string_type": "text is expected",
    "bool_type": "true or false is expected",
    "int_type": "a whole number is expected",
}
_OURS = frozenset({"precision", "required", "enum_value", "unbalanced", "over_allocated", "wrong_type"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def decode(content: bytes, media_type: str | None, *, optional: bool = False) -> Any:
    """The JSON object in a request body. `optional` reads an empty body as {}.

    Problem malformed_json, unsupported_media_type (a form), validation_failed (not an object).
    """
    if (media_type or "").partition(";")[0].strip().casefold() in _FORMS:
        raise Problem("unsupported_media_type", "The body must be application/json, not a form.")
    if not content.strip():
        if optional:
            return {}
        raise Problem("malformed_json", "The body is empty; send a JSON object.")
    body = json.parse(content)
    if not isinstance(body, dict):
        _fail([FieldError("wrong_type", "", "The body must be a JSON object.")])
    return body


def validate(body: dict[str, Any], model: type[BaseModel], mode: Mode) -> dict[str, Any]:
    """The fields the caller set, as Python values. Problem validation_failed names everything wrong."""
    errors: list[FieldError] = []
    fields: dict[str, Any] = {}
    try:
        record = model.model_validate(body)
    except ValidationError as error:
        errors += (_field_error(e, model) for e in error.errors(include_url=False))
        # The marks of the top level are still worth checking, so that the caller sees everything at once.
        errors += _raw_marks(body, model, mode)
    else:
        found = violations(record, creating=mode != "update")
        errors += (
            FieldError(v.code, v.pointer, f"{v.pointer.rpartition('/')[2]}: {v.detail}.") for v in found
        )
        fields = record.model_dump(exclude_unset=True)
        errors += _blank(fields, model)
    if errors:
        _fail(_distinct(errors))
    return fields


def _fail(errors: Sequence[FieldError]) -> None:
    detail = errors[0].detail if len(errors) == 1 else f"{len(errors)} fields cannot be accepted."
    raise Problem("validation_failed", detail, errors=tuple(errors))


def _distinct(errors: Iterable[FieldError]) -> list[FieldError]:
    return list({(e.code, e.pointer): e for e in errors}.values())


def pointer(path: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(segment).replace("~", "~0").replace("/", "~1") for segment in path)


# What pydantic says, in our words


def _field_error(error: ErrorDetails, model: type[BaseModel]) -> FieldError:
    path = tuple(error["loc"])
    kind = error["type"]
    where = pointer(path)
    if kind == "extra_forbidden":
        owner = model_at(model, path[:-1])
        near = nearest(str(path[-1]), owner.model_fields) if owner else None
        hint = f" Did you mean {near}?" if near else ""
        return FieldError(
            "unknown_field", where, f"There is no field '{str(path[-1])[:100]}' here.{hint}", (), near
        )
    if kind == "missing":
        return FieldError("required", where, f"{path[-1]} is required.")
    code = kind if kind in _OURS else "wrong_type"
    message = _SAID.get(kind, error["msg"])
    allowed = tuple(error.get("ctx", {}).get("allowed", ()))
    given = error.get("input")
    near = nearest(given, allowed) if isinstance(given, str) and allowed else None
    return FieldError(
        code, where, f"{_prefix(path)}{message[:1].lower()}{message[1:].rstrip('.')}.", allowed, near
    )


def _prefix(path: tuple[str | int, ...]) -> str:
    names = [part for part in path if isinstance(part, str)]
    return f"{names[-1]}: " if names else ""


def _blank(fields: Mapping[str, Any], model: type[BaseModel]) -> Iterator[FieldError]:
    """Required texts that say nothing."""
    for name, info in model.model_fields.items():
        value = fields.get(name)
        if mark_of(info) == "required" and isinstance(value, str) and not value.strip():
            yield FieldError("required", f"/{name}", f"{name} cannot be empty.")


def _raw_marks(given: Mapping[str, Any], model: type[BaseModel], mode: Mode) -> Iterator[FieldError]:
    """What the marks of the top level forbid, when no record could be built."""
    for name, info in model.model_fields.items():
        wire = info.alias or name
        mark = mark_of(info)
        if wire in given and (mark == "read_only" or (mode == "update" and is_create_only(info))):
            yield FieldError("read_only", f"/{wire}", f"{name} cannot be written.")
        elif mark == "required" and mode != "update" and given.get(wire) is None:
            yield FieldError("required", f"/{wire}", f"{name} is required.")


def model_at(model: type[BaseModel], path: Iterable[str | int]) -> type[BaseModel] | None:
    """The model that owns the members at `path`; None where the path leaves the models."""
    owner: type[BaseModel] | None = model
    for segment in path:
        if owner is None or isinstance(segment, int):
            continue
        owner = part_of(owner, segment) if segment in owner.model_fields else None
    return owner
