"""What differs between SQLite and PostgreSQL: connections, pragmas, and the meaning of their errors."""

import asyncio
import contextlib
import errno
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

import aiosqlite
import asyncpg
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core import reach
from app.core.errors import Problem

Dialect: TypeAlias = Literal["sqlite", "postgresql"]

TRIVIAL = text("SELECT 1")

_BUSY_MS = 5_000
_PRAGMAS = (
    f"PRAGMA busy_timeout={_BUSY_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_size_limit=67108864",
)
_POSTGRES = {
    "statement_timeout": "10000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "15000",
    "timezone": "UTC",
    "application_name": "ledgerway",
}
_VICTIM = frozenset({"40001", "40P01"})
_FULL_STATES = frozenset({"53100"})
_FULL_TEXTS = ("database or disk is full", "no space left", "disk i/o error")


def normalize(url: str) -> URL:
    """`url` with our driver. ValueError, without the URL (it may hold a password), if it has none."""
    try:
        parsed = make_url(url.strip())
    except SQLAlchemyError:
        raise ValueError("the database URL cannot be read") from None
    backend = parsed.drivername.split("+", 1)[0]
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("the database URL needs a file: sqlite:///path/to/ledgerway.db")
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend in ("postgres", "postgresql"):
        query = dict(parsed.query)
        if "sslmode" in query:  # what libpq calls it
            query["ssl"] = query.pop("sslmode")
        return parsed.set(drivername="postgresql+asyncpg", query=query)
    raise ValueError(f"the database is SQLite or PostgreSQL, not {backend}")


def engines(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """Engines for readers and for writers; on PostgreSQL they are one."""
    if url.get_backend_name() == "sqlite":
        _make_file(Path(str(url.database)))
        return _sqlite(url, writer=False), _sqlite(url, writer=True)
    engine = create_async_engine(
        url,
        hide_parameters=True,  # its errors are logged
        pool_size=10,
        max_overflow=10,
        pool_timeout=5,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "server_settings": _POSTGRES,
            "timeout": 5,
            "command_timeout": 20,
            "connection_class": _Walled,
        },
    )
    return engine, engine


class _Walled(asyncpg.Connection):
    """Begins every transaction with the reach of its task, in the same round trip."""

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        if query.startswith("BEGIN"):
            query += reach.setting()
        return await super().execute(query, *args, **options)


def _make_file(path: Path) -> None:
    """An empty file only its owner reads; SQLite gives the files beside it the same permissions."""
    with contextlib.suppress(OSError):  # an unwritable place is told when it is used
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)


class _Sqlite(aiosqlite.Connection):
    """Rolls back before it closes: a statement that was cut off may keep what is closed half alive, and with it the
    transaction, so that nobody else could write.
    """

    async def close(self) -> None:
        with contextlib.suppress(sqlite3.Error, ValueError):
            await self.rollback()
        await super().close()

    def stop(self) -> asyncio.Future[Any] | None:
        if self._connection is not None:
            self._tx.put_nowait((None, self._connection.rollback))
        return super().stop()


def _connected(file: str, **options: Any) -> aiosqlite.Connection:
    connection = _Sqlite(lambda: sqlite3.connect(file, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # pyright: ignore[reportPrivateUsage] — as SQLAlchemy does with its own
    return connection


def _sqlite(url: URL, *, writer: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,  # its errors are logged
        pool_size=1 if writer else 4,
        max_overflow=0 if writer else 4,
        pool_timeout=15,
        connect_args={"timeout": _BUSY_MS / 1000, "async_creator_fn": _connected},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would begin by itself, too late and never IMMEDIATE
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        if not writer:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def is_busy(error: BaseException) -> bool:
    """Whether SQLite refused because somebody else is writing."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorcode", 0) or 0
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_victim(error: DBAPIError) -> bool:
    """Whether the database gave this transaction up so that another could go on."""
    return _state(error) in _VICTIM or is_busy(error)


def _state(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")


def _is_full(error: BaseException) -> bool:
    if _state(error) in _FULL_STATES:
        return True
    original = getattr(error, "orig", error)
    if isinstance(original, OSError) and original.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    code = (getattr(original, "sqlite_errorcode", 0) or 0) & 0xFF
    return code == sqlite3.SQLITE_FULL or any(word in str(original).casefold() for word in _FULL_TEXTS[:2])


@contextmanager
def translated() -> Generator[None]:
    """Storage failures inside the block leave as Problems; programming errors and constraints as they are."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeout) as error:
        if _is_full(error):
            raise Problem("storage_full", "There is no room left to store this.") from error
        if _is_outage(error):
            raise Problem("storage_unavailable", "The database is not available.", retry_after=2) from error
        raise
    except (ConnectionError, OSError) as error:  # asyncpg's own connect errors are not wrapped
        raise Problem("storage_unavailable", "The database is not available.", retry_after=2) from error


@contextmanager
def explained() -> Generator[None]:
    """For whoever starts a process: the same failures with the reason, but without where the database is."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        if isinstance(error, DBAPIError) and not (_is_full(error) or _is_outage(error)):
            raise
        detail = f"The database cannot be used: {reason(error)}."
        raise Problem("storage_unavailable", detail, retry_after=2) from error


def reason(error: BaseException) -> str:
    """What the database, or the system below it, said."""
    if isinstance(error, Problem) and error.__cause__ is not None:
        error = error.__cause__
    original = getattr(error, "orig", None) or error
    if isinstance(original, OSError):  # its own words may hold the address
        return os.strerror(original.errno) if original.errno else type(original).__name__
    return (str(original) or type(original).__name__).partition("\n")[0]


def _is_outage(error: DBAPIError | PoolTimeout) -> bool:
    if isinstance(error, PoolTimeout) or error.connection_invalidated:
        return True
    state = _state(error)
    if state:  # connection, resources, operator intervention, system, lock timeout, rolled back
        return state[:2] in ("08", "53", "57", "58", "40", "25") or state == "55P03"
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return (
            isinstance(original, sqlite3.OperationalError)
            and ((getattr(original, "sqlite_errorcode", 0) or 0) & 0xFF) not in (sqlite3.SQLITE_ERROR,)
        ) or (
            isinstance(original, sqlite3.DatabaseError)
            and ((getattr(original, "sqlite_errorcode", 0) or 0) & 0xFF)
            in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        )
    return True
