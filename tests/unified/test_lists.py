import json
from typing import Any

import pytest

from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Request as Ask
from connectors.kit.operations import Page
from tests.unified.conftest import Invoices, read

pytestmark = pytest.mark.anyio


async def test_a_page_is_an_envelope_of_rows(world: Any) -> None:
    world.fill(3)
    answer = await world.ask("GET", "/invoices")
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["ratelimit-remaining"] == "97"
    assert {key: value for key, value in body.items() if key != "result"} == {
        "next_cursor": None,
        "prev_cursor": None,
        "result_count": 3,
        "limit": 100,
        "is_partial_response": True,
        "absent_fields": ["line_items", "memo"],
        "provider_calls": 1,
    }
    row = body["result"][0]
    assert row["issue_date"] == "2026-02-01"
    assert row["updated_at"] == "2026-03-01T12:00:00Z"
    assert row["remote_data"] == {"id": "1", "number": "INV-1"}
    assert row["is_partial"] is True
    assert "etag" not in row and "line_items" not in row
    assert '"total_amount":10.50' in answer.text


async def test_cursors_walk_every_record_once_and_back(world: Any) -> None:
    world.fill(25)
    seen: list[str] = []
    cursor, before = "", None
    while cursor is not None:
        body = (await world.ask("GET", "/invoices", f"limit=10&next_cursor={cursor}")).json()
        seen += [row["id"] for row in body["result"]]
        cursor, before = body["next_cursor"], body["prev_cursor"]
    assert seen == [str(number) for number in range(1, 26)]
    back = (await world.ask("GET", "/invoices", f"prev_cursor={before}")).json()
    assert [row["id"] for row in back["result"]] == seen[10:20]
    assert back["limit"] == 10


@pytest.mark.parametrize(
    "other",
    ["/invoices?integrated_account_id=acc_2", "/currencies?integrated_account_id=acc_1",
     "/invoices?integrated_account_id=acc_1&status=paid", "/invoices?integrated_account_id=acc_1&limit=9"],
)  # fmt: skip
async def test_a_cursor_fits_its_own_request_only(world: Any, other: str) -> None:
    world.fill(5)
    cursor = (await world.ask("GET", "/invoices", "limit=2")).json()["next_cursor"]
    answer = await world.client.get(f"/unified/accounting{other}&next_cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_the_limit_is_clamped_and_echoed(world: Any) -> None:
    assert (await world.ask("GET", "/invoices", "limit=5000")).json()["limit"] == 200


async def test_fields_are_chosen_and_left_out(world: Any) -> None:
    world.fill(1)
    chosen = (await world.ask("GET", "/invoices", "fields[]=id&fields[]=number")).json()["result"][0]
    assert chosen == {"id": "1", "number": "INV-1"}
    left = (
        await world.ask("GET", "/invoices", "truto_exclude_fields=number,contact&truto_ignore_remote_data=1")
    ).json()
    assert not {"number", "contact", "remote_data"} & set(left["result"][0])


async def test_raw_rows_are_the_providers(world: Any) -> None:
    world.fill(1)
    body = (await world.ask("GET", "/invoices", "truto_response_format=raw")).json()
    assert body["result"] == [{"id": "1", "number": "INV-1"}]


async def test_rows_by_key(world: Any) -> None:
    world.fill(2)
    body = (await world.ask("GET", "/invoices", "truto_key_by=number")).json()
    assert sorted(body["result"]) == ["INV-1", "INV-2"]
    assert body["result_count"] == 2
    refused = await world.ask("GET", "/invoices", "truto_key_by=contact")
    assert refused.json()["code"] == "parameter_invalid"


async def test_remote_query_reaches_the_provider_but_never_the_organisation(world: Any) -> None:
    await world.ask("GET", "/invoices", "remote_query[print]=1")
    assert ("print", "1") in world.provider.seen[0].query
    answer = await world.ask("GET", "/invoices", "remote_query[Organization_ID]=other")
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_reserved")
    assert len(world.provider.seen) == 1


async def test_a_stream_holds_all_pages(world: Any) -> None:
    world.fill(25)
    answer = await world.ask("GET", "/invoices", "truto_response_format=stream&limit=10")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["id"] for row in rows] == [str(number) for number in range(1, 26)]
    assert len(world.provider.seen) == 3


async def test_a_stream_that_breaks_says_so_in_its_last_line(world: Any) -> None:
    world.fill(25)
    world.provider.fail = lambda ask: Fault(Kind.UNAVAILABLE, 503) if ("start", "10") in ask.query else None
    answer = await world.ask("GET", "/invoices", "truto_response_format=stream&limit=10")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.status_code == 200 and len(lines) == 11
    assert lines[-1]["error"]["code"] == "upstream_error"


async def test_a_stream_whose_pages_do_not_advance_ends(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(_self: Any, query: Any, ctx: Any) -> Any:
        yield Ask("GET", "/invoices", query=(("start", "0"), ("size", str(query.limit))))
        return Page([read({"id": "1"}, complete=False)], next={"start": 0})

    monkeypatch.setattr(Invoices, "list", stuck)
    answer = await world.ask("GET", "/invoices", "truto_response_format=stream&limit=10")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line.get("id") for line in lines] == ["1", "1", None]  # the page it began at, and once the same
    assert lines[-1]["error"]["code"] == "upstream_paging_stuck"
    assert len(world.provider.seen) == 2


async def test_a_stream_that_fails_at_once_is_a_plain_problem(world: Any) -> None:
    world.provider.fail = lambda ask: Fault(Kind.MINUTE, 429)
    answer = await world.ask("GET", "/invoices", "truto_response_format=stream")
    assert (answer.status_code, answer.json()["code"]) == (429, "provider_rate_limited")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limt=5", 422, "unknown_parameter"),
        ("limit=5&limit=6", 400, "duplicate_parameter"),
        ("limit=zero", 400, "parameter_invalid"),
        ("memo=x", 422, "unsupported_filter"),
        ("next_cursor=forged", 400, "invalid_cursor"),
        ("truto_response_format=normalized", 400, "parameter_invalid"),
    ],
)
async def test_a_bad_query_reaches_no_provider(world: Any, query: str, status: int, code: str) -> None:
    answer = await world.ask("GET", "/invoices", query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert world.provider.seen == []


async def test_the_paths_own_side_may_be_named(world: Any) -> None:
    world.fill(1)
    assert (await world.ask("GET", "/invoices", "type=invoice")).json()["result_count"] == 1
    other = await world.ask("GET", "/invoices", "type=bill")
    assert (other.status_code, other.json()["code"], other.json()["allowed"]) == (
        422,
        "unsupported_filter",
        ["invoice"],
    )
    assert len(world.provider.seen) == 1
