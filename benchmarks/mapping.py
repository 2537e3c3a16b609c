"""Processor time the connector takes to turn one native record into a unified one, per resource."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.upstream import ORGANIZATION, ledger
from connectors.kit.operations import Context
from connectors.kit.registry import load
from connectors.kit.resource import Resource
from sandbox.books import Books, Call

_ROUNDS = 15
_TIMES = 400
_LINES = 5


@dataclass(frozen=True, slots=True)
class Mapped:
    resource: str
    microseconds: float
    native_keys: int


def measure() -> list[Mapped]:
    """The median over rounds, per resource of the first connector that the sandbox has a record of."""
    books = ledger()
    context = Context(ORGANIZATION, datetime(2026, 6, 1, tzinfo=UTC), "UTC", "USD")
    found: list[Mapped] = []
    for (_, name), resource in sorted(load()[0].resources.items()):
        native = _native(books, resource)
        if native is None:
            continue
        resource.read(native, context)
        rounds: list[float] = []
        for _ in range(_ROUNDS):
            begin = time.process_time()
            for _ in range(_TIMES):
                resource.read(native, context)
            rounds.append((time.process_time() - begin) / _TIMES * 1_000_000)
        found.append(Mapped(name, median(rounds), len(native)))
    return found


def _native(books: Books, resource: Resource) -> dict[str, Any] | None:
    """A complete native record; a document gets exactly five lines."""

    def ask(path: str) -> dict[str, Any]:
        return books.handle(Call("GET", path, (), {}, None)).body or {}

    rows = ask(resource.path).get(resource.many) or []
    if not rows:
        return None
    native = ask(f"{resource.path}/{rows[0][resource.id_key]}").get(resource.one, rows[0])
    if native.get("line_items"):
        lines = native["line_items"]
        native = {**native, "line_items": [lines[n % len(lines)] for n in range(_LINES)]}
    return native
