"""Housekeeping of the connect flow: what customers left half-done ends by itself."""

from datetime import timedelta

from structlog.stdlib import get_logger

from app.connect import store
from app.connect.adopt import Adoption
from app.core.chores import Chore
from app.core.clock import Clock
from app.core.database import Database

_log = get_logger("ledgerway.connect")

_KEPT = timedelta(days=30)  # after its end a link can still be looked up by those who ask what became of it
_AT_MOST = 1000


class Sweep(Chore):
    """Every five to ten minutes: sign-ins nobody returned from, grants whose choice was never made, old links."""

    every = (300.0, 600.0)

    def __init__(self, database: Database, clock: Clock, adoption: Adoption) -> None:
        self._database = database
        self._clock = clock
        self._adoption = adoption

    async def once(self) -> int:
        """One bounded pass; how many grants it ended."""
        async with self._database.write() as session:
            await store.drop_stale_states(session, self._clock.now())
            await store.drop_old_links(session, self._clock.now() - _KEPT, _AT_MOST)
        ended = await self._adoption.sweep()
        if ended:
            _log.info("abandoned_grants_ended", count=ended)
        return ended
