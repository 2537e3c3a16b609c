"""Addresses of files below the records they belong to, as `/openapi.json` describes them."""

from typing import Any

from app.unified.parameters import LIMIT_HEADERS
from app.unified.schemas import Schema

_FILE: Schema = {"type": "object", "required": ["file"],
                 "properties": {"file": {"type": "string", "format": "binary"}}}  # fmt: skip


def paths(base: str, operation: Any, id: Schema, record: Schema) -> dict[str, Any]:
    """The paths of a resource's files. `operation(name, summary, verb, parameters)` makes what all have."""
    attachment: Schema = {**id, "name": "attachment_id"}
    listed: Schema = {"type": "object", "required": ["result", "result_count", "provider_calls"],
                      "properties": {"result": {"type": "array", "items": record},
                                     "result_count": {"type": "integer"},
                                     "provider_calls": {"type": "integer"}}}  # fmt: skip
    gone: Schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}

    def one(name: str, summary: str, verb: str, *more: Schema) -> dict[str, Any]:
        return operation(f"attachments_{name}", summary, verb, [id, *more])

    found = {
        "list": one("list", "The files of a record", "read"),
        "create": one("create", "Attach a file", "write"),
        "get": one("get", "One file of a record, without its content", "read", attachment),
        "delete": one("delete", "Remove a file", "write", attachment),
        "content": one("content", "The content of a file", "read", attachment),
    }
    found["create"]["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _FILE}}}
    for name, status, media, schema in (
        ("list", "200", "application/json", listed),
        ("create", "201", "application/json", record),
        ("get", "200", "application/json", record),
        ("delete", "200", "application/json", gone),
        ("content", "200", "*/*", {"type": "string", "format": "binary"}),
    ):
        found[name]["responses"][status] = {
            "description": found[name]["summary"],
            "headers": LIMIT_HEADERS,
            "content": {media: {"schema": schema}},
        }
    below = f"{base}/{{id}}/attachments"
    return {
        below: {"get": found["list"], "post": found["create"]},
        f"{below}/{{attachment_id}}": {"get": found["get"], "delete": found["delete"]},
        f"{below}/{{attachment_id}}/content": {"get": found["content"]},
    }
