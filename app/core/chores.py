"""Work that a process does beside its requests, again and again."""

import asyncio
import random
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import ClassVar

from structlog.stdlib import get_logger

_log = get_logger("ledgerway.chores")


class Chore(ABC):
    """`once`, again and again from `start` to `close`; a pass that fails is logged and made up for by the next.

    every   seconds between two passes, drawn from this range: processes should not meet
    """

    every: ClassVar[tuple[float, float]]
    _task: asyncio.Task[None] | None = None

    @abstractmethod
    async def once(self) -> object:
        """One bounded pass."""

    def start(self) -> None:
        """Begin. Needs a running loop."""
        self._task = self._task or asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End; a pass that is running is cut off."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def pause(self) -> float:
        """Seconds to the next pass."""
        return random.uniform(*self.every)  # noqa: S311

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self.pause())
            try:
                await self.once()
            except Exception as error:
                _log.warning("chore_failed", chore=type(self).__name__, error=type(error).__name__)
