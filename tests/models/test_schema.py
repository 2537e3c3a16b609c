"""The migrations make exactly the tables the models declare, on both databases."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.ext.asyncio import create_async_engine

from app.core import dialects
from app.core.database import Database
from app.models import AuditEntry, Base, Environment, Grant, IntegratedAccount

ENGINE_TABLES = {
    "queues",
    "notifications",
    "streams",
    "operation_outputs",
    "application_versions",
    "event_dispatch_kv",
}
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.anyio
async def test_migrations_and_models_agree(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await database.migrate()
    await database.close()

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

    engine = create_async_engine(dialects.normalize(empty_database_url))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_no_table_takes_a_name_of_the_job_engine() -> None:
    names = set(Base.metadata.tables)
    assert not names & ENGINE_TABLES
    assert not [name for name in names if name.startswith("workflow_")]


def test_every_table_of_an_owner_says_whose_row_it_is() -> None:
    shared = {"audit_signers", "environments", "executors", "keyring_checks", "keyring_processes", "quotas"}
    without = {name for name, table in Base.metadata.tables.items() if "environment_id" not in table.columns}
    assert without == shared


@pytest.mark.anyio
async def test_instants_come_back_aware_and_in_utc(database_url: str) -> None:
    database = Database(database_url)
    await database.migrate()
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    async with database.write() as session:
        session.add(Environment(id="env_1", name="a", mode="test", created_at=elsewhere))
    async with database.read() as session:
        stored = (await session.scalars(select(Environment.created_at))).one()
        assert stored == NOON
        assert stored.tzinfo is UTC
        later = NOON + timedelta(microseconds=1)
        assert (await session.scalars(select(Environment.id).where(Environment.created_at < later))).all()
        assert not (await session.scalars(select(Environment.id).where(Environment.created_at > NOON))).all()
    with pytest.raises(StatementError, match="time zone"):
        async with database.write() as session:
            session.add(Environment(id="env_2", name="b", mode="test", created_at=NOON.replace(tzinfo=None)))
    await database.close()


@pytest.mark.anyio
async def test_the_audit_log_cannot_be_rewritten(database_url: str) -> None:
    database = Database(database_url)
    await database.migrate()
    entry = {
        "environment_id": "env_1",
        "actor": {},
        "action": "a.b",
        "target": "t",
        "outcome": "ok",
        "request_id": None,
        "detail": {},
        "prev_hash": b"",
        "hash": b"",
    }
    now = datetime.now(UTC)
    async with database.write() as session:
        await session.execute(insert(AuditEntry).values(seq=1, created_at=now - timedelta(days=500), **entry))
        await session.execute(insert(AuditEntry).values(seq=2, created_at=now, **entry))
    for statement in (
        update(AuditEntry).values(action="c.d"),
        delete(AuditEntry).where(AuditEntry.seq == 2),
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.write() as session:
                await session.execute(statement)
    async with database.write() as session:  # past retention
        await session.execute(delete(AuditEntry).where(AuditEntry.seq == 1))
    async with database.read() as session:
        assert (await session.scalars(select(AuditEntry.seq))).all() == [2]
    await database.close()


@pytest.mark.anyio
async def test_json_keeps_what_a_caller_stored(database_url: str) -> None:
    database = Database(database_url)
    await database.migrate()
    kept = {"z": 1, "a": ["\u0000", "é", {"b": None}]}
    async with database.write() as session:
        session.add(Environment(id="env_1", name="a", mode="test", created_at=NOON))
        await session.flush()
        session.add(
            Grant(
                id="gra_1",
                environment_id="env_1",
                integration="x",
                location="us",
                scopes=[],
                created_at=NOON,
                updated_at=NOON,
            )
        )
        await session.flush()
        session.add(
            IntegratedAccount(
                id="acc_1",
                environment_id="env_1",
                tenant_id="t",
                integration="x",
                location="us",
                organization_id="1",
                organization={},
                grant_id="gra_1",
                scopes=[],
                context=kept,
                created_at=NOON,
                updated_at=NOON,
            )
        )
    async with database.read() as session:
        stored = (await session.scalars(select(IntegratedAccount.context))).one()
    assert stored == kept
    assert list(stored) == ["z", "a"]
    await database.close()


def test_a_row_shows_nothing_of_itself() -> None:
    assert "hidden" not in repr(Environment(id="hidden", name="hidden", mode="test", created_at=NOON))
