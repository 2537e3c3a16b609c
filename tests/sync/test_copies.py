"""Copies: what is read of them is exact, and what is taken in is told once and never goes back."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import Database
from app.core.json import instant
from app.models import Environment
from app.models.base import Exact
from app.models.events import Event
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount
from app.models.sync_jobs import SyncJob
from app.models.synced_records import SyncedRecord
from app.synced import reading, store
from app.synced.differences import Sight
from app.synced.fields import scalars_of
from app.synced.reading import Place, Search, search_of
from app.synced.store import Owner, bury, see
from app.synced.units import Unit
from app.synced.written import Written, kept, take_in
from connectors.kit.faults import Rejected
from connectors.kit.operations import Filter, Op, Sort
from unified_models import MODELS

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INVOICE = MODELS["accounting", "invoices"]
SCALARS = scalars_of(INVOICE, INVOICE.model_fields)
INVOICES = Unit("accounting", "invoices")
OWNER = Owner("env_1", "acc_1", "t")
WRITER = {"request_id": "req_1", "source_event": "order-7"}


async def account_rows(session: AsyncSession) -> None:
    """An account, and a job that keeps its invoices."""
    times = {"created_at": NOON, "updated_at": NOON}
    here: dict[str, Any] = {"environment_id": "env_1", "integration": "x", "location": "us", "scopes": []}
    session.add(Environment(id="env_1", name="a", mode="test", created_at=NOON))
    await session.flush()
    session.add(Grant(id="gra_1", **here, **times))
    await session.flush()
    session.add(
        IntegratedAccount(
            id="acc_1", tenant_id="t", organization_id="1", organization={}, grant_id="gra_1", **here, **times
        )
    )
    await session.flush()
    session.add(
        SyncJob(
            id="syj_1",
            environment_id="env_1",
            account_id="acc_1",
            resources=["accounting/invoices"],
            hydrate=[],
            **times,
        )
    )


@pytest.fixture
async def books(database: Database) -> Database:
    async with database.write() as session:
        await account_rows(session)
    return database


def sight(id: str, minute: int | None = 0, **record: Any) -> Sight:
    """A record as it was at a minute past noon."""
    modified = None if minute is None else NOON + timedelta(minutes=minute)
    told = {"id": id, "updated_at": modified and instant(modified), "is_partial": False, **record}
    return Sight(id, Exact(told), modified)


async def events(database: Database) -> list[tuple[str, str, Any]]:
    async with database.read() as session:
        rows = await session.scalars(select(Event).order_by(Event.sequence))
        return [(row.payload["change"], row.payload["via"], row.payload["origin"]) for row in rows]


async def copied(database: Database, id: str) -> SyncedRecord | None:
    async with database.read() as session:
        return await session.get(SyncedRecord, ("acc_1", "invoices", id))


# Reading


def filled() -> list[Sight]:
    """Amounts floats confuse, instants text confuses, names a collation confuses, and nothing at all."""
    chance = random.Random(3)
    amounts = ["0.1", "0.10", "0.3", "10", "9", "100000000000000.01", "100000000000000.02", "-1.5", None]
    names = ["ada", "Ada", "Zoë", "zoe", "Ångström", "_x", "10", "9", None]
    found: list[Sight] = []
    for number in range(120):
        id = f"{chance.choice('aAbBzZ_')}{number}"
        amount, name = chance.choice(amounts), chance.choice(names)
        found.append(
            sight(
                id,
                chance.choice((None, 0, 1, 600)),
                balance=None if amount is None else Decimal(amount),
                contact=chance.choice((None, {"id": str(number % 7), "name": name})),
                is_overdue=chance.choice((True, False, None)),
                issue_date=chance.choice(("2026-02-01", "2026-11-01", None)),
                line_items=[{"quantity": Decimal(part)} for part in range(chance.randrange(3))],
            )
        )
    return found


def values(record: dict[str, Any], field: str) -> list[Any]:
    head, _, below = field.partition(".")
    got = record.get(head)
    found = [each.get(below) for each in got] if isinstance(got, list) else [got]
    if below and not isinstance(got, list):
        found = [None if got is None else got.get(below)]
    return [SCALARS[field].codec.read(each) for each in found if each is not None]


def holds(record: dict[str, Any], field: str, op: Op, wanted: Any) -> bool:
    found = values(record, field)
    tests = {
        Op.EQ: lambda got: got == wanted,
        Op.GT: lambda got: got > wanted,
        Op.GTE: lambda got: got >= wanted,
        Op.LT: lambda got: got < wanted,
        Op.LTE: lambda got: got <= wanted,
        Op.CONTAINS: lambda got: wanted.casefold() in got.casefold(),
        Op.STARTS_WITH: lambda got: got.casefold().startswith(wanted.casefold()),
    }
    return not any(map(tests[Op.EQ], found)) if op is Op.NE else any(map(tests[op], found))


FIELDS = (
    "balance",
    "contact.id",
    "contact.name",
    "is_overdue",
    "issue_date",
    "updated_at",
    "line_items.quantity",
    "id",
)


async def walk(database: Database, search: Search, limit: int, place: Place | None = None) -> list[str]:
    """Ids of every page on from a place, in the order of the whole."""
    found: list[str] = []
    while True:
        async with database.read() as session:
            page = await reading.page(session, "acc_1", search, limit, place)
        ids = [row["id"] for row in page.records]
        back = place is not None and place.back
        found = [*ids, *found] if back else [*found, *ids]
        place = page.previous if back else page.next
        if place is None:
            return found
        assert ids, "a place follows an empty page"


async def test_every_search_finds_what_a_look_at_every_record_finds(books: Database) -> None:
    sights = filled()
    async with books.write() as session:
        await see(session, OWNER, INVOICES, sights, "poll", NOON)
        await bury(session, OWNER, INVOICES, [sights[0].id], "sweep", NOON)
    records = [dict(each.record) for each in sights[1:]]
    chance, hits = random.Random(7), 0
    for _ in range(150):
        filters: list[Filter] = []
        wanted = records
        for field in chance.sample(FIELDS, chance.randrange(3)):
            op = chance.choice(sorted(SCALARS[field].operators - {Op.IN}))
            value = chance.choice([value for record in records for value in values(record, field)])
            spelled = instant(value) if isinstance(value, datetime) else str(value)
            filters.append(Filter(field, op, spelled.lower() if isinstance(value, bool) else spelled))
            wanted = [record for record in wanted if holds(record, field, op, value)]
        sort = None
        if chance.random() < 0.6:
            field = chance.choice([field for field in FIELDS if not SCALARS[field].several])
            sort = Sort(field, descending=chance.random() < 0.5)

            def key(record: dict[str, Any], field: str = field) -> tuple[Any, ...]:
                found = values(record, field)
                return (not found, found[0] if found else 0, record["id"])

            wanted = sorted(wanted, key=key, reverse=sort.descending)
        search = search_of([INVOICES], SCALARS, filters, sort)
        limit = chance.choice((1, 3, 50, 500)) if len(wanted) < 40 else chance.choice((7, 50, 500))
        got = await walk(books, search, limit)
        ids = [record["id"] for record in wanted]
        assert (got == ids) if sort else (sorted(got) == sorted(ids)), (filters, sort)
        hits += 0 < len(ids) < len(records)
        if len(ids) > 1:
            middle = got[len(got) // 2]
            stored = next(record for record in records if record["id"] == middle)
            value = stored.get(sort.field.partition(".")[0]) if sort else None
            if sort and "." in sort.field and value is not None:
                value = value["id" if sort.field.endswith("id") else "name"]
            back = await walk(books, search, 3, Place(value, middle, back=True))
            assert back == got[: len(got) // 2], (filters, sort)
    assert hits > 40


async def test_a_record_that_does_not_tell_is_counted_and_left_out(books: Database) -> None:
    partial = Sight("1", Exact({"id": "1", "is_partial": True}), None, "print")
    async with books.write() as session:
        await see(
            session, OWNER, INVOICES, [partial, sight("2", memo=None), sight("3", memo="x")], "poll", NOON
        )
    search = search_of([INVOICES], SCALARS, [Filter("memo", Op.NE, "x")], None)
    async with books.read() as session:
        page = await reading.page(session, "acc_1", search, 10, None)
        other = await reading.page(session, "acc_2", search, 10, None)
    assert [row["id"] for row in page.records] == ["2"] and page.untold == 1
    assert other.records == []


def test_values_of_another_type_are_refused_all_at_once() -> None:
    wrong = [Filter("balance", Op.GT, "much"), Filter("issue_date", Op.EQ, "today")]
    with pytest.raises(Rejected) as refused:
        search_of([INVOICES], SCALARS, wrong, None)
    assert [error.pointer for error in refused.value.errors] == ["/balance", "/issue_date"]


# Taking in


async def write(database: Database, seen: Sight | None, id: str, asked: int, now: int) -> None:
    """A write that was sent at a minute past noon, and settled at another."""
    written = Written(OWNER, id, (INVOICES,), seen)
    async with database.write() as session:
        found = await kept(session, written)
        assert found is not None
        at = [NOON + timedelta(minutes=minute) for minute in (asked, now)]
        await take_in(session, found, WRITER, *at)


async def poll(database: Database, sights: Sequence[Sight], asked: int, now: int) -> store.Counts:
    at = [NOON + timedelta(minutes=minute) for minute in (asked, now)]
    async with database.write() as session:
        return await see(session, OWNER, INVOICES, sights, "poll", at[1], asked_at=at[0])


async def test_a_list_row_after_a_write_tells_nothing_again(books: Database) -> None:
    whole = sight("1", 1, total=Decimal("1.00"), contact={"id": "7", "email": "a@b.example"}, memo="x")
    await write(books, whole, "1", 1, 1)
    row = {"id": "1", "updated_at": whole.record["updated_at"], "total": Decimal(1), "is_partial": True}
    listed = Sight(
        "1", Exact({**row, "contact": {"id": "7", "phone": "5"}, "age": 3}), whole.modified_at, "p"
    )
    for _ in range(2):
        assert (await poll(books, [listed], 5, 5)).news == 0
    assert await events(books) == [("created", "write", WRITER)]
    stored = await copied(books, "1")
    assert stored is not None and stored.print == "p" and stored.record["is_partial"] is False
    assert stored.record["memo"] == "x" and stored.record["age"] == 3, "known by what only the row tells, too"
    changed = Sight("1", Exact({**listed.record, "total": Decimal(2)}), whole.modified_at, "q")
    assert (await poll(books, [changed], 6, 6)).updated == 1


async def test_an_older_answer_never_overwrites_a_newer_sight(books: Database) -> None:
    await poll(books, [sight("1", 0, memo="a"), sight("2", None, memo="a")], 0, 0)
    await poll(books, [sight("1", 4, memo="theirs"), sight("2", None, memo="theirs")], 4, 4)
    await write(books, sight("1", 3, memo="ours"), "1", 3, 5)
    await write(books, sight("1", 4, memo="ours"), "1", 3, 5)
    await write(books, sight("2", None, memo="ours"), "2", 3, 5)
    for id in ("1", "2"):
        stored = await copied(books, id)
        assert stored is not None and stored.record["memo"] == "theirs"
    await write(books, sight("2", None, memo="ours"), "2", 6, 7)
    assert [event[:2] for event in await events(books)][-1] == ("updated", "write")
    assert len(await events(books)) == 5


async def test_a_page_asked_for_before_a_deletion_brings_nothing_back(books: Database) -> None:
    await poll(books, [sight("1")], 0, 0)
    await write(books, None, "1", 5, 6)
    assert (await poll(books, [sight("1")], 4, 7)).news == 0
    await write(books, sight("1", 5, memo="late"), "1", 5, 8)
    stored = await copied(books, "1")
    assert stored is not None and stored.deleted_at is not None
    assert (await poll(books, [sight("1")], 9, 9)).created == 1, "it is there again"
    assert [event[:2] for event in await events(books)] == [
        ("created", "poll"),
        ("deleted", "write"),
        ("created", "poll"),
    ]


async def test_who_sees_the_same_at_the_same_time_tells_it_once(books: Database) -> None:
    async def one(number: int) -> None:
        if number % 2:
            await write(books, sight("1", 1, memo="x"), "1", 1, 1)
        else:
            await poll(books, [sight("1", 1, memo="x")], 1, 1)

    await asyncio.gather(*(one(number) for number in range(8)))
    assert len(await events(books)) == 1


async def test_what_no_active_job_keeps_is_not_taken_in(books: Database) -> None:
    async with books.write() as session:
        bills = Unit("accounting", "bills")
        assert await kept(session, Written(OWNER, "1", (bills,))) is None
        both = await kept(session, Written(OWNER, "1", (bills, INVOICES)))
        assert both is not None and both.units == (INVOICES,)
        job = await session.get_one(SyncJob, "syj_1")
        job.is_active = False
        assert await kept(session, Written(OWNER, "1", (INVOICES,))) is None
