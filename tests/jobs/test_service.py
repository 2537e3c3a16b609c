"""The port, on both databases, with a worker in this process."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.jobs.engine import Fenced
from app.jobs.queues import MAINT, REREAD
from app.jobs.service import Jobs
from tests.jobs.conftest import FACTOR, until

pytestmark = pytest.mark.anyio


async def put(database: Database, jobs: Jobs, job_id: str, *args: str | int, **how: object) -> bool:
    how.setdefault("partition", "acc_1")
    async with database.write() as session:
        return await jobs.enqueue(session, "work", job_id, *args, **how)  # pyright: ignore[reportArgumentType]


async def state(jobs: Jobs, job_id: str) -> str | None:
    job = await jobs.get(job_id)
    return job and job.state


async def test_a_job_is_done_on_the_loop_of_the_server(database: Database, jobs: Jobs) -> None:
    done: list[tuple[object, ...]] = []

    async def work(*args: object) -> None:
        done.append((*args, asyncio.get_running_loop()))

    jobs.register("work", REREAD, work)
    await jobs.start(works=True)
    assert await put(database, jobs, "j1", "run_1", 7)
    await until(lambda: done)
    assert done == [("run_1", 7, asyncio.get_running_loop())]
    await until(lambda: _is(jobs, "j1", "done"))
    job = await jobs.get("j1")
    assert job is not None
    assert (job.name, job.queue, job.partition, job.args) == ("work", "reread", "acc_1", ("run_1", 7))
    assert job.attempts == 1 and job.error is None and job.executor == jobs.executor
    assert job.started_at is not None and job.ended_at is not None and job.created_at <= job.ended_at


async def _is(jobs: Jobs, job_id: str, wanted: str) -> bool:
    return await state(jobs, job_id) == wanted


async def test_a_job_goes_where_its_transaction_goes(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    with pytest.raises(LookupError):
        async with database.write() as session:
            assert await jobs.enqueue(session, "work", "lost", partition="p")
            raise LookupError
    async with database.write() as session:
        assert await jobs.enqueue(session, "work", "kept", partition="p")
        await session.execute(text("SELECT 1 FROM executors"))  # the session goes on as it was
    assert await jobs.get("lost") is None
    assert await state(jobs, "kept") == "queued"


async def _nothing(*_args: object) -> None:
    pass


async def test_an_id_is_enqueued_once(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    assert await put(database, jobs, "j1", "first")
    async with database.write() as session:
        assert not await jobs.enqueue(session, "work", "j1", "second", partition="other")
        assert await jobs.enqueue(session, "work", "j2", partition="p")  # the transaction lives on
    assert [(job.id, job.args) for job in await jobs.list(partition="acc_1")] == [("j1", ("first",))]
    assert await state(jobs, "j2") == "queued"
    await jobs.start(works=True)
    await until(lambda: _is(jobs, "j1", "done"))
    assert not await put(database, jobs, "j1")  # not even when it has been done


async def test_two_transactions_at_once_enqueue_one(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    answers = await asyncio.gather(*(put(database, jobs, "j1") for _ in range(8)))
    assert sorted(answers) == [False] * 7 + [True]


async def test_jobs_of_a_partition_wait_for_each_other(database: Database, jobs: Jobs) -> None:
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    order: list[str] = []
    together: set[str] = set()

    async def work(partition: str, name: str) -> None:
        running[partition] = running.get(partition, 0) + 1
        most[partition] = max(most.get(partition, 0), running[partition])
        together.update(*[running] if sum(running.values()) > 1 else [])
        order.append(name)
        await asyncio.sleep(0.1)
        running[partition] -= 1

    jobs.register("work", REREAD, work)
    for n, priority in ((1, 9), (2, 5), (3, 1)):
        await put(database, jobs, f"a{n}", "a", f"a{n}", partition="a", priority=priority)
        await put(database, jobs, f"b{n}", "b", f"b{n}", partition="b")
    await jobs.start(works=True)
    await until(lambda: len(order) == 6)
    assert most == {"a": 1, "b": 1} and together == {"a", "b"}
    assert [name for name in order if name[0] == "a"] == ["a3", "a2", "a1"]  # the lower, the sooner
    assert [name for name in order if name[0] == "b"] == ["b1", "b2", "b3"]


async def test_a_delayed_job_waits(database: Database, jobs: Jobs) -> None:
    done: list[datetime] = []

    async def work() -> None:
        done.append(datetime.now(UTC))

    jobs.register("work", REREAD, work)
    await jobs.start(works=True)
    await put(database, jobs, "j1", delay=0.5)
    job = await jobs.get("j1")
    assert job is not None and job.state == "delayed" and job.due_at is not None
    await until(lambda: done)
    assert done[0] >= job.due_at


async def test_cancelled_and_resumed(database: Database, jobs: Jobs) -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        done.append(name)

    jobs.register("work", REREAD, work)
    for name in ("j1", "j2"):
        await put(database, jobs, name, name)
    await put(database, jobs, "later", "later", delay=3600)
    await jobs.cancel("j1", "later")
    assert {job.id for job in await jobs.list(states=["cancelled"])} == {"later", "j1"}
    await jobs.start(works=True)
    await until(lambda: _is(jobs, "j2", "done"))
    assert done == ["j2"]
    assert await jobs.resume("j1")
    await until(lambda: _is(jobs, "j1", "done"))
    job = await jobs.get("j1")
    assert job is not None and (job.queue, job.partition) == ("reread", "acc_1")
    assert not await jobs.resume("j1") and not await jobs.resume("unknown")


async def test_what_waits_can_be_moved(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    await put(database, jobs, "j1", priority=5)
    async with database.write() as session:
        assert await jobs.reprioritise(session, "j1", 1)
        assert not await jobs.reprioritise(session, "unknown", 1)
    job = await jobs.get("j1")
    assert job is not None and job.priority == 1


async def test_a_failure_is_tried_again_and_stored_by_its_name(database: Database) -> None:
    jobs = Jobs(database, Clock(), factor=0.01)
    await jobs.migrate()
    tries: dict[str, int] = {}

    async def work(what: str) -> None:
        tries[what] = tries.get(what, 0) + 1
        if what == "fenced":
            raise Fenced
        if what == "twice" and tries[what] < 3:
            raise Problem("storage_unavailable", "It is hush-hush.")
        if what == "never":
            raise ValueError("It is hush-hush.")

    jobs.register("work", REREAD, work)
    await jobs.start(works=True)
    for what in ("fenced", "twice", "never"):
        await put(database, jobs, what, what, partition=what)
    await until(lambda: _is(jobs, "twice", "done"))
    await until(lambda: _is(jobs, "fenced", "failed"))
    await until(lambda: _is(jobs, "never", "failed"))
    assert tries == {"fenced": 1, "twice": 3, "never": 8}
    for table in ("workflow_output", "operation_outputs"):
        async with database.read() as session:
            where = table if database.dialect == "sqlite" else f"dbos.{table}"
            rows = (await session.execute(text(f"SELECT * FROM {where}"))).all()
        assert rows and "hush" not in str(rows)
    assert await jobs.resume("never")
    await until(lambda: tries["never"] > 8)
    await jobs.close(5)


async def test_what_ended_long_ago_is_forgotten(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    await jobs.start(works=True)
    await put(database, jobs, "j1")
    await until(lambda: _is(jobs, "j1", "done"))
    await put(database, jobs, "j2", delay=3600)
    await jobs.cancel("j2")
    now = datetime.now(UTC)
    assert await jobs.purge(["done"], now - timedelta(hours=1)) == 0
    assert await jobs.purge(["done"], now + timedelta(hours=1)) == 1
    assert [job.id for job in await jobs.list()] == ["j2"]
    async with database.read() as session:
        where = "operation_outputs" if database.dialect == "sqlite" else "dbos.operation_outputs"
        assert (await session.execute(text(f"SELECT * FROM {where}"))).all() == []


async def test_a_queue_says_whether_it_has_partitions(database: Database, jobs: Jobs) -> None:
    jobs.register("work", REREAD, _nothing)
    jobs.register("tidy", MAINT, _nothing)
    async with database.write() as session:
        with pytest.raises(ValueError, match="partition"):
            await jobs.enqueue(session, "work", "j1")
        with pytest.raises(ValueError, match="partition"):
            await jobs.enqueue(session, "tidy", "j1", partition="p")
        assert await jobs.enqueue(session, "tidy", "j1")


async def test_the_end_lets_what_runs_finish_and_starts_nothing(database: Database, jobs: Jobs) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def work(name: str) -> None:
        begun.set()
        await go.wait()
        done.append(name)

    jobs.register("work", REREAD, work)
    await jobs.start(works=True)
    await put(database, jobs, "j1", "j1")
    await begun.wait()
    await put(database, jobs, "j2", "j2")  # waits for j1
    closing = asyncio.create_task(jobs.close(20))
    await until(lambda: jobs.stopping)
    go.set()
    await closing
    assert done == ["j1"]
    assert await asyncio.to_thread(lambda: "the loop's threads are still there")
    assert await state(jobs, "j1") == "done"
    assert await state(jobs, "j2") in ("queued", "running")  # this executor's, had it been begun just now
    async with database.read() as session:
        assert (await session.execute(text("SELECT * FROM executors"))).all() == []

    again = Jobs(database, Clock(), FACTOR)
    again.register("work", REREAD, work)
    await again.start(works=True)
    await until(lambda: done == ["j1", "j2"])
    await again.close(5)


async def test_what_does_not_finish_is_cut_off_and_begun_anew(database: Database, jobs: Jobs) -> None:
    begun: list[str] = []

    async def work() -> None:
        begun.append(jobs.executor)
        if len(begun) == 1:
            await asyncio.Event().wait()

    jobs.register("work", REREAD, work)
    await jobs.start(works=True)
    await put(database, jobs, "j1")
    await until(lambda: begun)
    await jobs.close(0.2)
    assert await state(jobs, "j1") == "running"  # nobody's now
    again = Jobs(database, Clock(), FACTOR)
    again.register("work", REREAD, work)
    await again.start(works=True)
    await until(lambda: len(begun) == 2)
    await until(lambda: _is(again, "j1", "done"))
    await again.close(5)
