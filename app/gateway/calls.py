"""The call log: one redacted record per run, gathered in memory and written together within a second."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import CursorResult, delete, select, text

from app.core import json
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.redaction import redact
from app.gateway.runs import Meter, Run
from app.models.call_log import CallLog
from app.models.environments import Environment

_log = structlog.get_logger("ledgerway.calls")

_EVERY = 0.5
_BATCH = 1000
_MOST = 50_000  # then the oldest are dropped: the log must not eat the memory while the storage is away
_TEXT = 500
_INSTANT = len("2026-01-02 03:04:05.678901")  # of an instant in UTC, as SQLite keeps it

_COLUMNS = tuple(CallLog.__table__.columns.keys())
# One statement and one parameter for a whole batch: row by row, the driver's thread and the event loop would
# hand the interpreter to and fro for each, under load the dearest part of a call. Twice the same row is once.
_INTO_SQLITE = (
    f"INSERT INTO call_log ({', '.join(_COLUMNS)}) SELECT "  # noqa: S608 — names of our own columns
    + ", ".join(f"json_extract(value, '$.{name}')" for name in _COLUMNS)
    + " FROM json_each(:rows) WHERE true ON CONFLICT DO NOTHING"
)
_INTO_POSTGRESQL = (
    f"INSERT INTO call_log ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)} "  # noqa: S608
    "FROM json_populate_recordset(NULL::call_log, CAST(:rows AS json)) ON CONFLICT DO NOTHING"
)


class Asked(Protocol):
    """What an entry tells of the request or run it is about; the columns are explained at `CallLog`."""

    @property
    def request_id(self) -> str: ...
    @property
    def key_id(self) -> str: ...
    @property
    def route(self) -> str: ...
    @property
    def resource(self) -> str: ...
    @property
    def operation(self) -> str: ...
    @property
    def source_event(self) -> str | None: ...
    @property
    def meter(self) -> Meter: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How it ended; as of `CallLog`."""

    status: int
    error_code: str | None = None
    error_detail: str | None = None
    executed: str | None = None
    retryable: bool | None = None
    retry_is_safe: bool | None = None


class Calls:
    """Records end on the storage at the latest a second later; a killed process loses that second."""

    def __init__(self, database: Database, clock: Clock, kept: timedelta) -> None:
        self._database = database
        self._kept = kept
        self.clock = clock
        self._rows: deque[dict[str, Any]] = deque(maxlen=_MOST)
        self._writing = asyncio.Lock()
        self._insert = text(_INTO_SQLITE if database.dialect == "sqlite" else _INTO_POSTGRESQL)
        self.dropped = 0

    def add(self, run: Run, ended: Ended, *, started: float, attempts: int) -> None:
        """Record how a run ended, unless the entry of its request tells that."""
        if not run.is_logged:
            account = run.account
            self.put(
                run,
                ended,
                environment_id=account.environment_id,
                account_id=account.id,
                tenant_id=account.tenant_id,
                attempts=attempts,
                started=started,
            )

    def put(
        self,
        asked: Asked,
        ended: Ended,
        *,
        environment_id: str,
        account_id: str | None,
        tenant_id: str | None,
        attempts: int,
        started: float,
    ) -> None:
        """Record what was asked and how it ended. `started` is monotonic. Nothing of bodies, queries or headers is
        kept."""
        meter = asked.meter
        clean = (
            _hidden if ended.status >= 400 else _clean
        )  # what was refused may be a secret in a wrong place
        self._put(
            id=new_id("log"),
            environment_id=environment_id,
            request_id=asked.request_id,
            created_at=self.clock.now().isoformat(" ", "microseconds")[:_INSTANT],
            account_id=account_id,
            tenant_id=tenant_id,
            key_id=asked.key_id or None,
            route=asked.route,
            resource=clean(asked.resource) or "",
            operation=clean(asked.operation) or "",
            record_id=clean(meter.record_id),
            method=meter.method,
            native_path=clean(meter.native_path),
            status=ended.status,
            provider_status=meter.provider_status,
            provider_code=_clean(meter.provider_code),
            duration_ms=max(0, int((self.clock.monotonic() - started) * 1000)),
            attempts=attempts,
            error_code=ended.error_code,
            error_detail=clean(ended.error_detail),
            result_count=meter.result_count,
            executed=ended.executed,
            retryable=ended.retryable,
            retry_is_safe=ended.retry_is_safe,
            source_event=_clean(asked.source_event),
        )

    def _put(self, **row: Any) -> None:
        if len(self._rows) == _MOST:
            self.dropped += 1
        self._rows.append(row)

    async def write_out(self) -> int:
        """Write what is gathered; how many records. What the storage does not take now stays for later."""
        written = 0
        async with self._writing:
            waiting = len(
                self._rows
            )  # not what comes meanwhile: under load that would be a row or two at a time
            while written < waiting and self._rows:
                batch = [self._rows.popleft() for _ in range(min(_BATCH, len(self._rows)))]
                try:
                    async with self._database.write() as session:
                        await session.execute(self._insert, {"rows": json.encode(batch).decode()})
                except Problem:
                    self._rows.extendleft(reversed(batch[: _MOST - len(self._rows)]))
                    raise
                except Exception as error:  # these rows will never fit; those behind them shall not wait
                    self.dropped += len(batch)
                    _log.error("call log entries lost", count=len(batch), exc_info=error)
                written += len(batch)
        return written

    async def forget(self) -> int:
        """Delete entries older than they are kept, in small pieces; how many."""
        before, gone = self.clock.now() - self._kept, 0
        async with self._database.read() as session:
            environments = list(await session.scalars(select(Environment.id)))
        for environment_id in environments:
            of_environment = CallLog.environment_id == environment_id
            old = select(CallLog.id).where(of_environment, CallLog.created_at < before).limit(_BATCH)
            while True:
                async with self._database.write() as session:
                    done = await session.execute(delete(CallLog).where(CallLog.id.in_(old)))
                assert isinstance(done, CursorResult)
                gone += done.rowcount
                if done.rowcount < _BATCH:
                    break
        return gone

    async def keep_forgetting(self) -> None:
        """Forget about once an hour. Runs for ever."""
        while True:
            await asyncio.sleep(random.uniform(1800.0, 5400.0))  # noqa: S311 — processes should not meet
            try:
                await self.forget()
            except Exception as error:
                _log.warning("old call log not deleted", error=type(error).__name__)

    async def keep_writing(self) -> None:
        """Write out twice a second. Runs for ever."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                # ended half-way, a batch may be stored and still count as waiting: it ends by itself
                await asyncio.shield(self.write_out())
            except Exception as error:
                _log.warning("call log not written", error=type(error).__name__, waiting=len(self._rows))
                await asyncio.sleep(_EVERY)


def _hidden(text: str | None) -> str | None:
    return _clean(redact(text)) if text else None


def _clean(text: str | None) -> str | None:
    """Texts of others, so that every database takes them."""
    if not text:
        return None
    if not text.isprintable():
        text = text.replace("\x00", "").encode("utf-8", "replace").decode()
    return text[:_TEXT]
