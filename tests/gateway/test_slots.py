"""Calls in process at once: as many as the provider's answers allow, and fewer after it refused one too many."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.clock import Clock
from app.gateway.limits import Governor
from app.gateway.quotas import QuotaShelf
from app.gateway.runs import Lane
from connectors.kit.faults import Fault, Kind
from tests.gateway.house import House, house, said, sqlite_url, until
from tests.support.wire import Seen


class Full:
    """A provider that bears so many calls at once and answers none before it may."""

    def __init__(self, most: int, *headers: tuple[str, str]) -> None:
        self.may_answer = asyncio.Event()
        self.running = self.peak = self.refused = 0
        self._most, self._headers = most, headers

    async def answer(self, _seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        if self.running >= self._most:
            self.refused += 1
            return said(1070, 429, *self._headers)
        self.running += 1
        self.peak = max(self.peak, self.running)
        await self.may_answer.wait()
        self.running -= 1
        return said(0, 200, *self._headers)


@pytest.mark.parametrize("raw", [False, True], ids=["unified", "raw"])
def test_too_many_at_once_are_fewer_from_then_on_for_everybody(tmp_path: Path, raw: bool) -> None:
    async def call(home: House) -> int:
        return (await home.forward(seconds=60.0))[0] if raw else (await home.ask(seconds=60.0)).status

    async def run() -> None:
        async with house(
            sqlite_url(tmp_path), limits={"minute": 1000, "concurrent": 8, "day": 10**6}
        ) as home:
            full = Full(5)
            home.twin.api = full.answer
            calls = [asyncio.create_task(call(home)) for _ in range(20)]
            other = Governor(QuotaShelf(home.database, Clock()), Clock())

            async def narrowed() -> bool:
                budget, now = await other.state(home.account)
                return budget.at_once(now, home.account.limits) <= 5

            await until(narrowed)
            mine = home.gateway._attempts.governor.of(home.account)

            async def all_wait() -> bool:
                return len(mine._waiters) == 15 and full.running == 5

            await until(all_wait)
            refused = full.refused
            with pytest.raises(Fault) as caught:
                await other.admit(home.account, Lane.INTERACTIVE, Clock().monotonic() + 1.3)
            assert caught.value.kind is Kind.CONCURRENT
            full.may_answer.set()
            assert await asyncio.gather(*calls) == [200] * 20
            assert full.refused == refused
            await other.close()

    asyncio.run(run())


def test_a_plan_that_has_the_calls_of_the_free_one_has_its_slots(tmp_path: Path) -> None:
    told = (
        ("X-Rate-Limit-Limit", "1000"),
        ("X-Rate-Limit-Remaining", "900"),
        ("X-Rate-Limit-Reset", "600"),
    )

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            account = replace(home.account, limits=home.account.connector.budget.of("professional"))
            full = Full(5, *told)
            home.twin.api = full.answer
            full.may_answer.set()
            await home.ask(account=account)
            full.may_answer.clear()
            calls = [asyncio.create_task(home.ask(account=account, seconds=60.0)) for _ in range(8)]
            turnstile = home.gateway._attempts.governor.of(account)

            async def all_wait() -> bool:
                return full.running >= 5 and full.running + len(turnstile._waiters) == 8

            await until(all_wait)
            assert (full.running, full.refused) == (5, 0)
            full.may_answer.set()
            await asyncio.gather(*calls)
            assert (full.peak, full.refused) == (5, 0)

    asyncio.run(run())
