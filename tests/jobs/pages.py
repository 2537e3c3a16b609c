"""`python -m tests.jobs.pages URL FACTOR NUMBER`: a process that works on runs of pages.

Each page is one transaction under a lease.
"""

import asyncio
import signal
import sys
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import reach
from app.core.clock import Clock
from app.core.database import Database
from app.jobs.engine import Fenced
from app.jobs.queues import SYNC
from app.jobs.service import Jobs

TABLES = (
    "CREATE TABLE test_runs (id TEXT PRIMARY KEY, cursor INTEGER NOT NULL, pages INTEGER NOT NULL, lease TEXT)",
    "CREATE TABLE test_pages (run TEXT NOT NULL, page INTEGER NOT NULL, by_process INTEGER NOT NULL)",
)
PAGE_SECONDS = 0.05


class Pages:
    """Does runs. Whoever takes one up takes its lease, and only the lease's holder gets a page in."""

    def __init__(self, database: Database, process: int) -> None:
        self._database = database
        self._process = process

    async def work(self, run: str) -> None:
        lease = uuid4().hex
        async with self._database.write() as session:
            row = (
                await session.execute(
                    text("UPDATE test_runs SET lease = :lease WHERE id = :run RETURNING cursor, pages"),
                    {"lease": lease, "run": run},
                )
            ).one()
        for page in range(row.cursor, row.pages):
            await asyncio.sleep(PAGE_SECONDS)  # the provider is asked
            async with self._database.write() as session:
                await self._store(session, run, page, lease)

    async def _store(self, session: AsyncSession, run: str, page: int, lease: str) -> None:
        moved = await session.execute(
            text(
                "UPDATE test_runs SET cursor = cursor + 1"
                " WHERE id = :run AND lease = :lease AND cursor = :page RETURNING id"
            ),
            {"run": run, "lease": lease, "page": page},
        )
        if moved.one_or_none() is None:
            raise Fenced
        await session.execute(
            text("INSERT INTO test_pages VALUES (:run, :page, :process)"),
            {"run": run, "page": page, "process": self._process},
        )


async def main(url: str, factor: float, process: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    database = Database(url)
    jobs = Jobs(database, Clock(), factor)
    jobs.register("pages", SYNC, Pages(database, process).work)
    await jobs.start(works=True)
    await ended.wait()
    await jobs.close(5)
    await database.close()


if __name__ == "__main__":
    reach.within(reach.EVERYBODY)
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
