"""Generated references: made from what a resource says of itself, and where its paths were seen."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from app.commands import docs
from connectors.kit.connector import Connector

LINE = {
    "supported": True,
    "native": ["qty"],
    "type": "quantity",
    "create": True,
    "update": True,
    "in_lists": False,
    "in_records": True,
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
    path: str = "/lines"

    @property
    def parts(self) -> "tuple[Told, ...]":
        return (self,)

    def describe(self) -> dict[str, Any]:
        return DESCRIBED


@dataclass
class Source:
    resources: dict[tuple[str, str], Told]
    name: str = "ledger"
    label: str = "Ledger"


def test_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    stated = {"/lines": {"no": "recording", "lines": "specification"}}
    monkeypatch.setattr(docs, "evidence_of", lambda connector: stated)
    table = docs.told(cast("Connector", Source({("accounting", "invoices"): Told()})))
    assert "### accounting/invoices" in table and "`create` (1), `list` (1)" in table
    assert "| `number` | `no` | text | yes | yes | required | yes | eq | yes | recording |" in table
    assert "| `line_items` | `lines` | list |  | yes | yes | yes |  |  | specification |" in table
    assert "| `line_items.quantity` | `qty` | quantity |  | yes | yes | yes |  |  | sandbox only |" in table
    assert "| `branch` | — | has no \\| such thing |" in table


def test_where_nothing_is_stated_nothing_was_seen() -> None:
    source = cast("Connector", Source({("accounting", "invoices"): Told()}, name="kit"))
    assert docs.evidence_of(source) == {}
    assert "recording" not in docs.told(source)
