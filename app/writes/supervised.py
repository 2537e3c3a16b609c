"""Work that outlives the request that asked for it: a write is finished although its client went away."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from fastapi import FastAPI
from structlog.stdlib import get_logger

T = TypeVar("T")

_log = get_logger("ledgerway.writes")


class Supervisor:
    """Owns the tasks of writes. The handler only awaits; its cancellation does not reach the task.

    `owned` are the writes that run here: id → owner.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.owned: dict[str, str] = {}
        self._heart: asyncio.Task[None] | None = None

    @contextmanager
    def owning(self, write_id: str, owner: str) -> Generator[None]:
        """While it lasts, this process shows that the owner of the write lives."""
        self.owned[write_id] = owner
        try:
            yield
        finally:
            if self.owned.get(write_id) == owner:  # or this process took it up anew meanwhile
                del self.owned[write_id]

    @property
    def running(self) -> int:
        return len(self._tasks)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which goes on when the caller is cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def start(self, beat: Callable[[dict[str, str]], Awaitable[None]], every: float) -> None:
        """Tell `beat` every so many seconds which writes run here. Needs a running loop."""
        self._heart = self._heart or asyncio.get_running_loop().create_task(self._beat(beat, every))

    async def close(self) -> None:
        """Stop telling."""
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart

    async def _beat(self, beat: Callable[[dict[str, str]], Awaitable[None]], every: float) -> None:
        while True:
            await asyncio.sleep(every)
            if self.owned:
                try:
                    await beat(dict(self.owned))
                except Exception as error:
                    _log.warning("heartbeat_failed", error=type(error).__name__)

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
