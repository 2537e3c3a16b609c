"""The key service is away: tokens in memory go on working, and nobody pays for what was not sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.accounts.credentials import Credentials
from app.core.clock import Clock
from app.core.errors import Problem, problem_body
from app.core.secrets import LocalWrapper
from app.keys.audit import Actor
from app.models import Grant
from connectors.zoho_books import CONNECTOR
from tests.gateway.house import House, house, sqlite_url, until
from tests.support.distant import Distant

OWN = "environment:env_1"


@asynccontextmanager
async def far(folder: Path) -> AsyncIterator[tuple[House, Distant]]:
    """A house whose keys come from afar."""
    url = sqlite_url(folder)
    async with house(url) as home:
        service = home.credentials.vault._wrapper = Distant(home.ring, url)
        await home.ask()
        yield home, service


def forget(home: House, owner: str | None = None) -> None:
    """The data keys, or one owner's, are remembered no more."""
    vault = home.credentials.vault
    for key_id, opened in list(vault._by_id.items()):
        if owner is None or opened.owner[1] == owner:
            del vault._by_id[key_id]


def look_again(home: House) -> None:
    """The twenty seconds are over in which a token's row is not looked at."""
    home.gateway._attempts.tokens._held["grt_1"].read_at -= 21


async def refused(home: House) -> dict[str, Any]:
    with pytest.raises(Problem) as caught:
        await home.ask(seconds=5)
    return problem_body(caught.value, instance="/", request_id="req_1")


def test_a_good_token_in_memory_is_used(tmp_path: Path) -> None:
    async def run() -> None:
        async with far(tmp_path) as (home, service):
            forget(home)
            service.away = True
            look_again(home)
            for _ in range(5):
                await home.ask()
            assert service.calls == ["unwrap"], "not every call asks again"
            assert {seen.header("authorization") for seen in home.twin.calls} == {"Zoho-oauthtoken t1"}
            service.away = False
            look_again(home)
            await home.ask()
            assert service.calls == ["unwrap", "unwrap"]

    asyncio.run(run())


def test_a_token_nobody_can_open_is_worth_asking_for_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with far(tmp_path) as (home, service):
            await home.expire()
            forget(home)
            service.away = True
            told = await refused(home)
            assert (told["status"], told["code"]) == (503, "key_service_unavailable")
            assert (told["retryable"], told["executed"]) == (True, "no")
            service.away = False
            await home.ask()
            assert home.twin.calls[-1].header("authorization") == "Zoho-oauthtoken t2"

    asyncio.run(run())


async def lacks_client(home: House, service: Distant) -> Callable[[], Awaitable[None]]:
    """The OAuth client's secret is the environment's own, and its key is not at hand."""
    await home.clients.add("env_1", CONNECTOR.slug, "us", "own", "hush", Actor("cli", "tests"), None)
    forget(home, OWN)
    service.away = True

    async def mend() -> None:
        service.away = False

    return mend


async def lacks_refresh(home: House, service: Distant) -> Callable[[], Awaitable[None]]:
    """The grant's key lapses once its access token is opened."""
    opened = home.credentials.open_access

    async def lapsing(grant_id: str) -> Any:
        service.away = False
        found = await opened(grant_id)
        forget(home)
        service.away = True
        return found

    home.credentials.open_access = lapsing

    async def mend() -> None:
        home.credentials.open_access = opened
        service.away = False

    return mend


async def has_damaged_refresh(home: House, service: Distant) -> Callable[[], Awaitable[None]]:
    """Nothing a key service could help with."""
    good = (await home.grant()).refresh_blob
    assert good is not None

    async def store(blob: bytes) -> None:
        async with home.database.write() as session:
            await session.execute(update(Grant).where(Grant.id == "grt_1").values(refresh_blob=blob))

    await store(good[:-1] + bytes([good[-1] ^ 1]))
    return lambda: store(good)


