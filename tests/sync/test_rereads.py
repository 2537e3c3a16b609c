"""Hints, and the turns in which they are followed; on both databases, the provider played by the test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import delete, func, select

from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.jobs.service import Jobs
from app.models.base import Exact
from app.models.events import Event
from app.models.inbound import Hint, Reread
from app.sync.rereads import Reading, Rereads
from app.sync.resting import LONGEST
from app.synced import hints
from app.synced.differences import Sight
from app.synced.store import Owner
from app.synced.units import Unit
from tests.inbound.conftest import ACCOUNT, NOON, anyio_backend, database

__all__ = ["anyio_backend", "database"]

pytestmark = pytest.mark.anyio
OWNER = Owner("env_1", ACCOUNT, "t")
CONTACTS = Unit("accounting", "contacts")


@dataclass
class Queue:
    """Stands for the port to background work: what is enqueued, and with which delay."""

    orders: list[tuple[str, float | None]] = field(default_factory=list[tuple[str, float | None]])
    alive: bool = True
    stopping: bool = False

    async def enqueue(self, session: Any, name: str, job_id: str, *args: Any, **more: Any) -> bool:
        assert name == hints.TURN and more["partition"] == ACCOUNT
        assert job_id not in {each for each, _ in self.orders}, "an id is used once"
        self.orders.append((job_id, more["delay"]))
        return True

    async def get(self, job_id: str) -> Any:
        @dataclass
        class Job:
            state: str

        return Job("queued") if self.alive else None


@dataclass
class Provider:
    """Its records by id: a name, or a problem to raise. None: it is not there."""

    records: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: list[str] = field(default_factory=list[str])
    meanwhile: Any = None

    async def find(self, reading: Reading, id: str) -> Sight | None:
        self.asked.append(id)
        if self.meanwhile is not None:
            await self.meanwhile()
        found = self.records.get(id)
        if isinstance(found, Exception):
            raise found
        if found is None:
            return None
        return Sight(id, Exact({"id": id, "name": found, "is_partial": False}), NOON)


class Still(Clock):
    def now(self) -> datetime:
        return NOON


@dataclass
class Hands(Clock):
    """Stands at so many seconds after noon."""

    at: float = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at


@dataclass
class Account:
    id: str = ACCOUNT
    environment_id: str = "env_1"
    tenant_id: str = "t"


class Accounts:
    async def load(self, environment_id: str, account_id: str) -> Account:
        return Account()


@dataclass
class House:
    database: Database
    jobs: Queue
    provider: Provider
    begun: list[str]
    busy: bool = False
    clock: Clock = field(default_factory=Still)

    def __post_init__(self) -> None:
        async def begin(session: Any, account: Any, path: str, now: datetime) -> bool:
            if not self.busy:
                self.begun.append(path)
            return not self.busy

        self.rereads = Rereads(
            self.database,
            self.clock,
            cast(Any, Accounts()),
            cast(Any, self.provider),
            cast(Any, self.jobs),
            begin,
        )

    async def ask(self, *ids: str) -> None:
        async with self.database.write() as session:
            said = [(CONTACTS, id) for id in ids]
            await hints.ask(session, cast(Jobs, self.jobs), OWNER, said, self.clock.now())

    async def turn(self) -> Reread:
        async with self.database.read() as session:
            return await session.get_one(Reread, ACCOUNT)

    async def run(self) -> None:
        await self.rereads.run("env_1", ACCOUNT, (await self.turn()).turn)

    async def left(self) -> int:
        async with self.database.read() as session:
            return await session.scalar(select(func.count()).select_from(Hint)) or 0

    async def told(self) -> list[tuple[str, str]]:
        async with self.database.read() as session:
            rows = list(await session.scalars(select(Event).order_by(Event.sequence)))
            assert {row.payload["via"] for row in rows} <= {"inbound"}
            return [(row.event.partition(":")[2], str(row.record_id)) for row in rows]


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    yield House(database, Queue(), Provider(), [])


async def test_many_hints_are_one_job_and_one_read_each(house: House) -> None:
    house.provider.records = {"1": "A", "2": "B"}
    for _ in range(3):
        await house.ask("1")
    await house.ask("2", "1")
    assert house.jobs.orders == [(f"reread:{ACCOUNT}:1", hints.SETTLES)] and await house.left() == 2
    await house.run()
    assert sorted(house.provider.asked) == ["1", "2"] and await house.left() == 0
    assert sorted(await house.told()) == [("created", "1"), ("created", "2")]
    assert (await house.turn()).state == "idle"
    await house.ask("1")
    assert house.jobs.orders[1:] == [(f"reread:{ACCOUNT}:2", hints.SETTLES)]


async def test_what_is_gone_is_buried_once(house: House) -> None:
    house.provider.records = {"1": "A"}
    await house.ask("1")
    await house.run()
    house.provider.records = {}
    for _ in range(2):
        await house.ask("1", "never there")
        await house.run()
    assert await house.told() == [("created", "1"), ("deleted", "1")]


async def test_a_hint_that_comes_while_it_is_followed_is_followed_again(house: House) -> None:
    house.provider.records = {"1": "A"}

    async def said_again() -> None:
        house.provider.meanwhile = None
        await house.ask("1")

    house.provider.meanwhile = said_again
    await house.ask("1")
    await house.run()
    assert house.provider.asked == ["1", "1"] and await house.left() == 0
    assert len(house.jobs.orders) == 1, "the turn that runs sees it"


async def test_a_hint_another_turn_followed_is_not_taken_for_the_one_said_after_it(
    database: Database,
) -> None:
    hands = Hands()
    house = House(database, Queue(), Provider({"1": "A"}), [], clock=hands)

    async def followed_and_said_anew() -> None:
        house.provider.meanwhile = None
        async with house.database.write() as session:
            await session.execute(delete(Hint))
        hands.at = 1.0
        await house.ask("1")

    house.provider.meanwhile = followed_and_said_anew
    await house.ask("1")
    await house.run()
    assert house.provider.asked == ["1", "1"]


async def test_what_is_said_over_and_over_costs_ever_fewer_reads_and_what_happens_is_found_all_the_same(
    database: Database,
) -> None:
    hands = Hands()
    house = House(database, Queue(), Provider({"1": "A"}), [], clock=hands)
    gone = found = 0.0
    while hands.at < 7200:
        await house.ask("1")
        hands.at = max(hands.at, ((await house.turn()).due_at - NOON).total_seconds())
        await house.ask("1")
        await house.run()
        if hands.at > 3600 and not gone:
            house.provider.records, gone = {}, hands.at
        if not found and ("deleted", "1") in await house.told():
            found = hands.at
        reads = len(house.provider.asked)
        assert reads <= 2 * (10 + 3600 / LONGEST), "a day of it costs less than 300"
    assert await house.told() == [("created", "1"), ("deleted", "1")]
    assert found - gone <= LONGEST


async def test_a_record_that_rests_holds_up_no_other(database: Database) -> None:
    hands = Hands()
    house = House(database, Queue(), Provider({"1": "A", "2": "B"}), [], clock=hands)
    for second in (0.0, 2.0, 4.0):
        hands.at = second
        await house.ask("1")
        await house.run()
    assert (await house.turn()).state == "idle" and house.provider.asked == ["1", "1", "1"]
    await house.ask("1")
    await house.run()
    turn = await house.turn()
    assert (turn.state, turn.due_at) == ("resting", NOON + timedelta(seconds=6)) and await house.left() == 1
    await house.ask("1")
    assert (await house.turn()).turn == turn.turn, "that waits already"
    await house.ask("2")
    assert house.jobs.orders[-1] == (f"reread:{ACCOUNT}:{turn.turn + 1}", hints.SETTLES)
    hands.at = 5.0
    await house.run()
    assert house.provider.asked == ["1", "1", "1", "2"]
    turn = await house.turn()
    assert turn.state == "resting" and house.jobs.orders[-1] == (f"reread:{ACCOUNT}:{turn.turn}", 1.0)
    hands.at = 6.0
    await house.run()
    assert house.provider.asked[4:] == ["1"] and (await house.turn()).state == "idle"


async def test_a_record_that_keeps_changing_never_rests(database: Database) -> None:
    hands = Hands()
    house = House(database, Queue(), Provider(), [], clock=hands)
    for number in range(5):
        house.provider.records = {"1": f"A{number}"}
        await house.ask("1")
        await house.run()
    assert len(house.provider.asked) == 5 and await house.left() == 0


@pytest.mark.parametrize(
    ("problem", "wait"),
    [
        (Problem("provider_daily_quota_exhausted", "Later.", headers={"Retry-After": "7200"}), 7200.0),
        (Problem("upstream_error", "It is down."), 2.0),
        (Problem("needs_reauth", "Reconnect."), 3600.0),
        (RuntimeError("a bug"), 2.0),
    ],
)
async def test_what_may_pass_is_tried_later_and_nothing_is_lost(
    house: House, problem: Exception, wait: float
) -> None:
    house.provider.records = {"1": problem}
    await house.ask("1")
    await house.run()
    assert await house.left() == 1 and house.jobs.orders[1:] == [(f"reread:{ACCOUNT}:2", wait)]
    await house.ask("1", "2")
    assert len(house.jobs.orders) == 2, "its turn waits already"
    house.provider.records = {"1": "A", "2": "B"}
    await house.run()
    assert await house.left() == 0 and (await house.turn()).failures == 0


async def test_a_record_that_always_fails_holds_up_no_other_and_is_left_to_polling(house: House) -> None:
    house.provider.records = {"1": Problem("upstream_error", "Always."), "2": "B", "3": "C"}
    await house.ask("1")
    await house.run()
    await house.ask("2", "3")
    for _ in range(30):
        if (await house.turn()).state == "idle":
            break
        await house.run()
    assert sorted(await house.told()) == [("created", "2"), ("created", "3")] and await house.left() == 0
    assert house.provider.asked.count("1") == 24
    assert max(wait or 0 for _, wait in house.jobs.orders) == 300.0


async def test_what_cannot_be_read_is_left_to_polling(house: House) -> None:
    house.provider.records = {"1": Problem("provider_forbidden", "No."), "2": "B"}
    await house.ask("1", "2")
    await house.run()
    assert await house.told() == [("created", "2")] and await house.left() == 0


async def test_a_hint_without_a_record_begins_a_delta_when_none_runs(house: House) -> None:
    house.busy = True
    await house.ask("")
    await house.run()
    assert house.begun == [] and house.jobs.orders[-1][1] == 15.0 and await house.left() == 1
    house.busy = False
    await house.run()
    assert house.begun == ["accounting/contacts"] and await house.left() == 0
    await house.ask("")
    await house.run()
    assert len(house.begun) == 1 and (await house.turn()).state == "resting", "one comes later"


async def test_a_turn_that_is_over_does_nothing_and_one_that_was_cut_off_begins_again(house: House) -> None:
    house.provider.records = {"1": "A"}
    await house.ask("1")
    await house.rereads.run("env_1", ACCOUNT, 7)
    assert house.provider.asked == []
    house.jobs.stopping = True
    await house.run()
    assert house.provider.asked == [] and house.jobs.orders[-1][0] == f"reread:{ACCOUNT}:2"
    house.jobs.stopping = False
    await house.rereads.run("env_1", ACCOUNT, 1)
    assert house.provider.asked == []
    await house.run()
    await house.run()
    assert house.provider.asked == ["1"]


@pytest.mark.parametrize("alive", [True, False])
async def test_a_turn_nobody_has_any_more_is_queued_again(house: House, alive: bool) -> None:
    house.jobs.alive = alive
    await house.ask("1")
    for after, expected in ((30, 0), (90, int(not alive))):
        async with house.database.write() as session:
            found = await house.rereads.strays(session, NOON + timedelta(seconds=after), 25)
            assert found == expected
    assert len(house.jobs.orders) == 2 - alive
