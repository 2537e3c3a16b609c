"""The laws every mapping keeps, as functions from a resource and evidence to complaints; no complaint, no fault.

whole     every unified field is mapped or declared unmapped
seen      every native path is in a recording or the published specification, or says why not
quiet     recordings read without issues, and every value has the type its field promises
exact     a filter by a word asks for every native word that reads as it
get-put   writing back what was read changes nothing
put-get   what is written reads back as it was
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from connectors.kit.applied import same
from connectors.kit.mapping import (
    ALWAYS,
    Computed,
    Field,
    Native,
    Nested,
    Reference,
    Row,
    Table,
    Unmapped,
    When,
    Words,
)
from connectors.kit.operations import Context, Record
from connectors.kit.resource import GATEWAY_FIELDS, Resource
from connectors.kit.writing import Write, write
from unified_models.types import READING

if TYPE_CHECKING:
    from pydantic import BaseModel


def whole(resource: Resource) -> list[str]:
    """Fields no row speaks of."""
    return sorted(_missing(resource.table, resource.name, GATEWAY_FIELDS))


def _missing(table: Table[Any], at: str, filled: frozenset[str]) -> Iterator[str]:
    yield from (f"{at}.{name} is neither mapped nor unmapped" for name in table.missing if name not in filled)
    for row in table.rows:
        if isinstance(row, Nested):
            yield from _missing(row.table, f"{at}.{row.unified}", frozenset({"delete"}))


def paths(table: Table[Any], prefix: str = "") -> Iterator[str]:
    """Every native path a table reads or writes, list elements without their index."""
    for row in table.rows:
        if isinstance(row, Nested):
            yield from ([prefix + row.native] if row.native else [])
            yield from paths(row.table, f"{prefix}{row.native}." if row.native else prefix)
        else:
            yield from (prefix + path for path in row.paths)


def evidence(resource: Resource, recorded: Iterable[Native], published: frozenset[str]) -> dict[str, str]:
    """Native path → where it was seen: in a recording, or else in the specification. The rest nobody has seen.

    `published` holds the names the specification of the resource uses.
    """
    known: set[str] = set()
    for native in recorded:
        known |= set(_keys(native))
    found = {
        path: "recording" if path in known else "specification"
        for path in set(paths(resource.table))
        if path in known or path.rpartition(".")[2] in published
    }
    return dict(sorted(found.items()))


def seen(resource: Resource, recorded: Iterable[Native], published: frozenset[str]) -> list[str]:
    """Native paths nobody has seen, and nothing says why they are mapped."""
    found = evidence(resource, recorded, published)
    return sorted(
        f"{resource.name}: {path} is in no recording and no specification"
        for path in set(paths(resource.table)) - found.keys()
        if path not in resource.unseen
    )


def _keys(native: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(native, dict):
        for key, value in native.items():
            yield f"{prefix}{key}"
            yield from _keys(value, f"{prefix}{key}.")
    elif isinstance(native, list):
        for value in native:
            yield from _keys(value, prefix)


def quiet(resource: Resource, native: Native, ctx: Context, *, detail: bool) -> list[str]:
    """Issues and ill-typed values of one recording."""
    answer = resource.read(native, ctx, detail=detail)
    complaints = [f"{issue.code} {issue.pointer}: {issue.detail}" for issue in answer.issues]
    return complaints + _ill_typed(resource.model, answer.record)


def _ill_typed(model: "type[BaseModel]", record: Record) -> list[str]:
    try:
        model.model_validate(record, context=READING)
    except ValidationError as error:
        return [
            f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)
        ]
    return []


def exact(resource: Resource, words: Iterable[str], ctx: Context, more: Native | None = None) -> list[str]:
    """Native words that read as a unified word whose filter asks for none of their lists.

    `words` are tried where rows say what they are listed by; `more` is what else stands in those rows.
    """
    return sorted(
        {
            f"{name}={unified} asks for {list(param.values(unified))}, which miss {word!r}"
            for name, param in _worded(resource)
            for word in words
            for unified in [_read_as(resource, name, {param.native: word, **(more or {})}, ctx)]
            if unified != word
            and param.values(unified)
            and not any(param.lists(each, word) for each in param.values(unified))
        }
    )


def _worded(resource: Resource) -> Iterator[tuple[str, Words]]:
    for row in resource.table.rows:
        found = {id(param): param for param in row.filters.values() if isinstance(param, Words)}
        yield from ((row.unified, param) for param in found.values() if param.native)


def _read_as(resource: Resource, name: str, native: Native, ctx: Context) -> str:
    value = resource.read({resource.id_key: "1", **native}, ctx, detail=False).record.get(name)
    return str(value).lower() if isinstance(value, bool) else str(value)


def get_put(resource: Resource, native: Native, ctx: Context) -> list[str]:
    """What changes when a record's own writable values are written over it."""
    record = resource.read(native, ctx).record
    body = _writable(resource.table, record)
    task = Write(When.UPDATE, ctx, native)
    written = write(resource.table, body, task)
    complaints = [f"{each.code} {each.pointer}: {each.detail}" for each in task.errors]
    after = resource.read(_laid_over(native, written), ctx).record
    return complaints + _differences(body, after)


