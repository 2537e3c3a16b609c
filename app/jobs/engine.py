"""The only module that knows the job engine. It is imported late, and everything here blocks: call it in a thread.

The engine keeps a loop and threads of its own, so that nothing of ours is replaced when it starts or gone when it
ends; `perform` brings a job over to the server's loop.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.orm import Session

from app.jobs.queues import QUEUES, Queue

if TYPE_CHECKING:
    from dbos import DBOSClient, DBOSConfig, EnqueueOptions

Argument: TypeAlias = str | int
Perform: TypeAlias = Callable[[str, str, Sequence[Argument]], Awaitable[None]]
"""What runs a job: its name, its id, its arguments."""

SCHEMA = "dbos"
"""Where the engine's tables are on PostgreSQL; on SQLite they lie beside ours."""

_SHORTEST_POLL = 0.25
_NAME = "ledgerway"
_VERSION = "ledgerway-1"  # constant: a job begun by one release may end in the next
_BUSY_MS = 30_000
_THREADS = 16
_TRIES = 8
_DISPATCHES = 20  # a job that ends its process so often is not begun again


class Fenced(Exception):
    """Raised by a handler whose work another has taken over: it ends here and is not tried again."""


class JobFailed(Exception):
    """What is stored of a failure: its name, nothing it said."""


@dataclass(frozen=True)
class Order:
    """One job to enqueue."""

    id: str
    name: str
    queue: Queue
    args: tuple[Argument, ...]
    partition: str | None
    delay: float | None
    priority: int


class JobEngine:
    """A client of the engine on `url`, and on request its worker; one worker per process."""

    _at_work: ClassVar["JobEngine | None"] = None  # the engine's own state is the process's

    def __init__(self, url: URL) -> None:
        self._url = _sync_url(url)
        self._engine: Engine | None = None
        self._client: DBOSClient | None = None

    @property
    def sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    def open(self) -> None:
        """Load the engine. Connects to nothing."""
        if self._client is not None:
            return
        quiet = logging.getLogger("dbos")
        if not quiet.handlers:  # it would make one of its own, past the redaction of ours
            quiet.addHandler(logging.NullHandler())
            quiet.addFilter(_told_by_us)
        from dbos import DBOSClient, DBOSPortableJSONSerializer

        self._engine = _sqlite(self._url) if self.sqlite else _postgresql(self._url)
        self._client = DBOSClient(
            system_database_engine=self._engine,
            dbos_system_schema=None if self.sqlite else SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=_NAME,
            lazy=True,
            retry_connection_errors=False,
        )

    def close(self) -> None:
        """Give the connections back."""
        if self._client is not None:
            self._client.destroy()
        if self._engine is not None:
            self._engine.dispose()
        self._client = self._engine = None

    def migrate(self) -> None:
        """Make or update the engine's tables. Safe to call from several processes at once."""
        self.open()
        from dbos import DBOS

        DBOS.migrate(self._url.render_as_string(hide_password=False), schema=SCHEMA)

    # Orders

    def enqueue(self, session: Session, order: Order) -> bool:
        """Within the caller's transaction; False when there is or was a job of this id. `open` came first."""
        from dbos import error

        options: EnqueueOptions = {
            "workflow_id": order.id,
            "workflow_name": order.name,
            "workflow_id_reuse_policy": "reject",
            "queue_name": order.queue.name,
            "app_version": _VERSION,
            "application_name": _NAME,
            "priority": order.priority,
        }
        if order.partition is not None:
            options["queue_partition_key"] = order.partition
        if order.delay is not None:
            options["delay_seconds"] = order.delay
        try:
            self._opened.enqueue_in_transaction(session, options, *order.args)
        except error.DBOSWorkflowIDInUseError:
            return False
        return True

    def cancel(self, ids: Sequence[str]) -> None:
        """Take jobs off their queues; those that have ended stay as they are."""
        self._opened.cancel_workflows(list(ids))

    def resume(self, job_id: str, queue: Queue, partition: str | None) -> None:
        """Put a job that has ended, cancelled or failed too, back into its queue."""
        self._opened.rewind_workflow(
            job_id, application_version=_VERSION, queue_name=queue.name, queue_partition_key=partition
        )

    def delete(self, ids: Sequence[str]) -> None:
        """Forget jobs, and all that is stored of them."""
        self._opened.delete_workflows(list(ids))

    # Working

    def launch(self, executor: str, names: Mapping[str, Queue], perform: Perform, factor: float) -> None:
        """Begin to take jobs from the queues. Must not be called on a running loop: the engine would adopt it."""
        if JobEngine._at_work is not None:
            raise RuntimeError("this process works already")
        JobEngine._at_work = self
        try:
            self._launch(executor, names, perform, factor)
        except BaseException:
            self.destroy()
            raise

    def recover(self, executors: Sequence[str]) -> int:
        """Put jobs that these dead executors had begun back into their queues; how many.

        Safe to do at the same moment as others: a job somebody has begun since is left to them.
        """
        from dbos import DBOS

        # The public way (`resume_workflow`) would also take back what was begun since, and forget the attempts.
        return len(DBOS._recover_pending_workflows(list(executors)))  # pyright: ignore[reportPrivateUsage]

    def destroy(self) -> None:
        """Stop working. Jobs still running are cut off and stay this executor's."""
        if JobEngine._at_work is not self:
            return
        from dbos import DBOS

        DBOS.destroy(destroy_registry=True)
        JobEngine._at_work = None

    def _launch(self, executor: str, names: Mapping[str, Queue], perform: Perform, factor: float) -> None:
        from dbos import DBOS, DBOSPortableJSONSerializer

        config: DBOSConfig = {
            "name": _NAME,
            "application_version": _VERSION,
            "executor_id": executor,
            "system_database_engine": self._engine,
            "dbos_system_schema": SCHEMA,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            "use_listen_notify": False,
            "max_executor_threads": _THREADS,
            "notification_listener_polling_interval_sec": 0.5,  # nothing listens; it is how soon `destroy` ends
            "scheduler_polling_interval_sec": 3600.0,
            "log_level": "WARNING",
        }
        DBOS(config=config)
        for name in names:
            _define(name, perform, factor)
        DBOS.launch()
        for queue in QUEUES:
            DBOS.register_queue(
                queue.name,
                worker_concurrency=queue.at_once,
                partition_concurrency=1 if queue.serial else None,
                polling_interval_sec=max(_SHORTEST_POLL, queue.poll * factor),
            )

    @property
    def _opened(self) -> "DBOSClient":
        assert self._client is not None, "open() comes first"
        return self._client


