"""Work that outlives the request that asked for it: a write is finished although its client went away."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import FastAPI
from structlog.stdlib import get_logger

T = TypeVar("T")

_log = get_logger("ledgerway.unified")


class Supervisor:
    """Owns the tasks of writes. The handler only awaits; its cancellation does not reach the task."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def running(self) -> int:
        return len(self._tasks)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which goes on when the caller is cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def drain(self, seconds: float) -> int:
        """Wait for what runs, at most `seconds`; returns how many writes were cancelled after that."""
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(tuple(self._tasks), timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
        return len(late)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        # Looked at here so that the failure of an abandoned write is no "exception was never retrieved".
        if not task.cancelled() and task.exception() is not None:
            _log.debug("write_ended_in_error", error=type(task.exception()).__name__)


def supervisor(app: FastAPI) -> Supervisor:
    """The application's supervisor; the composition root drains it when the process stops."""
    found = getattr(app.state, "writes", None)
    if found is None:
        found = app.state.writes = Supervisor()
    return found
