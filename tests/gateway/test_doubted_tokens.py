"""A call refused as if for a missing permission, by a token that cannot be renewed: an expired one looks the same."""

import asyncio
from pathlib import Path

import pytest

from app.core.errors import Problem
from connectors.kit.http import Request
from tests.gateway.house import House, house, said, sqlite_url, until
from tests.support.wire import Seen, answer

THROTTLED = answer(400, b'{"error":"Access Denied"}')
NO_CLIENT = answer(200, b'{"error":"invalid_client"}')


def no_bills(seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
    return said(57, 401) if "/bills" in seen.target else said()


async def told(home: House, path: str = "/bills") -> Problem:
    with pytest.raises(Problem) as caught:
        await home.ask(Request("GET", path))
    return caught.value


async def spend(home: House) -> None:
    """Make as many token calls as we allow ourselves."""
    for _ in range(8):
        await home.expire()
        await home.ask()


@pytest.mark.parametrize(("refusal", "least"), [(THROTTLED, 500), (NO_CLIENT, 1)])
def test_nothing_is_proven_while_the_token_cannot_be_renewed(
    tmp_path: Path, refusal: bytes, least: int
) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            await home.ask()
            home.twin.api = lambda _s, _w: said(57, 401)
            home.twin.refuse = lambda: refusal
            for path in ("/bills", "/bills", "/invoices"):
                problem = await told(home, path)
                assert (problem.code, problem.status) == ("token_refresh_unavailable", 503)
                assert (problem.extra["retryable"], problem.extra["executed"]) == (True, "no")
                assert problem.extra["retry_after"] >= least
            assert len(home.twin.token_calls) == 1

    asyncio.run(run())


@pytest.mark.parametrize("refusal", [THROTTLED, NO_CLIENT])
def test_a_token_that_worked_since_is_not_to_blame(tmp_path: Path, refusal: bytes) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api, home.twin.refuse = no_bills, lambda: refusal
            home.twin.gate = asyncio.Event()
            doubting = asyncio.create_task(told(home))

            async def renewing() -> bool:
                return bool(home.twin.token_calls)

            await until(renewing)
            await home.ask()
            home.twin.gate.set()
            problem = await doubting
            assert (problem.code, problem.status) == ("provider_forbidden", 403)
            problem = await told(home)
            assert problem.code == "token_refresh_unavailable"  # it did not work since this doubt

    asyncio.run(run())


def test_a_token_we_just_made_is_not_to_blame(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            await spend(home)
            home.twin.api = no_bills
            problem = await told(home)
            assert (problem.code, problem.status) == ("provider_forbidden", 403)
            assert len(home.twin.token_calls) == 8

    asyncio.run(run())


def test_a_token_of_unknown_age_may_be(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            await spend(home)
            home.gateway.forget(home.account)
            await home.ask()
            home.twin.api = no_bills
            problem = await told(home)
            assert (problem.code, problem.status) == ("token_refresh_unavailable", 503)

    asyncio.run(run())
