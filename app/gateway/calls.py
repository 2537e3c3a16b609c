"""The call log: one redacted record per run, gathered in memory and written together within a second."""

import asyncio
from collections import deque
from typing import Any

import structlog
from sqlalchemy import insert

from app.core.clock import Clock
from app.core.database import Database
from app.core.ids import new_id
from app.gateway.runs import Run
from app.models.call_log import CallLog

_log = structlog.get_logger("ledgerway.calls")

_EVERY = 0.5
_BATCH = 500
_MOST = (
    50_000  # beyond this the oldest are dropped: the log must not eat the memory while the storage is away
)
_TEXT = 500


class Calls:
    """Records end on the storage at the latest a second later; a killed process loses that second."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._rows: deque[dict[str, Any]] = deque(maxlen=_MOST)
        self.dropped = 0

    def add(
        self,
        run: Run,
        *,
        started: float,
        status: int,
        attempts: int,
        error_code: str | None = None,
        error_detail: str | None = None,
        executed: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        """Record how `run` ended. `started` is monotonic. Nothing of bodies, queries or headers is kept."""
        meter = run.meter
        self._put(
            id=new_id("log"),
            environment_id=run.account.environment_id,
            request_id=run.request_id,
            created_at=self._clock.now(),
            account_id=run.account.id,
            tenant_id=run.account.tenant_id,
            key_id=run.key_id or None,
            route=run.route,
            resource=run.resource,
            operation=run.operation,
            record_id=meter.record_id,
            method=meter.method,
            native_path=meter.native_path[:_TEXT] if meter.native_path else None,
            status=status,
            provider_status=meter.provider_status,
            provider_code=meter.provider_code,
            duration_ms=max(0, int((self._clock.monotonic() - started) * 1000)),
            attempts=attempts,
            error_code=error_code,
            error_detail=error_detail[:_TEXT] if error_detail else None,
            result_count=meter.result_count,
            executed=executed,
            retryable=retryable,
            source_event=run.source_event,
        )

    def _put(self, **row: Any) -> None:
        if len(self._rows) == _MOST:
            self.dropped += 1
        self._rows.append(row)

    async def write_out(self) -> int:
        """Write what is gathered; how many records. What fails stays for the next time."""
        written = 0
        while self._rows:
            batch = [self._rows.popleft() for _ in range(min(_BATCH, len(self._rows)))]
            try:
                async with self._database.write() as session:
                    await session.execute(insert(CallLog), batch)
            except BaseException:
                self._rows.extendleft(reversed(batch[: _MOST - len(self._rows)]))
                raise
            written += len(batch)
        return written

    async def keep_writing(self) -> None:
        """Write out twice a second. Runs for ever."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self.write_out()
            except Exception as error:
                _log.warning("call log not written", error=type(error).__name__, waiting=len(self._rows))
                await asyncio.sleep(_EVERY)
