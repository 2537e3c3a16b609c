"""Writes nobody saw the end of are sent again: once, and what does not reach the provider does not count."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.errors import Problem
from app.models.writes import Write
from app.unified.looking import Verdict
from app.writes.pace import MOST_LOOKS
from connectors.kit.faults import Fault, Kind
from tests.unified.test_resuming import KEY, create, only, store

pytestmark = pytest.mark.anyio

NOW = {"state": "unknown", "next_check_at": datetime(2020, 1, 1, tzinfo=UTC)}
LAST_LOOK = {**NOW, "checks": 3}


@pytest.fixture(params=["nothing", "undone"])
def found(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What looking for the write comes to."""

    def look(*_args: Any) -> Any:
        return Verdict(request.param, surely=True)
        yield

    monkeypatch.setattr("app.unified.resolver.look", look)
    return request.param


@pytest.fixture
async def lost(either_world: Any, found: str) -> Any:
    """The answer to a create was lost, and it is about to be looked for the last time."""
    either_world.provider.fail = broken(Kind.NETWORK, phase="body")
    assert (await create(either_world)).json()["executed"] == "unknown"
    either_world.provider.fail = lambda ask: None
    await store(either_world, **LAST_LOOK)
    return either_world


def broken(kind: Kind, **more: Any) -> Callable[[Any], Fault | None]:
    return lambda ask: None if ask.is_read else Fault(kind, **more)


async def resolved(world: Any) -> Write:
    assert await world.app.state.resolver.look() == 1
    return await only(world)


def posts(world: Any) -> int:
    return sum(ask.method == "POST" for ask in world.provider.seen)


def shut(world: Any) -> None:
    """Nothing gets as far as leaving, until it is opened again by deleting what stands in for `perform`."""

    async def perform(run: Any, flow: Any) -> Any:
        try:
            next(flow)
        except StopIteration as done:
            return done.value
        raise Problem("circuit_open", "Not reachable.", executed="no", retryable=True)

    world.gateway.perform = perform


def refuse_unread(world: Any) -> None:
    world.provider.fail = broken(Kind.MINUTE, status=429)


def let(world: Any) -> None:
    world.gateway.__dict__.pop("perform", None)
    world.provider.fail = lambda ask: None


@pytest.mark.parametrize("hinder", [shut, refuse_unread])
async def test_what_the_provider_never_considered_is_tried_again_and_sent_once(
    lost: Any, hinder: Callable[[Any], None]
) -> None:
    hinder(lost)
    for _ in range(3):
        stored = await resolved(lost)
        assert (stored.state, stored.resends) == ("unknown", 0)
        assert stored.next_check_at is not None and stored.next_check_at > stored.created_at
        pending = await create(lost)
        assert (pending.json()["code"], pending.json()["retryable"]) == ("outcome_pending", True)
        await store(lost, **NOW, checks=max(stored.checks, 3))
    let(lost)
    stored = await resolved(lost)
    assert (stored.state, stored.resends, len(lost.provider.rows)) == ("done", 1, 1)
    assert (await create(lost)).headers["ledgerway-outcome"] == "replayed"


@pytest.mark.parametrize("hinder", [shut, refuse_unread])
async def test_what_cannot_be_sent_again_is_tried_less_and_less_often_and_then_left_to_a_person(
    lost: Any, hinder: Callable[[Any], None]
) -> None:
    hinder(lost)
    waits: list[float] = []
    while (stored := await resolved(lost)).next_check_at is not None:
        assert stored.settled_at is not None
        waits.append((stored.next_check_at - stored.settled_at).total_seconds())
        await store(lost, **NOW)
    assert waits == [15.0 * 2**n for n in range(8)] + [3600.0] * (MOST_LOOKS - 3 - 8)
    assert posts(lost) == (1 if hinder is shut else 1 + len(waits))
    told = (await create(lost)).json()
    assert (told["code"], told["retryable"]) == ("outcome_pending", False)


@pytest.mark.parametrize("kind", [Kind.INVALID, Kind.FORBIDDEN])
async def test_what_the_provider_refuses_leaves_the_key_free(lost: Any, kind: Kind) -> None:
    lost.provider.fail = broken(kind, status=400)
    assert (await resolved(lost)).state == "released"


async def test_what_is_lost_again_is_looked_for_again(lost: Any, found: str) -> None:
    lost.provider.fail = broken(Kind.NETWORK, phase="body")
    stored = await resolved(lost)
    assert (stored.state, stored.resends, stored.checks, posts(lost)) == ("unknown", 1, 0, 2)
    assert stored.next_check_at is not None
    lost.provider.fail = lambda ask: None
    await store(lost, **LAST_LOOK)
    stored = await resolved(lost)
    if found == "undone":  # safe as often as it takes
        assert (stored.state, stored.resends) == ("done", 2)
    else:
        assert (stored.state, stored.next_check_at, posts(lost)) == ("unknown", None, 2)


async def test_who_was_replaced_before_sending_used_nothing_up(lost: Any) -> None:
    """A process so slow that its lease ran out."""
    inner = lost.gateway.perform

    async def perform(run: Any, flow: Any) -> Any:
        if run.before_write is not None:
            await store(lost, owner="own_other")
        return await inner(run, flow)

    lost.gateway.perform = perform
    stored = await resolved(lost)
    assert (stored.state, stored.owner, stored.resends, posts(lost)) == ("executing", "own_other", 0, 1)
    assert (await create(lost, KEY)).status_code == 409
