"""Who may carry a write out, when several processes are asked at once."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from app.core.clock import Clock
from app.core.database import Database
from app.models import Environment
from app.unified.changes import Change
from app.unified.shelf import WriteShelf

pytestmark = pytest.mark.anyio


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
        resource=SimpleNamespace(name="invoices", actions={}),
        run=SimpleNamespace(request_id="req_1", source_event=None),
    )


async def test_of_all_who_claim_a_key_one_gets_it(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    await databases[0].migrate()
    clock = Clock()
    async with databases[0].write() as session:
        session.add(Environment(id="env_1", name="shop", mode="test", created_at=clock.now()))
    change = Change("create", None, {}, {"a": 1})
    vault: Any = None
    claims = [WriteShelf(databases[n % 4], vault, clock).claim(call(), change, "order-1") for n in range(24)]
    found = await asyncio.gather(*claims)
    for database in databases:
        await database.close()
    assert sum(is_new for _, is_new in found) == 1
    assert len({intent.id for intent, _ in found}) == 1
