"""The application put together: what it makes, what it refuses, what it shows."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from app.core.process import NotReady
from app.core.schema import SchemaTooNew
from app.core.secrets import KeyringUnusable
from app.core.settings import Settings
from app.main import create_app, prepare

Talk = Callable[[httpx.AsyncClient, FastAPI], Awaitable[None]]


def settings(folder: Path, database_url: str | None = None, **given: Any) -> Settings:
    return Settings(
        database_url=database_url or f"sqlite:///{folder / 'x' / 'ledgerway.db'}",  # pyright: ignore[reportArgumentType]
        keyring_file=folder / "x" / "keyring.json",
        **given,
    )


def run(
    folder: Path, talk: Talk, database_url: str | None = None, client: str = "127.0.0.1", **given: Any
) -> None:
    async def work() -> None:
        app = create_app(settings(folder, database_url, **given))
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, client=(client, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
                await talk(http, app)

    asyncio.run(work())


def test_an_empty_machine_serves_in_development(tmp_path: Path, database_url: str) -> None:
    async def talk(http: httpx.AsyncClient, app: FastAPI) -> None:
        assert (await http.get("/ping")).json() == {"ping": "pong"}
        assert (await http.get("/livez")).status_code == 200
        ready = await http.get("/readyz")
        assert ready.json() == {
            "status": "ready",
            "checks": {"storage": "ok", "schema": "ok", "key ring": "ok"},
        }
        app.state.closing = True
        assert (await http.get("/readyz")).status_code == 503

    run(tmp_path, talk, database_url)
    assert (tmp_path / "x" / "keyring.json").stat().st_mode & 0o777 == 0o600
    run(tmp_path, talk, database_url)  # and again on what it made


def test_a_process_goes_on_with_the_next_releases_schema_but_none_starts_on_it(
    tmp_path: Path, database_url: str
) -> None:
    async def talk(http: httpx.AsyncClient, app: FastAPI) -> None:
        async with app.state.database.write() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert (await http.get("/readyz")).status_code == 200

    run(tmp_path, talk, database_url)
    with pytest.raises((NotReady, SchemaTooNew), match="newer"):
        run(tmp_path, talk, database_url)


def test_the_database_file_is_private(tmp_path: Path) -> None:
    asyncio.run(prepare(settings(tmp_path)))
    assert (tmp_path / "x" / "ledgerway.db").stat().st_mode & 0o777 == 0o600


def test_production_makes_nothing_and_names_the_commands(tmp_path: Path) -> None:
    with pytest.raises(KeyringUnusable, match="keyring init"):
        create_app(settings(tmp_path, mode="production"))
    asyncio.run(prepare(settings(tmp_path)))
    (tmp_path / "x" / "ledgerway.db").unlink()
    with pytest.raises(NotReady, match="ledgerway migrate"):
        asyncio.run(prepare(settings(tmp_path, mode="production")))


def test_a_key_ring_that_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    asyncio.run(prepare(settings(tmp_path)))

    async def disagree() -> None:
        app = create_app(settings(tmp_path))
        async with app.state.database.write() as session:
            await session.execute(text("UPDATE keyring_checks SET check_value = :x"), {"x": b"12345678"})
        await app.state.database.close()

    asyncio.run(disagree())
    primary = json.loads((tmp_path / "x" / "keyring.json").read_text())["primary"]
    with pytest.raises(NotReady, match=primary):
        asyncio.run(prepare(settings(tmp_path)))


def test_not_ready_when_storage_is_gone(tmp_path: Path) -> None:
    async def talk(http: httpx.AsyncClient, app: FastAPI) -> None:
        async def fail() -> None:
            raise ConnectionError("postgres://u:hidden@h is gone")

        app.state.checks["storage"] = fail
        answer = await http.get("/readyz")
        assert answer.status_code == 503 and answer.json()["status"] == "not_ready"
        assert "hidden" not in answer.text

    run(tmp_path, talk)


def test_not_ready_while_it_shuts_down(tmp_path: Path) -> None:
    async def talk(http: httpx.AsyncClient, app: FastAPI) -> None:
        app.state.closing = True
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "shutting_down")
        assert (await http.get("/livez")).status_code == 200

    run(tmp_path, talk)


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}, 404),
        ("198.51.100.7", {}, 404),
        ("198.51.100.7", {"Authorization": "Bearer right"}, 200),
        ("198.51.100.7", {"Authorization": "Bearer wrong"}, 404),
    ],
)
def test_metrics(tmp_path: Path, client: str, headers: dict[str, str], status: int) -> None:
    async def talk(http: httpx.AsyncClient, _app: FastAPI) -> None:
        await http.get("/ping")
        answer = await http.get("/metrics", headers=headers)
        assert answer.status_code == status
        if status == 200:
            assert 'ledgerway_requests_total{method="GET",route="/ping",status="200"}' in answer.text

    run(tmp_path, talk, client=client, metrics_token="right")


def test_the_document_and_its_pages(tmp_path: Path) -> None:
    async def talk(http: httpx.AsyncClient, app: FastAPI) -> None:
        document = (await http.get("/openapi.json")).json()
        assert document["servers"] == [{"url": "http://127.0.0.1:8080"}]
        assert document["security"] == [{"key": []}]
        assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
        assert document["paths"]["/ping"]["get"]["security"] == []
        for path, item in document["paths"].items():
            for verb, operation in item.items():
                told = json.dumps(operation["responses"])
                assert "HTTPValidationError" not in told, (verb, path)
                assert "#/components/schemas/Problem" in told, (verb, path)
        page = await http.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        assert "<script" not in page.text and "//cdn" not in page.text
        for path in document["paths"]:
            assert f"<code>{path}</code>" in page.text
        error = await http.get("/docs/errors/needs_reauth")
        assert "424" in error.text
        assert (await http.get("/docs/errors/enum_value")).status_code == 200
        assert (await http.get("/docs/errors/%3Cscript%3E")).status_code == 404

    run(tmp_path, talk)


def test_every_room_is_there(tmp_path: Path) -> None:
    async def talk(http: httpx.AsyncClient, app: FastAPI) -> None:
        for path in (
            "/api-key",
            "/audit",
            "/log",
            "/integrated-account",
            "/unified/accounting/invoices",
            "/proxy/invoices",
            f"/native/{app.state.connectors[0].slug}/acc_1/books",
        ):
            answer = await http.get(path)
            assert answer.status_code == 401, (path, answer.text)
            assert answer.json()["code"] == "unauthenticated"

    run(tmp_path, talk)
