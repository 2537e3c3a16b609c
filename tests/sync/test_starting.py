"""One run at a time, whoever asks: callers of several processes, the clock, hints."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.core.database import Database
from app.core.errors import Problem
from app.models.integrated_accounts import IntegratedAccount
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from tests.inbound.conftest import anyio_backend, database
from tests.sync.house import ACTOR, House, account, trouble

__all__ = ["anyio_backend", "database"]

pytestmark = pytest.mark.anyio


async def test_of_full_runs_asked_for_at_the_same_moment_one_begins(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    houses = (House(database), House(other))
    await houses[0].job("contacts")
    for round in range(1, 4):

        async def ask(number: int) -> str:
            try:
                await houses[number % 2].start("full")
            except Problem as refused:
                return refused.code
            return "begun"

        answers = Counter(await asyncio.gather(*(ask(number) for number in range(8))))
        assert answers == {"begun": 1, "sync_already_running": 7}
        runs = await houses[0].rows(SyncRun)
        assert len(runs) == round
        for run in runs:
            if run.state == "queued":
                await houses[0].sync.act(houses[0].principal, ACTOR, run.id, "stop")
    await other.close()


async def test_a_caller_the_clock_and_a_hint_begin_one_run_between_them(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    house, away = House(database), House(other)
    now = house.clock.at
    sweeps = {"sweep_cadence": {"interval_seconds": 3600}, "next_sweep_at": now, "due_at": now}
    await house.job("contacts", **sweeps)

    async def ask() -> None:
        with suppress(Problem):
            await house.start("full")

    async def tick() -> None:
        await other.transact(lambda session: away.sync.due(session, now, 25))

    async def hint() -> None:
        path = "accounting/contacts"
        await other.transact(lambda session: away.sync.hinted(session, account(), path, now))

    for _ in range(6):
        await asyncio.gather(ask(), tick(), hint(), ask())
        active = [run for run in await house.rows(SyncRun) if run.state == "queued"]
        assert len(active) == 1, [(run.kind, run.created_at) for run in active]
        await house.sync.act(house.principal, ACTOR, active[0].id, "stop")
        async with database.write() as session:
            await session.execute(update(SyncJob).values(next_sweep_at=now, due_at=now))
    await other.close()


HOURLY = {"interval_seconds": 3600}


async def connected(house: House, status: str) -> None:
    async with house.database.write() as session:
        await session.execute(update(IntegratedAccount).values(status=status))


async def tick(house: House) -> int:
    return await house.database.transact(lambda session: house.sync.due(session, house.clock.at, 25))


async def kinds(house: House) -> list[str]:
    return [run.kind for run in await house.rows(SyncRun)]


@pytest.mark.parametrize("away", ["needs_reauth", "connecting", "validation_error", "post_install_error"])
@pytest.mark.parametrize(("planned", "kind"), [("next_run_at", "delta"), ("next_sweep_at", "full")])
async def test_what_fell_due_while_an_account_was_away_begins_with_it(
    database: Database, away: str, planned: str, kind: str
) -> None:
    house = House(database)
    now = house.clock.at
    cadence = "cadence" if kind == "delta" else "sweep_cadence"
    await house.job("contacts", **{cadence: HOURLY, planned: now, "due_at": now})
    await connected(house, away)
    for _ in range(3):
        house.clock.at += timedelta(hours=5)
        assert await tick(house) == 0, "no job of an account that is away is picked"
    assert await kinds(house) == []
    await connected(house, "active")
    assert await tick(house) == 1
    assert await kinds(house) == [kind]
    assert await tick(house) == 0, "once, however often it would have been"


@pytest.mark.parametrize(("planned", "kind"), [("next_run_at", "delta"), ("next_sweep_at", "full")])
async def test_what_an_account_cut_short_begins_anew_when_it_is_back(
    database: Database, planned: str, kind: str
) -> None:
    house = House(database)
    now = house.clock.at
    cadence = "cadence" if kind == "delta" else "sweep_cadence"
    await house.job("contacts", **{cadence: HOURLY, planned: now, "due_at": now})
    assert await tick(house) == 1
    [run] = await house.rows(SyncRun)
    house.gateway.failing["contacts"] = trouble("needs_reauth")
    await connected(house, "needs_reauth")
    assert (await house.ended(run)).state == "failed"
    assert await tick(house) == 0
    house.gateway.failing.clear()
    await connected(house, "active")
    assert await tick(house) == 1, "not only at the next hour"
    again = next(each for each in await house.rows(SyncRun) if each.id != run.id)
    assert again.kind == kind and (await house.ended(again)).state == "completed"


async def test_a_run_that_an_active_account_ended_waits_for_its_time(database: Database) -> None:
    """It would end the same way at once, again and again."""
    house = House(database)
    now = house.clock.at
    await house.job("contacts", cadence=HOURLY, next_run_at=now, due_at=now)
    assert await tick(house) == 1
    [run] = await house.rows(SyncRun)
    house.gateway.failing["contacts"] = trouble("decrypt_failed")
    assert (await house.ended(run)).state == "failed"
    assert await tick(house) == 0
