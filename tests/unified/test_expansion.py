"""Rows made whole: within a budget, row by row, once per record."""

from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind

pytestmark = pytest.mark.anyio

BOTH = "expand[]=line_items&expand[]=contact"


def fill(world: Any, contacts: str) -> None:
    """One invoice per letter, whose contact it is."""
    for number, contact in enumerate(contacts, 1):
        world.provider.rows[str(number)] = {"id": str(number), "number": f"INV-{number}", "contact": contact}


async def test_expansion_completes_the_first_rows_within_its_budget(world: Any) -> None:
    world.fill(5)
    body = (await world.ask("GET", "/invoices", "expand[]=line_items&max_calls=3")).json()
    assert [row["is_partial"] for row in body["result"]] == [False, False, False, True, True]
    assert body["result"][0]["line_items"] == [{"name": "Tea", "quantity": 2}]
    assert "etag" in body["result"][0]
    assert (body["provider_calls"], body["is_partial_response"]) == (4, True)
    full = (await world.ask("GET", "/invoices", "expand=line_items")).json()
    assert full["is_partial_response"] is False and "absent_fields" not in full


async def test_a_row_that_cannot_be_expanded_stays_with_an_issue(world: Any) -> None:
    world.fill(3)
    world.provider.fail = lambda ask: Fault(Kind.NOT_FOUND, 404) if ask.path == "/invoices/2" else None
    body = (await world.ask("GET", "/invoices", "expand=line_items")).json()
    assert [row["is_partial"] for row in body["result"]] == [False, True, False]
    assert [(issue["code"], issue["pointer"]) for issue in body["issues"]] == [
        ("expansion_failed", "/result/1")
    ]


async def test_expansion_stops_asking_a_provider_that_is_out_of_budget(world: Any) -> None:
    world.fill(60)
    world.provider.fail = lambda ask: Fault(Kind.MINUTE, 429) if ask.path != "/invoices" else None
    body = (await world.ask("GET", "/invoices", "expand=line_items&max_calls=60")).json()
    assert body["result_count"] == 60
    assert body["provider_calls"] <= 1 + 8


async def test_a_row_gets_all_that_was_asked_for_or_stays_partial(world: Any) -> None:
    """Two calls for the first row, one for the second, whose contact is known; the third would need two."""
    fill(world, "aabca")
    body = (await world.ask("GET", "/invoices", f"{BOTH}&max_calls=4")).json()
    assert [row["is_partial"] for row in body["result"]] == [False, False, True, True, False]
    whole = [("line_items" in row, "website" in row["contact"]) for row in body["result"]]
    assert whole == [(True, True), (True, True), (False, False), (False, False), (True, True)]
    assert (body["provider_calls"], body["is_partial_response"]) == (1 + 4, True)


async def test_a_record_that_many_rows_name_is_read_once(world: Any) -> None:
    fill(world, "aabba")
    body = (await world.ask("GET", "/invoices", "expand=contact")).json()
    assert all(row["contact"]["website"] for row in body["result"])
    assert sorted(ask.path for ask in world.provider.seen) == ["/contacts/a", "/contacts/b", "/invoices"]


async def test_what_is_shown_in_place_of_a_reference_is_not_in_the_etag(world: Any) -> None:
    fill(world, "a")
    row = (await world.ask("GET", "/invoices", BOTH)).json()["result"][0]
    assert row["contact"]["website"]
    assert row["etag"] == (await world.ask("GET", "/invoices/1")).json()["etag"]


async def test_a_reference_that_cannot_be_read_leaves_its_rows_partial(world: Any) -> None:
    fill(world, "ab")
    world.provider.fail = lambda ask: Fault(Kind.NOT_FOUND, 404) if ask.path == "/contacts/b" else None
    body = (await world.ask("GET", "/invoices", BOTH)).json()
    assert [row["is_partial"] for row in body["result"]] == [False, True]
    assert body["result"][1]["contact"] == {"id": "b", "name": "Acme", "type": "customer"}
    assert [(issue["code"], issue["pointer"]) for issue in body["issues"]] == [
        ("expansion_failed", "/result/1/contact")
    ]


async def test_a_key_that_may_not_read_contacts_cannot_expand_them(world: Any) -> None:
    fill(world, "a")
    world.scopes.clear()
    world.scopes.add("accounting.invoices:read")
    assert (await world.ask("GET", "/invoices", "expand=line_items")).status_code == 200
    world.provider.seen.clear()
    answer = await world.ask("GET", "/invoices", "expand=contact")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert world.provider.seen == []


async def test_a_stream_spends_one_budget_over_all_its_pages(world: Any) -> None:
    world.fill(25)
    answer = await world.ask(
        "GET", "/invoices", "truto_response_format=stream&limit=10&expand=line_items&max_calls=12"
    )
    partial = ['"is_partial":true' in line for line in answer.text.splitlines()]
    assert partial == [False] * 12 + [True] * 13
