"""Writes whose data keys a service keeps: nobody waits for it with the writer, and nothing is sent unrecorded."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.credentials import Credentials
from app.core.secrets import keyring
from app.models.writes import Write
from app.unified.progress import Progress
from app.unified.resolver import Resolver
from app.unified.shelf import WriteShelf
from app.unified.unsettled import Unsettled
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Reply
from connectors.kit.http import Request as Ask
from tests.support.distant import Distant
from tests.unified.conftest import NOW

pytestmark = pytest.mark.anyio

NEW = {"contact": {"id": "7"}, "line_items": [{"name": "Tea", "unit_price": "2.50"}]}
LAPSED = timedelta(minutes=16)


@pytest.fixture
def distant(world: Any) -> Distant:
    """The keys of this world's writes."""
    state = world.app.state
    service = Distant(keyring.generate(NOW), state.database.url.render_as_string(hide_password=False))
    state.credentials = Credentials(state.database, service, state.clock)
    state.shelf = WriteShelf(state.database, state.credentials.vault, state.clock)
    state.resolver = Resolver(world.app)
    return service


async def create(world: Any, key: str) -> Any:
    return await world.ask("POST", "/invoices", json=NEW, headers={"Idempotency-Key": key})


async def only(world: Any) -> Write:
    async with world.app.state.database.read() as session:
        return (await session.scalars(select(Write))).one()


def posts(world: Any) -> int:
    return sum(not ask.is_read for ask in world.provider.seen)


async def test_one_key_serves_every_write_of_an_account(world: Any, distant: Distant) -> None:
    for number in range(3):
        assert (await create(world, f"order-{number}")).status_code == 201
    assert distant.calls == ["wrap"]
    world.app.state.clock.passed += LAPSED
    for number in range(3, 6):
        assert (await create(world, f"order-{number}")).status_code == 201
    assert distant.calls == ["wrap", "unwrap"]
    again = await create(world, "order-0")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")


async def test_a_write_that_cannot_be_recorded_for_want_of_a_key_is_not_sent(
    world: Any, distant: Distant
) -> None:
    distant.away = True
    refused = await create(world, "order-1")
    told = refused.json()
    assert (refused.status_code, told["code"]) == (503, "key_service_unavailable")
    assert (told["executed"], told["retryable"], posts(world)) == ("no", True, 0)
    assert (await only(world)).state == "released"
    distant.away = False
    assert (await create(world, "order-1")).status_code == 201


async def test_a_key_in_memory_outlives_the_service(world: Any, distant: Distant) -> None:
    await create(world, "order-1")
    distant.away = True
    assert (await create(world, "order-2")).status_code == 201
    assert (await create(world, "order-2")).headers["idempotent-replayed"] == "true"


async def test_what_was_sent_is_told_although_its_key_lapsed_meanwhile(world: Any, distant: Distant) -> None:
    def lapses(ask: Ask) -> None:
        if not ask.is_read:
            world.app.state.clock.passed += LAPSED
            distant.away = True

    world.provider.fail = lapses
    made = await create(world, "order-1")
    assert (made.status_code, made.json()["id"]) == (201, "1")
    stored = await only(world)
    assert (stored.state, stored.record_id, stored.answer) == ("done", "1", None)


async def test_who_looks_for_lost_writes_holds_no_writer_either(world: Any, distant: Distant) -> None:
    world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    for number in range(2):
        assert (await create(world, f"order-{number}")).json()["executed"] == "unknown"
    state = world.app.state
    unsettled = Unsettled(state.database, state.clock, state.shelf)
    state.clock.passed += LAPSED
    done, undone = await unsettled.due()
    await unsettled.adopted(done, "7")
    state.clock.passed += LAPSED
    progress = Progress()
    progress.hears(Ask("POST", "/contacts"), Reply(201, body={"id": "7"}))
    await unsettled.give_back(undone, progress, {"number": "1"})
    assert distant.calls == ["wrap", "unwrap", "unwrap"]
    async with state.database.read() as session:
        rows = {row.id: row for row in await session.scalars(select(Write))}
    assert (rows[done.id].state, rows[done.id].record_id) == ("done", "7")
    assert await state.shelf.answer(rows[done.id]) == b'\n{"id":"7"}'
    assert rows[undone.id].state == "partial"
    again, asked = await state.shelf.journal(rows[undone.id])
    assert (again.has_done, asked) == (True, {"number": "1"})
