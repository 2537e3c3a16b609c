"""Addresses of the lists inside a record, as `/openapi.json` describes them."""

from typing import Any

from app.unified.parameters import LIMIT_HEADERS, WRITING
from app.unified.schemas import Schema


def paths(
    base: str, name: str, operation: Any, id: Schema, items: Schema, *, removable: bool
) -> dict[str, Any]:
    """The paths of one list. `operation(name, summary, verb, parameters)` makes what all have."""
    of, singular = base.rpartition("/")[2], name.removesuffix("s")
    listed: Schema = {"type": "object", "required": ["result", "result_count", "provider_calls"],
                      "properties": {"result": {"type": "array", "items": items},
                                     "result_count": {"type": "integer"},
                                     "provider_calls": {"type": "integer"}}}  # fmt: skip
    gone: Schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    all_ = operation(name, f"The {name} of one of the {of}", "read", [id])
    _answers(all_, listed)
    found = {f"{base}/{{id}}/{name}": {"get": all_}}
    if removable:
        element: Schema = {**id, "name": f"{singular}_id"}
        read = operation(f"{singular}_get", f"One of the {name} of one of the {of}", "read", [id, element])
        delete = operation(
            f"{singular}_delete",
            f"Delete one of the {name} of one of the {of}",
            "write",
            [id, element, *WRITING],
        )
        _answers(read, items)
        _answers(delete, gone)
        found[f"{base}/{{id}}/{name}/{{{singular}_id}}"] = {"get": read, "delete": delete}
    return found


def _answers(operation: dict[str, Any], schema: Schema) -> None:
    operation["responses"]["200"] = {
        "description": operation["summary"],
        "headers": LIMIT_HEADERS,
        "content": {"application/json": {"schema": schema}},
    }
