"""Generated references: made from what a resource says of itself, put where their marks are."""

from dataclasses import dataclass
from typing import Any, cast

from app.commands.docs import inserted, told
from connectors.kit.connector import Connector

LINE = {
    "supported": True,
    "native": ["lines[].qty"],
    "type": "quantity",
    "create": True,
    "update": True,
    "in_lists": False,
}
DESCRIBED = {
    "calls": {"list": 1, "create": 1},
    "sort": ["number"],
    "expansions": [],
    "statuses": ["draft"],
    "filters": {"number": ["eq"]},
    "fields": {
        "number": {**LINE, "native": ["no"], "type": "text", "required": True, "in_lists": True},
        "line_items": {**LINE, "native": ["lines"], "type": "list", "fields": {"quantity": LINE}},
        "branch": {"supported": False, "reason": "has no | such thing"},
    },
}


@dataclass
class Told:
    def describe(self) -> dict[str, Any]:
        return DESCRIBED


@dataclass
class Source:
    resources: dict[tuple[str, str], Told]


def test_the_table() -> None:
    table = told(cast("Connector", Source({("accounting", "invoices"): Told()})))
    assert "## accounting/invoices" in table and "create (1), list (1)" in table
    assert "| `number` | `no` | text | required | yes | yes | eq |" in table
    assert "| `line_items.quantity` | `lines[].qty` | quantity | yes | yes |  |  |" in table
    assert "| `branch` | — | has no \\| such thing |" in table


def test_only_what_is_between_the_marks_changes() -> None:
    once = inserted("# A\n\nwords\n", "one\n")
    assert once.startswith("# A\n\nwords\n") and "one\n" in once
    again = inserted(once + "\nafter\n", "two\n")
    assert "one" not in again and "two\n" in again and again.endswith("\nafter\n")
    assert inserted(again, "two\n") == again
