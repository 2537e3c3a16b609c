"""The port to background work: what every room enqueues with, and what runs its jobs."""

import asyncio
import fcntl
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, TypeAlias, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.core import dialects, log, reach
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.jobs import store
from app.jobs.engine import Argument, Fenced, JobEngine, JobFailed, Order
from app.jobs.queues import ORDINARY, Queue
from app.jobs.rounds import SILENT, Due, Rounds
from app.jobs.store import Job, State
from app.models.executors import Executor

Handler: TypeAlias = Callable[..., Awaitable[None]]
"""Does one job. It may be begun again after a crash, so what it does twice must count once."""

T = TypeVar("T")

_TURN_SECONDS = 2.0
_log = get_logger("ledgerway.jobs")


@dataclass(frozen=True)
class _Kind:
    queue: Queue
    handler: Handler


class Jobs:
    """Every process has one and may enqueue; `start(works=True)` makes it run jobs too, one per process.

    factor  waits are so many times as long (development)
    """

    def __init__(self, database: Database, clock: Clock, factor: float = 1.0) -> None:
        self._database = database
        self._clock = clock
        self._factor = factor
        self._engine = JobEngine(database.url)
        self._kinds: dict[str, _Kind] = {}
        self._dues: list[tuple[Due, float]] = []
        self._opening = asyncio.Lock()
        self._open = False
        # One file has one worker; on PostgreSQL each process is one of many.
        self.executor = "embedded" if self._engine.sqlite else new_id("exe")
        self._turn: IO[bytes] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._rounds: Rounds | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._parked: set[str] = set()
        self._stopping = False

    # What the rooms say when they are put together

    def register(self, name: str, queue: Queue, handler: Handler) -> None:
        """Jobs called `name` wait in `queue` and are done by `handler`, which gets their arguments."""
        assert name not in self._kinds, name
        self._kinds[name] = _Kind(queue, handler)

    def register_due(self, due: Due, every: float = 0.0) -> None:
        """About every second, or so many, in each process that works: `due(session, now, limit)` in a transaction.

        It enqueues at most `limit` jobs and says how many; as many as that, and it is called again at once.
        """
        self._dues.append((due, every))

    # What they call

    async def enqueue(
        self,
        session: AsyncSession,
        name: str,
        job_id: str,
        *args: Argument,
        partition: str | None = None,
        delay: float | None = None,
        priority: int = ORDINARY,
    ) -> bool:
        """Within the caller's transaction. False when there is, or lately was, a job of this id: nothing is done.

        args       ids only; who handles the job reads the rest
        partition  required where the queue is serial
        delay      seconds before which it is not begun
        priority   from 1; the lower, the sooner
        """
        queue = self._kinds[name].queue
        if queue.serial != (partition is not None):
            raise ValueError(f"jobs of queue {queue.name} have {'a' if queue.serial else 'no'} partition")
        await self.open()
        order = Order(job_id, name, queue, args, partition, delay, priority)
        return await session.run_sync(lambda sync: self._engine.enqueue(sync, order))

    async def cancel(self, *job_ids: str) -> None:
        """Take jobs off their queues. What has begun goes on unless it looks for its own flag.

        Never inside a write transaction: it has one of its own, and SQLite has one writer.
        """
        if job_ids:
            await self._asked(lambda: self._engine.cancel(job_ids))

    async def resume(self, job_id: str) -> bool:
        """Put a cancelled or failed job back into its queue; False when it is neither. Not in a transaction."""
        job = await self.get(job_id)
        if job is None or job.state not in ("cancelled", "failed"):
            return False
        queue = self._kinds[job.name].queue
        await self._asked(lambda: self._engine.resume(job_id, queue, job.partition))
        return True

    async def reprioritise(self, session: AsyncSession, job_id: str, priority: int) -> bool:
        """Move a job that waits; False when it does not wait any more."""
        return await store.reprioritise(session, job_id, priority)

    async def list(
        self,
        *,
        states: Collection[State] = (),
        queue: str | None = None,
        partition: str | None = None,
        limit: int = 100,
    ) -> Sequence[Job]:
        """Jobs, newest first."""
        async with self._database.read() as session:
            return await store.jobs(session, states=states, queue=queue, partition=partition, limit=limit)

    async def get(self, job_id: str) -> Job | None:
        """The job, unless there is none or it has been forgotten."""
        async with self._database.read() as session:
            found = await store.jobs(session, ids=(job_id,))
        return found[0] if found else None

    async def purge(self, states: Collection[State], before: datetime, limit: int = 500) -> int:
        """Forget jobs that ended before then; how many."""
        async with self._database.read() as session:
            ids = await store.ended(session, states, before, limit)
        if ids:
            await self._asked(lambda: self._engine.delete(ids))
        return len(ids)

    async def executors(self) -> Sequence[Executor]:
        """The processes that run jobs now."""
        async with self._database.read() as session:
            return await store.executors(session, SILENT * self._factor)

    # Life

    @property
    def stopping(self) -> bool:
        """Whether this process is about to end: what can be left at a good place is left there."""
        return self._stopping

    @property
    def works(self) -> bool:
        """Whether jobs are run here at this moment."""
        return self._rounds is not None

    async def migrate(self) -> None:
        """Bring the engine's tables up to date."""
        await self._asked(self._engine.migrate)

    async def migrated(self) -> bool:
        """Whether that has been done, be it by an earlier release."""
        async with self._database.read() as session:
            return await store.there(session)

    async def open(self) -> None:
        """Load the engine, half a second's work, unless that has been done."""
        if self._open:
            return
        async with self._opening:
            await asyncio.to_thread(self._engine.open)
            self._open = True

    async def start(self, *, works: bool) -> None:
        """Be ready to enqueue, and begin to work as soon as it is this process's turn."""
        await self.open()
        if works and not await self._begin():
            _log.info("jobs_run_elsewhere")
            self._waiting = asyncio.get_running_loop().create_task(self._await_turn())

    async def close(self, patience: float) -> None:
        """Let what runs come to a good place, at most `patience` seconds; what does not is done again elsewhere."""
        self._stopping = True
        if self._waiting is not None:
            self._waiting.cancel()
            with suppress(asyncio.CancelledError):
                await self._waiting
        if self._rounds is not None:
            await self._rounds.end_ticks()
            await self._drain(patience)
            await self._rounds.close()
            await asyncio.to_thread(self._engine.destroy)
            with suppress(Problem):
                async with self._database.write() as session:
                    await store.gone(session, self.executor)
            self._rounds = None
        if self._turn is not None:
            self._turn.close()
        if self._open:
            await asyncio.to_thread(self._engine.close)

    async def _await_turn(self) -> None:
        while True:
            await asyncio.sleep(_TURN_SECONDS * self._factor)
            try:
                if await self._begin():
                    return
            except Exception as error:
                _log.error("jobs_not_begun", error=type(error).__name__, exc_info=error)

    async def _begin(self) -> bool:
        """Work, unless another process of this SQLite file does."""
        if self._engine.sqlite and self._turn is None:
            turn: IO[bytes] = await asyncio.to_thread(open, f"{self._database.url.database}.worker", "ab")
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                turn.close()
                return False
            self._turn = turn
        self._loop = asyncio.get_running_loop()
        async with (
            self._database.write() as session
        ):  # before the first job, so that nobody takes it for dead
            await store.beat(session, self.executor)
        queues = {name: kind.queue for name, kind in self._kinds.items()}
        await self._asked(lambda: self._engine.launch(self.executor, queues, self._bring_over, self._factor))
        self._rounds = Rounds(
            self._database, self._clock, self.executor, self._dues, self._recover, self.purge, self._factor
        )
        self._rounds.start()
        _log.info("jobs_run_here", executor=self.executor)
        return True

    async def _drain(self, patience: float) -> None:
        """Until the engine has noted the end of everything begun here, but for what never really began."""
        end = self._clock.monotonic() + patience
        with suppress(Problem):
            while self._clock.monotonic() < end:
                async with self._database.read() as session:
                    left = await store.running(session, self.executor)
                if left.keys() <= self._parked:
                    return
                await asyncio.sleep(0.05)
        _log.warning("jobs_cut_off")

    async def _recover(self, executors: Collection[str]) -> int:
        return await self._asked(lambda: self._engine.recover(sorted(executors)))

    async def _asked(self, work: Callable[[], T]) -> T:
        """What the engine answers, in a thread: it blocks."""
        await self.open()
        with dialects.translated():
            return await asyncio.to_thread(work)

    # One job

    async def _bring_over(self, name: str, job_id: str, args: Sequence[Argument]) -> None:
        """On the engine's loop: have the job done on ours, where everything it needs lives."""
        assert self._loop is not None
        done = asyncio.run_coroutine_threadsafe(self._perform(name, job_id, args), self._loop)
        await asyncio.wrap_future(done)

    async def _perform(self, name: str, job_id: str, args: Sequence[Any]) -> None:
        if self._stopping:  # begun too late: whoever recovers this executor's jobs begins it anew
            self._parked.add(job_id)
            await asyncio.Event().wait()
        log.note(job=name, job_id=job_id)
        try:
            with reach.everywhere():
                await self._kinds[name].handler(*args)
        except Fenced:
            _log.info("job_fenced")
            raise Fenced from None
        except Exception as error:
            told = error.code if isinstance(error, Problem) else type(error).__name__
            _log.warning("job_failed", error=told, exc_info=None if isinstance(error, Problem) else error)
            raise JobFailed(told) from None
