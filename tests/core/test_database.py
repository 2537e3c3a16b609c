"""Storage on both databases: transactions, contention, migration, and what failures become."""

import asyncio
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.core import dialects, schema
from app.core.database import Database
from app.core.errors import Problem
from app.core.schema import SchemaTooNew


async def made(url: str) -> Database:
    database = Database(url)
    async with database.write() as session:
        await session.execute(text("CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"))
        await session.execute(text("INSERT INTO counter VALUES (1, 0)"))
    return database


async def number(database: Database) -> int:
    async with database.read() as session:
        return int((await session.execute(text("SELECT n FROM counter WHERE id = 1"))).scalar_one())


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_a_write_commits_and_a_failed_one_leaves_nothing(database_url: str) -> None:
    async def work() -> None:
        database = await made(database_url)
        async with database.write() as session:
            await session.execute(text("UPDATE counter SET n = 7"))
        with pytest.raises(RuntimeError):
            async with database.write() as session:
                await session.execute(text("UPDATE counter SET n = 8"))
                raise RuntimeError
        assert await number(database) == 7
        await database.close()

    run(work())


def test_a_broken_constraint_stays_what_it_is(database_url: str) -> None:
    async def work() -> None:
        database = await made(database_url)
        with pytest.raises(IntegrityError):
            async with database.write() as session:
                await session.execute(text("INSERT INTO counter VALUES (1, 1)"))
        await database.close()

    run(work())


def test_concurrent_read_modify_write_loses_nothing(database_url: str) -> None:
    async def add(database: Database) -> None:
        async with database.write() as session:
            lock = "" if database.dialect == "sqlite" else " FOR UPDATE"
            n = (await session.execute(text(f"SELECT n FROM counter WHERE id = 1{lock}"))).scalar_one()
            await asyncio.sleep(0)
            await session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    async def work() -> None:
        # Two Database objects: two processes, as far as the lock in each can see.
        first = await made(database_url)
        second = Database(database_url)
        await asyncio.gather(*(add(database) for database in (first, second) for _ in range(20)))
        assert await number(first) == 40
        await first.close()
        await second.close()

    run(work())


def test_cancelled_work_gives_back_lock_and_connection(database_url: str) -> None:
    async def hold(database: Database) -> None:
        async with database.write() as session:
            await session.execute(text("UPDATE counter SET n = n + 1"))
            await asyncio.sleep(30)

    async def work() -> None:
        database = await made(database_url)
        for _ in range(30):
            task = asyncio.create_task(hold(database))
            await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        async with database.write() as session:
            await session.execute(text("UPDATE counter SET n = n + 100"))
        assert await number(database) == 100
        if database.dialect == "postgresql":
            async with database.read() as session:
                idle = (
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE state LIKE 'idle in%' AND datname = current_database()"
                )
                assert (await session.execute(text(idle))).scalar_one() == 0
        await database.close()

    run(work())


def test_a_victim_is_tried_again(database_url: str) -> None:
    async def work() -> None:
        database = await made(database_url)
        tries = 0

        async def step(session: Any) -> str:
            nonlocal tries
            tries += 1
            await session.execute(text("UPDATE counter SET n = n + 1"))
            if tries < 3:
                raise sqlalchemy_victim()
            return "done"

        assert await database.transact(step) == "done"
        assert (tries, await number(database)) == (3, 1)
        await database.close()

    run(work())


def sqlalchemy_victim() -> Exception:
    class Deadlock(Exception):
        sqlstate = "40P01"

    from sqlalchemy.exc import DBAPIError

    return DBAPIError("UPDATE", {}, Deadlock())


def test_two_transactions_that_deadlock_both_finish(database_url: str) -> None:
    async def work() -> None:
        database = await made(database_url)
        async with database.write() as session:
            await session.execute(text("INSERT INTO counter VALUES (2, 0)"))

        async def step(first: int, second: int) -> None:
            async def inside(session: Any) -> None:
                await session.execute(text("UPDATE counter SET n = n + 1 WHERE id = :i"), {"i": first})
                await asyncio.sleep(0.1)
                await session.execute(text("UPDATE counter SET n = n + 1 WHERE id = :i"), {"i": second})

            await database.transact(inside)

        await asyncio.gather(step(1, 2), step(2, 1))
        assert await number(database) == 2
        await database.close()

    run(work())


def test_migration_once_whoever_starts_it(empty_database_url: str) -> None:
    async def work() -> None:
        databases = [Database(empty_database_url) for _ in range(3)]
        assert await databases[0].schema_state() == "empty"
        await asyncio.gather(*(database.migrate() for database in databases))
        assert await databases[0].schema_state() == "current"
        await databases[0].migrate()
        async with databases[0].read() as session:
            rows = await session.execute(text("SELECT version_num FROM alembic_version"))
            assert len(rows.all()) == 1
        for database in databases:
            await database.close()

    run(work())


def test_a_newer_schema_is_refused(database_url: str) -> None:
    async def work() -> None:
        database = Database(database_url)
        await database.migrate()
        async with database.write() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert await database.schema_state() == "newer"
        with pytest.raises(SchemaTooNew):
            await database.migrate()
        await database.close()

    run(work())


