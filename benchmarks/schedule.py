"""`python -m benchmarks.schedule [--seconds 30] [--url URL]`: 10,000 accounts with hourly deltas, one worker.

Each has a sync job; what is due becomes a run with its events and goes through its queue, as ever. Its slice asks no
provider and ends it; what is left is the overhead of scheduling: processor time of a whole process, as a share of
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
from typing import Any, cast

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Accounts
from app.core import json, reach
from app.core.clock import Clock
from app.core.database import Database
from app.core.settings import Settings
from app.jobs.queues import SYNC
from app.jobs.service import Jobs
from app.models.environments import Environment
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.sync.destinations.service import Destinations
from app.sync.service import Sync
from connectors.kit.registry import load

ACCOUNTS = 10_000
CADENCE = timedelta(hours=1)
_WARM_SECONDS = 5.0
_SLICE = "bench.slice"


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
    """Seed the jobs evenly over the hour and let a worker of this process go through them."""
    database, clock = Database(url), Clock()
    await database.migrate()
    jobs = Jobs(database, clock)
    await jobs.migrate()
    accounts = Accounts(database, clock, Settings(), load())
    done = 0

    async def handover(session: AsyncSession, run: SyncRun, wait: float) -> None:
        job = f"sync:{run.id}:{run.slice}"
        await jobs.enqueue(session, _SLICE, job, run.id, partition=run.account_id, delay=wait or None)

    async def is_alive(run: SyncRun) -> bool:
        return await jobs.get(f"sync:{run.id}:{run.slice}") is not None

    async def end(run_id: str) -> None:
        nonlocal done
        done += 1
        async with database.write() as session:
            await session.execute(update(SyncRun).where(SyncRun.id == run_id).values(state="completed"))

    jobs.register(_SLICE, SYNC, end)
    nowhere = cast("Destinations", None)  # what is due asks for none
    sync = Sync(database, clock, accounts, nowhere, handover, is_alive, _unheard)
    await _seed(database)
    try:
        await jobs.start(works=True)
        await asyncio.sleep(_WARM_SECONDS)
        idle = await _share(seconds)
        jobs.register_due(sync.due)
        jobs.register_due(sync.strays)
        await asyncio.sleep(_WARM_SECONDS)
        before = done
        scheduling = await _share(seconds)
        return Overhead(idle, scheduling, done - before, seconds)
    finally:
        await jobs.close(10)
        await database.close()


async def _unheard(*_args: object) -> None:
    """No hooks are taken back here."""


async def _seed(database: Database) -> None:
    now, integration = datetime.now(UTC), load()[0].slug
    begin = now + timedelta(seconds=2 * _WARM_SECONDS)
    home: dict[str, Any] = {"environment_id": "env_1", "created_at": now, "updated_at": now}
    place = {"integration": integration, "location": "us", "scopes": []}
    names = range(ACCOUNTS)
    accounts = [
        {
            "id": f"acc_{n}",
            "tenant_id": f"tenant_{n}",
            "organization_id": str(n),
            "organization": {"name": "Acme"},
            "grant_id": "grt_1",
            "status": "active",
            "context": {},
            **place,
            **home,
        }
        for n in names
    ]
    due = [begin + CADENCE * random.random() for _ in names]
    jobs = [
        {
            "id": f"syj_{n}",
            "account_id": f"acc_{n}",
            "resources": ["accounting/invoices", "accounting/contacts"],
            "hydrate": [],
            "cadence": {"interval_seconds": CADENCE.seconds},
            "next_run_at": at,
            "due_at": at,
            **home,
        }
        for n, at in enumerate(due)
    ]
    async with database.write() as session:
        session.add(Environment(id="env_1", name="bench", mode="test", created_at=now))
        await session.flush()
        session.add(Grant(id="grt_1", **place, **home))
        await session.flush()
        await session.execute(insert(IntegratedAccount), accounts)
        await session.execute(insert(SyncJob), jobs)


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
