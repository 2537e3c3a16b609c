"""The provider's published specification, read strictly: what a request may say, and what an answer looks like."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

METHODS = ("get", "post", "put", "delete")
PLACEHOLDER = re.compile(r"{[^}]+}|\(\\d\+\)")  # some paths are written as patterns
VARIANT = re.compile(r"<code>(\w+)</code>")
Schema = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Violation:
    """`operation` is "PUT /bills/{}"; `where` is "path", "query name" or a place in the body ("/lines/*/rate")."""

    operation: str
    where: str
    why: str


@dataclass(frozen=True)
class Parameter:
    name: str
    schema: Schema
    required: bool
    description: str

    @cached_property
    def names(self) -> frozenset[str]:
        """Its own and those its description says it may also be used as ("date_start")."""
        told = (name for name in VARIANT.findall(self.description) if name.startswith(f"{self.name}_"))
        return frozenset((self.name, *told))


@dataclass(frozen=True)
class Operation:
    """One method of one path in one file. `path` has {} for every id."""

    method: str
    path: str
    query: tuple[Parameter, ...]
    scopes: frozenset[str]
    body: Schema | None
    answer: Schema | None
    status: int
    document: Schema = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def resolve(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = _at(self.document, schema["$ref"])
        for part in schema.get("allOf", ()):
            schema = {**self.resolve(part), **schema}
        return schema

    # What a request may say

    def violations(
        self, query: Iterable[tuple[str, str]], body: Any, files: Iterable[str]
    ) -> Iterator[Violation]:
        known = {name: each for each in self.query for name in each.names}
        pairs = list(query)
        for name, value in pairs:
            if name not in known:
                yield self._wrong(f"query {name}", "unknown")
            else:
                yield from self._text(known[name], name, value)
        given = {name for name, _ in pairs}
        files = set(files)
        for each in self.query:
            if each.required and each.name not in given | files:
                yield self._wrong(f"query {each.name}", "required")
        for name in files - set(known):
            yield self._wrong(f"file {name}", "unknown")
        if body is not None and self.body is None:
            yield self._wrong("/", "takes no body")
        elif self.body is not None and not files:
            yield from self._value(self.body, {} if body is None else body, "")

    def _wrong(self, where: str, why: str) -> Violation:
        return Violation(self.name, where, why)

    def _text(self, parameter: Parameter, name: str, value: str) -> Iterator[Violation]:
        schema = self.resolve(parameter.schema)
        allowed = [str(each) for each in schema.get("enum", ())]
        if allowed and value not in allowed:
            yield self._wrong(f"query {name}", f"not one of its words: {value}")
        kind = schema.get("type")
        number = re.fullmatch(r"-?\d+" if kind == "integer" else r"-?\d+(\.\d+)?", value)
        if (kind in ("integer", "number") and not number) or (
            kind == "boolean" and value not in ("true", "false")
        ):
            yield self._wrong(f"query {name}", f"no {kind}: {value}")

    def _value(self, schema: Schema, value: Any, at: str) -> Iterator[Violation]:
        schema = self.resolve(schema)
        kind = schema.get("type")
        if kind in _TYPES and not _TYPES[kind](value):
            yield self._wrong(at or "/", f"no {kind}: {value!r}")
            return
        if isinstance(value, dict):
            properties = schema.get("properties", {})
            for name in value:
                if name not in properties:
                    yield self._wrong(f"{at}/{name}", "unknown")
                elif self.resolve(properties[name]).get("readOnly"):
                    yield self._wrong(f"{at}/{name}", "read-only")
                else:
                    yield from self._value(properties[name], value[name], f"{at}/{name}")
            for name in schema.get("required", ()):
                if name not in value:
                    yield self._wrong(f"{at}/{name}", "required")
        elif isinstance(value, list):
            for each in value:
                yield from self._value(schema.get("items", {}), each, f"{at}/*")
        else:
            words = schema.get("enum")
            if words and value not in words:
                yield self._wrong(at, f"not one of its words: {value}")
            if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
                yield self._wrong(at, "too long")

    # What an answer looks like

    def tells(self, where: str) -> bool:
        """Whether the record it answers has a member at a place of the request."""
        records = self.resolve(self.answer or {}).get("properties", {}).values()
        return any(self._has(record, where.split("/")[1:]) for record in records)

    def _has(self, schema: Schema, path: list[str]) -> bool:
        schema = self.resolve(schema)
        if schema.get("type") == "array" and path[:1] != ["*"]:
            schema = self.resolve(schema.get("items", {}))
        if not path:
            return True
        name, *rest = path
        if name == "*":
            return self._has(schema.get("items", {}), rest)
        properties = schema.get("properties", {})
        return name in properties and self._has(properties[name], rest)

    def example(self) -> Any:
        """An answer made of the examples of its parts, as they are."""
        return {} if self.answer is None else self._example(self.answer)

    def _example(self, schema: Schema, depth: int = 0) -> Any:
        schema = self.resolve(schema)
        if "properties" in schema and depth < 12:
            return {name: self._example(part, depth + 1) for name, part in schema["properties"].items()}
        if (
            schema.get("type") == "array"
            and "items" in schema
            and not isinstance(schema.get("example"), list)
        ):
            return [self._example(schema["items"], depth + 1)]
        if "example" in schema:
            told = schema["example"]
            return told.isoformat() if isinstance(told, date | datetime) else told
        return {"object": {}, "array": []}.get(schema.get("type", ""), "")


_TYPES = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": lambda value: _is_number(value),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


class Specification:
    """All operations of all files."""

    def __init__(self, folder: Path) -> None:
        self.operations: dict[str, list[Operation]] = {}
        for file in sorted(folder.glob("*.yml")):
            document = yaml.load(file.read_text(), yaml.CSafeLoader)
            for path, members in document["paths"].items():
                if path.startswith("/{"):  # a custom module of any name would be every path
                    continue
                for method in METHODS:
                    if method in members:
                        made = _operation(document, method, path, members)
                        self.operations.setdefault(made.name, []).append(made)
        self._patterns = [
            (re.compile(re.escape(name).replace(r"\{\}", "[^/]+")), name)
            for name in sorted(self.operations, key=lambda name: name.count("{}"))
        ]

    def find(self, method: str, path: str) -> list[Operation]:
        """The operations a request may mean: those of the path with the fewest ids in it."""
        wanted = f"{method} {path}"
        named = next((name for pattern, name in self._patterns if pattern.fullmatch(wanted)), None)
        return self.operations.get(named or "", [])

    def violations(
        self, method: str, path: str, query: Iterable[tuple[str, str]] = (), body: Any = None,
        files: Iterable[str] = (),
    ) -> list[Violation]:  # fmt: skip
        """What is wrong with a request, by the operation it comes closest to."""
        found = self.find(method, path)
        if not found:
            return [Violation(f"{method} {re.sub(r'(?<=/)[0-9]+', '{}', path)}", "path", "unknown")]
        query, files = list(query), list(files)
        return min((list(each.violations(query, body, files)) for each in found), key=len)

    def tells(self, violation: Violation) -> bool:
        """Whether the answer to the operation has the member its request is said not to take, at that place."""
        return any(each.tells(violation.where) for each in self.operations.get(violation.operation, ()))

    def answer(self, method: str, path: str) -> tuple[int, Any] | None:
        """Status and example of what a path answers; of the file that says most of it where several do."""
        found = self.find(method, path)
        if not found:
            return None
        chosen = max(found, key=lambda each: len(each.query))
        return chosen.status, chosen.example()


def _operation(document: Any, method: str, path: str, members: Any) -> Operation:
    told = members[method]
    parameters: dict[str, Parameter] = {}
    files = told.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema", {})
    for each in (*members.get("parameters", ()), *told.get("parameters", ())):
        each = _at(document, each["$ref"]) if "$ref" in each else each
        if each["in"] == "query":
            schema, words = each.get("schema", {}), each.get("description", "")
            parameters[each["name"]] = Parameter(each["name"], schema, bool(each.get("required")), words)
    for name in (_at(document, files["$ref"]) if "$ref" in files else files).get("properties", {}):
        parameters[name] = Parameter(name, {}, False, "")
    status = next((each for each in told["responses"] if str(each).startswith("2")), "200")
    return Operation(
        method.upper(),
        PLACEHOLDER.sub("{}", path),
        tuple(parameters.values()),
        frozenset(scope for each in told.get("security", ()) for scopes in each.values() for scope in scopes),
        _json(told.get("requestBody")),
        _json(told["responses"].get(status)),
        int(status),
        document,
    )


def _json(holder: Any) -> Schema | None:
    return (holder or {}).get("content", {}).get("application/json", {}).get("schema")


def _at(document: Any, reference: str) -> Any:
    for name in reference.removeprefix("#/").split("/"):
        document = document[name]
    return document
