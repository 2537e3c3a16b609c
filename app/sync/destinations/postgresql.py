"""A PostgreSQL database of the customer's own: a table per resource, rows kept current, gone ones marked."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import groupby
from typing import Any

import asyncpg

from app.core.http.egress import Egress
from app.core.json import encode
from app.models.synced_records import SyncedRecord
from app.sync.destinations.addresses import Address, way_to
from app.sync.destinations.columns import DELETED, OBSERVED, SEQUENCE, Column, Kind, Models, columns_of, flat
from app.sync.destinations.unusable import Unusable

BATCH = 500
_CONNECT_SECONDS = 10
_CALL_SECONDS = 60.0
_PATIENCE = "SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '50s'"
_TYPES: dict[Kind, str] = {
    "text": "text",
    "number": "numeric",
    "integer": "bigint",
    "boolean": "boolean",
    "date": "date",
    "instant": "timestamptz",
    "json": "jsonb",
}
_KEY = ("integrated_account_id", "id")
_OURS = frozenset({*_KEY, SEQUENCE.name, OBSERVED.name, DELETED.name})

_HAS_COLUMNS = """
SELECT attname::text FROM pg_catalog.pg_attribute
JOIN pg_catalog.pg_class ON pg_class.oid = attrelid
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = $1 AND relname = $2 AND attnum > 0 AND NOT attisdropped
"""
_HAS_SCHEMA = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1"
_ALONE = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext($1))"

_SAYS: tuple[tuple[str, str, str], ...] = (
    ("28", "refused", "The server refuses this user or password."),
    ("3D", "refused", "The server has no such database."),
    ("42501", "denied", "The user may not do this there: it needs to create tables in the schema, and write them."),
    ("25006", "denied", "The database is read-only."),
    ("42P10", "occupied", "A table there is not of this making: it has no unique key of account and id."),
    ("55P03", "unreachable", "Somebody holds a lock on a table for long."),
    ("22", "data", "A column there does not take a value of ours; its type was changed."),
    ("23", "data", "A constraint that was added there refuses a record."),
    ("53", "full", "The server has no room, or too many connections."),
    ("57", "unreachable", "The server is shutting down, starting up, or cancelled the statement."),
)  # fmt: skip


class Tables:
    """An open connection, and what is known of the tables behind it."""

    batch = BATCH

    def __init__(self, connection: Any, schema: str, models: Models) -> None:
        self._connection = connection
        self._schema = schema
        self._models = models
        self._ready: set[str] = set()

    async def write(self, rows: Sequence[SyncedRecord], after: int) -> None:
        """All of the batch or nothing. A row that shows a later change already stays. Unusable."""
        by_resource = groupby(sorted(rows, key=lambda row: row.resource), lambda row: row.resource)
        groups = {resource: list(some) for resource, some in by_resource if resource in self._models}
        with _told():
            for resource in groups.keys() - self._ready:
                await self.prepare(resource)
                self._ready.add(resource)
            async with self._connection.transaction():
                await self._connection.execute(_PATIENCE)
                for resource, some in groups.items():
                    payload = encode([_clean(flat(row)) for row in some]).decode()
                    await self._connection.execute(self._upsert(resource), payload)

    async def prepare(self, resource: str) -> None:
        """The table has every column it needs; what is there stays as it is. Unusable."""
        columns = columns_of(self._models[resource])
        with _told():
            there = await self._columns(resource)
            if there and not there >= _OURS:
                raise Unusable(
                    "occupied", f"The schema has a table {resource} that is not of this making.", "schema"
                )
            if there >= {column.name for column in columns}:
                return
            async with self._connection.transaction():
                await self._connection.execute(_PATIENCE)
                await self._connection.execute(_ALONE, f"ledgerway {self._schema}")
                if not await self._connection.fetchval(_HAS_SCHEMA, self._schema):
                    await self._connection.execute(f"CREATE SCHEMA {_quoted(self._schema)}")
                for statement in self._definition(resource, columns, there):
                    await self._connection.execute(statement)

    async def try_out(self) -> None:
        """Makes every table, and takes it back. Unusable."""
        with _told():
            transaction = self._connection.transaction()
            await transaction.start()
            try:
                for resource in self._models:
                    await self.prepare(resource)
                    await self._connection.execute(self._upsert(resource), "[]")
            finally:
                await transaction.rollback()

    async def _columns(self, resource: str) -> set[str]:
        return {name for (name,) in await self._connection.fetch(_HAS_COLUMNS, self._schema, resource)}

    def _table(self, resource: str) -> str:
        return f"{_quoted(self._schema)}.{_quoted(resource)}"

    def _definition(self, resource: str, columns: Sequence[Column], there: set[str]) -> list[str]:
        table = self._table(resource)
        if not there:
            listed = ", ".join(f"{_quoted(column.name)} {_TYPES[column.kind]}" for column in columns)
            key = ", ".join(map(_quoted, _KEY))
            return [f"CREATE TABLE IF NOT EXISTS {table} ({listed}, PRIMARY KEY ({key}))"]
        added = ", ".join(
            f"ADD COLUMN IF NOT EXISTS {_quoted(column.name)} {_TYPES[column.kind]}"
            for column in columns
            if column.name not in there
        )
        return [f"ALTER TABLE {table} {added}"]

    def _upsert(self, resource: str) -> str:
        """One statement for a whole batch. The server reads each value as its column's type demands."""
        table = self._table(resource)
        names = [_quoted(column.name) for column in columns_of(self._models[resource])]
        values = ", ".join(f"{name} = excluded.{name}" for name in names)
        sequence, observed = _quoted(SEQUENCE.name), _quoted(OBSERVED.name)
        # A delivery that was overtaken must not put an older state back. The time beside the number: a gateway that
        # was restored from a backup counts from there again.
        return (
            f"INSERT INTO {table} AS kept ({', '.join(names)}) "  # noqa: S608 — names are quoted, values are not in it
            f"SELECT {', '.join(names)} FROM pg_catalog.json_populate_recordset(NULL::{table}, $1::json) "
            f"ON CONFLICT ({', '.join(map(_quoted, _KEY))}) DO UPDATE SET {values} "
            f"WHERE kept.{sequence} <= excluded.{sequence} OR kept.{observed} <= excluded.{observed}"
        )


