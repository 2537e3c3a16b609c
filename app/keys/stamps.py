"""`last_used_at` columns: written in the background, at most once a minute per row."""

import asyncio

from sqlalchemy import or_, update
from structlog.stdlib import get_logger

from app.core import reach
from app.core.clock import Clock
from app.core.database import Database
from app.models.api_keys import ApiKey
from app.models.integrated_accounts import IntegratedAccount

_EVERY = 60.0
_REMEMBERED = 50_000
_log = get_logger("ledgerway.stamps")


class Stamps:
    """Notes uses of one table's rows. Losing a note costs a minute of precision, so nobody waits for it."""

    def __init__(
        self, database: Database, clock: Clock, table: type[ApiKey] | type[IntegratedAccount]
    ) -> None:
        self._database = database
        self._clock = clock
        self._table = table
        self._written: dict[str, float] = {}
        self._pending: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def note(self, row_id: str) -> None:
        """The row was used now."""
        now = self._clock.monotonic()
        last = self._written.get(row_id)
        if last is not None and now - last < _EVERY:
            return
        if len(self._written) >= _REMEMBERED:
            self._written.clear()
        self._written[row_id] = now
        self._pending.add(row_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(), name=f"stamps-{self._table.__tablename__}")

    async def settle(self) -> None:
        """Returns when everything noted is written, or could not be."""
        if self._task is not None:
            await self._task

    async def _write(self) -> None:
        while self._pending:
            ids, self._pending = self._pending, set()
            now, table = self._clock.now(), self._table
            unless_newer = or_(table.last_used_at.is_(None), table.last_used_at < now)
            try:
                with reach.everywhere():
                    async with self._database.write() as session:
                        # in one order everywhere, so that two processes never wait for each other's rows
                        for row_id in sorted(ids):
                            await session.execute(
                                update(table).where(table.id == row_id, unless_newer).values(last_used_at=now)
                            )
            except Exception as error:
                _log.warning("last_used_not_written", table=table.__tablename__, error=type(error).__name__)
