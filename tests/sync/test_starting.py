"""One run at a time, whoever asks: callers of several processes, the clock, hints."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest
from sqlalchemy import update

from app.core.database import Database
from app.core.errors import Problem
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from tests.inbound.conftest import anyio_backend, database
from tests.sync.house import ACTOR, House, account

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