def _told_by_us(record: logging.LogRecord) -> bool:
    """Whether a line of the engine's is worth logging: we tell of failed jobs ourselves, with their causes."""
    return not str(record.msg).startswith(
        ("Step being automatically", "Exception encountered in asynchronous")
    )


def _define(name: str, perform: Perform, factor: float) -> None:
    """Tell the engine a kind of job: one step with retries, and nothing outside it that could differ."""
    from dbos import DBOS

    async def run(*args: Any) -> None:
        await perform(name, str(DBOS.workflow_id), args)

    step = DBOS.step(
        name=name,
        retries_allowed=True,
        max_attempts=_TRIES,
        interval_seconds=0.5 * factor,
        backoff_rate=2.0,
        should_retry=lambda error: not isinstance(error, Fenced),
    )(run)

    async def job(*args: Any) -> None:
        await step(*args)

    DBOS.workflow(name=name, max_recovery_attempts=_DISPATCHES)(job)


def _sync_url(url: URL) -> URL:
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite")
    query = dict(url.query)
    if "ssl" in query:
        query["sslmode"] = query.pop("ssl")
    return url.set(drivername="postgresql+psycopg", query=query)


def _sqlite(url: URL) -> Engine:
    made = create_engine(url, hide_parameters=True, pool_size=4, max_overflow=4, pool_timeout=30)

    @event.listens_for(made, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"  # writers queue for their turn instead of failing half-way
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA synchronous=NORMAL")  # what a power cut takes back is done again
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    return made


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=8,
        max_overflow=4,
        pool_timeout=30,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "application_name": "ledgerway-jobs",
            "connect_timeout": 5,
            "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000",
        },
    )
