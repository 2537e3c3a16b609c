"""A day that runs out is told to everyone whose organisation it is, once."""

import asyncio
from typing import Any

from sqlalchemy import select

from app.core.clock import Clock
from app.core.errors import Problem
from app.gateway.budget import Ask, Budget
from app.gateway.runs import Lane
from app.models import Environment, Event, IntegratedAccount
from connectors.kit.limits import Limits
from tests.gateway.house import House, house, said

LIMITS = Limits(minute=100, concurrent=50, day=10)
NOW = 1_750_000_007.0


def spend(budget: Budget, calls: int, now: float = NOW) -> list[str]:
    budget.notices = []
    budget.ask(now, LIMITS, Ask("a", (Lane.INTERACTIVE,) * calls))
    return [notice.what for notice in budget.notices]


def test_a_day_is_told_of_once() -> None:
    budget = Budget()
    assert spend(budget, 7) == []
    assert spend(budget, 1) == ["warning"]
    budget = Budget.read(budget.document())
    assert spend(budget, 1) == []
    assert spend(budget, 1) == ["exhausted"]
    budget.close_day(NOW, LIMITS, 500.0)
    assert spend(budget, 1) == []
    assert spend(budget, 9, NOW + 501) == ["warning"]


def test_a_day_the_provider_begins_anew_is_told_of_again() -> None:
    budget = Budget()
    assert spend(budget, 8) == ["warning"]
    budget.notices = []
    budget.ask(NOW, LIMITS, Ask("a", seen=(10, 10, 86_000.0)))
    assert budget.notices == []
    assert spend(budget, 8) == ["warning"]


async def events(home: House) -> list[Event]:
    async with home.database.read() as session:
        return list(await session.scalars(select(Event).order_by(Event.environment_id, Event.sequence)))


async def share_the_organization(home: House) -> None:
    """Another environment has connected the same organisation."""
    now = Clock().now()
    async with home.database.write() as session:
        session.add(Environment(id="env_2", name="other", mode="test", created_at=now))
        await session.flush()
        mine = await session.get(IntegratedAccount, "acc_1")
        assert mine is not None
        kept: dict[str, Any] = {
            column.name: getattr(mine, column.name) for column in IntegratedAccount.__table__.columns
        }
        session.add(IntegratedAccount(**kept | {"id": "acc_9", "environment_id": "env_2"}))


def test_every_account_of_the_organisation_hears_of_it(database_url: str) -> None:
    def told(remaining: int) -> tuple[tuple[str, str], ...]:
        values = {"Limit": "2000", "Remaining": str(remaining), "Reset": "600"}
        return tuple((f"X-Rate-Limit-{name}", value) for name, value in values.items())

    async def run() -> None:
        async with house(database_url, limits={"minute": 90, "concurrent": 3, "day": 2000}) as home:
            await share_the_organization(home)
            home.twin.api = lambda _s, _w: said(0, 200, *told(350))
            for _ in range(3):
                await home.ask()
            home.twin.api = lambda _s, _w: said(45, 429, *told(0))
            for _ in range(2):
                try:
                    await home.ask()
                except Problem as problem:
                    assert problem.code == "provider_daily_quota_exhausted"

            async def all_told() -> bool:
                return len(await events(home)) == 4

            async with asyncio.timeout(30):
                while not await all_told():
                    await asyncio.sleep(0.01)
            rows = await events(home)
            names = ["quota:warning", "quota:exhausted"]
            assert [(row.environment_id, row.sequence, row.event) for row in rows] == [
                (environment, number, name)
                for environment in ("env_1", "env_2")
                for number, name in enumerate(names, 1)
            ]
            warning = rows[0].payload
            assert (warning["integrated_account_id"], warning["tenant_id"]) == ("acc_1", "tenant_1")
            assert (warning["limit"], warning["window"]) == (2000, "day")
            assert warning["used"] + warning["remaining"] == 2000 and warning["used"] >= 1600
            assert rows[2].account_id == rows[2].payload["integrated_account_id"] == "acc_9"

    asyncio.run(run())
