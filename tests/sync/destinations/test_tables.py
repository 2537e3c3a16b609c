"""Tables of a real PostgreSQL: exact, evolved by adding, never put back to an older state."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from pydantic import BaseModel

from app.core.http.egress import LOOPBACK, Egress
from app.models.base import Exact
from app.models.synced_records import SyncedRecord
from app.sync.destinations import addresses, postgresql
from app.sync.destinations.postgresql import Tables
from app.sync.destinations.unusable import Unusable
from tests.support import postgres
from unified_models.invoices import Invoice

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Item(BaseModel):
    id: str | None = None
    name: str | None = None


class Grown(Item):
    weight: Decimal | None = None
    parts: list[str] | None = None


@pytest.fixture
def url(postgres_cluster: str) -> Iterator[str]:
    made = postgres.create_database(postgres_cluster, "template0")
    yield made
    postgres.drop_database(made)


@asynccontextmanager
async def opened(url: str, resource: str, model: type[BaseModel]) -> AsyncIterator[Tables]:
    async with postgresql.opened(addresses.read(url), "copy", {resource: model}, Egress(LOOPBACK)) as tables:
        yield tables


async def fetched(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


def row(
    sequence: int, resource: str = "items", id: str = "r1", at: datetime = NOON, **record: Any
) -> SyncedRecord:
    return SyncedRecord(
        account_id="acc_1",
        resource=resource,
        id=id,
        environment_id="env_1",
        unit=f"accounting/{resource}",
        record=Exact({"id": id, **record}),
        observed_at=at,
        sequence=sequence,
    )


async def test_every_kind_of_value_arrives_exactly(url: str) -> None:
    told = {
        "total_amount": Decimal("999999999999999999.999999"),
        "exchange_rate": Decimal("0.12345678901234567890123"),
        "issue_date": "2026-02-28",
        "updated_at": "2026-03-01T09:30:00.25Z",
        "is_overdue": False,
        "number": "INV 'x' \"y\" \\ ü \u2028 \0.",
        "line_items": [{"unit_price": Decimal("0.10"), "memo": "a\0b"}],
        "a_word_of_later": "ignored",
    }
    async with opened(url, "invoices", Invoice) as tables:
        await tables.write([row(1, "invoices", **told)], 0)
    [stored] = await fetched(url, "SELECT *, line_items::text AS lines FROM copy.invoices")
    assert str(stored["total_amount"]) == "999999999999999999.999999"
    assert stored["exchange_rate"] == told["exchange_rate"]
    assert stored["issue_date"].isoformat() == "2026-02-28" and stored["is_overdue"] is False
    assert stored["updated_at"] == datetime(2026, 3, 1, 9, 30, 0, 250_000, tzinfo=UTC)
    assert stored["number"] == told["number"].replace("\0", "") and stored["balance"] is None
    assert stored["lines"] == '[{"memo": "ab", "unit_price": 0.10}]'
    assert (stored["integrated_account_id"], stored["sequence"]) == ("acc_1", 1)
    assert stored["observed_at"] == NOON and stored["deleted_at"] is None


async def test_a_field_that_is_new_is_added_and_nothing_else_changes(url: str) -> None:
    async with opened(url, "items", Grown) as tables:
        await tables.prepare("items")
    await fetched(url, "DROP TABLE copy.items")
    async with opened(url, "items", Item) as tables:
        await tables.write([row(1, name="Pen")], 0)
    await fetched(url, "ALTER TABLE copy.items ADD COLUMN theirs int DEFAULT 7")
    async with opened(url, "items", Grown) as tables:
        await tables.write([row(2, id="r2", name="Ink", weight=Decimal("1.250"), parts=["a"])], 1)
    async with opened(url, "items", Item) as tables:  # an older release beside it
        await tables.write([row(3, name="Pencil")], 2)
    rows = await fetched(
        url, "SELECT id, name, weight::text, parts::text, theirs FROM copy.items ORDER BY id"
    )
    assert [tuple(each) for each in rows] == [
        ("r1", "Pencil", None, None, 7),
        ("r2", "Ink", "1.250", '["a"]', 7),
    ]


async def test_a_delivery_that_was_overtaken_puts_nothing_back(url: str) -> None:
    later = NOON + timedelta(minutes=1)
    async with opened(url, "items", Item) as tables:
        await tables.write([row(9, at=later, name="New"), row(10, id="r2", name="Other")], 0)
        await tables.write([row(4, name="Old"), row(5, id="r3", name="Third")], 3)
        names = await fetched(url, "SELECT id, name, sequence FROM copy.items ORDER BY id")
        assert [tuple(each) for each in names] == [("r1", "New", 9), ("r2", "Other", 10), ("r3", "Third", 5)]
        await tables.write([row(6, at=later + timedelta(hours=1), name="After a restored backup")], 0)
    [(name,)] = await fetched(url, "SELECT name FROM copy.items WHERE id = 'r1'")
    assert name == "After a restored backup", "sequences may begin again, time does not"


async def test_a_batch_arrives_as_a_whole_or_not_at_all(url: str) -> None:
    async with opened(url, "items", Item) as tables:
        await tables.write([row(1, name="Pen")], 0)
        await fetched(url, "ALTER TABLE copy.items ADD CONSTRAINT short CHECK (length(name) < 9)")
        with pytest.raises(Unusable) as refused:
            await tables.write([row(2, name="Ink"), row(3, id="r2", name="much too long")], 1)
        assert refused.value.code == "data" and "long" not in str(refused.value)
        assert [each["name"] for each in await fetched(url, "SELECT name FROM copy.items")] == ["Pen"]
        await fetched(url, "ALTER TABLE copy.items DROP CONSTRAINT short")
        for _ in range(2):
            await tables.write([row(2, name="Ink"), row(3, id="r2", name="much too long")], 1)
    rows = await fetched(url, "SELECT id, name FROM copy.items ORDER BY id")
    assert [tuple(each) for each in rows] == [("r1", "Ink"), ("r2", "much too long")]


async def test_trying_out_leaves_nothing_behind(url: str) -> None:
    async with opened(url, "items", Item) as tables:
        await tables.try_out()
    assert await fetched(url, "SELECT 1 FROM pg_namespace WHERE nspname = 'copy'") == []


@pytest.mark.parametrize(
    ("breaks", "code"),
    [
        ("CREATE SCHEMA copy; CREATE TABLE copy.items (id text)", "occupied"),
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "denied"),
        ("CREATE SCHEMA copy; CREATE TABLE copy.items (integrated_account_id text, id text, name text, "
         "sequence bigint, observed_at timestamptz, deleted_at timestamptz)", "occupied"),
    ],
)  # fmt: skip
async def test_what_stands_in_the_way_is_found_when_it_is_tried(url: str, breaks: str, code: str) -> None:
    for statement in breaks.format(name=url.rpartition("/")[2]).split(";"):
        await fetched(url, statement)
    with pytest.raises(Unusable) as refused:
        async with opened(url, "items", Item) as tables:
            await tables.try_out()
    assert refused.value.code == code


async def test_nothing_is_taken_from_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        for name, value in (
            ("PGHOST", "/nowhere"),
            ("PGUSER", "x"),
            ("PGPASSFILE", "/x"),
            ("PGSSLMODE", "require"),
        ):
            patched.setenv(name, value)
        async with opened(url, "items", Item) as tables:
            await tables.try_out()


async def test_a_database_that_is_not_there_is_told_in_words_of_ours(url: str) -> None:
    wrong = url.rpartition("/")[0] + "/nothing_of_that_name"
    with pytest.raises(Unusable) as refused:
        async with opened(wrong, "items", Item):
            pass
    assert refused.value.code == "refused" and "no such database" in str(refused.value)
