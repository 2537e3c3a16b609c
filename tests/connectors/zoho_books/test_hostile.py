"""Whatever stands in a record, reading it ends: with a record, perhaps with issues, or with a garbled answer."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.faults import Fault
from connectors.zoho_books import CONNECTOR
from tests.conformance.test_lenient import changed, places
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


@pytest.mark.parametrize("name", KINDS)
def test_reading_survives_nonsense_anywhere(specs: Path, name: str) -> None:
    whole = native(specs, *KINDS[name])
    resource = CONNECTOR.resources["accounting", name]
    garbled = 0
    for place in places(whole):
        for value in NONSENSE:
            for detail in (True, False):
                try:
                    record = resource.read(changed(whole, place, value), CONTEXT, detail=detail).record
                except Fault:
                    garbled += 1
                else:
                    assert record["id"]
    assert garbled, "a record without a readable id is none"
