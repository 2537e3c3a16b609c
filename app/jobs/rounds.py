"""What a process that works does again and again beside its jobs: live, look after the dead, see what is due, tidy."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.core.clock import Clock
from app.core.database import Database
from app.jobs import store
from app.jobs.store import State

Due: TypeAlias = Callable[[AsyncSession, datetime, int], Awaitable[int]]
Recover: TypeAlias = Callable[[Collection[str]], Awaitable[int]]
Purge: TypeAlias = Callable[[Collection[State], datetime, int], Awaitable[int]]

SILENT = 30.0
"""Seconds after which a process not heard of is taken for dead."""

_BEAT = 5.0
_REAP = 10.0
_TICK = 1.0
_SHORTEST = 0.3  # however fast the clock runs
_PURGE = 60.0
_FORGOTTEN = 3600.0
_LIMIT = 25
_ROUNDS = 40  # of one `due` in a tick, so that others get their turn
_BATCH = 500
_KEPT: tuple[tuple[Collection[State], timedelta], ...] = (
    (("done",), timedelta(days=1)),
    (("failed", "cancelled"), timedelta(days=14)),
)
_log = get_logger("ledgerway.jobs")


class Rounds:
    """The tasks of one executor."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        executor: str,
        dues: Sequence[tuple[Due, float]],
        recover: Recover,
        purge: Purge,
        factor: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._executor = executor
        self._dues = dues
        self._recover = recover
        self._purge = purge
        self._factor = factor
        self._again: dict[Due, float] = {}
        self._ticks: list[asyncio.Task[None]] = []
        self._beats: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin. Needs a running loop."""
        self._ticks = [self._every(_TICK, self.tick), self._every(_PURGE, self.tidy)]
        self._beats = [self._every(_BEAT, self.live), self._every(_REAP, self.reap)]

    async def end_ticks(self) -> None:
        """Nothing more becomes due; the process still counts as living."""
        await _end(self._ticks)

    async def close(self) -> None:
        """End all of it."""
        await _end(self._ticks + self._beats)

    async def live(self) -> None:
        """One beat."""
        async with self._database.write() as session:
            await store.beat(session, self._executor)

    async def reap(self) -> int:
        """Give back to their queues the jobs of executors not heard of; how many."""
        silent = SILENT * self._factor
        async with self._database.read() as session:
            holders = set((await store.running(session)).values())
            living = {one.id for one in await store.executors(session, silent)}
        dead = holders - living - {self._executor}
        if not dead:
            return 0
        count = await self._recover(dead)
        _log.warning("jobs_taken_over", executors=sorted(dead), count=count)
        return count

    async def tick(self) -> int:
        """Enqueue what is due; how many."""
        count = 0
        for due, every in self._dues:
            now = self._clock.monotonic()
            if now < self._again.get(due, 0.0):
                continue
            self._again[due] = now + every * self._factor
            try:
                count += await self._due(due)
            except Exception as error:
                _log.warning("due_failed", due=due.__qualname__, error=type(error).__name__, exc_info=error)
        return count

    async def tidy(self) -> None:
        """Forget what ended long ago."""
        for states, kept in _KEPT:
            for _ in range(_ROUNDS):
                if await self._purge(states, self._clock.now() - kept, _BATCH) < _BATCH:
                    break
        async with self._database.write() as session:
            await store.forget(session, _FORGOTTEN)

    async def _due(self, due: Due) -> int:
        total = 0
        for _ in range(_ROUNDS):
            count = await self._database.transact(lambda session: due(session, self._clock.now(), _LIMIT))
            total += count
            if count < _LIMIT:
                break
        return total

    def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> asyncio.Task[None]:
        async def run() -> None:
            while True:
                await asyncio.sleep(max(_SHORTEST, seconds * self._factor) * random.uniform(0.9, 1.1))  # noqa: S311 — processes should not meet
                try:
                    await work()
                except Exception as error:
                    _log.warning("round_failed", round=work.__name__, error=type(error).__name__)

        return asyncio.get_running_loop().create_task(run())


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
