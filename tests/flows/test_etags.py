"""The etag of a create is the record's: the read after it has the same, and a change may rest on it."""

from collections.abc import Callable

import pytest

from tests.flows.company import Company
from tests.flows.records import BODIES, CHANGES, furnish, made

TOLD_IN_PART = {"accounts"}
"""Resources whose answer to a write lacks what a read tells: those have no etag."""


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return furnish(connected(seed="empty"))


@pytest.mark.parametrize("name", sorted(BODIES))
def test_what_was_made_has_the_etag_of_what_is_read(company: Company, name: str) -> None:
    record = made(company, name)
    path = f"{name}/{record['id']}"
    read = company.get(path)
    assert (record["is_partial"], "etag" in record) == (
        (True, False) if name in TOLD_IN_PART else (False, True)
    )
    assert read["is_partial"] is False and record.get("etag", read["etag"]) == read["etag"]
    if "update" not in company.get(f"{name}/meta")["methods"]:
        return
    change = CHANGES.get(name, {"reference": "R-2"})
    expected = {"If-Match": f'"{read["etag"]}"'}
    changed = company.call("PATCH", path, json=change, headers=expected)
    assert changed.status_code == 200, changed.text
    told = changed.json()
    read = company.get(path)
    assert (told.get("etag", read["etag"]), "etag" in told) == (read["etag"], not told["is_partial"])
    company.refused("PATCH", path, 412, "version_conflict", json=change, headers=expected, reads=2)
