"""Queries: the engine's rows as jobs of ours, and the processes that work. What changes a job is `engine`'s."""

import json
import os
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Select,
    TableClause,
    column,
    delete,
    func,
    inspect,
    select,
    table,
    type_coerce,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.engine import SCHEMA, Argument
from app.models.base import Instant
from app.models.executors import Executor

State: TypeAlias = Literal["delayed", "queued", "running", "done", "failed", "cancelled"]

_STATES: dict[str, State] = {
    "DELAYED": "delayed",
    "ENQUEUED": "queued",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}
_COLUMNS = (
    "workflow_uuid",
    "status",
    "name",
    "queue_name",
    "queue_partition_key",
    "priority",
    "recovery_attempts",
    "executor_id",
    "created_at",
    "delay_until_epoch_ms",
    "started_at_epoch_ms",
    "completed_at",
)


@dataclass(frozen=True)
class Job:
    """One piece of background work.

    partition  jobs of one partition wait for each other; an account, as a rule
    attempts   how often a process has begun it
    error      the name of what it failed with
    due_at     not before; None for at once
    """

    id: str
    name: str
    state: State
    queue: str | None
    partition: str | None
    priority: int
    attempts: int
    executor: str | None
    args: tuple[Argument, ...]
    error: str | None
    created_at: datetime
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


async def there(session: AsyncSession) -> bool:
    """Whether the engine's tables have been made."""
    schema = None if _dialect(session) == "sqlite" else SCHEMA
    return await session.run_sync(
        lambda sync: inspect(sync.connection()).has_table("dbos_migrations", schema=schema)
    )


async def jobs(
    session: AsyncSession,
    *,
    ids: Collection[str] = (),
    states: Collection[State] = (),
    queue: str | None = None,
    partition: str | None = None,
    limit: int = 100,
) -> Sequence[Job]:
    """Those that fit, newest first."""
    status, given, output = _tables(_dialect(session))
    query: Select[Any] = (
        select(*(status.c[name] for name in _COLUMNS), given.c.inputs, output.c.error)
        .join_from(status, given, given.c.workflow_uuid == status.c.workflow_uuid, isouter=True)
        .join(output, output.c.workflow_uuid == status.c.workflow_uuid, isouter=True)
        .order_by(status.c.created_at.desc(), status.c.workflow_uuid)
        .limit(limit)
    )
    if ids:
        query = query.where(status.c.workflow_uuid.in_(ids))
    if states:
        query = query.where(status.c.status.in_([word for word, state in _STATES.items() if state in states]))
    if queue is not None:
        query = query.where(status.c.queue_name == queue)
    if partition is not None:
        query = query.where(status.c.queue_partition_key == partition)
    return [_job(row) for row in await session.execute(query)]


async def ended(session: AsyncSession, states: Collection[State], before: datetime, limit: int) -> list[str]:
    """Ids of jobs that ended before then in one of `states`."""
    status, _, _ = _tables(_dialect(session))
    query = (
        select(status.c.workflow_uuid)
        .where(status.c.status.in_([word for word, state in _STATES.items() if state in states]))
        .where(status.c.completed_at < int(before.timestamp() * 1000))
        .limit(limit)
    )
    return [str(row[0]) for row in await session.execute(query)]


async def reprioritise(session: AsyncSession, job_id: str, priority: int) -> bool:
    """Whether it still waits and so could be moved."""
    status, _, _ = _tables(_dialect(session))
    done = await session.execute(
        update(status)
        .where(status.c.workflow_uuid == job_id, status.c.status.in_(("ENQUEUED", "DELAYED")))
        .values(priority=priority)
        .returning(status.c.workflow_uuid)
    )
    return done.one_or_none() is not None


async def running(session: AsyncSession, executor: str | None = None) -> dict[str, str]:
    """Jobs that have been begun and not ended, with their executors."""
    status, _, _ = _tables(_dialect(session))
    query = select(status.c.workflow_uuid, status.c.executor_id).where(status.c.status == "PENDING")
    if executor is not None:
        query = query.where(status.c.executor_id == executor)
    return {str(row[0]): str(row[1]) for row in await session.execute(query)}


# Executors


async def beat(session: AsyncSession, executor: str) -> None:
    """Say that this process lives."""
    insert = sqlite.insert if _dialect(session) == "sqlite" else postgresql.insert
    now = _ago(session, 0)
    said = {"host": socket.gethostname(), "pid": os.getpid(), "beat_at": now}
    row = insert(Executor).values(id=executor, started_at=now, **said)
    await session.execute(row.on_conflict_do_update(index_elements=[Executor.id], set_=said))


async def gone(session: AsyncSession, executor: str) -> None:
    """Say that this process works no more."""
    await session.execute(delete(Executor).where(Executor.id == executor))


async def forget(session: AsyncSession, seconds: float) -> None:
    """Forget those silent for so long."""
    await session.execute(delete(Executor).where(Executor.beat_at < _ago(session, seconds)))


async def executors(session: AsyncSession, silent: float) -> Sequence[Executor]:
    """Those heard of in the last `silent` seconds."""
    query = select(Executor).where(Executor.beat_at > _ago(session, silent)).order_by(Executor.started_at)
    return (await session.scalars(query)).all()


def _ago(session: AsyncSession, seconds: float) -> ColumnElement[datetime]:
    """So many seconds ago by the database's clock, which all processes share."""
    if _dialect(session) == "sqlite":
        moment = func.strftime("%Y-%m-%d %H:%M:%f000", "now", f"-{seconds} seconds")
    else:
        moment = func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    return type_coerce(moment, Instant())


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name


@cache
def _tables(dialect: str) -> tuple[TableClause, TableClause, TableClause]:
    schema = None if dialect == "sqlite" else SCHEMA
    return (
        table("workflow_status", *(column(name) for name in _COLUMNS), schema=schema),
        table("workflow_input", column("workflow_uuid"), column("inputs"), schema=schema),
        table("workflow_output", column("workflow_uuid"), column("error"), schema=schema),
    )


def _job(row: Any) -> Job:
    due, started, ended = row.delay_until_epoch_ms, row.started_at_epoch_ms, row.completed_at
    return Job(
        id=row.workflow_uuid,
        name=row.name,
        state=_STATES[row.status],
        queue=row.queue_name,
        partition=row.queue_partition_key,
        priority=row.priority,
        attempts=row.recovery_attempts or 0,
        executor=row.executor_id,
        args=tuple(json.loads(row.inputs)["positionalArgs"]) if row.inputs else (),
        error=str(json.loads(row.error)["message"]) if row.error else None,
        created_at=_instant(row.created_at),
        due_at=None if due is None else _instant(due),
        started_at=None if started is None else _instant(started),
        ended_at=None if ended is None else _instant(ended),
    )


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
