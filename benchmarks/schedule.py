"""`python -m benchmarks.schedule [--seconds 30] [--url URL]`: 10,000 hourly schedules, one worker.

The jobs do nothing; what is left is the overhead of scheduling: processor time of a whole process, as a share of
one core.
"""

import argparse
import asyncio
import random
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, DateTime, Index, MetaData, String, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import json, reach
from app.core.clock import Clock
from app.core.database import Database
from app.jobs.queues import SYNC
from app.jobs.service import Jobs

ACCOUNTS = 10_000
CADENCE = timedelta(hours=1)
_WARM_SECONDS = 5.0

_SCHEDULES = Table(
    "bench_schedules",
    MetaData(),
    Column("account", String, primary_key=True),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Index("ix_bench_schedules_next_at", "next_at"),
)


@dataclass
class Overhead:
    """Shares of one core: a worker with nothing to do, and one with the schedules."""

    idle: float
    scheduling: float
    jobs: int
    seconds: float


async def _share(seconds: float) -> float:
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - cpu) / (time.perf_counter() - wall)


async def measure(url: str, seconds: float) -> Overhead:
    """Seed the schedules evenly over the hour and let a worker of this process go through them."""
    database = Database(url)
    await database.migrate()
    jobs = Jobs(database, Clock())
    await jobs.migrate()
    done = 0

    async def work(_account: str) -> None:
        nonlocal done
        done += 1

    async def due(session: AsyncSession, now: datetime, limit: int) -> int:
        query = (
            select(_SCHEDULES).where(_SCHEDULES.c.next_at <= now).order_by(_SCHEDULES.c.next_at).limit(limit)
        )
        rows = (await session.execute(query.with_for_update(skip_locked=True))).all()
        for row in rows:
            await jobs.enqueue(
                session, "delta", f"{row.account}:{row.next_at}", row.account, partition=row.account
            )
        if rows:
            later = update(_SCHEDULES).where(_SCHEDULES.c.account.in_([row.account for row in rows]))
            await session.execute(later.values(next_at=now + CADENCE))
        return len(rows)

    jobs.register("delta", SYNC, work)
    try:
        await jobs.start(works=True)
        await asyncio.sleep(_WARM_SECONDS)
        idle = await _share(seconds)
        await _seed(database)
        jobs.register_due(due)
        await asyncio.sleep(_WARM_SECONDS)
        before = done
        scheduling = await _share(seconds)
        return Overhead(idle, scheduling, done - before, seconds)
    finally:
        await jobs.close(10)
        await database.close()


async def _seed(database: Database) -> None:
    now = datetime.now(UTC)
    rows: list[dict[str, Any]] = [
        {"account": f"acc_{n}", "next_at": now + CADENCE * random.random()} for n in range(ACCOUNTS)
    ]
    async with database.write() as session:
        connection = await session.connection()
        await connection.run_sync(_SCHEDULES.metadata.create_all)
        await connection.execute(insert(_SCHEDULES), rows)


def run(seconds: float, url: str | None = None) -> Overhead:
    with tempfile.TemporaryDirectory(prefix="ledgerway-bench-") as folder, reach.everywhere():
        return asyncio.run(measure(url or f"sqlite:///{Path(folder) / 'bench.db'}", seconds))


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=30.0)
    arguments.add_argument("--url")
    asked = arguments.parse_args()
    print(json.encode(asdict(run(asked.seconds, asked.url))).decode())


if __name__ == "__main__":
    main()
