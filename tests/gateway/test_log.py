"""`/log` and `/integrated-account/{id}/quota`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.core import error_answers
from app.core.clock import Clock
from app.core.cursor import Cursors
from app.core.errors import Problem
from app.core.rates import Rates
from app.gateway.api import router
from app.gateway.runs import Meter, RawCall
from app.keys.access import Access
from app.keys.audit import Actor
from app.keys.schemas import ApiKeyRequest
from app.keys.service import Keys
from app.models import CallLog, Environment
from connectors.kit.http import Request
from tests.gateway.house import House, Hurried, count, day_is_spent, house, said, sqlite_url, until


@asynccontextmanager
async def served(home: House) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    error_answers.install(app)
    app.include_router(router)
    access = Access(home.database, home.ring, Clock())
    app.state.database, app.state.accounts, app.state.gateway = home.database, home.accounts, home.gateway
    app.state.rates = Rates(Clock(), None, None)
    app.state.access, app.state.clock, app.state.cursors = access, Clock(), Cursors(lambda: [b"k" * 32])
    try:
        yield app
    finally:
        await access.settle()


async def client(app: FastAPI, home: House, environment: str = "test", **wanted: Any) -> httpx.AsyncClient:
    keys = Keys(home.database, home.ring, Clock())
    request = ApiKeyRequest.model_validate(wanted)
    _, made = await keys.create_for(environment, "test", request, Actor("cli", "test"))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {made.secret.reveal().decode()}"},
    )


async def scene(home: House) -> None:
    """Three calls of acc_1 (good, missing, unknown outcome) and one of acc_2."""
    await home.ask(meter=Meter(record_id="460", result_count=7), source_event="evt_9")
    home.twin.api = lambda _s, _w: said(1002, 404)
    for request in (Request("GET", "/invoices/9"), Request("POST", "/invoices", body={})):
        home.twin.api = (
            (lambda _s, _w: said(1002, 404)) if request.is_read else (lambda _s, _w: said(1000, 500))
        )
        with pytest.raises(Problem):
            await home.ask(request)
    home.twin.api = lambda _s, _w: said()
    other = await home.accounts.load("env_1", "acc_2")
    await home.forward(RawCall("DELETE", "/contacts/5", "secret=1"), account=other)
    await home.log()


def test_entries_tell_what_happened(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url, accounts=2) as home, served(home) as app:
            await scene(home)
            async with await client(app, home) as api:
                rows = (await api.get("/log")).json()["result"]
                assert [row["native_path"] for row in rows] == [
                    "/contacts/5",
                    "/invoices",
                    "/invoices/9",
                    "/invoices",
                ]
                assert [row["error"] for row in rows] == [None, "outcome_unknown", "not_found", None]
                assert [row["retry_is_safe"] for row in rows] == [None, False, True, None]
                assert [row["executed"] for row in rows] == [None, "unknown", "no", "yes"]
                first = rows[-1]
                assert (first["record_id"], first["result_count"], first["source_event"]) == (
                    "460",
                    7,
                    "evt_9",
                )
                assert (first["integrated_account_id"], first["tenant_id"]) == ("acc_1", "tenant_1")
                assert (rows[1]["provider_status"], rows[1]["provider_code"]) == (500, "1000")
                assert "secret" not in str(rows)

    asyncio.run(run())


def test_filters_and_pages(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path), accounts=2) as home, served(home) as app:
            await scene(home)
            soon = (Clock().now() + timedelta(hours=1)).isoformat()
            async with await client(app, home) as api:

                async def found(**given: str) -> int:
                    answer = await api.get("/log", params=given)
                    assert answer.status_code == 200, answer.text
                    return len(answer.json()["result"])

                assert await found(integrated_account_id="acc_1") == 3
                assert await found(tenant_id="tenant_2") == 1
                assert await found(resource="accounting/invoices") == 4
                assert await found(resource="proxy") == 0
                assert await found(status="404") == 1
                assert await found(status="5xx") == 1
                assert await found(error="any") == 2
                assert await found(error="not_found") == 1
                assert await found(source_event="evt_9") == 1
                assert await found(record_id="460") == 1
                assert await found(**{"created_at[gte]": soon}) == 0
                assert await found(**{"created_at[lt]": soon}) == 4
                seen: list[str] = []
                cursor: str | None = ""
                while cursor is not None:
                    page = (await api.get("/log", params={"limit": "3", "next_cursor": cursor})).json()
                    seen += [row["id"] for row in page["result"]]
                    cursor = page["next_cursor"]
                assert len(seen) == len(set(seen)) == 4
                for bad, code in (
                    ({"status": "9xx"}, "parameter_invalid"),
                    ({"created_at[lt]": "2026-01-01T00:00:00"}, "parameter_invalid"),
                    ({"acount": "x"}, "unknown_parameter"),
                    ({"next_cursor": "nonsense"}, "invalid_cursor"),
                ):
                    assert (await api.get("/log", params=bad)).json()["code"] == code

    asyncio.run(run())


def test_keys_see_their_own(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path), accounts=2) as home, served(home) as app:
            await scene(home)
            async with home.database.write() as session:
                session.add(Environment(id="env_2", name="other", mode="test", created_at=Clock().now()))
            async with await client(app, home, "other") as api:
                assert (await api.get("/log")).json()["result"] == []
                assert (await api.get("/integrated-account/acc_1/quota")).status_code == 404
            async with await client(app, home, integrated_account_ids=["acc_2"]) as api:
                assert len((await api.get("/log")).json()["result"]) == 1
                assert (await api.get("/integrated-account/acc_1/quota")).status_code == 404
            async with await client(app, home, scopes=["connections:read"]) as api:
                assert (await api.get("/log")).json()["code"] == "insufficient_scope"

    asyncio.run(run())


def test_quota_tells_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noon = Clock().now().replace(hour=12) - Clock().now()  # in the day's last ten minutes less of it is left
    monkeypatch.setattr(Hurried, "now", lambda self: Clock.now(self) + noon)

    async def run() -> None:
        limits = {"minute": 100, "concurrent": 8, "day": 1000}
        async with house(sqlite_url(tmp_path), limits=limits) as home, served(home) as app:
            await asyncio.gather(*(home.ask() for _ in range(3)))
            async with await client(app, home) as api:
                quota = (await api.get("/integrated-account/acc_1/quota")).json()
                assert (quota["minute"]["limit"], quota["minute"]["remaining"]) == (100, 95)
                assert (quota["day"]["limit"], quota["day"]["remaining"]) == (1000, 997)
                assert quota["concurrent"]["limit"] == 8
                assert quota["closed"] is None
                assert quota["forecast"] is None
                asked = (await api.get("/integrated-account/acc_1/quota?calls=3400")).json()["forecast"]
                assert (asked["calls"], asked["per_day"], asked["today"]) == (3400, 800, 797)
                assert asked["seconds"] > 3 * 86_400 and asked["days"] == 5 and asked["done_at"]
                assert "1,000 calls a day" in asked["summary"]
                for wrong in ("0", "-1", "many", "1e9"):
                    answer = await api.get(f"/integrated-account/acc_1/quota?calls={wrong}")
                    assert answer.status_code in (400, 422), answer.text
                home.twin.api = lambda _s, _w: said(45, 429, ("X-Rate-Limit-Reset", "700"))
                with pytest.raises(Problem):
                    await home.ask()
                await until(lambda: day_is_spent(home))
                quota = (await api.get("/integrated-account/acc_1/quota")).json()
                assert quota["closed"]["reason"] == "day"
                assert 690 < quota["closed"]["reset"] <= 700
                assert quota["day"]["remaining"] == 0

    asyncio.run(run())


def test_texts_no_database_takes_are_made_fit(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url) as home:
            await home.ask(meter=Meter(record_id="a\x00b\ud800c"), source_event="x" * 5000)
            (entry,) = await home.log()
            assert entry.record_id == "ab?c"
            assert entry.source_event == "x" * 500
            assert await home.gateway._attempts.calls.write_out() == 0
            assert await count(home.database, CallLog) == 1

    asyncio.run(run())


def test_old_entries_are_forgotten(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url) as home:
            calls = home.gateway._attempts.calls
            await home.ask()
            await calls.write_out()
            async with home.database.write() as session:
                stored = (await session.scalars(select(CallLog))).one()
                for number, days in enumerate((29, 31, 400)):
                    old = {
                        name: getattr(stored, name)
                        for name in (column.key for column in CallLog.__table__.columns)
                    }
                    old |= {"id": f"log_{number}", "created_at": stored.created_at - timedelta(days=days)}
                    session.add(CallLog(**old))
            assert await calls.forget() == 2
            assert await calls.forget() == 0
            assert {entry.id for entry in await home.log()} == {stored.id, "log_0"}

    asyncio.run(run())
