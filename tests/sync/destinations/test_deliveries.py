"""Whatever happens between pages, deliveries, crashes and failures: afterwards the copy is the store, nothing more."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Vault
from app.models import Environment, Grant, IntegratedAccount, SyncDestination, SyncedRecord, SyncJob
from app.models.base import Exact
from app.sync.destinations import store
from app.sync.destinations.delivery import Deliveries
from app.sync.destinations.places import Places
from app.sync.destinations.unusable import Unusable
from app.synced.differences import Sight
from app.synced.store import Owner, bury, see
from app.synced.units import Unit
from connectors.kit.registry import load

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOME, ACCOUNT, JOB = "env_1", "acc_1", "syj_1"
OWNER = Owner(HOME, ACCOUNT, "tenant")
UNITS = (Unit("accounting", "items"), Unit("accounting", "contacts"))


class Crash(Exception):
    """The process is gone."""


class Hands(Clock):
    at = NOON

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Shelf:
    """A destination that keeps the latest state of each record, and breaks when it is told to."""

    batch = 3

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.rows: dict[tuple[str, str], tuple[int, bool, Any]] = {}
        self.trouble = 0.0
        self.opened = 0

    async def try_out(self) -> None: ...

    async def write(self, rows: Sequence[SyncedRecord], after: int) -> None:
        assert all(row.sequence > after for row in rows)
        await asyncio.sleep(self.dice.choice((0, 0, 0.002)))
        if self.dice.random() < self.trouble:
            raise Unusable("unreachable", "It went away.")
        for row in rows:
            key = row.resource, row.id
            if key not in self.rows or self.rows[key][0] <= row.sequence:
                self.rows[key] = row.sequence, row.deleted_at is not None, row.record
        if self.dice.random() < self.trouble:
            raise Crash


class House:
    """A gateway with one account, one job and its destination, and a queue that tests empty."""

    def __init__(self, database: Database, dice: random.Random) -> None:
        self.database = database
        self.clock = Hands()
        self.shelf = Shelf(dice)
        self.dice = dice
        self.queue: list[tuple[str, int]] = []
        self.running: set[tuple[str, int]] = set()
        self.deliveries = Deliveries(
            database,
            self.clock,
            cast(Accounts, self),
            cast(Vault, None),
            cast(Places, self),
            self._enqueue,
            self._is_alive,
            lambda: False,
        )

    async def load(self, environment_id: str, account_id: str) -> Any:
        return type("Account", (), {"connector": load()[0]})

    @asynccontextmanager
    async def opened(self, *_: Any) -> AsyncGenerator[Shelf]:
        self.shelf.opened += 1
        yield self.shelf

    async def _enqueue(self, session: AsyncSession, row: SyncDestination) -> None:
        self.queue.append((row.id, row.turn))

    async def _is_alive(self, row: SyncDestination) -> bool:
        return (row.id, row.turn) in {*self.queue, *self.running}

    async def tick(self) -> None:
        await self.database.transact(lambda session: self.deliveries.due(session, self.clock.now(), 25))

    async def work(self) -> None:
        """What is queued is done; after a crash again, by whoever finds it."""
        while self.queue:
            job = self.queue.pop(0)
            self.running.add(job)
            while True:
                try:
                    await self.deliveries.run(*job)
                    break
                except Crash:
                    await asyncio.sleep(0)
            self.running.discard(job)

    async def page(self) -> None:
        """Some records are seen, some are gone."""
        unit = self.dice.choice(UNITS)
        ids = self.dice.sample([f"r{n}" for n in range(12)], self.dice.randint(1, 4))
        gone = self.dice.sample([f"r{n}" for n in range(12)], self.dice.randint(0, 2))
        sights = [Sight(id, Exact({"id": id, "name": str(self.dice.random())}), None) for id in ids]

        async def commit(session: AsyncSession) -> None:
            await see(session, OWNER, unit, sights, "poll", self.clock.now())
            await asyncio.sleep(self.dice.choice((0, 0.001)))
            await bury(session, OWNER, unit, gone, "sweep", self.clock.now())

        await self.database.transact(commit)

    async def destination(self) -> SyncDestination:
        async with self.database.read() as session:
            return (await session.scalars(select(SyncDestination))).one()

    async def settle(self) -> None:
        """Until nothing is due any more."""
        self.shelf.trouble = 0.0
        for _ in range(50):
            self.clock.forward(1000)
            await self.tick()
            await self.work()
            if (await self.destination()).due_at is None:
                return
        raise AssertionError("it never came to rest")

    async def is_copied(self, *resources: str) -> None:
        async with self.database.read() as session:
            rows = await session.scalars(select(SyncedRecord).where(SyncedRecord.resource.in_(resources)))
            truth = {
                (row.resource, row.id): (row.sequence, row.deleted_at is not None, row.record) for row in rows
            }
        assert self.shelf.rows == truth


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with database.write() as session:
        session.add(Environment(id=HOME, name=HOME, mode="test", created_at=NOON))
        await session.flush()
        grant = {
            "environment_id": HOME,
            "integration": "x",
            "location": "us",
            "created_at": NOON,
            "updated_at": NOON,
        }
        session.add(Grant(id="gra_1", scopes=[], **grant))
        await session.flush()
        more = {
            "tenant_id": "tenant",
            "organization_id": "o",
            "organization": {},
            "grant_id": "gra_1",
            "scopes": [],
        }
        session.add(IntegratedAccount(id=ACCOUNT, **grant, **more))
        await session.flush()
        job = {"environment_id": HOME, "account_id": ACCOUNT, "created_at": NOON}
        paths = [unit.path for unit in UNITS]
        session.add(SyncJob(id=JOB, resources=paths, hydrate=[], updated_at=NOON, **job))
        await session.flush()
        session.add(SyncDestination(id="dst_1", job_id=JOB, type="files", settings={}, due_at=NOON, **job))
    yield House(database, random.Random(7))


async def test_after_any_schedule_the_copy_is_the_store(house: House) -> None:
    for seed in range(12):
        house.dice.seed(seed)
        for _ in range(6):
            house.shelf.trouble = house.dice.choice((0.0, 0.2, 0.5))
            house.clock.forward(house.dice.choice((0.1, 5, 400)))
            steps = [house.page() for _ in range(house.dice.randint(1, 4))]
            await asyncio.gather(house.tick(), house.work(), *steps, house.work())
        await house.settle()
        await house.is_copied("items", "contacts")
    assert len(house.shelf.rows) == 24
    at = await house.destination()
    assert (at.failures, at.error, at.lease) == (0, None, None)


async def test_two_workers_never_both_move_it(house: House) -> None:
    for _ in range(10):
        await house.page()
    await house.tick()
    [(id, turn)] = house.queue
    async with house.database.write() as session:
        first = await store.take(session, id, turn, house.clock.now())
        second = await store.take(session, id, turn, house.clock.now())
    assert first is not None and second is not None
    async with house.database.write() as session:
        assert not await store.arrived(session, first, 5, 5, NOON)
        assert await store.arrived(session, second, 5, 5, NOON)
        assert not await store.arrived(session, second, 5, 5, NOON), "nor twice from the same place"
        assert await store.take(session, id, turn + 1, NOON) is None, "another turn is not due"


async def test_there_is_one_delivery_at_most_and_none_when_nothing_is_new(house: House) -> None:
    await house.settle()
    await house.tick()
    assert house.queue == [] and (await house.destination()).due_at is None
    for _ in range(5):
        await house.page()
        await house.tick()
        house.clock.forward(200)
    assert len(house.queue) == 1
    opened = house.shelf.opened
    await house.work()
    assert house.shelf.opened == opened + 1
    await house.is_copied("items", "contacts")


async def test_a_failure_is_waited_out_longer_each_time_and_told_since_when(house: House) -> None:
    await house.page()
    house.shelf.trouble = 1.0
    waits: list[float] = []
    for _ in range(12):
        at = await house.destination()
        house.clock.at = max(house.clock.at, at.due_at or house.clock.at)
        await house.tick()
        await house.work()
        at = await house.destination()
        assert at.due_at is not None and at.error is not None and at.position == 0
        assert at.error["code"] == "unreachable" and at.error["since"] == "2026-03-01T12:00:00Z"
        waits.append((at.due_at - house.clock.now()).total_seconds())
    assert waits[:4] == [2, 4, 8, 16] and waits[-1] == 900
    await house.settle()
    await house.is_copied("items", "contacts")


async def test_a_job_that_is_off_delivers_nothing_until_it_is_on(house: House) -> None:
    async def switch(on: bool) -> None:
        async with house.database.write() as session:
            await session.execute(update(SyncJob).values(is_active=on))

    await switch(False)
    await house.page()
    await house.tick()
    assert house.queue == []
    await switch(True)
    await house.settle()
    await house.is_copied("items", "contacts")


async def test_what_is_stored_while_a_delivery_ends_is_not_forgotten(house: House) -> None:
    await house.settle()
    await house.page()
    await house.tick()
    [job] = house.queue
    house.queue.clear()
    async with house.database.write() as session:
        delivery = await store.take(session, *job, house.clock.now())
    assert delivery is not None
    async with house.database.read() as session:
        rows = list(await store.batch(session, delivery, 100))
    await house.page()  # after the last look, before the end
    async with house.database.write() as session:
        assert await store.arrived(session, delivery, rows[-1].sequence, len(rows), NOON)
    await house.shelf.write(rows, 0)
    delivery.position = rows[-1].sequence
    async with house.database.write() as session:
        await store.rest(session, delivery, house.clock.now())
    assert (await house.destination()).due_at is not None
    await house.settle()
    await house.is_copied("items", "contacts")
