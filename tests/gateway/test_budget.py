"""The arithmetic of an organisation's budget."""

import random

import pytest

from app.gateway.budget import WINDOW, Ask, Budget
from app.gateway.runs import Lane
from connectors.kit.faults import Kind
from connectors.kit.limits import Limits

LIMITS = Limits(minute=100, concurrent=8, day=1000)
NOW = 1_750_000_007.0
ONE = (Lane.INTERACTIVE,)


def ask(
    budget: Budget, now: float, *lanes: Lane, owner: str = "a", limits: Limits = LIMITS, in_use: int = 0
) -> int:
    return budget.ask(now, limits, Ask(owner, lanes, in_use)).granted


def test_at_most_98_grants_in_any_61_seconds() -> None:
    """Whatever the rhythm and however many processes ask."""
    dice = random.Random(11)
    budget, now, granted = Budget(), NOW, list[float]()
    while now < NOW + 600:
        owner = dice.choice("abcd")
        count = ask(budget, now, *ONE * dice.choice((1, 1, 3, 8)), owner=owner)
        granted += [now] * count
        budget.release(now, owner, 0)
        budget = Budget.read(budget.document())
        now += dice.choice((0.01, 0.2, 1.0, 5.0))
    for start in granted:
        assert sum(start <= at < start + WINDOW for at in granted) <= 98
    assert len(granted) > 98 * 8


def test_a_refusal_says_when_to_come_back() -> None:
    budget = Budget()
    limits = Limits(minute=100, concurrent=200, day=10_000)
    assert ask(budget, NOW, *ONE * 90, limits=limits) == 90
    assert ask(budget, NOW + 10, *ONE * 20, limits=limits) == 8
    given = budget.ask(NOW + 20, limits, Ask("a", ONE, 98))
    kind, seconds = given.refusals[Lane.INTERACTIVE]
    assert kind is Kind.MINUTE
    assert seconds == pytest.approx(41.0)
    assert ask(budget, NOW + 20 + seconds, *ONE, limits=limits, in_use=98) == 1


def test_slots_are_shared_between_processes() -> None:
    budget = Budget()
    assert ask(budget, NOW, *ONE * 6, owner="a") == 6
    assert ask(budget, NOW, *ONE * 6, owner="b") == 2
    # b is short: a keeps what it uses, and no more than its half once calls end
    assert ask(budget, NOW + 1, *ONE * 4, owner="a", in_use=3) == 1
    assert ask(budget, NOW + 1, *ONE * 6, owner="b", in_use=2) == 2
    assert sum(slot[0] for slot in budget.slots.values()) <= 8


def test_slots_of_a_dead_process_come_back() -> None:
    budget = Budget()
    assert ask(budget, NOW, *ONE * 8, owner="dead") == 8
    assert ask(budget, NOW + 1, *ONE, owner="b") == 0
    assert ask(budget, NOW + 31, *ONE * 8, owner="b") == 8


def test_a_fifth_of_the_day_is_for_people() -> None:
    budget = Budget(day_used=800, day_reset=NOW + 3600)
    given = budget.ask(NOW, LIMITS, Ask("a", (Lane.SYNC,)))
    assert given.refusals[Lane.SYNC] == (Kind.DAY, 3600.0)
    assert ask(budget, NOW, *ONE) == 1


def test_the_day_follows_the_provider() -> None:
    budget = Budget()
    budget.ask(NOW, LIMITS, Ask("a", ONE, seen=(2000, 500, 7200.0)))
    assert budget.day(NOW, LIMITS) == (2000, 499, 7200.0)
    budget.ask(NOW, LIMITS, Ask("a", ONE, seen=(2000, 0, 7200.0)))
    assert budget.ask(NOW, LIMITS, Ask("a", ONE)).refusals[Lane.INTERACTIVE] == (Kind.DAY, 7200.0)
    assert ask(budget, NOW + 7201, *ONE) == 1
    assert budget.day(NOW + 7201, LIMITS)[1] == 1999


def test_a_refused_minute_stays_shut_and_opens_step_by_step() -> None:
    budget = Budget()
    budget.close_minute(NOW, 0.0)
    until = budget.closed_until
    assert until % 60 == 0
    assert 0 < until - NOW <= 60
    budget.close_minute(NOW + 0.1, 0.0)  # others in flight hear the same: one strike
    assert (budget.closed_until, budget.strikes) == (until, 1)
    assert ask(budget, until - 0.1, *ONE) == 0
    probes = sum(ask(budget, until + second, *ONE * 5) for second in range(60))
    assert probes <= 5
    budget.close_minute(until + 60, 0.0)
    assert budget.closed_until == until + 120
    budget.reopen()
    assert ask(budget, until + 61, *ONE * 5) == 5


def test_a_minute_refused_again_is_never_opened_before_the_next() -> None:
    budget, now = Budget(), NOW - NOW % 60
    waits = list[float]()
    for into in (13.0, 13.0, 58.0, 58.0, 58.0, 58.0):  # seconds of the provider's minute that are over
        budget.close_minute(now + into, 0.0)
        waits.append(budget.closed_until - now - into)
        now += 120
    assert waits == [47.0, 47.0, 20.0, 40.0, 60.0, 60.0]


