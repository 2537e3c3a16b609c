"""What the marks forbid in a request body: read-only fields that were set, required fields that were not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from pydantic import BaseModel

from unified_models.fields import is_create_only, mark_of, part_of
from unified_models.parts import Element


@dataclass(frozen=True, slots=True)
class Violation:
    """`pointer` is a JSON pointer into the body; `code` is one of the contract's field error codes."""

    code: Literal["required", "read_only", "wrong_type"]
    pointer: str
    detail: str


def violations(body: BaseModel, *, creating: bool, pointer: str = "") -> Iterator[Violation]:
    """Everything the marks forbid in a validated body, nested parts included.

    On update a required field may be absent but not null, unless null is one of its values. Create-only
    fields are left to the caller's resource, which knows whether an action replaces them.
    """
    fields = type(body).model_fields
    removed = isinstance(body, Element) and body.delete is True
    for name, info in fields.items():
        here = f"{pointer}/{info.alias or name}"
        is_set = name in body.model_fields_set
        value = getattr(body, name)
        mark = mark_of(info)
        if is_set and mark == "read_only":
            yield Violation("read_only", here, "the field is read-only")
        elif is_set and not creating and is_create_only(info):
            yield Violation("read_only", here, "the field can only be given on create")
        elif is_set and info.annotation is Any:
            pass  # any value will do; null empties the field
        elif mark == "required" and value is None and (is_set or creating) and not removed:
            yield Violation("required", here, "the field is required")
        if is_set and part_of(type(body), name) is not None:
            yield from _inside(value, creating, here)
    if not removed:
        yield from _beyond(body, creating, pointer)


def _inside(value: Any, creating: bool, pointer: str) -> Iterator[Violation]:
    if isinstance(value, BaseModel):
        # A part is written whole, so its required fields are needed even when the record exists.
        yield from violations(value, creating=True, pointer=pointer)
    elif isinstance(value, list):
        for index, element in enumerate(cast("list[Any]", value)):
            if isinstance(element, BaseModel):
                known = not creating and getattr(element, "id", None) is not None and _is_kept(element)
                yield from violations(element, creating=not known, pointer=f"{pointer}/{index}")


def _is_kept(element: BaseModel) -> bool:
    """Whether an element with an id stands for one that exists already and may be given in part."""
    return mark_of(type(element).model_fields["id"]) != "required"


def _beyond(body: BaseModel, creating: bool, pointer: str) -> Iterator[Violation]:
    rules: list[tuple[str, Literal["required", "wrong_type"]]] = [("contradictions", "wrong_type")]
    if creating:
        rules.append(("lacking", "required"))
    for rule, code in rules:
        found = getattr(body, rule, None)
        if found is not None:
            for name, detail in cast("dict[str, str]", found()).items():
                yield Violation(code, f"{pointer}/{name}", detail)
