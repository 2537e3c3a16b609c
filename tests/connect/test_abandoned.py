"""Grants nobody came to use end by themselves, on both databases, and only those."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from structlog.testing import capture_logs

from app.connect.adopt import Adoption, Verified
from app.core.clock import Clock
from app.core.secrets import keyring
from app.core.settings import load_settings
from app.keys.audit import Actor
from app.main import create_app
from app.models import Environment, Grant
from app.models.link_tokens import LinkToken
from connectors.kit.auth import Token
from connectors.kit.connector import Organization
from tests.support.wire import Seen, Wire, answer, wire

pytestmark = pytest.mark.anyio

ACTOR = Actor("cli", "tests")
LATER = timedelta(hours=3)
TOKEN = f"1000.{'a' * 32}.{'b' * 32}"


class Late(Clock):
    """A clock that can be put forward."""

    ahead = timedelta()

    def now(self):
        return super().now() + self.ahead


@asynccontextmanager
async def house(
    database_url: str, folder: Path, patch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[FastAPI, Late, Wire]]:
    """The application without its server, its provider a wire that says yes to everything."""
    async with wire(answer(200, b'{"status":"success"}')) as provider:
        center = {"accounts": provider.origin, "api": provider.origin}
        patch.setenv("LEDGERWAY_ZOHO_BOOKS_DATA_CENTERS", json.dumps({"us": center}))
        patch.setenv("LEDGERWAY_ZOHO_BOOKS_CLIENT_ID", "1000.TESTS")
        patch.setenv("LEDGERWAY_ZOHO_BOOKS_CLIENT_SECRET", "tests")
        clock = Late()
        ring = keyring.create(folder / "ring.json", clock.now())
        app = create_app(load_settings(database_url=database_url, worker=False), clock=clock, keyring=ring)
        async with app.router.lifespan_context(app):
            async with app.state.database.write() as session:
                for name in ("one", "two"):
                    session.add(Environment(id=f"env_{name}", name=name, mode="test", created_at=clock.now()))
            yield app, clock, provider


def adoption(app: FastAPI) -> Adoption:
    return app.state.importing._adoption


async def stored(app: FastAPI, token: str, environment: str = "env_one") -> str:
    connector = app.state.connectors[0]
    verified = Verified(Token("a", 3600, None, ("all",), None), token, ())
    found = await adoption(app).settled(
        lambda session: adoption(app).store_grant(session, environment, connector, "us", verified)
    )
    return found.grant.id


async def adopted(app: FastAPI, grant_id: str, organization: str = "1") -> str:
    async with app.state.database.write() as session:
        made = await adoption(app).adopt(
            session, grant_id, (Organization(id=organization, name="Acme"),),
            tenant_id="acme", context={}, actor=ACTOR,
        )  # fmt: skip
    return made.ids[0]


async def statuses(app: FastAPI) -> dict[str, str]:
    async with app.state.database.read() as session:
        return {grant.id: grant.status for grant in await session.scalars(select(Grant))}


def revoked(provider: Wire) -> list[bytes]:
    return [request.body for request in provider.seen if "revoke" in request.target]


async def test_a_choice_that_was_never_made(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database_url, tmp_path, monkeypatch) as (app, clock, provider):
        abandoned = await stored(app, "1000.abandoned")
        used = await stored(app, "1000.used")
        await adopted(app, used)
        assert await app.state.sweep.once() == 0, "a customer may still be choosing"
        clock.ahead = LATER
        fresh = await stored(app, "1000.fresh")
        assert await app.state.sweep.once() == 1
        assert await statuses(app) == {abandoned: "revoked", used: "active", fresh: "pending"}
        assert revoked(provider) == [b"token=1000.abandoned"]
        assert await app.state.sweep.once() == 0
        async with app.state.database.read() as session:
            row = await session.get(Grant, abandoned)
        assert row is not None
        assert (row.access_blob, row.refresh_blob, row.refresh_print) == (None, None, None)


@pytest.mark.parametrize(
    ("told", "is_revoked", "posts"),
    [
        ({"form": (200, b'{"status":"success"}')}, True, 1),
        ({"form": (400, b'{"error":"invalid_token"}'), "query": (200, b'{"status":"success"}')}, True, 2),
        ({"form": (302, b""), "query": (200, b'{"status":"success"}')}, True, 2),
        ({"form": (400, b"<html>"), "query": (400, b'{"status":"failure"}')}, False, 2),
        ({"form": (200, b'{"error":"invalid_client"}'), "query": (503, b"")}, False, 2),
    ],
    ids=["form", "query", "redirect", "refused", "error in 200"],
)
async def test_a_token_ends_by_form_or_by_query_and_nothing_else_is_called_revoked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, tuple[int, bytes]],
    is_revoked: bool,
    posts: int,
) -> None:
    async def script(seen: Seen, _: object) -> bytes:
        status, body = told["query" if "?" in seen.target else "form"]
        return answer(status, body, ("Location", "/elsewhere"))

    url = f"sqlite:///{tmp_path / 'ledgerway.db'}"
    async with house(url, tmp_path, monkeypatch) as (app, clock, provider):
        provider.script = script
        await stored(app, TOKEN)
        clock.ahead = LATER
        with capture_logs() as noted:
            assert await adoption(app).sweep() == 1
        asked = [
            (call.target.partition("?")[2], call.body) for call in provider.seen if "revoke" in call.target
        ]
        form = f"token={TOKEN}"
        assert asked == [("", form.encode()), (form, b"")][:posts]
        [line] = [line for line in noted if "revoked" in line["event"]]
        assert line["event"] == ("grant_revoked" if is_revoked else "grant_not_revoked")
        assert line["status"] == told["query" if posts == 2 else "form"][0]
        assert TOKEN not in str(noted)


async def test_one_pass_is_bounded(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database_url, tmp_path, monkeypatch) as (app, clock, provider):
        for number in range(5):
            await stored(app, f"1000.{number}")
        clock.ahead = LATER
        assert await adoption(app).sweep(most=3) == 3
        assert len(revoked(provider)) == 3
        assert await adoption(app).sweep(most=3) == 2


async def test_the_same_token_again_is_the_same_grant(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database_url, tmp_path, monkeypatch) as (app, _, provider):
        first = await stored(app, "1000.same")
        await adopted(app, first)
        assert await stored(app, "1000.same") == first
        assert await stored(app, "1000.other") != first
        assert await stored(app, "1000.same", "env_two") != first, "environments share nothing"
        assert revoked(provider) == []


async def test_a_token_another_environment_holds_is_not_revoked(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database_url, tmp_path, monkeypatch) as (app, clock, provider):
        await stored(app, "1000.shared")
        theirs = await stored(app, "1000.shared", "env_two")
        await adopted(app, theirs)
        clock.ahead = LATER
        assert await app.state.sweep.once() == 1
        assert revoked(provider) == []
        account = await app.state.credentials.open_access(theirs)
        assert account is not None and account[0] == "a"


async def test_a_link_is_forgotten_a_month_after_its_end(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database_url, tmp_path, monkeypatch) as (app, clock, _):
        now = clock.now()
        async with app.state.database.write() as session:
            for state, days in (("new", -29), ("consumed", -31), ("choosing", -31), ("failed", -400)):
                ended = now + timedelta(days=days)
                session.add(
                    LinkToken(
                        id=f"lnk_{state}",
                        environment_id="env_one",
                        token_hash=state.encode(),
                        tenant_id="t",
                        created_at=ended,
                        expires_at=ended,
                        state=state,
                    )
                )
        await app.state.sweep.once()
        async with app.state.database.read() as session:
            assert set(await session.scalars(select(LinkToken.id))) == {"lnk_new", "lnk_choosing"}
