"""The governor at work: several processes (here: several governors), one budget, one database."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.gateway.budget import Budget
from app.gateway.limits import Governor
from app.gateway.quotas import QuotaShelf
from app.gateway.runs import Lane
from app.models import Quota
from connectors.kit.faults import Fault, Kind
from tests.gateway.house import House, day_is_spent, house, said, sqlite_url, until
from tests.support.wire import Seen

T = TypeVar("T")

SMALL = {"minute": 20, "concurrent": 3, "day": 1000}


def governors(home: House, count: int = 4) -> list[Governor]:
    return [Governor(QuotaShelf(home.database, Clock()), Clock()) for _ in range(count)]


def soon(seconds: float = 1.5) -> float:
    return Clock().monotonic() + seconds


def test_four_processes_share_one_minute(database_url: str) -> None:
    async def call(governor: Governor, home: House) -> bool:
        try:
            permit = await governor.admit(home.account, Lane.INTERACTIVE, soon(3.0))
        except Fault as fault:
            assert (fault.kind, fault.phase) == (Kind.MINUTE, "idle")
            assert fault.retry_after is not None and 0 < fault.retry_after <= 61
            return False
        await asyncio.sleep(0.001)
        permit.release()
        return True

    async def run() -> None:
        async with house(database_url, limits={"minute": 20, "concurrent": 100, "day": 1000}) as home:
            four = governors(home)
            outcomes = await asyncio.gather(*(call(four[index % 4], home) for index in range(60)))
            assert sum(outcomes) == 19
            budget, now = await four[0].state(home.account)
            assert budget.minute(now, home.account.limits)[1] == 0
            for governor in four:
                await governor.close()

    asyncio.run(run())


def test_processes_share_the_slots(tmp_path: Path) -> None:
    running = most = 0

    async def call(governor: Governor, home: House) -> None:
        nonlocal running, most
        permit = await governor.admit(home.account, Lane.INTERACTIVE, soon(20.0))
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        permit.release()

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 1000, "concurrent": 3, "day": 1000}) as home:
            three = governors(home, 3)
            await asyncio.gather(*(call(three[index % 3], home) for index in range(30)))
            assert most <= 3

            async def given_back() -> bool:
                return (await three[0].state(home.account))[0].slots == {}

            await until(given_back)

    asyncio.run(run())


def test_people_go_before_background_work(tmp_path: Path) -> None:
    order: list[str] = []

    async def call(governor: Governor, home: House, lane: Lane) -> None:
        permit = await governor.admit(home.account, lane, soon(10.0))
        order.append(lane.value)
        await asyncio.sleep(0.01)
        permit.release()

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits={"minute": 1000, "concurrent": 1, "day": 1000}) as home:
            governor = governors(home, 1)[0]
            lanes = [Lane.SYNC, Lane.VERIFICATION, Lane.WRITE, Lane.INTERACTIVE]
            first = await governor.admit(home.account, Lane.SYNC, soon(10.0))
            tasks = [asyncio.create_task(call(governor, home, lane)) for lane in lanes]

            async def all_wait() -> bool:
                return len(governor.of(home.account)._waiters) == len(lanes)

            await until(all_wait)
            first.release()
            await asyncio.gather(*tasks)
            assert order == ["interactive", "write", "verification", "sync"]
            await governor.close()

    asyncio.run(run())


def test_a_cancelled_caller_leaves_nothing_behind(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits=SMALL) as home:
            governor = governors(home, 1)[0]
            held = [await governor.admit(home.account, Lane.INTERACTIVE, soon()) for _ in range(3)]
            waiting = [
                asyncio.create_task(governor.admit(home.account, Lane.INTERACTIVE, soon(10.0)))
                for _ in range(10)
            ]

            async def all_wait() -> bool:
                return len(governor.of(home.account)._waiters) == len(waiting)

            await until(all_wait)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            for permit in held:
                permit.release()
            permit = await governor.admit(home.account, Lane.INTERACTIVE, soon())
            assert governor.of(home.account)._in_use == 1
            permit.release()
            await governor.close()

    asyncio.run(run())


class Broken:
    """A storage that is away."""

    async def change(self, organization: str, step: Callable[[Budget, float], T]) -> T:
        raise Problem("storage_unavailable")


def test_people_are_served_without_the_storage(tmp_path: Path) -> None:
    async def attempt(governor: Governor, home: House, lane: Lane) -> bool:
        try:
            (await governor.admit(home.account, lane, soon(1.3))).release()
        except Fault:
            return False
        return True

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits=SMALL) as home:
            governor = Governor(Broken(), Clock())
            assert not await attempt(governor, home, Lane.SYNC)
            served = [await attempt(governor, home, Lane.INTERACTIVE) for _ in range(12)]
            assert served == [True] * 9 + [False] * 3  # half of the budget, from memory
            await governor.close()

    asyncio.run(run())


class Slow(Clock):
    """A clock that only its storage moves: each change is stored so many seconds after it was made."""

    def __init__(self, *seconds: float) -> None:
        self.budget, self._now, self._seconds = Budget(), 1_750_000_007.0, list(seconds)

    def monotonic(self) -> float:
        return self._now

    async def change(self, organization: str, step: Callable[[Budget, float], T]) -> T:
        result = step(self.budget, self._now)
        self._now += self._seconds.pop(0)
        return result


def test_a_permit_that_took_long_to_store_is_not_used_late(tmp_path: Path) -> None:
    """A minute holds by the moment a call is made, not by the moment it was granted."""

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits=SMALL) as home:
            slow = Slow(1.5, 1.4, 1.3)
            governor = Governor(slow, slow)
            for grants in (2, 3):
                permit = await governor.admit(home.account, Lane.INTERACTIVE, slow.monotonic() + 30.0)
                assert len(slow.budget.log) == grants
                assert permit.at - slow.budget.log[-1][0] <= 0.9

    asyncio.run(run())


def test_a_locked_storage_stops_no_person(database_url: str) -> None:
    """While another holds the row, people go on by a small share; what they used is counted afterwards."""

    async def admitted(governor: Governor, home: House, lane: Lane, seconds: float) -> bool:
        try:
            (await governor.admit(home.account, lane, soon(seconds))).release()
        except Fault:
            return False
        return True

    async def run() -> None:
        async with house(database_url, limits=SMALL) as home:
            governor = governors(home, 1)[0]
            assert await admitted(governor, home, Lane.INTERACTIVE, 30.0)
            await governor.close()
            keeper = Database(database_url)
            async with keeper.write() as session:
                row = select(Quota).with_for_update()
                (await session.scalars(row)).one().updated_at = Clock().now()
                await session.flush()
                waiting = asyncio.create_task(admitted(governor, home, Lane.SYNC, 120.0))
                people = [admitted(governor, home, Lane.INTERACTIVE, 8.0) for _ in range(12)]
                served = sum(await asyncio.gather(*people))
                assert served == (19 - 1) // 2  # what was left of the minute, for two processes
                assert not waiting.done()
            assert await waiting
            budget, now = await governor.state(home.account)
            assert budget.minute(now, home.account.limits)[1] == 19 - 1 - served - 1
            await governor.close()
            await keeper.close()

    asyncio.run(run())


def test_a_refused_minute_closes_the_organisation_for_everybody(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits=SMALL) as home:
            home.twin.api = lambda _s, _w: said(44, 429)
            with pytest.raises(Problem) as caught:
                await home.ask(seconds=0.9 + 1.0)
            assert caught.value.code == "provider_rate_limited"
            other = governors(home, 1)[0]

            async def stored() -> bool:
                budget, now = await other.state(home.account)
                return budget.minute(now, home.account.limits)[1] == 0

            await until(stored)
            calls = len(home.twin.calls)
            with pytest.raises(Fault) as refused:
                await other.admit(home.account, Lane.INTERACTIVE, soon(1.5))
            assert refused.value.kind is Kind.MINUTE
            assert refused.value.retry_after is not None
            assert len(home.twin.calls) == calls <= 2

    asyncio.run(run())


def test_a_spent_day_is_one_call(tmp_path: Path) -> None:
    headers = (
        ("X-Rate-Limit-Limit", "1000"),
        ("X-Rate-Limit-Remaining", "0"),
        ("X-Rate-Limit-Reset", "4000"),
    )

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits=SMALL) as home:
            home.twin.api = lambda _s, _w: said(45, 429, *headers)
            for _ in range(3):
                with pytest.raises(Problem) as caught:
                    await home.ask()
                assert (caught.value.code, caught.value.status) == ("provider_daily_quota_exhausted", 429)
                assert 3900 < caught.value.extra["retry_after"] <= 4000
                await until(lambda: day_is_spent(home))
            assert len(home.twin.calls) == 1

    asyncio.run(run())


def test_the_allowance_is_the_tightest_budget(tmp_path: Path) -> None:
    def headers(remaining: int) -> tuple[tuple[str, str], ...]:
        told = {"Limit": "2000", "Remaining": str(remaining), "Reset": "600"}
        return tuple((f"X-Rate-Limit-{name}", value) for name, value in told.items())

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits=SMALL) as home:
            assert home.gateway.allowance(home.account) is None
            home.twin.api = lambda _s, _w: said(0, 200, *headers(1500))
            await home.ask()
            allowance = home.gateway.allowance(home.account)
            assert allowance is not None
            assert (allowance.limit, allowance.remaining) == (20, 18)
            assert 55 <= allowance.reset <= 61
            home.twin.api = lambda _s, _w: said(0, 200, *headers(5))
            await home.ask()
            allowance = home.gateway.allowance(home.account)
            assert allowance is not None
            assert (allowance.limit, allowance.remaining) == (2000, 5)
            assert 590 <= allowance.reset <= 600

    asyncio.run(run())


def test_high_limits_hardly_touch_the_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = 0
    change: Any = QuotaShelf.change

    async def counted(self: QuotaShelf, organization: str, step: Callable[[Budget, float], T]) -> T:
        nonlocal changes
        changes += 1
        return await change(self, organization, step)

    monkeypatch.setattr(QuotaShelf, "change", counted)

    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            governor = governors(home, 1)[0]
            for _ in range(2000):
                (await governor.admit(home.account, Lane.INTERACTIVE, soon(5.0))).release()
            assert changes < 20
            await governor.close()

    asyncio.run(run())


def test_the_row_is_one_per_organisation(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url, accounts=2) as home:
            other = await home.accounts.load("env_1", "acc_2")
            shelf = QuotaShelf(Database(database_url), Clock())
            await asyncio.gather(*(home.ask() for _ in range(5)), home.ask(account=other))
            for organization, used in (("zohobooks:us:101", 5), ("zohobooks:us:102", 1)):
                assert await shelf.change(organization, lambda budget, _now: budget.day_used) >= used
            await shelf._database.close()

    asyncio.run(run())


def test_one_organisation_in_a_storm_delays_no_other(tmp_path: Path) -> None:
    """Its calls hang, hundreds wait, and the provider refuses what comes through: another sees none of it."""

    async def run() -> None:
        async with house(sqlite_url(tmp_path), limits=SMALL, accounts=2) as home:
            other = await home.accounts.load("env_1", "acc_2")
            gate = asyncio.Event()

            async def api(seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
                if "organization_id=101" in seen.target:
                    await gate.wait()
                    return said(44, 429)
                return said()

            home.twin.api = api
            storm = [asyncio.create_task(home.ask(seconds=60.0)) for _ in range(300)]
            governor = home.gateway._attempts.governor

            async def raging() -> bool:
                return len(home.twin.calls) == 3 and len(governor.of(home.account)._waiters) == 297

            await until(raging)
            for _ in range(5):
                assert (await home.ask(account=other)).status == 200
            assert len(home.twin.calls) == 3 + 5
            gate.set()

            async def refused() -> bool:
                return (await governor.state(home.account))[0].strikes > 0

            await until(refused)
            for _ in range(5):
                assert (await home.ask(account=other)).status == 200
            assert not any(task.done() and not task.exception() for task in storm)
            for task in storm:
                task.cancel()
            await asyncio.gather(*storm, return_exceptions=True)

    asyncio.run(run())
