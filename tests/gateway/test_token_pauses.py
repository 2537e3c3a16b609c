"""An accounts server that fails is asked less and less often, and what still works is used meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.clock import Clock
from app.core.errors import Problem
from app.gateway.refresh import Refused
from connectors.kit.auth import Refusal
from tests.gateway.house import Hurried, house, sqlite_url, until
from tests.support.wire import Reset, answer


def cut() -> bytes:
    raise Reset


@pytest.mark.parametrize(
    "failing",
    [
        lambda: answer(500, b'{"error":"internal"}'),
        lambda: answer(502, b"<html>bad gateway</html>", media_type="text/html"),
        lambda: answer(200, b"<html>maintenance</html>", media_type="text/html"),
        cut,
    ],
)
def test_pauses_double_up_to_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: Callable[[], bytes]
) -> None:
    passed = timedelta()
    monkeypatch.setattr(Hurried, "now", lambda self: Clock.now(self) + passed)

    async def run() -> None:
        nonlocal passed
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.refuse = failing
            refresher = home.gateway._attempts.tokens._refresher
            for number, nominal in enumerate((1, 2, 4, 8, 16, 32, 60), start=1):
                outcome = await refresher.refresh("grt_1", 1, home.account.connector)
                assert isinstance(outcome, Refused) and outcome.refusal is Refusal.TRANSIENT
                assert 0.8 * nominal <= outcome.seconds <= 1.2 * nominal
                early = await refresher.refresh("grt_1", 1, home.account.connector)
                assert isinstance(early, Refused) and early.seconds <= outcome.seconds
                assert len(home.twin.token_calls) == number
                passed += timedelta(seconds=outcome.seconds)
            home.twin.refuse = None
            await home.expire()
            await home.ask()
            assert (await home.grant()).next_attempt_at is None

    asyncio.run(run())


def test_an_old_token_is_used_to_its_end_and_then_it_says_when_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = timedelta()
    monkeypatch.setattr(Hurried, "now", lambda self: Clock.now(self) + passed)

    async def run() -> None:
        nonlocal passed
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.refuse = lambda: answer(503, b"<html>busy</html>")
            await home.expire(60)

            async def has_failed() -> bool:
                return (await home.grant()).fail_class == "transient"

            await home.ask()
            await until(has_failed)
            await home.ask()
            assert {seen.header("authorization") for seen in home.twin.calls} == {"Zoho-oauthtoken t1"}
            passed += timedelta(seconds=61)
            with pytest.raises(Problem) as caught:
                await home.ask(seconds=2.0)
            assert (caught.value.code, caught.value.status) == ("token_refresh_unavailable", 503)
            assert caught.value.extra["retryable"] and caught.value.extra["retry_after"] >= 1

    asyncio.run(run())