def test_a_spent_day_stays_shut_until_its_reset() -> None:
    budget = Budget()
    budget.close_day(NOW, LIMITS, 5000.0)
    assert budget.ask(NOW + 4999, LIMITS, Ask("a", ONE)).refusals[Lane.INTERACTIVE] == (Kind.DAY, 1.0)
    assert ask(budget, NOW + 5001, *ONE) == 1


def test_high_limits_hand_out_blocks() -> None:
    limits = Limits(minute=1_000_000, concurrent=1000, day=10**9)
    budget = Budget()
    given = budget.ask(NOW, limits, Ask("a", ONE))
    assert (given.granted, given.hold) == (1, 5.0)
    assert 9000 <= given.spare <= 10_000
    assert given.slots >= 60
    assert budget.ask(NOW + 3, limits, Ask("a", ahead=True)).spare == given.spare
    assert budget.ask(NOW + 3, limits, Ask("a")).spare == 0


def test_blocks_keep_the_minute_too() -> None:
    """Even when every permit of a block is used in its last moment."""
    limits = Limits(minute=2000, concurrent=100, day=10**9)
    dice = random.Random(5)
    budget, now, used = Budget(), NOW, list[tuple[float, int]]()
    while now < NOW + 300:
        given = budget.ask(now, limits, Ask(dice.choice("abc"), ONE * dice.randint(1, 9)))
        used.append((now + dice.choice((0.0, given.hold)), given.granted + given.spare))
        now += dice.choice((0.01, 0.1, 1.0))
    for start, _ in used:
        assert sum(count for at, count in used if start <= at < start + 60.0) <= 2000
    assert sum(count for _, count in used) > 2000 * 4


def test_low_limits_hand_out_exactly_what_is_asked_for() -> None:
    given = Budget().ask(NOW, LIMITS, Ask("a", ONE, ahead=True))
    assert (given.spare, given.hold) == (0, 0.9)


def test_a_stored_budget_reads_back() -> None:
    budget = Budget()
    ask(budget, NOW, *ONE * 3)
    budget.close_minute(NOW, 1.0)
    assert Budget.read(budget.document()) == budget
    assert Budget.read({}) == Budget()


def test_a_share_leaves_the_rest_to_others() -> None:
    """Of the minute and of the day, counted by our own calls; the provider's day still holds for all."""
    limits = Limits(minute=100, concurrent=500, day=200, share=0.5)
    budget = Budget()
    assert budget.day(NOW, limits)[:2] == (200, 100)
    assert ask(budget, NOW, *ONE * 80, limits=limits) == 49
    budget.ask(NOW + 1, limits, Ask("a", seen=(200, 60, 7200.0)))  # others made 91
    assert budget.day(NOW + 1, limits)[:2] == (200, 51)
    assert ask(budget, NOW + 62, *ONE * 80, limits=limits) == 49
    later = budget.ask(NOW + 124, limits, Ask("a", ONE * 5))
    assert (later.granted, later.refusals) == (2, {Lane.INTERACTIVE: (Kind.DAY, pytest.approx(7077.0))})
    assert budget.ask(NOW + 124, limits, Ask("a", (Lane.SYNC,))).refusals[Lane.SYNC][0] is Kind.DAY


def test_a_burst_that_was_too_large_leaves_as_many_slots_as_there_are() -> None:
    budget = Budget()
    assert ask(budget, NOW, *ONE * 8) == 8
    for still in (7, 6, 5):  # the provider bears five
        budget.narrow(NOW + 0.1, LIMITS, "a", still)
    assert budget.at_once(NOW + 1, LIMITS) == 5
    assert ask(budget, NOW + 1, *ONE * 3, in_use=5) == 0
    assert ask(budget, NOW + 1, *ONE * 3, in_use=3) == 2
    assert Budget.read(budget.document()) == budget
    assert [budget.at_once(NOW + 0.1 + 60 * minutes, LIMITS) for minutes in range(5)] == [5, 6, 7, 8, 8]


def test_slots_that_others_use_are_not_counted_on() -> None:
    budget = Budget()
    ask(budget, NOW, *ONE * 2, owner="b")
    ask(budget, NOW, *ONE * 2)
    budget.narrow(NOW, LIMITS, "a", 1)  # the organisation's other programs hold the rest
    assert budget.at_once(NOW, LIMITS) == 3
    for _ in range(9):
        budget.narrow(NOW + 1, LIMITS, "a", 0)
    assert budget.at_once(NOW + 1, LIMITS) == 1
    assert ask(budget, NOW + 31, *ONE * 5) == 1


def test_a_clock_set_back_does_not_keep_the_slots_few() -> None:
    budget = Budget()
    budget.narrow(NOW, LIMITS, "a", 0)
    ask(budget, NOW - 86_400, *ONE)
    assert budget.at_once(NOW - 86_400 + 60, LIMITS) == 2


def test_the_daily_limit_tells_how_many_may_be_in_process() -> None:
    limits = Limits(minute=100, concurrent=8, day=5000, tiers=((1000, 5), (2000, 8)))
    budget = Budget()
    assert ask(budget, NOW, *ONE * 9, limits=limits) == 8
    given = budget.ask(NOW + 1, limits, Ask("a", ONE * 9, in_use=3, seen=(1000, 900, 600.0)))
    assert (given.granted, given.room) == (2, 5)
    assert Budget.read(budget.document()).at_once(NOW + 2, limits) == 5
    budget.ask(NOW + 3, limits, Ask("a", seen=(7500, 7000, 600.0)))
    assert budget.at_once(NOW + 3, limits) == 8
