"""Which OAuth client speaks for an environment, and the routes that store one."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from app.accounts.integrations import router
from app.core import error_answers
from app.core.errors import Problem
from app.core.rates import Rates
from app.core.secrets import SecretUnavailable
from app.keys import audit
from app.keys.access import Access
from app.keys.audit import Actor
from app.keys.schemas import ApiKeyRequest
from app.keys.service import Keys
from app.models import OAuthClient
from tests.accounts.conftest import CONNECTOR, House

pytestmark = pytest.mark.anyio

ME = Actor("cli", "test")
ROOT = "/environment-integration"


async def found(house: House, environment: str, location: str) -> tuple[str, str] | None:
    client = await house.clients.find(environment, CONNECTOR, location)
    return None if client is None else (client.id, client.secret)


async def test_the_nearest_client_is_used(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await found(house, "env_1", "us") is None
    monkeypatch.setenv("LEDGERWAY_LEDGER_ONLINE_CLIENT_ID", "operator")
    monkeypatch.setenv("LEDGERWAY_LEDGER_ONLINE_CLIENT_SECRET", "s0")
    monkeypatch.setenv("LEDGERWAY_LEDGER_ONLINE_CLIENT_SECRET_EU", "s-eu")
    assert await found(house, "env_1", "us") == ("operator", "s0")
    assert await found(house, "env_1", "eu") == ("operator", "s-eu")
    await house.clients.add("env_1", CONNECTOR.slug, "", "own", "s1", ME, None)
    await house.clients.add("env_1", CONNECTOR.slug, "eu", "own-eu", "s2", ME, None)
    assert await found(house, "env_1", "us") == ("own", "s1")
    assert await found(house, "env_1", "eu") == ("own-eu", "s2")
    assert await found(house, "env_2", "eu") == ("operator", "s-eu")


async def test_without_a_client_the_answer_says_how_to_set_one(house: House) -> None:
    with pytest.raises(Problem, match="LEDGERWAY_LEDGER_ONLINE_CLIENT_ID") as caught:
        await house.clients.client("env_1", CONNECTOR, "us")
    assert caught.value.status == 409


async def test_a_secret_moved_to_another_row_does_not_open(house: House) -> None:
    await house.clients.add("env_1", CONNECTOR.slug, "us", "a", "s1", ME, None)
    await house.clients.add("env_1", CONNECTOR.slug, "eu", "b", "s2", ME, None)
    async with house.database.write() as session:
        blob = await session.scalar(select(OAuthClient.secret_blob).where(OAuthClient.location == "us"))
        await session.execute(
            update(OAuthClient).where(OAuthClient.location == "eu").values(secret_blob=blob)
        )
    with pytest.raises(SecretUnavailable):
        await found(house, "env_1", "eu")
    assert await found(house, "env_1", "us") == ("a", "s1")


@pytest.fixture
async def api(house: House) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Clients with a key of either environment and one that may only read."""
    app = FastAPI()
    error_answers.install(app)
    app.include_router(router)
    state = app.state
    state.database, state.clock, state.accounts = house.database, house.clock, house.accounts
    state.clients, state.connectors = house.clients, (CONNECTOR,)
    state.access = Access(house.database, house.ring, house.clock)
    state.rates = Rates(house.clock, None, None)
    keys = Keys(house.database, house.ring, house.clock)
    made: dict[str, httpx.AsyncClient] = {}
    for name, environment, scopes in (
        ("mine", "acme", ["connections:*"]),
        ("theirs", "other", ["connections:*"]),
        ("reader", "acme", ["connections:read"]),
    ):
        _, key = await keys.create_for(environment, "test", ApiKeyRequest(scopes=scopes), ME)
        made[name] = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {key.secret.reveal().decode()}"},
        )
    yield made
    await state.access.settle()


BODY = {"integration": "ledger-online", "client_id": "1000.X", "client_secret": "do-not-show"}


async def test_a_client_lives_and_ends(api: dict[str, httpx.AsyncClient], house: House) -> None:
    mine = api["mine"]
    answer = await mine.post(ROOT, json=BODY)
    assert answer.status_code == 201, answer.text
    stored = answer.json()
    assert stored["integration"] == "ledgeronline" and stored["location"] is None
    assert (await mine.get(ROOT)).json()["result"] == [stored]
    again = await mine.post(ROOT, json=BODY)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    changed = await mine.patch(f"{ROOT}/{stored['id']}", json={"client_secret": "other"})
    assert changed.json()["client_id"] == "1000.X"
    async with house.database.read() as session:
        row = (await session.scalars(select(OAuthClient))).one()
        actions = [entry.action for entry in await audit.page(session, row.environment_id, 10)]
    assert await found(house, row.environment_id, "us") == ("1000.X", "other")
    assert actions[:2] == ["environment_integration.updated", "environment_integration.created"]
    assert (await mine.delete(f"{ROOT}/{stored['id']}")).json() == {"id": stored["id"]}
    assert (await mine.get(f"{ROOT}/{stored['id']}")).status_code == 404
    for text in (answer.text, again.text, changed.text):
        assert "do-not-show" not in text


async def test_another_environment_gets_404_everywhere(api: dict[str, httpx.AsyncClient]) -> None:
    path = f"{ROOT}/{(await api['mine'].post(ROOT, json=BODY)).json()['id']}"
    theirs = api["theirs"]
    for answer in (
        await theirs.get(path),
        await theirs.patch(path, json={"client_id": "x"}),
        await theirs.delete(path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await theirs.get(ROOT)).json()["result"] == []
    assert (await api["mine"].get(path)).json()["client_id"] == "1000.X"


async def test_reading_is_not_writing(api: dict[str, httpx.AsyncClient]) -> None:
    answer = await api["reader"].post(ROOT, json=BODY)
    assert (answer.status_code, answer.json()["scope"]) == (403, "connections:write")
    assert (await api["reader"].get(ROOT)).status_code == 200


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"integration": "nobody"}, "/integration"),
        ({"location": "mars"}, "/location"),
        ({"client_id": ""}, "/client_id"),
        ({"extra": 1}, "/extra"),
    ],
)
async def test_what_means_nothing_is_refused(
    api: dict[str, httpx.AsyncClient], change: dict[str, object], pointer: str
) -> None:
    answer = await api["mine"].post(ROOT, json=BODY | change)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert "do-not-show" not in answer.text
