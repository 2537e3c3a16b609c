"""The unified API's part of `/openapi.json`: one path per resource, method and action the connectors offer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from app.core import json
from app.unified import openapi_files, openapi_inside
from app.unified.answers import REF, components, issued, ref, shown
from app.unified.examples import body_example, record_example
from app.unified.listing import DEFAULT_EXPANSION_CALLS, FORMATS, MAXIMUM_LIMIT, supported
from app.unified.matching import matchable
from app.unified.parameters import (
    FLAG,
    LIMIT_HEADERS,
    PAGING,
    READ_HEADERS,
    REPORT,
    SOURCE,
    SYNCED_HEADERS,
    WRITE_HEADERS,
    WRITING,
    in_header,
    in_query,
    match_parameters,
)
from app.unified.schemas import Purpose, Schema, schema_of
from connectors.kit.attachments import Attachments
from connectors.kit.connector import Connector
from connectors.kit.mapping import When
from connectors.kit.operations import Op
from connectors.kit.reports import Reports
from connectors.kit.resource import Action, Resource
from unified_models import MODELS
from unified_models.fields import part_of

_PROBLEM = {"application/problem+json": {"schema": {"$ref": f"{REF}Problem"}}}
_SUFFIX: dict[Purpose, str] = {"read": "", "create": "Create", "update": "Update"}
_REFUSALS = {
    "400": "The query cannot be understood, or no account is named",
    "401": "No valid key",
    "403": "The key lacks the scope",
    "404": "No such record, account or resource",
    "422": "A parameter or field cannot be accepted; nothing was sent",
    "424": "The customer has to reconnect",
    "429": "A rate limit is reached; see Retry-After",
    "502": "The provider failed",
    "504": "The provider did not answer in time",
}
_WRITE_REFUSALS = {
    "409": "The provider's state forbids it",
    "412": "If-Match: the record changed in the meantime",
    "415": "The body is not JSON",
    "504": "The provider did not answer in time, or writes of the record before this one took too long",
}


def install(app: FastAPI) -> None:
    """Add these paths and schemas to the document the application makes."""
    make = app.openapi

    def complete() -> dict[str, Any]:
        document = make()
        if "x-unified" not in document:
            paths, schemas = describe(app.state.connectors)
            document["paths"] = {**document.get("paths", {}), **paths}
            document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
            document["x-unified"] = sorted({path.split("/")[2] for path in paths})
        return document

    app.openapi = complete


def describe(connectors: Iterable[Connector]) -> tuple[dict[str, Any], dict[str, Schema]]:
    """(paths, component schemas) of everything at least one connector offers."""
    offered: dict[tuple[str, str], list[Resource]] = {}
    for connector in connectors:
        for key, resource in connector.resources.items():
            offered.setdefault(key, []).append(resource)
    paths: dict[str, Any] = {}
    schemas: dict[str, Schema] = components()
    for (model, name), resources in sorted(offered.items()):
        described = _Described(model, name, resources, schemas)
        files = (each for each in offered.get((model, "attachments"), ()) if isinstance(each, Attachments))
        described.has_files = any(each.type_of(name) for each in files)
        paths.update(described.paths())
    return paths, schemas


class _Described:
    """One resource, as all connectors together offer it."""

    def __init__(self, model: str, name: str, resources: list[Resource], schemas: dict[str, Schema]) -> None:
        self.model, self.name, self.resources, self.schemas = model, name, resources, schemas
        self.record = resources[0].model
        self.methods = frozenset[str]().union(*(resource.methods for resource in resources))
        self.actions: dict[str, Action] = {k: v for r in resources for k, v in r.actions.items()}
        self.base = f"/unified/{model}/{name}"
        self.noun = self.record.__name__
        self.has_files = False

    def paths(self) -> dict[str, Any]:
        on_all: dict[str, Any] = {}
        on_one: dict[str, Any] = {}
        if "list" in self.methods:
            on_all["get"] = self._list()
        if "create" in self.methods:
            on_all["post"] = self._write("create", "201", f"Create one of the {self.name}")
        if "get" in self.methods:
            on_one["get"] = self._get()
        if "update" in self.methods:
            on_one["patch"] = self._write("update", "200", f"Change one of the {self.name}")
        if "delete" in self.methods:
            on_one["delete"] = self._delete()
        found = {self.base: on_all, f"{self.base}/meta": {"get": self._meta()}, f"{self.base}/{{id}}": on_one}
        if any(resource.definitions for resource in self.resources):
            found[f"{self.base}/custom-fields"] = {"get": self._custom_fields()}
        if any(resource.pdf for resource in self.resources):
            found[f"{self.base}/{{id}}/pdf"] = {"get": self._pdf()}
        for name in sorted(frozenset[str]().union(*(resource.lists for resource in self.resources))):
            model = part_of(self.record, name) if name in self.record.model_fields else None
            items = self._component(model, "read") if model is not None else {"type": "object"}
            removable = any(name in part.removable for each in self.resources for part in each.parts)
            found |= openapi_inside.paths(self.base, name, self._operation, _ID, items, removable=removable)
        if self.has_files:
            record = self._component(MODELS[self.model, "attachments"], "read")
            found |= openapi_files.paths(self.base, self._operation, _ID, record)
        for action in sorted(self.actions):
            found[f"{self.base}/{{id}}/{action}"] = {"post": self._act(self.actions[action])}
        return {path: item for path, item in found.items() if item}

    # Operations

    def _list(self) -> dict[str, Any]:
        result = {"type": "array", "items": shown(self._schema("read"))}
        page = {"allOf": [ref("Page"), {"type": "object", "properties": {"result": result}}]}
        example = {
            "result": [record_example(self.record)],
            "next_cursor": "1NVEd1gS5l4vB2y0m5cW4nsicCI6eyJwYWdlIjoyfX0",
            "prev_cursor": None,
            "result_count": 1,
            "limit": 1,
            "is_partial_response": False,
            "provider_calls": 1,
        }
        operation = self._operation(
            "list", f"List {self.name}", "read", [*self._list_parameters(), *_VIEW, _format(FORMATS)]
        )
        operation["responses"]["200"] = {
            "description": "One page; with truto_response_format=stream every record as a line of JSON",
            "headers": LIMIT_HEADERS | SYNCED_HEADERS,
            "content": {
                "application/json": {"schema": page, "example": _plain(example)},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
        return operation

    def _get(self) -> dict[str, Any]:
        operation = self._operation(
            "get",
            f"Read one of the {self.name}",
            "read",
            [_ID, SOURCE, *_VIEW, _RECORD_FORMAT, _REMOTE_QUERY, _IF_NONE_MATCH, *self._period()],
        )
        operation["responses"]["200"] = self._record("The complete record", READ_HEADERS)
        operation["responses"]["304"] = {"description": "It still has the etag of If-None-Match"}
        return operation

    def _write(self, purpose: Purpose, status: str, summary: str) -> dict[str, Any]:
        parameters = [*_VIEW, _RECORD_FORMAT, _REMOTE_QUERY, *WRITING]
        if purpose == "update":
            parameters = [_ID, *parameters, _REPLACE_LINES, _IF_MATCH]
        able = sorted({name for each in self.resources for name in matchable(each)})
        if purpose == "create" and "reference" in self.record.model_fields:
            parameters.append(_ALLOW_DUPLICATE)
        if purpose == "create" and able:
            parameters += match_parameters(able)
        operation = self._operation(purpose, summary, "write", parameters)
        operation["requestBody"] = self._body(self.record, purpose)
        written = self._record("The record as it stands now")
        if status == "200":
            _or_preview(written)
        elif able:
            operation["responses"]["200"] = self._record(
                "With match_on: the record that was there, or a preview"
            )
            _or_preview(operation["responses"]["200"])
        else:
            operation["responses"]["200"] = _PREVIEW
        operation["responses"][status] = written
        return operation

    def _delete(self) -> dict[str, Any]:
        operation = self._operation(
            "delete", f"Delete one of the {self.name}", "write", [_ID, _REMOTE_QUERY, *WRITING, _IF_MATCH]
        )
        schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
        operation["responses"]["200"] = {
            "description": "It is gone",
            "headers": WRITE_HEADERS,
            "content": {"application/json": {"schema": schema, "example": {"id": "460000000026049"}}},
        }
        _or_preview(operation["responses"]["200"])
        return operation

    def _act(self, action: Action) -> dict[str, Any]:
        note = " Reaches a person." if action.reaches_person else ""
        operation = self._operation(
            action.name, action.doc, "write", [_ID, *_VIEW, _RECORD_FORMAT, *WRITING, _IF_MATCH]
        )
        operation["description"] = f"{operation['description']}{note}"
        if action.fields is not None:
            operation["requestBody"] = {**self._body(action.fields, "create"), "required": False}
        if action.creates:
            kinds = [shown(issued(self._component(model, "read"))) for model in action.creates]
            operation["responses"]["200"] = _PREVIEW
            operation["responses"]["201"] = {
                "description": "The new record",
                "headers": WRITE_HEADERS,
                "content": {
                    "application/json": {"schema": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}
                },
            }
            return operation
        operation["responses"]["200"] = self._record("The record after the action")
        _or_preview(operation["responses"]["200"])
        return operation

    def _pdf(self) -> dict[str, Any]:
        operation = self._operation("pdf", f"One of the {self.name} as a PDF", "read", [_ID])
        schema = {"type": "string", "format": "binary"}
        operation["responses"]["200"] = {
            "description": "The document as the provider prints it",
            "headers": LIMIT_HEADERS,
            "content": {"application/pdf": {"schema": schema}},
        }
        return operation

    def _meta(self) -> dict[str, Any]:
        operation = self._operation("meta", f"What {self.name} are and allow with this account", "read", [])
        operation["responses"]["200"] = {
            "description": "Schemas, fields, filters, sort keys, actions, scopes, cost",
            "content": {"application/json": {"schema": {"type": "object", "additionalProperties": True}}},
        }
        return operation

    def _custom_fields(self) -> dict[str, Any]:
        operation = self._operation(
            "custom_fields", f"The custom fields the company defined for {self.name}", "read", []
        )
        schema = {"type": "object", "required": ["result"],
                  "properties": {"result": {"type": "array", "items": ref("CustomFieldDefinition")}}}  # fmt: skip
        operation["responses"]["200"] = {
            "description": "Their names, types and options",
            "content": {"application/json": {"schema": schema}},
        }
        return operation

    # Parts

    def _operation(self, name: str, summary: str, verb: str, parameters: list[Schema]) -> dict[str, Any]:
        refusals = {**_REFUSALS, **(_WRITE_REFUSALS if verb == "write" else {})}
        return {
            "operationId": f"{self.model}_{self.name}_{name}".replace("-", "_"),
            "tags": [f"{self.model}/{self.name}"],
            "summary": summary,
            "description": f"Scope: `{self.model}.{self.name}:{verb}`.",
            "parameters": [*_ACCOUNT, *parameters],
            "responses": {
                status: {"description": text, "content": _PROBLEM}
                for status, text in sorted(refusals.items())
            }
            | {"default": {"description": "Anything else that went wrong", "content": _PROBLEM}},
        }

    def _period(self) -> list[Schema]:
        """What a report is asked for."""
        return REPORT if any(isinstance(each, Reports) for each in self.resources) else []

    def _list_parameters(self) -> Iterator[Schema]:
        filters: dict[str, frozenset[Op]] = {}
        for resource in self.resources:
            for field, ops in resource.filters.items():
                filters[field] = filters.get(field, frozenset()) | ops
        yield SOURCE
        yield from PAGING
        for name in supported(filters):
            yield in_query(name, {"type": "string"}, f"Only {self.name} where this holds")
        sorts = sorted(frozenset[str]().union(*(resource.sorts for resource in self.resources)))
        if sorts:
            direction = {"type": "string", "enum": ["asc", "desc"]}
            schema = {"type": "object", "properties": dict.fromkeys(sorts, direction), "maxProperties": 1}
            yield {**in_query("sort_by", schema, "sort_by[field]=asc|desc"), "style": "deepObject"}
        expansions = sorted({name for resource in self.resources for name in resource.expansions})
        if expansions:
            items = {"type": "string", "enum": expansions}
            yield in_query("expand[]", {"type": "array", "items": items}, "Complete rows, by further calls")
            calls = {"type": "integer", "minimum": 0, "default": DEFAULT_EXPANSION_CALLS}
            yield in_query("max_calls", calls, f"Further calls expansions may make; at most {MAXIMUM_LIMIT}")
        yield _REMOTE_QUERY

    def _record(self, description: str, headers: Schema | None = None) -> dict[str, Any]:
        schema = shown(issued(self._schema("read")))
        media = {"schema": schema, "example": _plain(record_example(self.record))}
        return {
            "description": description,
            "headers": headers or WRITE_HEADERS,
            "content": {"application/json": media},
        }

    def _body(self, model: type[BaseModel], purpose: Purpose) -> dict[str, Any]:
        schema = {"schema": self._component(model, purpose)}
        if model is self.record:
            schema["example"] = _plain(body_example(model, purpose, self._written(purpose)))
        return {"required": True, "content": {"application/json": schema}}

    def _written(self, purpose: Purpose) -> frozenset[str]:
        """The fields some connector takes."""
        when = When.CREATE if purpose == "create" else When.UPDATE
        rows = (row for resource in self.resources for row in resource.table.rows)
        return frozenset(row.unified for row in rows if row.write & when)

    def _schema(self, purpose: Purpose) -> Schema:
        return self._component(self.record, purpose)

    def _component(self, model: type[BaseModel], purpose: Purpose) -> Schema:
        """A reference to the model's schema among the components, put there with its parts."""
        suffix = _SUFFIX[purpose]
        name = f"{model.__name__}{suffix}"
        if name not in self.schemas:
            schema = dict(schema_of(model, purpose, f"{REF}{{model}}{suffix}"))
            for part, shape in schema.pop("$defs", {}).items():
                self.schemas.setdefault(f"{part}{suffix}", shape)
            self.schemas[name] = schema
        return {"$ref": f"{REF}{name}"}


