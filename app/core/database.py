"""Storage: one door for reading, one for writing, the same on SQLite and PostgreSQL."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.core import dialects, reach, schema
from app.core.dialects import Dialect
from app.core.errors import Problem

T = TypeVar("T")

_TRIES = 4
_WRITER_PATIENCE = 15.0


class Database:
    """The product's database, by URL: `sqlite:///file`, `postgres://…` or `postgresql://…`, driver optional.

    What goes wrong with the storage leaves as Problem `storage_unavailable` or `storage_full`; a broken
    constraint stays `sqlalchemy.exc.IntegrityError`. What a session sees is decided by `app.core.reach`.
    """

    def __init__(self, url: str) -> None:
        self.url = dialects.normalize(url)
        self._readers, self._writers = dialects.engines(self.url)
        self._reading = async_sessionmaker(self._readers, expire_on_commit=False, autoflush=False)
        self._writing = async_sessionmaker(self._writers, expire_on_commit=False)
        # SQLite has one writer. Queueing here is fair and cheap; queueing in its busy handler is neither.
        self._writer = asyncio.Lock() if self.dialect == "sqlite" else None

    @property
    def dialect(self) -> Dialect:
        return "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession]:
        """A session that sees one snapshot per statement and cannot write on SQLite. Keep it short."""
        reach.demand()
        with dialects.translated():
            async with self._reading() as session:
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        reach.demand()
        with dialects.translated():
            await self._take_writer()
            try:
                async with self._writing() as session:
                    await self._begin(session)
                    yield session
                    await session.commit()
            finally:
                if self._writer is not None:
                    self._writer.release()

    async def transact(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """`work` in one transaction, again (at most three times) when the database chose it as a victim.

        Deadlock and serialisation failures are retried, so `work` must have no effect outside the session.
        """
        for attempt in range(_TRIES):
            try:
                async with self.write() as session:
                    return await work(session)
            except Problem as problem:
                cause = problem.__cause__
                if not (isinstance(cause, DBAPIError) and dialects.is_victim(cause)) or attempt == _TRIES - 1:
                    raise
                await asyncio.sleep(random.uniform(0.01, 0.05) * 2**attempt)  # noqa: S311 — jitter
        raise AssertionError("unreachable")

    async def ping(self) -> None:
        """Problem unless the database answers a trivial query."""
        with reach.everywhere():
            async with self.read() as session:
                await session.execute(dialects.TRIVIAL)

    async def migrate(self) -> None:
        """Bring the schema up to date. Safe to call from several processes at once.

        SchemaTooNew when a newer release has been here; Problem storage_unavailable says what is wrong with the file
        or server.
        """
        with dialects.explained(), reach.everywhere():
            await schema.migrate(self._writers, self.url)

    async def schema_state(self) -> Literal["empty", "behind", "current", "newer"]:
        """How the stored schema compares with what this release knows."""
        with dialects.explained():
            return await schema.state(self._writers)

    async def close(self) -> None:
        await self._readers.dispose()
        if self._writers is not self._readers:
            await self._writers.dispose()

    async def _take_writer(self) -> None:
        if self._writer is None:
            return
        try:
            async with asyncio.timeout(_WRITER_PATIENCE):
                await self._writer.acquire()
        except TimeoutError:
            raise Problem("storage_unavailable", "The database is busy.", retry_after=1) from None

    async def _begin(self, session: AsyncSession) -> None:
        """Start the transaction now: what can be busy is busy here, where nothing has happened yet."""
        for attempt in range(_TRIES):
            try:
                await session.connection()
                return
            except SQLAlchemyError as error:
                await session.rollback()
                if self.dialect != "sqlite" or not dialects.is_busy(error) or attempt == _TRIES - 1:
                    raise
                await asyncio.sleep(random.uniform(0.01, 0.1) * 2**attempt)  # noqa: S311 — jitter
