"""What a resource can do, told by its rows: for `/meta`, the coverage table and generated tools."""

from typing import TYPE_CHECKING, Any

from connectors.kit.actions import Action
from connectors.kit.mapping import (
    Beside,
    Coded,
    Computed,
    Field,
    Nested,
    Reference,
    Row,
    Table,
    Unmapped,
    When,
    Words,
)
from connectors.kit.placing import Placed
from unified_models.fields import mark_of, words_of

if TYPE_CHECKING:
    from connectors.kit.resource import Resource


def describe(resource: "Resource") -> dict[str, Any]:
    """Fields, filters, sort keys, actions, default status, scopes and the cost of each method in calls."""
    return {
        "resource": resource.name,
        "methods": sorted(resource.methods),
        "fields": fields(resource.table),
        "absent_in_lists": list(resource.absent),
        "filters": {name: sorted(ops) for name, ops in sorted(resource.filters.items())},
        "filter_calls": filter_calls(resource.table),
        "sort": sorted(resource.sorts),
        "search": resource.search is not None,
        "expansions": sorted(resource.expansions),
        "statuses": sorted(resource.statuses),
        "default_status": resource.default_status,
        "actions": {name: _action(action) for name, action in sorted(resource.actions.items())},
        "lists": sorted(resource.lists),
        "removable": sorted(resource.removable),
        "pdf": resource.pdf is not None,
        "scopes": dict(resource.scopes),
        "calls": calls(resource),
    }


def calls(resource: "Resource") -> dict[str, int]:
    """Provider calls of each method, action and list inside when no reference has to be looked up; lists: per page."""
    cost = dict.fromkeys(sorted(resource.methods), 1)
    if resource.repeats and "update" in cost:
        cost["update"] = 2
    return {**cost, **dict.fromkeys(sorted(resource.actions), 2), **dict.fromkeys(sorted(resource.lists), 1)}


def filter_calls(table: Table[Any]) -> dict[str, dict[str, int]]:
    """Filter → word → the lists it is made of, where one is not enough: provider calls of a first page."""
    found: dict[str, dict[str, int]] = {}
    for row in table.rows:
        for param in row.filters.values():
            if isinstance(param, Words):
                several = {
                    word: len(values)
                    for word, values in param.words.items()
                    if not isinstance(values, str) and len(values) > 1
                }
                found |= {row.unified: several} if several else {}
    return found


def fields(table: Table[Any]) -> dict[str, dict[str, Any]]:
    """Unified field → where it lives and what may be done with it."""
    return {row.unified: field(row, table) for row in table.rows}


def field(row: Row, table: Table[Any]) -> dict[str, Any]:
    if isinstance(row, Unmapped):
        return {"supported": False, "reason": row.why}
    info = table.model.model_fields[row.unified]
    words = words_of(table.model, row.unified)
    told: dict[str, Any] = {
        "supported": True,
        "description": info.description,
        "native": list(row.paths),
        "type": kind(row),
        "create": bool(row.write & When.CREATE),
        "update": bool(row.write & When.UPDATE),
        "required": mark_of(info) == "required" and bool(row.write & When.CREATE),
        "in_lists": not row.detail_only,
        "in_records": not row.list_only,
    }
    if isinstance(row, Field) and row.codec.words:
        told["values"] = sorted(set(row.codec.words.values()))
    elif words is not None:
        told["values"] = list(words.known)
    if isinstance(row, Reference | Coded) and row.to is not None:
        told["references"] = row.to.resource
        told["found_by"] = ["id", *row.to.keys] if isinstance(row, Reference) else [row.key]
    if isinstance(row, Nested):
        told["fields"] = fields(row.table)
        if row.is_list and row.write:
            told["patch"] = "complete" if row.complete else "merged by " + " or ".join(row.key)
    told["filters"] = [str(op) for op, param in row.filters.items() if not isinstance(param, Beside)]
    return told


def kind(row: Row) -> str:
    """What kind of value a row holds, in a word."""
    match row:
        case Placed():
            return row.codec.name
        case Reference():
            return "reference"
        case Nested():
            return "list" if row.is_list else "object"
        case Coded():
            return "code"
        case Computed():
            return "computed"
        case _:
            return row.codec.name


def _action(action: Action) -> dict[str, Any]:
    return {
        "description": action.doc,
        "fields": action.fields.model_json_schema() if action.fields is not None else None,
        "reaches_person": action.reaches_person,
        "allowed_from": sorted(action.allowed_from),
        "creates": [model.__name__ for model in action.creates],
    }
