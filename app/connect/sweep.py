"""Housekeeping of the connect flow: what customers left half-done ends by itself."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta

from structlog.stdlib import get_logger

from app.connect import store
from app.connect.adopt import Adoption
from app.core.clock import Clock
from app.core.database import Database

_log = get_logger("ledgerway.connect")

_EVERY = (300.0, 600.0)
_KEPT = timedelta(days=30)  # after its end a link can still be looked up by those who ask what became of it
_AT_MOST = 1000


class Sweep:
    """Every five to ten minutes: sign-ins nobody returned from, grants whose choice was never made, old links."""

    def __init__(self, database: Database, clock: Clock, adoption: Adoption) -> None:
        self._database = database
        self._clock = clock
        self._adoption = adoption
        self._task: asyncio.Task[None] | None = None

    async def once(self) -> int:
        """One bounded pass; how many grants it ended."""
        async with self._database.write() as session:
            await store.drop_stale_states(session, self._clock.now())
            await store.drop_old_links(session, self._clock.now() - _KEPT, _AT_MOST)
        return await self._adoption.sweep()

    def start(self) -> None:
        """Begin. Needs a running loop."""
        self._task = self._task or asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End; a pass that is running is cut off and made up for by the next."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(*_EVERY))  # noqa: S311 — processes should not meet
            try:
                ended = await self.once()
                if ended:
                    _log.info("abandoned_grants_ended", count=ended)
            except Exception as error:
                _log.warning("sweep_failed", error=type(error).__name__)
