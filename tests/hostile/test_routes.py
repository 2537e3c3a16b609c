"""Every route there is, asked without a key and from far away: only the frozen open ones say more than 401."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.core.settings import Settings
from app.main import create_app
from tests.support.routes import METRICS, OPEN, VERBS, every, walked

pytestmark = pytest.mark.anyio

KEYS = (
    None,
    "",
    "Bearer",
    "Bearer lw_test_000000000000_" + "a" * 43,
    "Bearer lwt_" + "a" * 80,
    "Basic eDp5",
    "Zoho-oauthtoken 1000.x.y",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    tmp_path = tmp_path_factory.mktemp("routes")
    settings = {
        "database_url": f"sqlite:///{tmp_path / 'ledgerway.db'}",
        "keyring_file": tmp_path / "keyring.json",
    }
    return create_app(Settings.model_validate(settings))


@pytest.fixture(scope="module")
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody elsewhere, without a key."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("203.0.113.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client


async def test_without_a_key(app: FastAPI, stranger: httpx.AsyncClient) -> None:
    asked = [one for one in every(app) if not one.is_open and one.path != METRICS]
    assert len(asked) > 100
    for one in asked:
        path = one.filled("zohobooks") if one.path.startswith("/native/") else one.filled()
        answer = await stranger.request(one.method, path)
        assert answer.status_code == 401, f"{one}: {answer.status_code} {answer.text}"
        assert one.method == "HEAD" or answer.json()["code"] == "unauthenticated", one
        assert answer.headers["www-authenticate"], one


@pytest.mark.parametrize("authorization", KEYS)
async def test_with_what_is_no_key(
    app: FastAPI, stranger: httpx.AsyncClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in ("/integrated-account", "/log", "/unified/accounting/invoices", "/proxy/contacts",
                 "/native/zohobooks/x/books/v3/contacts"):  # fmt: skip
        answer = await stranger.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path


async def test_the_open_routes_are_those(app: FastAPI, stranger: httpx.AsyncClient) -> None:
    answered: set[str] = set()
    for one in every(app):
        answer = await stranger.request(one.method, one.filled())
        if answer.status_code != 401 and one.is_open:
            answered.add(next(room for room in OPEN if one.path.startswith(room)))
    assert answered == set(OPEN)


async def test_what_is_not_documented_is_open_or_the_metrics(app: FastAPI) -> None:
    documented = set(app.openapi()["paths"])
    for one in walked(app.routes):
        path = one.path.replace("/api-token", "/api-key")  # another name of it
        unified = path.startswith("/unified/")  # documented as far as the provider offers it
        assert path in documented or one.is_open or unified or path == METRICS, one


async def test_metrics_are_not_there_for_strangers(stranger: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"X-Forwarded-For": "127.0.0.1"}):
        assert (await stranger.get(METRICS, headers=headers)).status_code == 404


async def test_the_token_endpoint_of_native_clients_gives_nothing(stranger: httpx.AsyncClient) -> None:
    """It refuses in the provider's own words, which are no 401."""
    for method in VERBS:
        for data in ({}, {"refresh_token": "lw_test_000000000000_" + "a" * 43}):
            answer = await stranger.request(method, "/native/zohobooks/x/oauth/v2/token", data=data)
            assert answer.status_code in (200, 400, 401, 405), answer.text
            assert "access_token" not in answer.text and (method == "HEAD" or "error" in answer.text)
