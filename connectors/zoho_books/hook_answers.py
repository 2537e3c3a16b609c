"""What the settings API answers about webhooks and workflows, read leniently: only its arguments are published."""

from dataclasses import replace
from typing import Any

from connectors.kit.http import Flow, Json
from connectors.kit.paging import Batch, object_of, rows_of


def id_of(body: Json, kind: str) -> str | None:
    """The id of the "webhook" or "workflow" an answer or a row is about, wherever it keeps it."""
    data = object_of(body, "data")
    for place in (object_of(body, kind), object_of(data, kind), data, body):
        for key in (f"{kind}_id", "id"):
            value = place.get(key) if isinstance(place, dict) else None
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
                return str(value).strip()
    return None


def usual(page: Flow[Batch], kind: str) -> Flow[Batch]:
    """A page of a list that is told its answer under the names other lists use. Fault(GARBLED) without a list."""
    reply = yield next(page)
    told = reply.body if isinstance(reply.body, dict) else {}
    rows = [_named(row, kind) for row in _rows(reply.body, kind)]
    try:
        page.send(replace(reply, body={**told, f"{kind}s": rows}))
    except StopIteration as stop:
        batch: Batch = stop.value
        return batch
    raise AssertionError("a page is one call")


def _rows(body: Json, kind: str) -> list[dict[str, Any]]:
    """Under a name that says so, or under `data`."""
    for place in (body, object_of(body, "data")):
        for name, value in place.items() if isinstance(place, dict) else ():
            if isinstance(value, list) and (name == "data" or kind in name):
                return [row for row in value if isinstance(row, dict)]
    return rows_of(body, f"{kind}s")


def _named(row: dict[str, Any], kind: str) -> dict[str, Any]:
    name = row.get(f"{kind}_name") or row.get("name") or ""
    return {**row, f"{kind}_id": id_of(row, kind) or "", f"{kind}_name": str(name)}
