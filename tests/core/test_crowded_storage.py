"""More want the database than it has room for: nobody waits long, nobody waits for ever, and nothing is lost."""

import asyncio
import multiprocessing
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.core import dialects
from app.core.database import Database
from app.core.errors import Problem
from app.core.settings import Settings
from app.keys.audit import Actor
from app.keys.audit_check import verify
from app.keys.schemas import ApiKeyRequest
from app.keys.service import Keys
from app.main import opened
from tests.support import postgres
from tests.support.contending import contend

WRITERS, WRITES = 4, 100
CLI = Actor("cli", "test")


@pytest.fixture
def url(postgres_cluster: str) -> Iterator[str]:
    made = postgres.create_database(postgres_cluster)
    yield made
    postgres.drop_database(made)


def test_four_processes_write_to_one_file(tmp_path: Path) -> None:
    """All of them to the same rows, as fast as they can: each waits for its turn, and none hears of the others."""
    url = f"sqlite:///{tmp_path / 'ledgerway.db'}"
    postgres.migrate(url)
    with ProcessPoolExecutor(WRITERS, multiprocessing.get_context("spawn")) as pool:
        failed = list(pool.map(contend, [url] * WRITERS, range(WRITERS), [WRITES] * WRITERS))
    assert failed == [0] * WRITERS

    async def check() -> None:
        database = Database(url)
        async with database.read() as session:
            verdict = await verify(session, "env_1", None)
            targets = await session.scalar(text("SELECT count(DISTINCT target) FROM audit_log"))
        await database.close()
        assert (verdict.checked, verdict.broken_at, targets) == (WRITERS * WRITES, None, WRITERS * WRITES)

    asyncio.run(check())


def test_a_server_that_takes_no_more_connections(url: str) -> None:
    async def ask(database: Database) -> str:
        try:
            async with database.read() as session:
                await session.execute(text("SELECT pg_sleep(0.05)"))
        except Problem as problem:
            assert problem.extra["retry_after"] <= 2
            return problem.code
        return "ok"

    async def limit(database: Database, connections: int) -> None:
        async with database.write() as session:
            name = url.rpartition("/")[2]
            await session.execute(text(f'ALTER DATABASE "{name}" CONNECTION LIMIT {connections}'))

    async def work() -> None:
        database = Database(url)
        await limit(database, 4)
        told = Counter(await asyncio.gather(*(ask(database) for _ in range(60))))
        assert set(told) == {"ok", "storage_unavailable"}
        assert told["ok"] >= 4
        assert await ask(database) == "ok"
        await limit(database, -1)
        assert Counter(await asyncio.gather(*(ask(database) for _ in range(60)))) == {"ok": 60}
        await database.close()

    asyncio.run(work())


@asynccontextmanager
async def served(
    url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Database]]:
    """The application on a pool of one connection, and somebody with a key."""
    make: Any = dialects.create_async_engine
    monkeypatch.setattr(
        dialects,
        "create_async_engine",
        lambda url, **options: make(url, **options | {"pool_size": 1, "max_overflow": 0} | more),  # pyright: ignore[reportUnknownLambdaType]
    )
    given = {
        "database_url": url,
        "keyring_file": folder / "keyring.json",
        "egress_allow": "127.0.0.0/8",
        "key_rate": "off",
    }
    async with opened(Settings.model_validate(given)) as app:
        state = app.state
        _, made = await Keys(state.database, state.keyring, state.clock).create_for(
            "acme", "test", ApiKeyRequest(), CLI
        )
        headers = {"Authorization": f"Bearer {made.secret.reveal().decode()}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as api:
            yield api, state.database


def test_no_request_waits_for_a_second_connection_while_it_holds_one(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise enough of them at once would wait for each other."""

    async def work() -> None:
        async with served(url, tmp_path, monkeypatch) as (api, _):
            hook = {"target_url": "http://127.0.0.1:9/hook"}
            client = {
                "integration": "zohobooks", "location": "us", "client_id": "1000.OWN", "client_secret": "hidden",
            }  # fmt: skip

            async def all_of_it() -> list[httpx.Response]:
                webhook = await api.post("/webhook", json=hook)
                at = f"/webhook/{webhook.json()['id']}"
                return [
                    webhook,
                    await api.post("/webhook/test", json={"id": webhook.json()["id"]}),
                    await api.post(f"{at}/rotate-secret"),
                    await api.patch(at, json={"payload": "thin"}),
                    await api.delete(at),
                    await api.post("/api-key", json={"name": "x"}),
                    await api.post("/environment-integration", json=client),
                    await api.post("/link-token", json={"tenant_id": "t", "integration": "zohobooks"}),
                    *[
                        await api.get(f"/{path}")
                        for path in ("audit", "api-key", "integrated-account", "log", "write", "webhook",
                                     "webhook-message", "integration", "environment-integration", "sync-job")
                    ],
                ]  # fmt: skip

            answers = [one for each in await asyncio.gather(*(all_of_it() for _ in range(4))) for one in each]
            assert {one.status_code for one in answers if one.request.method == "GET"} == {200}
            assert [
                (one.url, one.text) for one in answers if not one.is_success and one.status_code != 409
            ] == []

    asyncio.run(work())


def test_when_every_connection_is_in_use(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with served(url, tmp_path, monkeypatch, pool_timeout=1) as (api, database):
            assert (await api.get("/audit")).status_code == 200
            async with database.read() as session:
                await session.execute(text("SELECT 1"))
                answers = await asyncio.gather(*(api.get("/audit") for _ in range(5)))
            for answer in answers:
                assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
                assert 1 <= int(answer.headers["retry-after"]) <= 2
                assert (answer.json()["executed"], answer.json()["retryable"]) == ("no", True)
            assert (await api.get("/audit")).status_code == 200

    asyncio.run(work())
