"""What a working process does about the audit log about once an hour: sign where its chains end, shorten the old."""

import asyncio
import random
from contextlib import suppress

from structlog.stdlib import get_logger

from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import KeyWrapper
from app.keys import audit
from app.keys.audit_seals import Broken, Seals

_EVERY = (1800.0, 3600.0)
_ROUNDS = 200  # batches of one chain in a pass, so that the others get their turn
_log = get_logger("ledgerway.audit")


class AuditKeeping:
    """One per process that works; several do each other no harm."""

    def __init__(self, database: Database, wrapper: KeyWrapper, clock: Clock) -> None:
        self._database = database
        self._seals = Seals(database, wrapper, clock)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin. Needs a running loop."""
        self._task = self._task or asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """End; a batch that is running is cut off and made up for by the next."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def once(self) -> int:
        """One pass; how many entries it deleted."""
        await self._seals.sign_heads()
        async with self._database.read() as session:
            chains = await audit.chains(session)
        return sum([await self._shorten(environment_id) for environment_id in chains])

    async def _shorten(self, environment_id: str) -> int:
        gone = 0
        try:
            for _ in range(_ROUNDS):
                batch = await self._seals.prune(environment_id)
                gone += batch
                if not batch:
                    break
        except Broken as broken:
            _log.error("audit_log_broken", reason=str(broken))
        return gone

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(random.uniform(*_EVERY))  # noqa: S311 — processes should not meet
            try:
                await self.once()
            except Exception as error:
                _log.warning("audit_log_not_kept", error=type(error).__name__)