def put_get(resource: Resource, native: Native, ctx: Context) -> list[str]:
    """What a body made of a recording's values loses between being written and being read."""
    body = _writable(resource.table, resource.read(native, ctx).record)
    task = Write(When.ALWAYS, ctx)
    written = {resource.id_key: "1", **write(resource.table, body, task)}
    complaints = [f"{each.code} {each.pointer}: {each.detail}" for each in task.errors]
    return complaints + _differences(body, resource.read(written, ctx).record)


def _writable(table: Table[Any], record: Record) -> Record:
    """The set values of rows that are read where they are written."""
    body: Record = {}
    for row in table.rows:
        value = record.get(row.unified)
        if row.write != ALWAYS or value is None or value == [] or not _mirrors(row, value):
            continue
        if isinstance(row, Nested):
            parts = value if row.is_list else [value]
            kept = [{**_writable(row.table, each), **_ids(row, each)} for each in parts]
            body[row.unified] = kept if row.is_list else kept[0]
        elif isinstance(row, Reference):
            body[row.unified] = {"id": value["id"]}
        else:
            body[row.unified] = value
    return body


def _ids(row: Nested, element: Record) -> Record:
    return {key: element[key] for key in row.key if row.is_list and element.get(key) is not None}


def _mirrors(row: Row, value: Any) -> bool:
    match row:
        case Field():
            return row.writes in (None, row.native)
        case Reference():
            return row.writes in (None, row.native) and value.get("id") is not None
        case Computed():
            return _writes_what_it_reads(row, value)
        case Nested():
            return True
        case Unmapped() | _:
            return False


def _writes_what_it_reads(row: Computed, value: Any) -> bool:
    if row.put is None:
        return False
    written: Native = {}
    row.put(deepcopy(value), written, _ANYWHERE)
    return bool(written) and written.keys() <= set(row.uses)


def _laid_over(native: Native, written: Mapping[str, Any]) -> Native:
    """A partial update as providers make it: objects merge, everything else is replaced."""
    result = dict(native)
    for key, value in written.items():
        present = result.get(key)
        if isinstance(value, dict) and isinstance(present, dict):
            result[key] = _laid_over(present, value)
        elif isinstance(value, list) and isinstance(present, list) and len(value) == len(present):
            pairs = zip(present, value, strict=True)
            result[key] = [
                _laid_over(a, b) if isinstance(a, dict) and isinstance(b, dict) else b for a, b in pairs
            ]
        else:
            result[key] = value
    return result


def _differences(body: Record, after: Record) -> list[str]:
    return [
        f"{name}: {value!r} became {after.get(name)!r}"
        for name, value in body.items()
        if not _within(value, after.get(name))
    ]


def _within(sent: Any, got: Any) -> bool:
    """Equal in what was sent; the rest of an object is not looked at."""
    if isinstance(sent, dict) and isinstance(got, dict):
        return all(_within(value, got.get(name)) for name, value in sent.items())
    if isinstance(sent, list) and isinstance(got, list):
        return len(sent) == len(got) and all(_within(a, b) for a, b in zip(sent, got, strict=True))
    return same(sent, got)


_ANYWHERE = Context("1", datetime(2000, 1, 1, tzinfo=UTC))
