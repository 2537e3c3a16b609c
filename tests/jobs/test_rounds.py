"""What is due is enqueued, in batches, and one that fails keeps none of the others."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
from app.jobs import store
from app.jobs.queues import REREAD
from app.jobs.rounds import Rounds
from app.jobs.service import Jobs
from tests.jobs.conftest import until

pytestmark = pytest.mark.anyio


async def test_what_is_due_is_enqueued_in_batches(database: Database, jobs: Jobs) -> None:
    left, asked = list(range(60)), list[int]()

    async def broken(_session: AsyncSession, _now: datetime, _limit: int) -> int:
        raise LookupError

    async def due(session: AsyncSession, now: datetime, limit: int) -> int:
        assert now.tzinfo is not None
        batch = [left.pop() for _ in range(min(limit, len(left)))]
        for number in batch:
            assert await jobs.enqueue(session, "work", f"j{number}", number, partition=f"acc_{number}")
        asked.append(len(batch))
        return len(batch)

    done: set[int] = set()

    async def work(number: int) -> None:
        done.add(number)

    jobs.register("work", REREAD, work)
    jobs.register_due(broken)
    jobs.register_due(due)
    await jobs.start(works=True)
    await until(lambda: len(done) == 60)
    assert asked[:3] == [25, 25, 10]


async def test_the_living_are_those_heard_of(database: Database) -> None:
    async with database.write() as session:
        await store.beat(session, "exe_1")
        await store.beat(session, "exe_1")
        await store.beat(session, "exe_2")
        await session.execute(
            text("UPDATE executors SET beat_at = :then WHERE id = 'exe_2'"),
            {
                "then": "2020-01-01 00:00:00.000000"
                if database.dialect == "sqlite"
                else datetime(2020, 1, 1, tzinfo=UTC)
            },
        )
    async with database.read() as session:
        assert [one.id for one in await store.executors(session, 30)] == ["exe_1"]
        assert [one.id for one in await store.executors(session, 1e9)] == ["exe_1", "exe_2"]
    async with database.write() as session:
        await store.forget(session, 3600)
    async with database.read() as session:
        assert [one.id for one in await store.executors(session, 1e9)] == ["exe_1"]


async def test_tidying_forgets_by_what_became_of_a_job(database: Database) -> None:
    asked: list[tuple[tuple[str, ...], int]] = []

    async def purge(states: object, before: datetime, _limit: int) -> int:
        asked.append((tuple(states), round((clock.now() - before).total_seconds() / 86_400)))  # pyright: ignore[reportArgumentType]
        return 0

    async def recover(_executors: object) -> int:
        return 0

    clock = Clock()
    await Rounds(database, clock, "exe_1", [], recover, purge, 1.0).tidy()
    assert asked == [(("done",), 1), (("failed", "cancelled"), 14)]
