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


def test_what_happens_meanwhile_can_be_dated_back(admin: httpx.Client, five: Caller) -> None:
    rows = {row["contact_name"]: row for row in five("GET", "/contacts").json()["contacts"]}
    calls = [
        {"method": "PUT", "path": f"/contacts/{rows['A.']['contact_id']}", "body": {"contact_name": "Z."}},
        {"method": "POST", "path": "/contacts", "body": {"contact_name": "F."}},
        {"method": "DELETE", "path": f"/contacts/{rows['B.']['contact_id']}"},
    ]
    details = {"kind": "meanwhile", "calls": calls, "late": 100, "path": "/contacts$"}
    admin.post("/faults", json=details).raise_for_status()
    assert page(five, 1) == ["A.", "B."]
    later = {row["contact_name"]: row for row in five("GET", "/contacts").json()["contacts"]}
    assert sorted(later) == ["C.", "D.", "E.", "F.", "Z."]
    when = "last_modified_time"
    assert later["Z."][when] < rows["A."][when]
    assert later["C."][when] == rows["C."][when], "untouched"


def test_pages_can_be_shorter_than_the_services(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    home = {"dc": "us", "name": "Short", "users": ["dana@us.example"], "seed": "empty", "page": 3}
    short, mine = admin.post("/organizations", json=home).json()["organization_id"], caller()
    for letter in "ABCDE":
        assert mine("POST", "/contacts", org=short, json={"contact_name": letter}).status_code == 201
    asked = [{"page": number, "per_page": "200"} for number in (1, 2)]
    told = [mine("GET", "/contacts", org=short, params=each).json() for each in asked]
    assert [len(each["contacts"]) for each in told] == [3, 2]
    assert [each["page_context"]["has_more_page"] for each in told] == [True, False]


def test_drift_is_not_a_call(admin: httpx.Client, five: Caller) -> None:
    admin.delete("/journal")
    admin.post("/faults", json={"kind": "insert_rows"}).raise_for_status()
    page(five, 1)
    assert [entry["fault"] for entry in admin.get("/journal").json()["calls"]] == ["insert_rows"]
