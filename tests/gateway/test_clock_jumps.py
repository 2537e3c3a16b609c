"""The machine's clock is set, by an hour or a day, either way: calls go on, and a refresh stays one."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.core.clock import Clock
from tests.gateway.house import House, Hurried, house, until

JUMPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]


def jump(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """From here on the clock of the house says so much more; what measures time does not notice."""

    def now(self: Clock) -> datetime:
        return Clock.now(self) + by

    monkeypatch.setattr(Hurried, "now", now)


async def asked_for_a_token(home: House) -> bool:
    return bool(home.twin.token_calls)


@pytest.mark.parametrize("by", JUMPS, ids=str)
def test_calls_go_on_with_one_refresh_at_most(
    database_url: str, monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    async def run() -> None:
        async with house(database_url) as home:
            await home.ask()
            jump(monkeypatch, by)
            await asyncio.gather(*(home.ask() for _ in range(20)))
            await home.ask()
            assert len(home.twin.token_calls) <= 1

    asyncio.run(run())


@pytest.mark.parametrize("by", JUMPS, ids=str)
def test_a_refresh_under_way_is_finished_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    async def run() -> None:
        async with house(database_url) as home:
            home.twin.gate = asyncio.Event()
            await home.expire()
            asking = [asyncio.ensure_future(home.ask()) for _ in range(5)]
            await until(lambda: asked_for_a_token(home))
            jump(monkeypatch, by)
            home.twin.gate.set()
            await asyncio.gather(*asking)
            await home.ask()
            grant = await home.grant()
            assert grant.lease_owner is None and grant.generation >= 2
            assert len(home.twin.token_calls) <= 2, "once more at most, when the clock says the lease is over"

    asyncio.run(run())


@pytest.mark.parametrize("by", JUMPS, ids=str)
def test_waits_are_measured_not_read_off_the_clock(by: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        clock = Hurried()
        before = clock.monotonic()
        jump(monkeypatch, by)
        await clock.sleep(-by.total_seconds() if by.total_seconds() > 0 else 0.2)
        assert 0 <= clock.monotonic() - before < 3600

    asyncio.run(run())
