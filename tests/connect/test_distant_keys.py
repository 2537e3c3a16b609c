"""With data keys a service keeps, nothing that is sealed or shredded has the database's writer wait for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app.core.auth import Principal
from app.core.secrets import Keyring
from app.core.settings import Settings
from app.keys.audit import Actor
from app.keys.schemas import ApiKeyRequest
from app.keys.service import Keys
from app.models import DataKey, Grant, IntegratedAccount, SyncDestination, SyncJob
from app.models.link_tokens import LinkToken
from app.sync.destinations.schemas import DestinationRequest
from app.sync.source import Source
from app.webhooks.schemas import WebhookRequest
from tests.connect.test_abandoned import LATER, Late, adopted, adoption, house, revoked, stored
from tests.support.distant import Distant
from tests.support.wire import Seen, Wire, answer

pytestmark = pytest.mark.anyio

ME = Principal("env_one", "one", "test", "key_1", frozenset({"*"}))
ACTOR = Actor("cli", "tests")


@asynccontextmanager
async def far(folder: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[tuple[FastAPI, Distant, Wire, Late]]:
    """The application whose data keys come from afar."""
    url, made = f"sqlite:///{folder / 'ledgerway.db'}", list[Distant]()

    def open_wrapper(_settings: Settings, ring: Keyring) -> tuple[Distant, Callable[[], Awaitable[None]]]:
        made.append(Distant(ring, url))
        return made[0], nothing

    async def nothing() -> None:
        return

    patch.setattr("app.main.open_wrapper", open_wrapper)
    async with house(url, folder, patch) as (app, clock, provider):
        yield app, made[0], provider, clock


def forget(app: FastAPI) -> None:
    """As after a quarter of an hour, or in another process."""
    app.state.credentials.vault._by_id.clear()


async def client(app: FastAPI, account_id: str) -> None:
    row = await app.state.clients.add("env_one", "zohobooks", "us", "1000.X", "first", ACTOR, None)
    forget(app)
    await app.state.clients.change("env_one", row.id, None, "second", ACTOR, None)
    found = await app.state.clients.find("env_one", app.state.connectors[0], "us")
    assert (found.id, found.secret) == ("1000.X", "second")


async def webhook(app: FastAPI, account_id: str) -> None:
    async def public(_url: str) -> None:
        return

    app.state.egress.check = public
    wanted = WebhookRequest(target_url="https://hooks.example.com/x", event_types=["record:created"])
    made, first = await app.state.webhooks.create(ME, ACTOR, wanted)
    forget(app)
    made, second = await app.state.webhooks.rotate(ME, ACTOR, made.id)
    told = [await app.state.postman.secret(made, one) for one in made.secrets]
    assert told == [second, first]


async def sign_in(app: FastAPI, account_id: str) -> None:
    now = app.state.clock.now()
    link = LinkToken(
        id="lnk_1", environment_id="env_one", token_hash=b"1", tenant_id="acme",
        created_at=now, expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    async with app.state.database.write() as session:
        session.add(link)
    assert "code_challenge=" in (await app.state.connect.start(link)).url


async def hooks(app: FastAPI, account_id: str) -> None:
    account = await app.state.accounts.load("env_one", account_id)
    made = await app.state.inbound._opened(ME, account)
    forget(app)
    again = await app.state.inbound._opened(ME, account)
    assert (again[0].id, *again[1:]) == (made[0].id, *made[1:])


async def destination(app: FastAPI, account_id: str) -> None:
    class Place:
        async def try_out(self) -> None:
            return

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Place]:
        yield Place()

    destinations, now = app.state.sync.destinations, app.state.clock.now()
    destinations._places = SimpleNamespace(opened=opened)
    account = await app.state.accounts.load("env_one", account_id)
    wanted = DestinationRequest(type="postgresql", url="postgresql://me:hush@db.example/books")  # type: ignore[arg-type]
    made = await destinations.tried(wanted, account, ["accounting/invoices"])
    job = SyncJob(
        id="job_1", environment_id="env_one", account_id=account_id, resources=["accounting/invoices"], hydrate=[],
        created_at=now, updated_at=now,
    )  # fmt: skip
    async with app.state.database.write() as session:
        session.add(job)
        await session.flush()
        await destinations.attach(session, job, made, now)
    async with app.state.database.read() as session:
        row = (await session.scalars(select(SyncDestination))).one()
    assert row.sealed is not None and b"hush" not in row.sealed


async def quarantine(app: FastAPI, account_id: str) -> None:
    account = await app.state.accounts.load("env_one", account_id)
    owner = SimpleNamespace(environment_id="env_one", account_id=account.id)
    turn: Any = SimpleNamespace(
        owner=owner,
        unit=SimpleNamespace(name="invoices"),
        run=SimpleNamespace(id="r"),
        part=SimpleNamespace(id_key="invoice_id"),
    )
    page: Any = SimpleNamespace(unreadable=[({"id": "1"}, "odd")])
    state = app.state
    source = Source(state.database, state.clock, state.gateway, state.credentials.vault)
    [row] = await source.set_aside(turn, page)
    assert b'"id"' not in row.native


@pytest.mark.parametrize("work", [client, webhook, sign_in, hooks, destination, quarantine])
async def test_whatever_is_sealed(
    work: Callable[[FastAPI, str], Awaitable[None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with far(tmp_path, monkeypatch) as (app, distant, _, _):
        account_id = await adopted(app, await stored(app, "1000.used"))
        forget(app)
        distant.calls.clear()
        await work(app, account_id)
        assert distant.calls


async def test_tokens_are_stored_replaced_and_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with far(tmp_path, monkeypatch) as (app, distant, provider, clock):
        grant_id = await stored(app, "1000.same")
        assert distant.calls == ["wrap"]
        forget(app)
        assert await stored(app, "1000.same") == grant_id
        assert distant.calls == ["wrap", "unwrap"]
        forget(app)
        clock.ahead = LATER
        assert await adoption(app).sweep() == 1
        assert revoked(provider) == [b"token=1000.same"], "opened after its key was shredded"
        assert distant.calls == ["wrap", "unwrap", "unwrap"]
        async with app.state.database.read() as session:
            assert list(await session.scalars(select(DataKey.state))) == ["shredded"]


async def test_an_account_ends_while_the_service_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with far(tmp_path, monkeypatch) as (app, distant, provider, _):
        account_id = await adopted(app, await stored(app, "1000.used"))
        account = await app.state.accounts.load("env_one", account_id)
        forget(app)
        distant.away = True
        await app.state.importing.end(account, ACTOR)
        assert revoked(provider) == [], "it cannot be opened any more, and it is gone here"
        async with app.state.database.read() as session:
            assert list(await session.scalars(select(IntegratedAccount))) == []
            [grant] = await session.scalars(select(Grant))
        assert (grant.status, grant.refresh_blob) == ("revoked", None)


async def test_reads_outlive_the_service_as_long_as_their_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers(seen: Seen, _writer: object) -> bytes:
        if "/oauth/" in seen.target:
            return answer(200, b'{"access_token":"new","expires_in":3600}')
        return answer(200, b'{"code":0,"invoices":[],"page_context":{"has_more_page":false}}')

    async with far(tmp_path, monkeypatch) as (app, distant, provider, clock):
        account_id = await adopted(app, await stored(app, "1000.used"))
        provider.script = answers
        _, made = await Keys(app.state.database, app.state.keyring, clock).create_for(
            "one", "test", ApiKeyRequest(name="reader"), ACTOR
        )
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        headers = {"Authorization": f"Bearer {made.secret.reveal().decode()}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers
        ) as api:

            async def read() -> httpx.Response:
                query = {"integrated_account_id": account_id}
                return await api.get("/unified/accounting/invoices", params=query)

            assert (await read()).status_code == 200
            forget(app)
            distant.away = True
            held = app.state.gateway._attempts.tokens._held
            for one in held.values():
                one.read_at -= 21  # its row is looked at again
            assert (await read()).status_code == 200
            held.clear()
            refused = await read()
            told = refused.json()
            assert (refused.status_code, told["code"]) == (503, "key_service_unavailable")
            assert (told["retryable"], told["executed"], told["origin"]) == (True, "no", "gateway")
            distant.away = False
            assert (await read()).status_code == 200
