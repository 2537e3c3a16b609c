import asyncio
from typing import Any

import pytest

from app.writes.supervised import supervisor

pytestmark = pytest.mark.anyio

NEW = {"contact": {"id": "7"}, "line_items": [{"name": "Tea", "unit_price": "2.50"}]}


def writes(world: Any) -> list[str]:
    return [ask.method for ask in world.provider.seen if not ask.is_read]


async def test_a_created_record_is_answered_bare(world: Any) -> None:
    answer = await world.ask("POST", "/invoices", json={**NEW, "number": "A-1"})
    assert answer.status_code == 201
    assert answer.headers["ledgerway-outcome"] == "created"
    assert answer.headers["etag"] == f'"{answer.json()["etag"]}"'
    assert answer.json()["number"] == "A-1"
    assert "issues" not in answer.json()


async def test_issues_stand_in_the_record(world: Any) -> None:
    body = (await world.ask("POST", "/invoices", json={**NEW, "terms": "30 days"})).json()
    assert body["issues"] == [{"code": "not_applied", "pointer": "/terms", "detail": "terms were ignored"}]


async def test_a_body_as_plain_text_is_read(world: Any) -> None:
    answer = await world.ask(
        "POST", "/invoices", json=NEW, headers={"Content-Type": "text/plain;charset=UTF-8"}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"contact": "7"}, 422, "validation_failed", "required"),
        ({**NEW, "totl": 1}, 422, "validation_failed", "unknown_field"),
        ({**NEW, "memo": "refuse"}, 422, "unsupported_field", "unsupported_field"),
        ({**NEW, "number": "taken"}, 409, "already_exists", None),
    ],
)
async def test_nothing_is_sent_for_a_body_that_cannot_be(
    world: Any, body: Any, status: int, code: str, field: str | None
) -> None:
    answer = await world.ask("POST", "/invoices", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [error["code"] for error in answer.json().get("errors", [])] == ([field] if field else [])
    assert writes(world) == []


async def test_a_conflict_carries_what_it_is_about(world: Any) -> None:
    body = (await world.ask("POST", "/invoices", json={**NEW, "number": "taken"})).json()
    assert body["existing"] == {"resource": "invoices", "id": "1"}


async def test_changing_and_removing(world: Any) -> None:
    world.fill(1)
    changed = await world.ask("PATCH", "/invoices/1", json={"memo": "hello"})
    assert (changed.status_code, changed.json()["memo"]) == (200, "hello")
    assert changed.headers["ledgerway-outcome"] == "updated"
    refused = await world.ask("PATCH", "/invoices/1", json={"line_items": NEW["line_items"]})
    assert refused.json()["code"] == "would_remove_lines"
    again = await world.ask(
        "PATCH", "/invoices/1", "replace_lines=true", json={"line_items": NEW["line_items"]}
    )
    assert again.status_code == 200
    gone = await world.ask("DELETE", "/invoices/1")
    assert (gone.status_code, gone.json()) == (200, {"id": "1"})
    assert gone.headers["ledgerway-outcome"] == "deleted"


async def test_an_action_takes_no_body_it_does_not_know(world: Any) -> None:
    world.fill(1)
    assert (await world.ask("POST", "/invoices/1/authorise")).json()["status"] == "authorised"
    refused = await world.ask("POST", "/invoices/1/authorise", json={"x": 1})
    assert refused.json()["errors"][0]["pointer"] == "/x"


async def test_a_write_meets_the_version_it_was_meant_for(world: Any) -> None:
    world.fill(1)
    etag = (await world.ask("GET", "/invoices/1")).headers["etag"]
    assert (
        await world.ask("PATCH", "/invoices/1", json={"memo": "a"}, headers={"If-Match": etag})
    ).status_code == 200
    for method in ("PATCH", "DELETE"):
        late = await world.ask(method, "/invoices/1", json={"memo": "b"}, headers={"If-Match": etag})
        assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
        assert late.headers["etag"] != etag
    assert world.provider.rows["1"]["memo"] == "a"
    assert (await world.ask("DELETE", "/invoices/1", headers={"If-Match": "*"})).status_code == 200


async def test_a_preview_sends_reads_and_shows_the_write(world: Any) -> None:
    body = (await world.ask("POST", "/invoices", "preview=true", json={**NEW, "number": "A-1"})).json()
    assert [(step["step"], step["method"], step["sent"]) for step in body["steps"]] == [
        (1, "GET", True),
        (2, "POST", False),
    ]
    assert body["steps"][1]["body"]["number"] == "A-1"
    assert body["steps"][1]["purpose"] == "create the invoice"
    assert writes(world) == [] and world.provider.rows == {}


async def test_a_write_outlives_its_client(world: Any) -> None:
    world.provider.hold = asyncio.Event()
    request = asyncio.create_task(world.ask("POST", "/invoices", json=NEW))
    while not world.provider.seen:
        await asyncio.sleep(0)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert world.provider.rows == {}
    world.provider.hold.set()
    assert await supervisor(world.app).drain(5.0) == 0
    assert len(world.provider.rows) == 1


async def test_what_was_not_asked_for_is_not_ignored(world: Any) -> None:
    for query in ("match=email", "preview_tokn=x", "replace_lines=true"):
        answer = await world.ask("POST", "/invoices", query, json=NEW)
        assert answer.json()["code"] == "unknown_parameter", query
    assert world.provider.seen == []
