"""Whose rows the storage shows: one environment's, everybody's, or nobody's as long as nothing is said.

Queries name the environment themselves; this is the second wall, for the query that forgets to. PostgreSQL
keeps it by row-level security (`app.core.schema.wall`); SQLite has none, but a session without a reach is
refused there as well.
"""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

SETTING = "ledgerway.environment"
EVERYBODY = "*"

_reach: ContextVar[str] = ContextVar("reach", default="")


def within(environment_id: str) -> None:
    """From here on this task, and what it starts, sees one environment."""
    _reach.set(environment_id)


@contextmanager
def everywhere() -> Generator[None]:
    """For the product's own work, which belongs to no environment or to all: transactions begun here see all."""
    before = _reach.set(EVERYBODY)
    try:
        yield
    finally:
        _reach.reset(before)


@contextmanager
def nowhere() -> Generator[None]:
    """A request begins here: until somebody is known to ask, nothing is visible."""
    before = _reach.set("")
    try:
        yield
    finally:
        _reach.reset(before)


@asynccontextmanager
async def widened(session: AsyncSession) -> AsyncGenerator[None]:
    """Inside a transaction, one question about all environments."""
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    await session.execute(text(_local(EVERYBODY)))
    yield
    await session.execute(text(setting()))


def demand() -> None:
    """RuntimeError when nobody said whose rows: an empty answer would hide the mistake."""
    if not _reach.get():
        raise RuntimeError("no environment: a session needs a principal, or `reach.everywhere()`")


def setting() -> str:
    """PostgreSQL's statement that gives the running transaction this task's reach."""
    return _local(_reach.get())


def _local(environment_id: str) -> str:
    quoted = environment_id.replace("'", "''")
    return f"SET LOCAL {SETTING} = '{quoted}'"
