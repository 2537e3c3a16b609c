"""The contract with the engine: what we rely on and its next release might change."""

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from app.core.clock import Clock
from app.core.database import Database
from app.core.dialects import normalize
from app.jobs import store
from app.jobs.engine import JobEngine
from app.jobs.queues import REREAD
from app.jobs.service import Jobs
from app.models.executors import Executor
from tests.jobs.conftest import FACTOR, until
from tests.support import postgres

pytestmark = pytest.mark.anyio


async def row(database: Database, job_id: str) -> dict[str, Any]:
    schema = "" if database.dialect == "sqlite" else "dbos."
    async with database.read() as session:
        found = await session.execute(
            text(
                f"SELECT * FROM {schema}workflow_status s"
                f" JOIN {schema}workflow_input i ON i.workflow_uuid = s.workflow_uuid"
                " WHERE s.workflow_uuid = :id"
            ),
            {"id": job_id},
        )
        return dict(found.mappings().one())


async def _nothing(*_args: object) -> None:
    pass


async def _ordered(database: Database, jobs: Jobs, job_id: str) -> None:
    async with database.write() as session:
        assert await jobs.enqueue(session, "work", job_id, "run_1", 3, partition="acc_1", priority=4)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without the engine's tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    url = postgres.create_database(request.getfixturevalue("postgres_cluster"), "template0")
    yield url
    postgres.drop_database(url)


async def test_its_tables_are_made_once_by_several(empty_url: str) -> None:
    database = Database(empty_url)
    engines = [JobEngine(normalize(empty_url)) for _ in range(2)]
    async with database.read() as session:
        assert not await store.there(session)
    await asyncio.gather(*(asyncio.to_thread(engine.migrate) for engine in engines))
    await asyncio.to_thread(engines[0].migrate)
    async with database.read() as session:
        assert await store.there(session)
    for engine in engines:
        engine.close()
    await database.close()


async def test_an_order_is_stored_as_plain_json(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    await _ordered(database, jobs, "j1")
    stored = await row(database, "j1")
    assert json.loads(stored["inputs"]) == {"positionalArgs": ["run_1", 3], "namedArgs": {}}
    told = {
        "serialization": "portable_json",
        "status": "ENQUEUED",
        "name": "work",
        "queue_name": "reread",
        "queue_partition_key": "acc_1",
        "priority": 4,
        "application_name": "ledgerway",
        "application_version": "ledgerway-1",
        "executor_id": None,
        "recovery_attempts": 0,
    }
    assert {name: stored[name] for name in told} == told


async def test_jobs_of_the_dead_go_back_to_their_queue_and_nobody_elses(
    database: Database, jobs: Jobs
) -> None:
    begun: list[str] = []
    held = asyncio.Event()

    async def work(run: str, _number: int) -> None:
        begun.append(run)
        await held.wait()

    jobs.register("work", REREAD, work)
    await jobs.start(works=True)
    await _ordered(database, jobs, "mine")
    await until(lambda: begun)
    schema = "" if database.dialect == "sqlite" else "dbos."
    long = datetime(2099, 1, 1, tzinfo=UTC)
    async with database.write() as session:  # before it has a job, and for as long as the test takes
        await store.beat(session, "exe_living")
        await session.execute(update(Executor).where(Executor.id == "exe_living").values(beat_at=long))
    for job_id, executor in (("dead1", "exe_dead"), ("living", "exe_living")):
        async with database.write() as session:
            await jobs.enqueue(session, "work", job_id, job_id, 0, partition=job_id)
            await session.execute(
                text(
                    f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = :executor,"
                    " recovery_attempts = 2, owner_xid = 'x' WHERE workflow_uuid = :id"
                ),
                {"id": job_id, "executor": executor},
            )
    rounds = jobs._rounds  # pyright: ignore[reportPrivateUsage]
    assert rounds is not None
    await rounds.reap()  # by now another round may have done it
    await until(lambda: begun == ["run_1", "dead1"])
    dead, living, mine = (
        await row(database, "dead1"),
        await row(database, "living"),
        await row(database, "mine"),
    )
    assert (dead["queue_name"], dead["queue_partition_key"]) == ("reread", "dead1")
    assert dead["recovery_attempts"] == 3 and dead["executor_id"] == jobs.executor
    assert (living["status"], living["executor_id"]) == ("PENDING", "exe_living")
    assert mine["recovery_attempts"] == 1
    held.set()


async def test_it_has_a_loop_and_threads_of_its_own(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    await jobs.start(works=True)
    await _ordered(database, jobs, "j1")
    await until(lambda: _done(jobs, "j1"))
    names = {await asyncio.to_thread(_thread) for _ in range(3)}
    assert not [name for name in names if "dbos" in name]
    await jobs.close(5)
    assert await asyncio.to_thread(lambda: 1) == 1


def _thread() -> str:
    return threading.current_thread().name


async def _done(jobs: Jobs, job_id: str) -> bool:
    job = await jobs.get(job_id)
    return job is not None and job.state == "done"


async def test_a_process_works_for_one_database(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    await jobs.start(works=True)
    other = JobEngine(database.url)
    await asyncio.to_thread(other.open)
    with pytest.raises(RuntimeError, match="works already"):
        await asyncio.to_thread(other.launch, "exe_2", {}, _perform, FACTOR)
    await asyncio.to_thread(other.close)


async def _perform(*_args: object) -> None:
    pass


async def test_the_end_of_a_port_that_was_never_opened(database: Database) -> None:
    await Jobs(database, Clock()).close(1)
