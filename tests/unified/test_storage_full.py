"""A database without room: nothing is sent that could not be recorded, and what was sent is not denied."""

from typing import Any

import pytest
from sqlalchemy import select, text

from app.models.writes import Write
from connectors.kit.faults import Fault, Kind

pytestmark = pytest.mark.anyio

NEW = {"contact": {"id": "7"}, "line_items": [{"name": "Tea", "unit_price": "2.50"}]}


async def limit(world: Any, pages: int | None) -> None:
    """No page more than there are (and so many); None takes the limit away. Its one writer keeps the setting."""
    async with world.app.state.database.write() as session:
        used = (await session.execute(text("PRAGMA page_count"))).scalar_one()
        most = 1_000_000 if pages is None else used + pages
        await session.execute(text(f"PRAGMA max_page_count = {most}"))


async def create(world: Any, number: str, **headers: str) -> Any:
    return await world.ask("POST", "/invoices", json={**NEW, "number": number}, headers=headers)


async def fill(world: Any) -> None:
    """Writes until there is no room."""
    await limit(world, 0)
    for number in range(200):
        answer = await create(world, f"F-{number}", **{"Idempotency-Key": f"filling-{number}"})
        if answer.status_code == 503:
            return
    raise AssertionError("there is always room")


def posts(world: Any, number: str) -> int:
    return sum(ask.body.get("number") == number for ask in world.provider.seen if not ask.is_read)


async def test_what_cannot_be_recorded_is_not_sent(world: Any) -> None:
    await fill(world)
    key = {"Idempotency-Key": "order-1"}
    refused = await create(world, "A-1", **key)
    told = refused.json()
    assert (refused.status_code, told["code"]) == (503, "storage_full")
    assert (told["executed"], told["retryable"], posts(world, "A-1")) == ("no", True, 0)
    assert (await world.ask("GET", "/invoices")).status_code == 200
    await limit(world, None)
    made = await create(world, "A-1", **key)
    assert (made.status_code, posts(world, "A-1")) == (201, 1)


@pytest.mark.parametrize(
    ("headers", "lost", "executed", "retryable"),
    [
        ({"Idempotency-Key": "order-2"}, False, "yes", True),
        ({"Idempotency-Key": "order-2"}, True, "unknown", True),
        ({}, False, "yes", False),
    ],
)
async def test_what_was_sent_is_not_called_undone(
    world: Any, headers: dict[str, str], lost: bool, executed: str, retryable: bool
) -> None:
    """The room ends between the sending and the result."""
    state = world.app.state
    inner = state.shelf.settle

    async def settle(*args: Any, **values: Any) -> None:
        async with state.database.write() as session:
            await session.execute(text("PRAGMA query_only = ON"))
        await inner(*args, **values)

    state.shelf.settle = settle
    if lost:
        world.provider.fail = lambda ask: None if ask.is_read else Fault(Kind.NETWORK, phase="body")
    told = (await create(world, "A-2", **headers)).json()
    assert (told["code"], told["executed"], told["retryable"]) == ("storage_unavailable", executed, retryable)
    assert posts(world, "A-2") == 1
    async with state.database.read() as session:
        [intent] = list(await session.scalars(select(Write)))
    assert (intent.state, intent.sent_at is not None) == ("executing", True)
