"""One refresh per generation, and what a refused refresh means."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from app.accounts.credentials import Credentials
from app.core.clock import Clock
from app.core.errors import Problem
from app.core.secrets import LocalWrapper
from app.models import DataKey, Grant, IntegratedAccount
from connectors.kit.http import Reply, Request
from tests.gateway.house import House, house, said, sqlite_url, until
from tests.support.wire import Reset, answer


async def status_of(home: House, account_id: str = "acc_1") -> str:
    async with home.database.read() as session:
        row = await session.get(IntegratedAccount, account_id)
        assert row is not None
        return row.status


async def refreshing(home: House) -> bool:
    return bool(home.twin.token_calls)


async def waiting(home: House) -> bool:
    return bool(home.gateway._attempts.tokens._running)


async def renewed(home: House) -> bool:
    return (await home.grant()).generation == 2


def test_a_good_token_is_used_without_asking(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            for _ in range(3):
                await home.ask()
            assert home.twin.token_calls == []
            assert {seen.header("authorization") for seen in home.twin.calls} == {"Zoho-oauthtoken t1"}

    asyncio.run(run())


def test_a_hundred_callers_of_an_expired_token_make_one_refresh(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url) as home:
            home.twin.good, home.twin.pause = "t1", 0.3
            await home.expire()
            await asyncio.gather(*(home.ask() for _ in range(100)))
            assert len(home.twin.token_calls) == 1
            call = home.twin.token_calls[0]
            assert (call["grant_type"], call["refresh_token"]) == ("refresh_token", "r1")
            assert (call["client_id"], call["client_secret"]) == ("client", "client-secret")
            grant = await home.grant()
            assert (grant.generation, grant.lease_owner, len(grant.attempts)) == (2, None, 1)

    asyncio.run(run())


def test_a_token_near_its_end_is_used_while_it_is_renewed(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.gate = asyncio.Event()
            await home.expire(60)
            await asyncio.gather(*(home.ask() for _ in range(20)))
            assert {seen.header("authorization") for seen in home.twin.calls} == {"Zoho-oauthtoken t1"}
            home.twin.gate.set()
            await until(lambda: renewed(home))
            await home.ask()
            assert home.twin.calls[-1].header("authorization") == "Zoho-oauthtoken t2"
            assert len(home.twin.token_calls) == 1

    asyncio.run(run())


@pytest.mark.parametrize("code", [14, 57])
def test_a_hundred_refusals_of_a_token_make_one_refresh(tmp_path: Path, code: int) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            await home.ask()
            home.twin.api = lambda seen, _w: (
                said(code, 401) if seen.header("authorization") == "Zoho-oauthtoken t1" else said()
            )
            await asyncio.gather(*(home.ask() for _ in range(100)))
            assert len(home.twin.token_calls) == 1
            assert len(home.twin.calls) <= 201

    asyncio.run(run())


def test_a_fresh_token_refused_again_ends_it_for_a_minute(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda _s, _w: said(14, 401)
            for _ in range(3):
                with pytest.raises(Problem) as caught:
                    await home.ask()
                assert (caught.value.code, caught.value.status) == ("upstream_auth_rejected", 502)
            assert len(home.twin.token_calls) == 1
            assert len(home.twin.calls) == 2
            assert await status_of(home) == "active"

    asyncio.run(run())


def test_a_missing_permission_costs_at_most_one_refresh(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.api = lambda seen, _w: said(57, 401) if "/bills" in seen.target else said()
            for _ in range(5):
                await home.ask()
                with pytest.raises(Problem) as caught:
                    await home.ask(Request("GET", "/bills"))
                assert (caught.value.code, caught.value.status) == ("provider_forbidden", 403)
            assert len(home.twin.token_calls) == 1
            assert await status_of(home) == "active"

    asyncio.run(run())


def body(text: str, status: int = 200) -> bytes:
    return answer(status, text.encode())


@pytest.mark.parametrize(
    "refusal",
    [
        body('{"error":"invalid_code"}'),
        body('{"error":"invalid_grant"}', 400),
        body('{"error":"invalid_token"}', 401),
    ],
)
def test_an_ended_grant_needs_its_customer(tmp_path: Path, refusal: bytes) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path), accounts=2) as home:
            home.twin.refuse = lambda: refusal
            await home.expire()
            results = await asyncio.gather(*(home.ask() for _ in range(10)), return_exceptions=True)
            problems = [result for result in results if isinstance(result, Problem)]
            assert {problem.code for problem in problems} == {"needs_reauth"}
            assert len(problems) == 10
            assert problems[0].extra["next"]["body"] == {"integrated_account_id": "acc_1"}
            assert [await status_of(home, one) for one in ("acc_1", "acc_2")] == ["needs_reauth"] * 2
            with pytest.raises(Problem):
                await home.ask()
            assert len(home.twin.token_calls) == 1
            assert home.twin.calls == []
            assert (await home.grant()).status == "needs_reauth"

    asyncio.run(run())


def test_an_ended_grant_is_probed_once_and_may_heal(tmp_path: Path) -> None:
    async def due(home: House) -> None:
        async with home.database.write() as session:
            now = Clock().now()
            await session.execute(update(Grant).values(next_attempt_at=now - timedelta(seconds=1)))

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            refresher = home.gateway._attempts.tokens._refresher
            home.twin.refuse = lambda: body('{"error":"invalid_code"}')
            await home.expire()
            with pytest.raises(Problem):
                await home.ask()
            assert await refresher.probe_due((home.account.connector,)) == 0
            await due(home)
            home.twin.refuse = None
            assert await refresher.probe_due((home.account.connector,)) == 1
            assert await status_of(home) == "active"
            await home.ask()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("refusal", "fail_class"),
    [
        (body('{"error":"Access Denied","error_description":"too many requests"}', 400), "throttle"),
        (body('{"error":"Access Denied"}'), "throttle"),
        (body('{"error":"您的请求过于频繁"}'), "throttle"),
        (body('{"error":"invalid_client"}'), "config"),
        (body('{"error":"invalid_client_secret"}'), "config"),
        (body("<html>oops</html>", 502), "transient"),
        (body("<html>oops</html>"), "transient"),
    ],
)
def test_other_refusals_leave_the_account_alone(tmp_path: Path, refusal: bytes, fail_class: str) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.refuse = lambda: refusal
            await home.expire()
            with pytest.raises(Problem) as caught:
                await home.ask(seconds=1.5 if fail_class == "transient" else 10.0)
            assert (caught.value.code, caught.value.status) == ("token_refresh_unavailable", 503)
            assert caught.value.extra["retry_after"] >= 1
            if fail_class == "throttle":
                assert caught.value.extra["retry_after"] > 500
            with pytest.raises(Problem):
                await home.ask(seconds=1.5)
            assert len(home.twin.token_calls) <= (3 if fail_class == "transient" else 1)
            assert await status_of(home) == "active"
            assert (await home.grant()).fail_class == fail_class

    asyncio.run(run())


def test_a_refusal_does_not_take_a_token_that_still_works(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.refuse = lambda: body('{"error":"Access Denied"}', 400)
            await home.expire(60)
            for _ in range(5):
                await home.ask()
                await asyncio.sleep(0.06)
            assert len(home.twin.token_calls) == 1
            assert len(home.twin.calls) == 5

    asyncio.run(run())


def test_a_passing_trouble_is_waited_out(tmp_path: Path) -> None:
    def once() -> bytes:
        if len(home.twin.token_calls) == 1:
            raise Reset
        return body('{"access_token":"t9","expires_in":"3600"}')

    async def run() -> None:
        nonlocal home
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.refuse = once
            await home.expire()
            await home.ask()
            assert home.twin.calls[-1].header("authorization") == "Zoho-oauthtoken t9"

    home: House
    asyncio.run(run())


def test_the_window_guard_stops_before_the_provider_does(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            for _ in range(8):
                await home.expire()
                await home.ask()
            await home.expire()
            with pytest.raises(Problem) as caught:
                await home.ask()
            assert caught.value.code == "token_refresh_unavailable"
            assert len(home.twin.token_calls) == 8

    asyncio.run(run())


def test_a_reconnect_during_a_refresh_wins(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.gate = asyncio.Event()
            await home.expire()
            caller = asyncio.create_task(home.ask())
            await until(lambda: refreshing(home))
            key = await home.credentials.key("env_1", "grt_1")
            async with home.database.write() as session:
                grant = await session.get(Grant, "grt_1")
                assert grant is not None
                later = Clock().now() + timedelta(hours=1)
                assert await home.credentials.store_tokens(session, key, grant, "t77", later, "r77")
            home.twin.gate.set()
            await caller
            assert home.twin.calls[-1].header("authorization") == "Zoho-oauthtoken t77"
            assert (await home.grant()).generation == 2

    asyncio.run(run())


async def shred(home: House, credentials: Credentials, *, account: bool) -> None:
    """What the end of the grant does, and that of its account."""
    async with home.database.write() as session:
        grant = await session.get(Grant, "grt_1")
        assert grant is not None
        await credentials.shred(session, grant)
        grant.status = "revoked"
        if account:
            await session.execute(delete(IntegratedAccount))


async def ends_without_a_token(home: House, caller: "asyncio.Task[Reply]", *, account: bool) -> None:
    """The caller is told what became of the connection, and nothing of it comes back."""
    with pytest.raises(Problem) as caught:
        await caller
    gone = ("not_found", 404) if account else ("connection_state_conflict", 409)
    assert (caught.value.code, caught.value.status) == gone
    assert home.twin.calls == [], "no call without a token"
    grant = await home.grant()
    assert (grant.access_blob, grant.refresh_blob, grant.status) == (None, None, "revoked")
    async with home.database.read() as session:
        states = set(await session.scalars(select(DataKey.state).where(DataKey.owner == "grant:grt_1")))
    assert states == {"shredded"}


@pytest.mark.parametrize("account", [False, True])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_deletion_during_a_refresh_stays_a_deletion(tmp_path: Path, account: bool, elsewhere: bool) -> None:
    """By this process, or by another one, of which memory knows nothing."""

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            other = Credentials(home.database, LocalWrapper(home.ring), Clock())
            home.twin.gate = asyncio.Event()
            await home.expire()
            caller = asyncio.create_task(home.ask(seconds=8))
            await until(lambda: refreshing(home))
            await shred(home, other if elsewhere else home.credentials, account=account)
            home.twin.gate.set()
            await ends_without_a_token(home, caller, account=account)
            assert len(home.twin.token_calls) == 1

    asyncio.run(run())


@pytest.mark.parametrize("account", [False, True])
def test_a_deletion_ends_who_waits_for_the_refresh_of_another_process(tmp_path: Path, account: bool) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            other = Credentials(home.database, LocalWrapper(home.ring), Clock())
            await home.expire()
            later = Clock().now() + timedelta(seconds=20)
            async with home.database.write() as session:
                await session.execute(update(Grant).values(lease_owner="lse_other", lease_until=later))
            caller = asyncio.create_task(home.ask(seconds=8))
            await until(lambda: waiting(home))
            await shred(home, other, account=account)
            await ends_without_a_token(home, caller, account=account)
            assert home.twin.token_calls == []

    asyncio.run(run())


def test_a_dead_leaseholder_is_followed(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            await home.expire()
            soon = Clock().now() + timedelta(seconds=0.5)
            async with home.database.write() as session:
                await session.execute(update(Grant).values(lease_owner="lse_dead", lease_until=soon))
            await home.ask()
            assert len(home.twin.token_calls) == 1

    asyncio.run(run())


def test_tokens_in_use_are_renewed_ahead(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            tokens = home.gateway._attempts.tokens
            await home.ask()
            assert await tokens.renew_due() == 0
            await home.expire(4 * 60)
            await home.ask()
            assert await tokens.renew_due() == 1
            assert (await home.grant()).generation == 2

    asyncio.run(run())
