"""The second wall: a query that forgets whose rows it wants gets its own environment's, and no others."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from app.core import reach
from app.core.database import Database
from app.models import Base, Instant
from app.models.base import ExactJson
from tests.support import postgres

pytestmark = pytest.mark.anyio

OF_NOBODY = {
    "audit_signers": "the installation's",
    "executors": "the installation's",
    "quotas": "an organisation's budget, whichever environments use it",
    "keyring_checks": "the installation's",
    "keyring_processes": "the installation's",
}
WALLED = [table for table in Base.metadata.sorted_tables if table.name not in OF_NOBODY]


def whose(table: Table) -> Column[Any]:
    """The column that names the environment."""
    return table.c.id if table.name == "environments" else table.c.environment_id


def sample(table: Table, environment_id: str) -> dict[str, Any]:
    """A row of the environment; ids end in its name, so that rows of one environment refer to each other."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column is whose(table):
            row[column.name] = environment_id
        elif column.name == "mode":
            row[column.name] = "test"
        elif column.foreign_keys or column.primary_key or column.unique or not column.nullable:
            row[column.name] = _value(column, environment_id)
    return row


def _value(column: Column[Any], environment_id: str) -> Any:
    match column.type:
        case Instant():
            return datetime(2026, 3, 1, tzinfo=UTC)
        case JSON():
            return {}
        case LargeBinary():
            return f"x_{environment_id}".encode()
        case Boolean():
            return True
        case Integer():
            return 1
        case ExactJson():
            return {}
        case _:
            return f"x_{environment_id}"


@pytest.fixture
def url(postgres_cluster: str) -> Iterator[str]:
    made = postgres.create_database(postgres_cluster)
    yield made
    postgres.drop_database(made)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    found = Database(url)
    await found.migrate()
    async with found.write() as session:
        for environment_id in ("env_ours", "env_theirs"):
            for table in WALLED:
                await session.execute(insert(table).values(sample(table, environment_id)))
    yield found
    await found.close()


async def test_every_table_is_walled_or_says_why_not(database: Database) -> None:
    async with database.read() as session:
        rows = await session.execute(
            text(
                "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, p.qual FROM pg_class c "
                "LEFT JOIN pg_policies p ON p.tablename = c.relname "
                "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
            )
        )
        found = {name: (walled, rule) for name, walled, rule in rows}
    assert set(Base.metadata.tables) == set(found) - {"alembic_version"}
    for table in Base.metadata.sorted_tables:
        walled, rule = found[table.name]
        if table.name in OF_NOBODY:
            assert not walled and "environment_id" not in table.c, table.name
        else:
            assert walled, f"{table.name}: call app.core.schema.wall in the revision that creates it"
            assert "ledgerway.environment" in rule and whose(table).name in rule, rule


async def test_a_query_without_a_where_shows_one_environment(database: Database) -> None:
    for table in WALLED:
        async with database.read() as session:
            assert set(await session.scalars(select(whose(table)))) == {"env_ours", "env_theirs"}
    reach.within("env_ours")
    for table in WALLED:
        async with database.read() as session:
            assert list(await session.scalars(select(whose(table)))) == ["env_ours"], table.name


async def test_rows_of_others_are_neither_changed_nor_removed(database: Database) -> None:
    reach.within("env_ours")
    for table in reversed(WALLED):
        theirs = whose(table) == "env_theirs"
        async with database.write() as session:
            touched = table.update().where(theirs).values({whose(table): "env_ours"})
            assert (await session.execute(touched)).rowcount == 0, table.name  # pyright: ignore[reportAttributeAccessIssue]
            assert (await session.execute(table.delete().where(theirs))).rowcount == 0  # pyright: ignore[reportAttributeAccessIssue]
    with reach.everywhere():
        for table in WALLED:
            async with database.read() as session:
                assert await session.scalar(select(func.count()).select_from(table)) == 2, table.name


async def test_no_row_is_put_into_another_environment(database: Database) -> None:
    reach.within("env_ours")
    for table in WALLED:
        row = sample(table, "env_other") | {whose(table).name: "env_theirs"}
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.write() as session:
                await session.execute(insert(table).values(row))
        if table.name == "audit_log":
            continue  # its trigger lets nothing be updated at all
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.write() as session:
                await session.execute(table.update().values({whose(table): "env_theirs"}))


async def test_who_says_nothing_sees_nothing(database: Database) -> None:
    engine = database._writers  # pyright: ignore[reportPrivateUsage]
    with reach.nowhere():
        for table in WALLED:
            async with engine.connect() as connection:
                assert (await connection.execute(select(table))).all() == [], table.name
        with pytest.raises(RuntimeError, match="no environment"):
            async with database.read():
                pass
        with pytest.raises(RuntimeError, match="no environment"):
            async with database.write():
                pass


async def test_one_question_about_everybody(database: Database) -> None:
    environments = select(func.count()).select_from(Base.metadata.tables["environments"])
    reach.within("env_ours")
    async with database.read() as session:
        async with reach.widened(session):
            assert await session.scalar(environments) == 2
        assert await session.scalar(environments) == 1


async def test_a_reach_ends_with_its_transaction(database: Database) -> None:
    """Connections go from one environment to the next."""
    for environment_id in ("env_ours", "env_theirs", "env_'; --") * 2:
        reach.within(environment_id)
        async with database.read() as session:
            seen = list(await session.scalars(select(Base.metadata.tables["api_keys"].c.environment_id)))
        assert seen == ([environment_id] if len(environment_id) > 4 and "'" not in environment_id else [])
