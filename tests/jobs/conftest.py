"""A port on an empty database of each kind, and a way to wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from app.core.clock import Clock
from app.core.database import Database
from app.jobs.service import Jobs

FACTOR = 0.1


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
async def jobs(database: Database) -> AsyncIterator[Jobs]:
    """Not yet working: the test registers what it needs and calls `start`."""
    jobs = Jobs(database, Clock(), FACTOR)
    await jobs.migrate()
    yield jobs
    await jobs.close(5)


async def until(condition: Callable[[], Awaitable[Any] | Any], seconds: float = 30) -> None:
    """Return as soon as `condition` holds; fail when it never does."""
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if await held if isinstance(held, Awaitable) else held:
                return
            await asyncio.sleep(0.02)
