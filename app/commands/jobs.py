"""`ledgerway jobs …`: background work, seen and moved by hand."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, TypeAlias

import typer

from app.core import json
from app.core.errors import Problem
from app.core.process import NotReady
from app.core.settings import load_settings
from app.jobs.service import Jobs
from app.jobs.store import Job
from app.main import create_app

jobs = typer.Typer(no_args_is_help=True, help="Background jobs.")

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Id: TypeAlias = Annotated[str, typer.Argument(help="Its id, as `jobs list` shows it.")]


class States(Enum):
    """The states a job has."""

    DELAYED = "delayed"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@jobs.command("list")
def list_jobs(
    state: Annotated[list[States] | None, typer.Option(help="Only these states; may be repeated.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only this queue: sync, reread, deliver, maint.")] = None,
    partition: Annotated[str | None, typer.Option(help="Only this partition: an account, say.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, newest first.", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first. Done ones are kept for a day, failed and cancelled ones for two weeks."""

    async def work() -> None:
        async with _port() as port:
            found = await port.list(
                states=[one.value for one in state or ()], queue=queue, partition=partition, limit=limit
            )
        if as_json:
            typer.echo(json.encode([asdict(job) for job in found]).decode())
            return
        for job in found:
            typer.echo(_line(job))
        if not found:
            typer.echo("There are no such jobs.", err=True)

    _run(work())


@jobs.command()
def show(job_id: _Id, as_json: AsJson = False) -> None:
    """Tell all there is to know of one job."""

    async def work() -> None:
        async with _port() as port:
            job = await _found(port, job_id)
        told = asdict(job)
        if as_json:
            typer.echo(json.encode(told).decode())
            return
        for name, value in told.items():
            typer.echo(f"{name:<11}{_shown(value)}")

    _run(work())


@jobs.command()
def cancel(job_id: _Id) -> None:
    """Take a job off its queue. What it has begun is not broken off, but its end counts for nothing."""

    async def work() -> None:
        async with _port() as port:
            job = await _found(port, job_id)
            if job.state not in ("delayed", "queued", "running"):
                raise ValueError(f"the job is {job.state} already")
            await port.cancel(job_id)
        typer.echo(f"{job_id} is cancelled; `ledgerway jobs resume {job_id}` brings it back.")

    _run(work())


@jobs.command()
def resume(job_id: _Id) -> None:
    """Put a cancelled or failed job back into its queue."""

    async def work() -> None:
        async with _port() as port:
            job = await _found(port, job_id)
            if not await port.resume(job_id):
                raise ValueError(f"the job is {job.state}: only cancelled and failed ones are resumed")
        typer.echo(f"{job_id} is queued again.")

    _run(work())


@jobs.command()
def workers(as_json: AsJson = False) -> None:
    """List the processes that run jobs now."""

    async def work() -> None:
        async with _port() as port:
            found = await port.executors()
        if as_json:
            typer.echo(json.encode([asdict(one) for one in found]).decode())
            return
        for one in found:
            typer.echo(
                f"{one.id:<31}{one.host}:{one.pid}  since {_shown(one.started_at)}, heard of {_shown(one.beat_at)}"
            )
        if not found:
            typer.echo("No process runs jobs: start `ledgerway serve` or `ledgerway worker`.", err=True)

    _run(work())


@asynccontextmanager
async def _port() -> AsyncGenerator[Jobs]:
    app = create_app(load_settings())
    port: Jobs = app.state.jobs
    try:
        if await app.state.database.schema_state() != "current" or not await port.migrated():
            raise NotReady("The database is not up to date; run `ledgerway migrate`.")
        yield port
    finally:
        await port.close(0)
        await app.state.database.close()


async def _found(port: Jobs, job_id: str) -> Job:
    job = await port.get(job_id)
    if job is None:
        raise Problem("not_found", f"there is no job {job_id}; `ledgerway jobs list` shows those there are")
    return job


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def _line(job: Job) -> str:
    told = {
        "delayed": f"not before {_shown(job.due_at)}",
        "queued": f"since {_shown(job.created_at)}, priority {job.priority}",
        "running": f"since {_shown(job.started_at)} on {job.executor}, attempt {job.attempts}",
        "done": f"at {_shown(job.ended_at)}",
        "failed": f"at {_shown(job.ended_at)}: {job.error or 'begun too often'}",
        "cancelled": f"at {_shown(job.ended_at)}",
    }[job.state]
    return f"{job.id}  {job.name}  {job.partition or '-'}  {job.state} {told}"


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "-"
    return "-" if value is None else str(value)
