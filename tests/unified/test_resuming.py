"""Writes of several calls: what is done is never done again, and what failed is taken up where it stopped."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.errors import Problem
from app.models.writes import Write
from app.unified.unsettled import AT_ONCE, Unsettled
from app.writes.supervised import supervisor
from connectors.kit.faults import Fault, Kind
from connectors.kit.flows import step_failed
from connectors.kit.http import Request
from tests.unified.conftest import Invoices, read

pytestmark = pytest.mark.anyio

NEW = {"contact": {"id": "7"}, "line_items": [{"name": "Tea", "unit_price": "2.50"}], "number": "A-1"}
KEY = {"Idempotency-Key": "order-1"}


def in_steps(self: Any, body: Any, ctx: Any) -> Any:
    """Creates, changes twice, reads back; a later failure leaves the record as it stands."""
    yield Request("GET", "/invoices", query=(("start", "0"), ("size", "1")))
    reply = yield Request("POST", "/invoices", body={"number": body["number"], "at": ctx.now})
    answer, number = read(reply.body, complete=True), 1
    try:
        for memo in ("one", "two"):
            number += 1
            step = Request("PUT", f"/invoices/{reply.body['id']}", body={"memo": memo}, repeatable=True)
            yield step
        number += 1
        answer = read((yield Request("GET", f"/invoices/{reply.body['id']}")).body, complete=True)
    except Fault as fault:
        answer.issues.append(step_failed(number, "change it", fault))
        answer.outcome = "partial"
        return answer
    answer.outcome = "created"
    return answer


@pytest.fixture
def stepped(either_world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(Invoices, "create", in_steps)
    return either_world


async def create(world: Any, headers: Any = KEY) -> Any:
    return await world.ask("POST", "/invoices", json=NEW, headers=headers)


async def only(world: Any) -> Write:
    async with world.app.state.database.read() as session:
        [found] = list(await session.scalars(select(Write)))
    return found


def writes(world: Any) -> list[Any]:
    return [ask.body.get("memo") or ask.method for ask in world.provider.seen if not ask.is_read]


def failing(*memos: str, kind: Kind = Kind.CONFLICT) -> Any:
    return lambda ask: Fault(kind, 409) if (ask.body or {}).get("memo") in memos else None


async def test_the_same_key_goes_on_at_the_step_that_failed(stepped: Any) -> None:
    stepped.provider.fail = failing("two")
    first = await create(stepped)
    assert (first.status_code, first.headers["ledgerway-outcome"]) == (201, "partial")
    [issue] = first.json()["issues"]
    assert (issue["code"], issue["step"], issue["retryable"]) == ("step_failed", 3, False)
    assert (await only(stepped)).state == "partial"
    again = await create(stepped)
    assert again.headers["ledgerway-outcome"] == "partial"
    stepped.provider.fail = lambda ask: None
    whole = await create(stepped)
    assert (whole.status_code, whole.headers["ledgerway-outcome"]) == (201, "created")
    assert (whole.json()["memo"], "issues" in whole.json()) == ("two", False)
    assert "idempotent-replayed" not in whole.headers
    assert writes(stepped) == ["POST", "one", "two", "two", "two"]
    stored = await only(stepped)
    assert (stored.state, stored.journal, stored.record_id) == ("done", None, "1")
    replayed = await create(stepped)
    assert (replayed.content, replayed.headers["ledgerway-outcome"]) == (whole.content, "replayed")
    assert len(writes(stepped)) == 5


async def test_a_record_that_could_not_be_read_back_is_only_read_again(stepped: Any) -> None:
    one = stepped.provider
    one.fail = lambda ask: Fault(Kind.NOT_FOUND, 404) if ask.is_read and "/invoices/" in ask.path else None
    assert (await create(stepped)).headers["ledgerway-outcome"] == "partial"
    one.fail = lambda ask: None
    assert (await create(stepped)).headers["ledgerway-outcome"] == "created"
    assert writes(stepped) == ["POST", "one", "two"]


async def test_another_process_goes_on_from_what_was_stored(stepped: Any) -> None:
    """The first owner dies right before the third call: what it had stored is all there is."""
    at: list[Any] = []

    def die(ask: Any) -> None:
        if (ask.body or {}).get("memo") == "two" and not at:
            at.append(1)
            raise SystemError

    stepped.provider.fail = die
    assert (await create(stepped)).status_code == 500
    await store(stepped, state="partial")
    stored = await only(stepped)
    assert stored.sent_at is not None and b"A-1" not in (stored.journal or b"")
    done = await create(stepped)
    assert (done.headers["ledgerway-outcome"], done.json()["memo"]) == ("created", "two")
    assert writes(stepped) == ["POST", "one", "two", "two"]


async def test_what_the_gateway_itself_stops_half_way_goes_on_later(stepped: Any) -> None:
    """A circuit that opens between two calls is nothing the provider said of the write."""

    def shut(ask: Any) -> None:
        if (ask.body or {}).get("memo") == "one":
            raise Problem("circuit_open", "Not reachable.", executed="no", retryable=True)

    stepped.provider.fail = shut
    for _ in range(2):
        stopped = await create(stepped)
        assert (stopped.status_code, stopped.json()["code"]) == (503, "circuit_open")
        assert (stopped.json()["executed"], (await only(stepped)).state) == ("yes", "partial")
    stepped.provider.fail = lambda ask: None
    whole = await create(stepped)
    assert (whole.status_code, whole.headers["ledgerway-outcome"]) == (201, "created")
    assert writes(stepped) == ["POST", "one", "one", "one", "two"]


async def test_an_owner_who_died_before_sending_is_replaced(stepped: Any) -> None:
    await create(stepped)
    stepped.provider.rows.clear()
    unsent = {"state": "executing", "sent_at": None, "journal": None}
    await store(stepped, **unsent, lease_until=datetime(2100, 1, 1, tzinfo=UTC))
    assert (await create(stepped)).json()["code"] == "idempotency_in_progress"
    await store(stepped, lease_until=datetime(2020, 1, 1, tzinfo=UTC))
    assert (await create(stepped)).headers["ledgerway-outcome"] == "created"
    assert (await only(stepped)).state == "done"


async def store(world: Any, **values: Any) -> None:
    async with world.app.state.database.write() as session:
        await session.execute(update(Write).values(**values))


async def test_who_was_replaced_sends_nothing_more(stepped: Any) -> None:
    inner = stepped.gateway.perform

    async def perform(run: Any, flow: Any) -> Any:
        before = run.before_write

        async def slow(request: Any) -> None:
            if (request.body or {}).get("memo") == "one":
                await store(stepped, owner="own_other")
            await before(request)

        object.__setattr__(run, "before_write", slow)
        return await inner(run, flow)

    stepped.gateway.perform = perform
    lost = await create(stepped)
    assert (lost.status_code, lost.json()["code"]) == (409, "idempotency_in_progress")
    assert writes(stepped) == ["POST"]
    assert (await only(stepped)).state == "executing"


async def test_a_write_without_a_key_ends_where_it_failed(stepped: Any) -> None:
    stepped.provider.fail = failing("two")
    assert (await create(stepped, {})).headers["ledgerway-outcome"] == "partial"
    stored = await only(stepped)
    assert (stored.state, stored.outcome, stored.journal) == ("done", "partial", None)
    assert supervisor(stepped.app).owned == {}


async def test_after_a_week_only_what_nobody_knows_the_end_of_is_kept(
    stepped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.unified.unsettled._MOST_PURGED", 2)
    for number in range(5):
        await create(stepped, {"Idempotency-Key": f"key-{number}"})
    state = stepped.app.state
    unsettled = Unsettled(state.database, state.clock, state.shelf)
    assert await unsettled.purge() == 0
    await store(stepped, created_at=datetime(2020, 1, 1, tzinfo=UTC))
    async with state.database.write() as session:
        kept = update(Write).where(Write.idempotency_key == "key-3").values(state="unknown")
        await session.execute(kept)
        unsent = {"state": "executing", "sent_at": None, "lease_until": datetime(2020, 1, 1, tzinfo=UTC)}
        await session.execute(update(Write).where(Write.idempotency_key == "key-1").values(**unsent))
    assert await unsettled.purge() == 4
    assert (await only(stepped)).idempotency_key == "key-3"


async def test_a_copy_that_cannot_be_taken_in_keeps_no_write_from_ending(
    stepped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []

    async def always(*_args: Any) -> object:
        return object()

    async def broken(_session: Any, written: Any, *_args: Any) -> None:
        taken.append(written)
        raise KeyError("copy")

    monkeypatch.setattr("app.unified.shelf.WriteShelf.kept", always)
    monkeypatch.setattr("app.unified.shelf.take_in", broken)
    assert (await create(stepped)).headers["ledgerway-outcome"] == "created"
    assert (await only(stepped)).state == "done"
    assert len(taken) == 1


async def test_two_processes_that_look_at_once_take_different_writes(stepped: Any) -> None:
    for number in range(AT_ONCE + 3):
        await create(stepped, {"Idempotency-Key": f"key-{number}"})
    await store(stepped, state="unknown", next_check_at=datetime(2020, 1, 1, tzinfo=UTC))
    state = stepped.app.state
    unsettled = Unsettled(state.database, state.clock, state.shelf)
    first, second = await asyncio.gather(unsettled.due(), unsettled.due())
    assert {len(first), len(second)} == {AT_ONCE, 3}
    assert not {write.id for write in first} & {write.id for write in second}
    assert await unsettled.due() == []


async def test_one_that_takes_long_keeps_no_other_waiting(stepped: Any) -> None:
    """Neither look-up goes on before the other has begun."""
    stepped.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    for number in range(2):
        lost = await create(stepped, {"Idempotency-Key": f"key-{number}"})
        assert lost.json()["executed"] == "unknown"
    await store(stepped, next_check_at=datetime(2020, 1, 1, tzinfo=UTC))
    both, perform = asyncio.Barrier(2), stepped.gateway.perform

    async def together(run: Any, flow: Any) -> Any:
        await both.wait()
        return await perform(run, flow)

    stepped.gateway.perform = together
    async with asyncio.timeout(20):
        assert await stepped.app.state.resolver.look() == 2
