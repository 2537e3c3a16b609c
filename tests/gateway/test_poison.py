"""A value nobody can read costs that value: the page it stands in is read, and nothing of it is passed on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.core import json
from app.core.errors import Problem
from app.gateway.records import record_of
from connectors.kit.http import Request
from connectors.kit.operations import ListQuery, Page
from connectors.zoho_books import invoices
from tests.gateway.house import house, sqlite_url
from tests.support.scripted import CONTEXT
from tests.support.wire import answer

GOOD = b'{"invoice_id": "1", "invoice_number": "A", "total": 1.50, "balance": 1.50}'
POISON: list[tuple[bytes, str, Any]] = [
    (b'"total": NaN', "total_amount", None),
    (b'"total": -Infinity', "total_amount", None),
    (b'"total": 1e999', "total_amount", None),
    (b'"invoice_number": "\\ud83d!"', "number", "\ufffd!"),
    (b'"invoice_number": "Caf\xe9"', "number", "Caf\ufffd"),
]


def page(poison: bytes) -> bytes:
    return b'{"code": 0, "invoices": [%s, {"invoice_id": "2", %s}]}' % (GOOD, poison)


@pytest.mark.parametrize(("poison", "field", "read"), POISON)
def test_a_page_with_a_poisoned_row_is_read(tmp_path: Path, poison: bytes, field: str, read: Any) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answer(200, page(poison))
            found: Page = await home.gateway.perform(home.run(), invoices.RESOURCE.list(ListQuery(), CONTEXT))
            assert len(home.twin.calls) == 1
            good, bad = found.answers
            assert good.record["number"] == "A" and good.issues == []
            assert bad.record["id"] == "2" and bad.record[field] == read
            [issue] = bad.issues
            assert (issue.code, issue.pointer) == ("unreadable", f"/{field}")
            for each in found.answers:
                shown = json.encode(record_of(each, invoices.RESOURCE.model))
                assert json.parse(shown)["remote_data"]["invoice_id"] == each.record["id"]

    asyncio.run(run())


def test_a_text_with_a_bare_control_character_is_read_as_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answer(200, b'{"code": 0, "notes": "a\tb"}')
            assert (await home.ask()).body["notes"] == "a\tb"

    asyncio.run(run())


@pytest.mark.parametrize("body", [b'{"code": 0, "notes": NaN', b"{'code': 0}", b'{"code": NaN}', b"NaN"])
def test_an_answer_that_is_none_stays_one(tmp_path: Path, body: bytes) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: answer(200, body)
            with pytest.raises(Problem) as caught:
                await home.ask(Request("GET", "/invoices"))
            assert caught.value.code == "upstream_invalid_response"

    asyncio.run(run())