def _plain(value: Any) -> Any:
    """An example as the document can hold it: numbers instead of Decimal."""
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | None) else float(json.encode(value))


def _format(formats: Iterable[str]) -> Schema:
    described = "raw: as the provider has it; stream: every page, a record a line"
    return in_query("truto_response_format", {"type": "string", "enum": list(formats)}, described)


def _or_preview(answer: dict[str, Any]) -> None:
    """A 200 that is what was written, or with `preview` what would be sent."""
    media = answer["content"]["application/json"]
    media["schema"] = {"anyOf": [media["schema"], ref("Preview")]}


_ACCOUNT = [
    in_query(
        "integrated_account_id",
        {"type": "string"},
        "The account; or X-Integrated-Account-Id, or an account token",
    ),
    in_header("X-Integrated-Account-Id", "The account, when the query does not name it"),
]
_ID: Schema = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 255}}
_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_VIEW = [
    in_query("fields[]", _NAMES, "Only these fields"),
    in_query("truto_exclude_fields[]", _NAMES, "All but these fields"),
    in_query("truto_ignore_remote_data", FLAG, "Leave out remote_data"),
]
_RECORD_FORMAT = _format(name for name in FORMATS if name != "stream")
_PREVIEW = {
    "description": "With preview: what would be sent, and nothing was",
    "content": {"application/json": {"schema": ref("Preview")}},
}
_REMOTE_QUERY: Schema = {
    **in_query(
        "remote_query",
        {"type": "object", "additionalProperties": {"type": "string"}},
        "Passed to the provider",
    ),
    "style": "deepObject",
}
_REPLACE_LINES = in_query("replace_lines", FLAG, "Lines missing from the body may be removed")
_ALLOW_DUPLICATE = in_query(
    "allow_duplicate",
    FLAG,
    "A second document with this reference, contact and amount within 24 hours is meant",
)
_IF_MATCH = in_header(
    "If-Match", "Only if the record still has this etag; writes of a record go one after the other here"
)
_IF_NONE_MATCH = in_header("If-None-Match", "304 when the record still has this etag")