@pytest.mark.parametrize(
    ("trouble", "code", "retryable"),
    [
        (lacks_client, "key_service_unavailable", True),
        (lacks_refresh, "key_service_unavailable", True),
        (has_damaged_refresh, "decrypt_failed", False),
    ],
)
def test_what_was_not_sent_is_not_counted(tmp_path: Path, trouble: Any, code: str, retryable: bool) -> None:
    async def run() -> None:
        async with far(tmp_path) as (home, service):
            await home.expire()
            mend = await trouble(home, service)
            for _ in range(10):
                told = await refused(home)
                assert (told["code"], told["retryable"]) == (code, retryable)
            grant = await home.grant()
            assert (grant.attempts, grant.lease_owner, grant.lease_until) == ([], None, None)
            assert (home.twin.token_calls, grant.generation) == ([], 1)
            await mend()
            await home.ask()
            grant = await home.grant()
            assert (len(home.twin.token_calls), len(grant.attempts), grant.generation) == (1, 1, 2)

    asyncio.run(run())


def test_an_outage_that_lasts_takes_no_good_token(tmp_path: Path) -> None:
    """The token nears its end, and its renewal cannot even be asked for."""

    async def run() -> None:
        async with far(tmp_path) as (home, service):
            await home.expire(60)
            await lacks_client(home, service)
            tokens = home.gateway._attempts.tokens

            async def is_idle() -> bool:
                return not tokens._running

            for _ in range(3):
                await home.ask()
                await until(is_idle)
                look_again(home)
            assert (home.twin.token_calls, (await home.grant()).attempts) == ([], [])

    asyncio.run(run())


async def shred(home: House) -> None:
    """By another process."""
    other = Credentials(home.database, LocalWrapper(home.ring), Clock())
    async with home.database.write() as session:
        grant = await session.get(Grant, "grt_1")
        assert grant is not None
        await other.shred(session, grant)
        grant.status = "revoked"


async def after_the_row(home: House) -> None:
    """Its row was read, its key is looked for."""
    rows = home.credentials.vault._rows
    get, times = rows.get, 0

    async def late(session: Any, key_id: str) -> Any:
        nonlocal times
        times += 1
        if times == 1:
            await shred(home)
        return await get(session, key_id)

    rows.get = late  # type: ignore[method-assign]


async def after_the_claim(home: House) -> None:
    """It is about to be renewed."""
    refresher = home.gateway._attempts.tokens._refresher
    doors = refresher._doors

    async def late(*about: Any) -> Any:
        await shred(home)
        forget(home)
        return await doors(*about)

    refresher._doors = late


@pytest.mark.parametrize("moment", [after_the_row, after_the_claim])
def test_what_does_not_open_because_it_was_deleted_is_gone(tmp_path: Path, moment: Any) -> None:
    async def run() -> None:
        async with far(tmp_path) as (home, _):
            calls = len(home.twin.calls)
            await home.expire()
            forget(home)
            await moment(home)
            told = await refused(home)
            assert (told["status"], told["code"]) == (409, "connection_state_conflict")
            assert (home.twin.token_calls, len(home.twin.calls)) == ([], calls)
            grant = await home.grant()
            assert (grant.status, grant.refresh_blob) == ("revoked", None)

    asyncio.run(run())


def test_a_grant_that_cannot_be_opened_keeps_no_other_from_being_probed(tmp_path: Path) -> None:
    async def run() -> None:
        async with far(tmp_path) as (home, service):
            now = Clock().now()
            key = await home.credentials.key("env_1", "grt_2")
            async with home.database.write() as session:
                other = Grant(
                    id="grt_2", environment_id="env_1", integration=CONNECTOR.slug, location="us", scopes=[],
                    created_at=now, updated_at=now,
                )  # fmt: skip
                session.add(other)
                await session.flush()
                assert await home.credentials.store_tokens(session, key, other, "x2", now, "r2")
                due = {"status": "needs_reauth", "next_attempt_at": now}
                await session.execute(update(Grant).values(**due))
            await has_damaged_refresh(home, service)
            refresher = home.gateway._attempts.tokens._refresher
            assert await refresher.probe_due((home.account.connector,)) == 2
            assert [call["refresh_token"] for call in home.twin.token_calls] == ["r2"]
            assert [(await home.grant(one)).status for one in ("grt_1", "grt_2")] == [
                "needs_reauth",
                "active",
            ]

    asyncio.run(run())
