"""The schema's history: Alembic, configured in code, run under a lock that other processes respect."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Literal

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.reach import EVERYBODY, SETTING

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 0x6C77_6D69_6772_6174  # any number, the same in every process


class SchemaTooNew(Exception):
    """A newer release has migrated this database; this one does not know its schema."""


def config() -> Config:
    """Alembic's configuration, without a file."""
    made = Config()
    made.set_main_option("script_location", str(SCRIPTS))
    made.set_main_option("path_separator", "os")
    return made


async def migrate(engine: AsyncEngine, url: URL) -> None:
    """Upgrade to the newest revision, in one transaction."""
    async with _file_lock(url), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Held to the end of the transaction, so it also works behind a pooler.
            await connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            await connection.execute(text("SET LOCAL statement_timeout = '600s'"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.run_sync(_upgrade)


async def state(engine: AsyncEngine) -> Literal["empty", "behind", "current", "newer"]:
    """How the stored revision compares with the scripts of this release."""
    async with engine.connect() as connection:
        return await connection.run_sync(_state)


def wall(table: str, column: str = "environment_id") -> None:
    """For revisions: rows of the table show only to transactions that reach the environment in `column`.

    Its owner included; PostgreSQL's superusers pass every wall. SQLite has none.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        reached = f"current_setting('{SETTING}', true) IN ('{EVERYBODY}', {column})"
        op.execute(f"CREATE POLICY environment ON {table} USING ({reached})")


def unwall(table: str) -> None:
    """Undoes `wall`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP POLICY environment ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")


def _upgrade(connection: Connection) -> None:
    if _state(connection) == "newer":
        raise SchemaTooNew("The database was migrated by a newer release of Ledgerway; use that one.")
    made = config()
    made.attributes["connection"] = connection
    command.upgrade(made, "head")


def _state(connection: Connection) -> Literal["empty", "behind", "current", "newer"]:
    scripts = ScriptDirectory.from_config(config())
    stored = set(MigrationContext.configure(connection).get_current_heads())
    if not stored:
        return "empty"
    if stored == set(scripts.get_heads()):
        return "current"
    known = {script.revision for script in scripts.walk_revisions()}
    return "behind" if stored <= known else "newer"


@asynccontextmanager
async def _file_lock(url: URL) -> AsyncGenerator[None]:
    """On SQLite, the turn of this process among those that share the file."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    lock: IO[bytes] = await asyncio.to_thread(open, f"{url.database}.migrate", "wb")
    try:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
    finally:
        lock.close()
