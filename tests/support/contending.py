"""One of several processes that write to the same rows as fast as they can."""

import asyncio
from datetime import UTC, datetime

from app.core import reach
from app.core.database import Database
from app.core.errors import Problem
from app.keys import audit
from app.keys.audit import Actor

AT_ONCE = 25


def contend(url: str, writer: int, writes: int) -> int:
    """Appends so many entries to one audit chain, many at a time; how often it could not."""

    async def work() -> int:
        database, gate, failed = Database(url), asyncio.Semaphore(AT_ONCE), 0
        actor = Actor("cli", "test")

        async def write(number: int) -> None:
            nonlocal failed
            async with gate:
                try:
                    async with database.write() as session:
                        now = datetime.now(UTC)
                        await audit.record(session, now, "env_1", actor, "a.b", f"{writer}/{number}")
                except Problem:
                    failed += 1

        with reach.everywhere():
            await asyncio.gather(*(write(number) for number in range(writes)))
            await database.close()
        return failed

    return asyncio.run(work())