@asynccontextmanager
async def opened(address: Address, schema: str, models: Models, egress: Egress) -> AsyncGenerator[Tables]:
    """A connection to an address that was judged a moment ago. Unusable."""
    way = await way_to(address, egress)
    connection = await _connect(address, way.addresses, way.ssl)
    try:
        yield Tables(connection, schema, models)
    finally:
        try:
            await connection.close(timeout=2.0)
        except Exception:
            connection.terminate()


async def _connect(address: Address, hosts: Sequence[str], ssl: Any) -> Any:
    """Everything is said explicitly: nothing is taken from this process's environment or home."""
    for at, host in enumerate(hosts, 1):
        with _told():
            try:
                return await asyncpg.connect(
                    host=host,
                    port=address.port,
                    user=address.user,
                    password=address.password.reveal().decode(),
                    database=address.database,
                    ssl=ssl,
                    direct_tls=False,
                    timeout=_CONNECT_SECONDS,
                    command_timeout=_CALL_SECONDS,
                    statement_cache_size=0,  # a pooler may hand each transaction another connection
                    server_settings={"application_name": "ledgerway"},
                    target_session_attrs="any",
                )
            except OSError:
                if at == len(hosts):
                    raise
    raise AssertionError("unreachable")


@contextmanager
def _told() -> Generator[None]:
    """What the driver raises, as Unusable, in words of ours: a server's may show anything."""
    try:
        yield
    except asyncpg.PostgresError as error:
        state = str(getattr(error, "sqlstate", None) or "")
        for prefix, code, message in _SAYS:
            if state.startswith(prefix):
                raise Unusable(code, message) from None
        raise Unusable("failed", f"The server refused, with SQLSTATE {state or 'unknown'}.") from None
    except (
        OSError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ) as error:  # TimeoutError is an OSError
        words = "does not answer in time" if isinstance(error, TimeoutError) else "cannot be connected to"
        raise Unusable("unreachable", f"The database {words} ({type(error).__name__}).") from None


def _clean(value: Any) -> Any:
    """Without NUL, the one character PostgreSQL's texts cannot hold."""
    if isinstance(value, str):
        return value.replace("\0", "") if "\0" in value else value
    if isinstance(value, dict):
        return {name: _clean(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_clean(member) for member in value]
    return value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
