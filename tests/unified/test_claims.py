"""Who may carry a write out, when several processes are asked at once."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.models import Environment
from app.unified.changes import Change
from app.unified.shelf import WriteShelf
from app.writes import turns

pytestmark = pytest.mark.anyio

OTHERS = [f"order-{number}" for number in range(12)]


def resource() -> Any:
    email = SimpleNamespace(reaches_person=True)
    found = SimpleNamespace(
        name="invoices", path="/invoices", by=None, also_named=False, methods=(), actions={"email": email}
    )
    found.on = lambda side: found
    return found


def call() -> Any:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/unified/accounting/invoices",
        "query_string": b"",
        "headers": [(b"idempotency-key", b"order-1")],
    }
    return SimpleNamespace(
        request=Request(scope),
        principal=SimpleNamespace(key_id="key_1", mode="test"),
        account=SimpleNamespace(id="acc_1", environment_id="env_1", tenant_id="t"),
        model="accounting",
        resource=resource(),
        run=SimpleNamespace(request_id="req_1", source_event=None),
    )


@pytest.fixture
async def at_once(database_url: str) -> AsyncIterator[Any]:
    """Claims of a change at the same moment in four processes; `keys` are those of the callers."""
    databases = [Database(database_url) for _ in range(4)]
    await databases[0].migrate()
    clock = Clock()
    async with databases[0].write() as session:
        session.add(Environment(id="env_1", name="shop", mode="test", created_at=clock.now()))
    vault: Any = None

    async def run(change: Change, keys: list[str | None]) -> list[Any]:
        shelves = [WriteShelf(each, vault, clock) for each in databases]
        claims = [shelves[n % 4].claim(call(), change, key) for n, key in enumerate(keys)]
        return await asyncio.gather(*claims, return_exceptions=True)

    yield run
    for database in databases:
        await database.close()


def refused(found: list[Any]) -> list[str]:
    return [each.code for each in found if isinstance(each, Problem)]


async def test_of_all_who_claim_a_key_one_gets_it(at_once: Any) -> None:
    found = await at_once(Change("create", None, {}, {"a": 1}), ["order-1"] * 24)
    assert sum(is_new for _, is_new in found) == 1
    assert len({intent.id for intent, _ in found}) == 1


async def test_of_all_who_claim_a_document_one_gets_it(at_once: Any) -> None:
    body = {"reference": "order-9", "contact": {"id": "7"}, "total_amount": Decimal(5)}
    found = await at_once(Change("create", None, body, {}), OTHERS)
    assert refused(found) == ["possible_duplicate"] * 11


async def test_of_all_who_claim_a_mail_one_gets_it(at_once: Any) -> None:
    found = await at_once(Change("email", "1", {}, {}), [None] * 12)
    assert refused(found) == ["possible_duplicate"] * 11


async def test_of_all_who_claim_a_record_one_has_the_turn(at_once: Any) -> None:
    found = await at_once(Change("update", "1", {}, {}), OTHERS)
    assert [turns.has(intent) for intent, _ in found].count(True) == 1
