"""The API reference: the OpenAPI document made complete, and pages that show it without any other server."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.responses import HTMLResponse, Response

from app.core import json
from app.core.codes import CODES, FIELD_CODES
from app.core.errors import Problem

router = APIRouter(include_in_schema=False)

PUBLIC_TAGS = frozenset({"operate"})
"""Operations with one of these tags need no API key; others say `security: []` themselves."""

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_CSP = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Any error (RFC 9457). `code` is stable.",
    "required": ["type", "title", "status", "code", "detail", "request_id", "statusCode", "error", "message"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "origin": {"type": "string", "enum": ["gateway", "provider", "network"]},
        "executed": {"type": "string", "enum": ["no", "yes", "unknown"]},
        "retryable": {"type": "boolean"},
        "retry_after": {"type": ["number", "null"], "description": "seconds"},
        "statusCode": {"type": "integer"},
        "error": {"type": "string"},
        "message": {"type": "string"},
        "truto_is_remote_error": {"type": "boolean"},
        "raw_response": {"description": "what the provider said"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
}
_FIELD_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["code", "pointer", "detail"],
    "properties": {
        "code": {"type": "string", "enum": sorted(FIELD_CODES)},
        "pointer": {"type": "string", "description": "JSON pointer into the request body"},
        "detail": {"type": "string"},
        "allowed": {"type": "array", "items": {"type": "string"}},
        "did_you_mean": {"type": "string"},
        "docs_url": {"type": "string"},
    },
}


def install(app: FastAPI) -> None:
    """Serve `/docs`, and let `/openapi.json` name the server, the security scheme and the shape of errors."""
    app.include_router(router)
    app.openapi = lambda: _document(app)


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=[{"url": app.state.settings.public_url}],
        )
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        schemas["Problem"], schemas["FieldError"] = _PROBLEM, _FIELD_ERROR
        components.setdefault("securitySchemes", {})["key"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (`lw_…`) or an account token (`lwt_…`).",
        }
        document["security"] = [{"key": []}]
        for item in document.get("paths", {}).values():
            for verb in _VERBS:
                if verb in item:
                    _complete(item[verb])
        app.openapi_schema = document
    return app.openapi_schema


def _complete(operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    told = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if str(told.get("$ref", "")).endswith("/HTTPValidationError"):
        del responses["422"]
    responses.setdefault(
        "default",
        {
            "description": "An error",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    )
    if PUBLIC_TAGS & set(operation.get("tags", ())):
        operation.setdefault("security", [])


@router.get("/docs")
async def reference(request: Request) -> Response:
    """Every operation on one page, made here: no script, no other server."""
    document = request.app.openapi()
    operations = [
        {"path": path, "verb": verb, "id": f"{verb}{path}".replace("/", "-"), **item[verb]}
        for path, item in document.get("paths", {}).items()
        for verb in _VERBS
        if verb in item
    ]
    groups: dict[str, list[dict[str, Any]]] = {}
    for operation in operations:
        groups.setdefault((operation.get("tags") or ["other"])[0], []).append(operation)
    page = _PAGES.get_template("reference.html").render(
        document=document, groups=groups, codes=CODES, field_codes=FIELD_CODES, sample=_sample, shape=_shape
    )
    return HTMLResponse(page, headers=_CSP)


@router.get("/docs/errors/{code}")
async def error_page(code: str) -> Response:
    """What one error code means: where `type` and `docs_url` point."""
    if code not in CODES and code not in FIELD_CODES:
        raise Problem("not_found", "There is no such error code.")
    page = _PAGES.get_template("error.html").render(
        code=code, known=CODES.get(code), meaning=FIELD_CODES.get(code)
    )
    return HTMLResponse(page, headers=_CSP)


def _sample(content: dict[str, Any]) -> str:
    """The first example in a media type object, as indented JSON; empty when there is none."""
    example = content.get("example")
    if example is None:
        first = next(iter((content.get("examples") or {}).values()), {})
        example = first.get("value")
    return json.pretty(example) if example is not None else ""


def _shape(schema: dict[str, Any]) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " or ".join(_shape(one) for one in schema[word])
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_shape(schema.get('items', {}))}"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
