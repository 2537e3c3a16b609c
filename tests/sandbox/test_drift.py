"""Rows inserted and deleted while somebody pages."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .conftest import Caller


@pytest.fixture
def five(caller: Callable[..., Caller]) -> Caller:
    """A caller whose organisation has five contacts."""
    mine = caller()
    for letter in "ABCDE":
        assert mine("POST", "/contacts", json={"contact_name": f"{letter}."}).status_code == 201
    return mine


def page(caller: Caller, number: int) -> list[str]:
    params = {"page": str(number), "per_page": "2", "sort_column": "contact_name", "sort_order": "A"}
    answer: dict[str, Any] = caller("GET", "/contacts", params=params).json()
    return [row["contact_name"] for row in answer["contacts"]]


def test_deleted_rows_make_offset_pages_skip(admin: httpx.Client, five: Caller) -> None:
    details = {"kind": "delete_rows", "count": 1, "path": "/contacts$", "query": "page=1"}
    admin.post("/faults", json=details).raise_for_status()
    assert [page(five, number) for number in (1, 2, 3)] == [["A.", "B."], ["D.", "E."], []]


def test_inserted_rows_make_offset_pages_repeat(admin: httpx.Client, five: Caller) -> None:
    body = {"contact_name": "0."}
    admin.post("/faults", json={"kind": "insert_rows", "body": body}).raise_for_status()
    if [page(five, number) for number in (1, 2)] != [["A.", "B."], ["B.", "C."]]:
        pytest.fail("the new row did not push the others on")


@pytest.mark.parametrize(
    ("path", "key"),
    [("/contacts", "contacts"), ("/items", "items"), ("/invoices", "invoices"),
     ("/chartofaccounts", "chartofaccounts"), ("/settings/taxes", "taxes"),
     ("/customerpayments", "customerpayments")],
)  # fmt: skip
def test_default_rows(admin: httpx.Client, five: Caller, path: str, key: str) -> None:
    before = five("GET", path).json()[key]
    admin.post("/faults", json={"kind": "insert_rows", "count": 2}).raise_for_status()
    assert len(five("GET", path).json()[key]) == len(before)
    assert len(five("GET", path).json()[key]) == len(before) + 2


def test_drift_is_not_a_call(admin: httpx.Client, five: Caller) -> None:
    admin.delete("/journal")
    admin.post("/faults", json={"kind": "insert_rows"}).raise_for_status()
    page(five, 1)
    assert [entry["fault"] for entry in admin.get("/journal").json()["calls"]] == ["insert_rows"]
