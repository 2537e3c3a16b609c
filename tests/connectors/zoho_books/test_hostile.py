"""Whatever stands in a record, reading it ends: with a record, perhaps with issues, or with a garbled answer."""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.faults import Fault
from connectors.zoho_books import CONNECTOR
from tests.support.scripted import CONTEXT

NONSENSE: tuple[Any, ...] = (
    None, "", 0, 1, True, "x", [], {}, [1], [None], [{}], [[]], {"a": 1}, Decimal("1.5"), "\u202e\x00", "-1", "1e999",
)  # fmt: skip

KINDS = {
    "estimates": ("estimates.get", "estimate"),
    "expenses": ("expenses.get", "expense"),
    "invoices": ("invoices.get", "invoice"),
    "journal_entries": ("journals.get", "journal"),
    "sales_orders": ("salesorders.webhook", "salesorder"),
}


def native(specs: Path, file: str, key: str) -> dict[str, Any]:
    told = json.loads((specs / f"zoho-books-recordings/{file}.1.json").read_text(), parse_float=Decimal)
    body = told["response"]["body"] if "response" in told else told["request"]["json"]
    return body[key]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value; of lists the first element."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield (*at, key)
            yield from places(member, (*at, key))
    elif isinstance(value, list) and value:
        yield (*at, 0)
        yield from places(value[0], (*at, 0))


@pytest.mark.parametrize("name", KINDS)
def test_reading_survives_nonsense_anywhere(specs: Path, name: str) -> None:
    whole = native(specs, *KINDS[name])
    resource = CONNECTOR.resources["accounting", name]
    garbled = 0
    for place in places(whole):
        for value in NONSENSE:
            changed = deepcopy(whole)
            inner: Any = changed
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = value
            for detail in (True, False):
                try:
                    record = resource.read(changed, CONTEXT, detail=detail).record
                except Fault:
                    garbled += 1
                else:
                    assert record["id"]
    assert garbled, "a record without a readable id is none"
