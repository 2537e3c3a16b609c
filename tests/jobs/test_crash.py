"""Processes that die or freeze in the middle of a job: another goes on, and every page is there once."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import text

from app.core.database import Database
from app.jobs.queues import SYNC
from app.jobs.service import Jobs
from tests.jobs.conftest import FACTOR, until
from tests.jobs.pages import TABLES, Pages

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PAGES = 60


def on(dialect: str) -> pytest.MarkDecorator:
    """A file has one worker, a server many: what they do is not the same."""
    return pytest.mark.parametrize("database_url", [dialect], indirect=True)


@contextmanager
def process(url: str, number: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.jobs.pages", url, str(FACTOR), str(number)]
    running = subprocess.Popen(command)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


async def runs(database: Database, jobs: Jobs, *names: str) -> None:
    async with database.write() as session:
        for table in TABLES:
            await session.execute(text(table))
        for name in names:
            await session.execute(
                text("INSERT INTO test_runs VALUES (:name, 0, :pages, NULL)"), {"name": name, "pages": PAGES}
            )
            assert await jobs.enqueue(session, "pages", f"pages:{name}", name, partition=name)


async def stored(database: Database) -> list[tuple[str, int, int]]:
    async with database.read() as session:
        rows = await session.execute(text("SELECT run, page, by_process FROM test_pages ORDER BY run, page"))
        return [(row.run, row.page, row.by_process) for row in rows]


@on("postgresql")
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
async def test_another_process_takes_over(
    blow: signal.Signals, database_url: str, database: Database, jobs: Jobs
) -> None:
    jobs.register("pages", SYNC, _elsewhere)
    await runs(database, jobs, "a", "b")
    with ExitStack() as stack:
        first = stack.enter_context(process(database_url, 1))
        await until(lambda: _pages_of(database, 1))
        first.send_signal(blow)
        stack.enter_context(process(database_url, 2))
        await until(lambda: _count(database, 2 * PAGES), 60)
        first.send_signal(signal.SIGCONT)  # a frozen one goes on with what is no longer its own
        await until(lambda: _ended(jobs), 60)
    pages = await stored(database)
    assert [page[:2] for page in pages] == [(run, page) for run in "ab" for page in range(PAGES)]
    assert {page[2] for page in pages} == {1, 2}
    assert {job.state for job in await jobs.list()} == {"done"}


@on("sqlite")
async def test_a_restart_goes_on_where_it_was(database_url: str, database: Database, jobs: Jobs) -> None:
    jobs.register("pages", SYNC, _elsewhere)
    await runs(database, jobs, "a", "b")
    for number in (1, 2):
        with process(database_url, number) as running:
            await until(lambda number=number: _pages_of(database, number))
            running.kill()
    with process(database_url, 3):
        await until(lambda: _ended(jobs), 60)
    pages = await stored(database)
    assert [page[:2] for page in pages] == [(run, page) for run in "ab" for page in range(PAGES)]
    assert {page[2] for page in pages} >= {1, 2}


@on("sqlite")
async def test_a_file_has_one_worker_at_a_time(database_url: str, database: Database, jobs: Jobs) -> None:
    jobs.register("pages", SYNC, Pages(database, 2).work)
    await runs(database, jobs, "a")
    with process(database_url, 1) as first:
        await until(lambda: _pages_of(database, 1))
        await jobs.start(works=True)
        assert not jobs.works
        first.terminate()  # it leaves its turn when it has drained
        await until(lambda: jobs.works, 60)
        assert first.wait(30) == 0
    await until(lambda: _ended(jobs), 60)  # what the first could not end, this one goes on with
    assert [page for _, page, _ in await stored(database)] == list(range(PAGES))


async def _elsewhere(*_args: object) -> None:
    pass


async def _pages_of(database: Database, process: int) -> bool:
    return any(page[2] == process for page in await stored(database))


async def _count(database: Database, count: int) -> bool:
    return len(await stored(database)) >= count


async def _ended(jobs: Jobs) -> bool:
    return not await jobs.list(states=["queued", "running"])
