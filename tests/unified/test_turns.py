"""Whose turn it is at a record, among requests and among processes. On both databases."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.models.writes import Write
from connectors.kit.faults import Fault, Kind
from connectors.kit.operations import Op
from tests.unified.conftest import Invoices
from tests.unified.test_intents import NEW, create, intents

pytestmark = pytest.mark.anyio

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OTHER = {"Idempotency-Key": "order-2"}
REFERRED = {**NEW, "reference": "order-9"}


@pytest.fixture
async def world(either_world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its clock stands still, also while somebody waits."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(0.01)

    monkeypatch.setattr(either_world.app.state.clock, "sleep", sleep)
    monkeypatch.setattr(Invoices, "filters", {**Invoices.filters, "number": frozenset({Op.EQ})})
    either_world.fill(1)
    return either_world


async def patch(world: Any, memo: str, headers: Any = None) -> Any:
    return await world.ask("PATCH", "/invoices/1", json={"memo": memo}, headers=headers)


async def match(world: Any, body: Any = NEW, headers: Any = OTHER, query: str = "") -> Any:
    return await create(world, headers, body, f"match_on=number{query}")


async def until(is_so: Callable[[list[Write]], bool], world: Any) -> None:
    while not is_so(await intents(world)):
        await asyncio.sleep(0.01)
    world.app.state.clock.passed += timedelta(milliseconds=1)  # what is asked now is asked later


async def in_vain(world: Any, asking: Coroutine[Any, Any, Any]) -> Any:
    """The answer to who waits until the deadline."""
    before = len(await intents(world))
    waiting = asyncio.create_task(asking)
    await until(lambda rows: len(rows) > before, world)
    world.app.state.clock.passed += timedelta(seconds=31)
    return await waiting


async def store(world: Any, row: Write, **values: Any) -> None:
    async with world.app.state.database.write() as session:
        await session.execute(update(Write).where(Write.id == row.id).values(**values))


def sent(world: Any) -> list[Any]:
    return [ask.body.get("memo") or ask.method for ask in world.provider.seen if not ask.is_read]


@pytest.fixture
async def held(world: Any) -> Any:
    """A change that is being carried out."""
    world.provider.hold = asyncio.Event()
    change = asyncio.create_task(patch(world, "first"))
    await until(bool, world)
    yield change
    world.provider.hold.set()
    await change


async def test_a_change_waits_for_the_one_before_it(world: Any) -> None:
    etag = (await world.ask("GET", "/invoices/1")).headers["etag"]
    world.provider.hold = asyncio.Event()
    asking = [asyncio.create_task(patch(world, memo, {"If-Match": etag})) for memo in "abc"]
    await until(lambda rows: len(rows) == 3, world)
    world.provider.hold.set()
    answers = await asyncio.gather(*asking)
    assert sorted(each.status_code for each in answers) == [200, 412, 412]
    assert len(sent(world)) == 1
    assert (await patch(world, "d")).status_code == 200


async def test_who_asked_first_goes_first(world: Any, held: Any) -> None:
    asking = []
    for number, memo in enumerate("abc", 2):
        asking.append(asyncio.create_task(patch(world, memo)))
        await until(lambda rows, count=number: len(rows) == count, world)
    world.provider.hold.set()
    assert {each.status_code for each in await asyncio.gather(*asking)} == {200}
    assert sent(world) == ["first", "a", "b", "c"]


async def test_another_record_does_not_wait(world: Any, held: Any) -> None:
    world.fill(2)
    world.provider.seen.clear()
    other = asyncio.create_task(world.ask("PATCH", "/invoices/2", json={"memo": "x"}))
    await until(lambda rows: sum(row.turn == row.owner for row in rows) == 2, world)
    world.provider.hold.set()
    assert (await other).status_code == 200


async def test_waiting_ends_with_the_deadline(world: Any, held: Any) -> None:
    [row] = await intents(world)
    await store(world, row, lease_until=datetime(2100, 1, 1, tzinfo=UTC))
    key = {"Idempotency-Key": "late"}
    late = await in_vain(world, patch(world, "late", key))
    assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
    assert (late.json()["executed"], late.json()["retryable"]) == ("no", True)
    assert late.headers["retry-after"] == "1"
    world.provider.hold.set()
    assert (await held).status_code == 200
    assert (await patch(world, "late", key)).headers["ledgerway-outcome"] == "updated"
    assert sent(world) == ["first", "late"]


async def test_an_owner_who_died_is_not_waited_for_and_sends_no_more(world: Any, held: Any) -> None:
    [row] = await intents(world)
    await store(world, row, lease_until=LONG_AGO)
    second = asyncio.create_task(patch(world, "second"))
    await until(lambda rows: len(rows) == 2 and rows[0].turn is None, world)
    world.provider.hold.set()
    assert (await second).status_code == 200
    first = await held
    assert (first.status_code, first.json()["code"], first.json()["executed"]) == (
        409,
        "idempotency_in_progress",
        "no",
    )
    assert sent(world) == ["second"]


async def test_an_owner_whose_row_is_being_written_lives(world: Any, held: Any) -> None:
    if world.app.state.database.dialect == "sqlite":
        return  # there nobody else writes meanwhile
    [row] = await intents(world)
    await store(world, row, lease_until=LONG_AGO)
    async with world.app.state.database.write() as session:
        await session.scalar(select(Write).where(Write.id == row.id).with_for_update())
        late = await in_vain(world, patch(world, "late"))
    assert late.json()["code"] == "deadline_exceeded"


async def test_a_change_nobody_saw_the_end_of_holds_nobody_up(world: Any) -> None:
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    assert (await patch(world, "first", {"Idempotency-Key": "k"})).status_code == 502
    world.provider.fail = lambda ask: None
    assert (await patch(world, "second")).status_code == 200


async def test_what_is_looked_for_waits_for_its_turn(world: Any) -> None:
    """A lost change is compared with the record while nobody changes it."""
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    await patch(world, "first", {"Idempotency-Key": "k"})
    world.provider.fail = lambda ask: None
    world.app.state.clock.passed += timedelta(milliseconds=1)
    [lost] = await intents(world)
    await store(world, lost, next_check_at=LONG_AGO)
    world.provider.hold = asyncio.Event()
    second = asyncio.create_task(patch(world, "second"))
    await until(lambda rows: len(rows) == 2, world)
    asked = len(world.provider.seen)
    looking = asyncio.create_task(world.app.state.resolver.look())
    await until(lambda rows: rows[0].state == "executing", world)
    world.provider.hold.set()
    await looking
    assert (await second).status_code == 200
    assert [ask.method for ask in world.provider.seen[asked:]][:2] == ["PUT", "GET"]


# Creates


async def lose(world: Any, body: Any = NEW, query: str = "match_on=number") -> Write:
    """A create whose answer is lost; the provider did not hear it."""
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    lost = await create(world, {"Idempotency-Key": "order-1"}, body, query)
    assert lost.status_code == 502, lost.text
    world.provider.fail = lambda ask: None
    [row] = await intents(world)
    world.app.state.clock.passed += timedelta(milliseconds=1)
    return row


@pytest.mark.parametrize("looked", [True, False])
async def test_a_create_that_looks_waits_for_one_nobody_saw_the_end_of(world: Any, looked: bool) -> None:
    first = await lose(world, REFERRED, "match_on=number" if looked else "")
    body = NEW if looked else REFERRED
    clock = world.app.state.clock
    await store(world, first, next_check_at=clock.now() + timedelta(seconds=1))
    second = await in_vain(world, match(world, body))
    assert (second.status_code, second.json()["code"]) == (409, "possible_duplicate"), second.text
    assert (second.json()["executed"], second.json()["write_id"]) == ("no", first.id)
    assert second.json()["next"] == {"method": "GET", "path": f"/write/{first.id}"}
    await store(world, first, next_check_at=clock.now() + timedelta(hours=1))
    assert (await match(world, body)).json()["code"] == "possible_duplicate"  # at once
    await store(world, first, next_check_at=None)
    third = (await match(world, body)).json()
    assert (third["code"], third["next"]["path"]) == ("possible_duplicate", f"/write/{first.id}/resolve")
    assert f"POST /write/{first.id}/resolve" in third["detail"]
    assert sent(world) == ["POST"]
    await store(world, first, state="done", record_id="7")
    assert (await match(world, body)).status_code == 201


async def test_a_create_whose_record_is_known_is_found(world: Any) -> None:
    await store(world, await lose(world), record_id="1")
    world.provider.rows["1"]["number"] = NEW["number"]
    found = await match(world)
    assert (found.status_code, found.headers["ledgerway-outcome"]) == (200, "already_existed")


async def test_a_create_that_stopped_half_way_is_waited_for(world: Any) -> None:
    first = await lose(world)
    await store(world, first, state="partial", next_check_at=None)
    second = await match(world)
    assert second.json()["code"] == "possible_duplicate"
    assert "its own Idempotency-Key" in second.json()["detail"]


async def test_a_dead_owner_who_sent_is_waited_for_and_one_who_did_not_is_not(world: Any) -> None:
    first = await lose(world)
    await store(world, first, state="executing", lease_until=LONG_AGO)
    assert (await in_vain(world, match(world))).json()["code"] == "possible_duplicate"
    await store(world, first, sent_at=None, journal=None)
    assert (await match(world)).status_code == 201


async def test_an_owner_who_comes_after_somebody_elses_document_is_refused(world: Any) -> None:
    """Who died before sending is asked again, when another has made the document meanwhile."""
    first = await lose(world, REFERRED, "")
    await store(world, first, state="executing", lease_until=LONG_AGO, sent_at=None, journal=None)
    assert (await match(world, REFERRED)).status_code == 201
    again = await create(world, {"Idempotency-Key": "order-1"}, REFERRED)
    assert again.json()["code"] == "possible_duplicate"
    assert len(world.provider.rows) == 2


async def test_whoever_may_have_made_it_is_looked_for_before_who_asked_earlier_and_sent_nothing(
    world: Any,
) -> None:
    first = await lose(world)
    await store(world, first, state="executing", lease_until=LONG_AGO, sent_at=None, journal=None)
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    assert (await match(world)).status_code == 502
    world.provider.fail = lambda ask: None
    world.app.state.clock.passed += timedelta(milliseconds=1)
    younger = (await intents(world))[1]
    await store(world, younger, next_check_at=world.app.state.clock.now() + timedelta(seconds=1))
    again = asyncio.create_task(match(world, NEW, {"Idempotency-Key": "order-1"}))
    await until(lambda rows: rows[0].lease_until > LONG_AGO, world)
    await store(world, younger, next_check_at=LONG_AGO)
    asked = len(world.provider.seen)
    assert await world.app.state.resolver.look() == 1
    assert len(world.provider.seen) > asked
    again.cancel()


@pytest.mark.parametrize("other", [None, OTHER])
async def test_who_died_before_sending_holds_no_document_up(world: Any, other: Any) -> None:
    first = await lose(world, REFERRED, "")
    await store(world, first, state="executing", lease_until=LONG_AGO, sent_at=None, journal=None)
    assert (await create(world, other, REFERRED)).status_code == 201


@pytest.mark.parametrize("lost", [True, False])
async def test_who_looks_waits_for_a_create_that_did_not(world: Any, lost: bool) -> None:
    """What the other would make is found by what is looked for, though it looked for nothing itself."""
    if lost:
        first = await lose(world, NEW, "")
        await store(world, first, next_check_at=None)
        assert (await match(world)).json()["write_id"] == first.id
        return
    world.provider.hold = asyncio.Event()
    plain = asyncio.create_task(create(world, {"Idempotency-Key": "a"}, NEW))
    await until(bool, world)
    looking = asyncio.create_task(match(world))
    await until(lambda rows: len(rows) == 2, world)
    world.provider.hold.set()
    assert [(await plain).status_code, (await looking).status_code] == [201, 200]