def test_a_failed_migration_leaves_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        database = Database(database_url)

        def fail(connection: Any) -> None:
            connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
            raise RuntimeError("stopped in the middle")

        monkeypatch.setattr(schema, "_upgrade", fail)
        with pytest.raises(RuntimeError):
            await database.migrate()
        monkeypatch.undo()
        with pytest.raises(SQLAlchemyError):
            async with database.read() as session:
                await session.execute(text("SELECT * FROM half"))
        await database.migrate()
        await database.close()

    run(work())


def test_sqlite_is_durable_and_readers_cannot_write(tmp_path: Path) -> None:
    async def work() -> None:
        database = await made(f"sqlite:///{tmp_path / 'new' / 'x.db'}")
        async with database.write() as session:
            pragma = {
                name: (await session.execute(text(f"PRAGMA {name}"))).scalar_one()
                for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
            }
        assert pragma == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000, "foreign_keys": 1}
        with pytest.raises((Problem, SQLAlchemyError)):
            async with database.read() as session:
                await session.execute(text("UPDATE counter SET n = 9"))
                await session.commit()
        assert await number(database) == 0
        await database.close()

    run(work())


def test_a_writer_in_another_process_is_waited_for(tmp_path: Path) -> None:
    async def work() -> None:
        path = tmp_path / "x.db"
        database = await made(f"sqlite:///{path}")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE counter SET n = 5")

        async def add() -> None:
            async with database.write() as session:
                await session.execute(text("UPDATE counter SET n = n + 1"))

        task = asyncio.create_task(add())
        await asyncio.sleep(0.3)
        assert not task.done()
        other.execute("COMMIT")
        await task
        assert await number(database) == 6
        other.close()
        await database.close()

    run(work())


def test_an_unreachable_server_is_storage_unavailable() -> None:
    async def work() -> None:
        database = Database("postgres://nobody:hidden@127.0.0.1:9/none")
        with pytest.raises(Problem) as caught:
            await database.ping()
        assert caught.value.code == "storage_unavailable"
        assert "hidden" not in str(caught.value.detail)
        await database.close()

    run(work())


def test_no_room_left_is_storage_full(tmp_path: Path) -> None:
    async def work() -> None:
        database = await made(f"sqlite:///{tmp_path / 'x.db'}")
        with pytest.raises(Problem) as caught:
            async with database.write() as session:
                pages = (await session.execute(text("PRAGMA page_count"))).scalar_one()
                await session.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
                await session.execute(text("CREATE TABLE big (x BLOB)"))
                await session.execute(text("INSERT INTO big VALUES (zeroblob(1000000))"))
        assert caught.value.code == "storage_full"
        assert await number(database) == 0
        await database.close()

    run(work())


def test_a_file_that_is_no_database_is_storage_unavailable(tmp_path: Path) -> None:
    async def work() -> None:
        (tmp_path / "x.db").write_bytes(b"this is not a database at all" * 100)
        database = Database(f"sqlite:///{tmp_path / 'x.db'}")
        with pytest.raises(Problem) as caught:
            await database.ping()
        assert caught.value.code == "storage_unavailable"
        await database.close()

    run(work())


def test_who_starts_is_told_why_the_database_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"this is not a database at all" * 100)
    (tmp_path / "file").touch()
    told: list[str] = []

    async def work() -> None:
        for path in ("noise.db", "file/x.db"):
            database = Database(f"sqlite:///{tmp_path / path}")
            with pytest.raises(Problem) as caught:
                await database.migrate()
            told.append(caught.value.detail)
            await database.close()

    run(work())
    assert told == [
        "The database cannot be used: file is not a database.",
        "The database cannot be used: Not a directory.",
    ]


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite"),
        ("sqlite+pysqlite:///x.db", "sqlite+aiosqlite"),
        ("postgres://u@h/d", "postgresql+asyncpg"),
        ("postgresql://u@h/d", "postgresql+asyncpg"),
        ("postgresql+psycopg://u@h/d", "postgresql+asyncpg"),
    ],
)
def test_urls(given: str, driver: str) -> None:
    assert dialects.normalize(given).drivername == driver


@pytest.mark.parametrize("given", ["sqlite://", "sqlite:///:memory:", "mysql://u:hidden@h/d", "hidden"])
def test_urls_that_name_no_database(given: str) -> None:
    with pytest.raises(ValueError) as caught:
        dialects.normalize(given)
    assert "hidden" not in str(caught.value)


def test_sslmode_is_understood() -> None:
    assert dialects.normalize("postgres://u@h/d?sslmode=require").query == {"ssl": "require"}


async def test_cancelled_transactions_leave_the_file_to_others(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'ledgerway.db'}")
    async with database.write() as session:
        await session.execute(text("CREATE TABLE things (n INTEGER)"))
    dice = random.Random(7)
    cut_off = 0

    async def write(seconds: float) -> None:
        nonlocal cut_off
        try:
            async with asyncio.timeout(seconds), database.write() as session:
                await session.execute(text("INSERT INTO things VALUES (1)"))
                await session.execute(text("SELECT n FROM things"))
        except TimeoutError:
            cut_off += 1

    for _ in range(30):
        await asyncio.gather(*(write(dice.choice((0.001, 0.002, 0.004, 0.008, 60))) for _ in range(20)))
    assert cut_off
    async with database.write() as session:
        await session.execute(text("INSERT INTO things VALUES (2)"))
    await database.close()
