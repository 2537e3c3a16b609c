"""More background work than the minute allows, from four processes, in a time that costs nothing."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from app.gateway.budget import Ask, Budget
from app.gateway.runs import Lane
from connectors.kit.faults import Kind
from connectors.kit.limits import Limits

LIMITS = Limits(minute=100, concurrent=8, day=100_000)
NOW = 1_750_000_007.0
PROCESSES, AT_ONCE = 4, 10


@dataclass
class Backlog:
    """Four processes that ask as turnstiles do: when someone comes, a call ends, or a refusal's time is over.

    calls   when each was sent
    waits   how long each person waited
    """

    seed: int
    budget: Budget = field(default_factory=Budget)
    calls: list[float] = field(default_factory=list[float])
    waits: list[float] = field(default_factory=list[float])

    def run(self, seconds: float, people: list[float]) -> "Backlog":
        self._dice, self._numbers = random.Random(self.seed), itertools.count()
        self._queue: list[tuple[float, int, Callable[[float], None]]] = []
        for process in (_Process(self, str(number)) for number in range(PROCESSES)):
            self.at(NOW + self._dice.random() * 0.05, process.ask)
            for arrival in people[int(process.name) :: PROCESSES]:
                self.at(NOW + arrival, process.person)
        while self._queue and self._queue[0][0] < NOW + seconds:
            now, _, step = heapq.heappop(self._queue)
            step(now)
        self.calls.sort()
        return self

    def at(self, moment: float, step: Callable[[float], None]) -> None:
        heapq.heappush(self._queue, (moment, next(self._numbers), step))

    def between(self, least: float, most: float) -> float:
        return self._dice.uniform(least, most)

    def within(self, since: float, seconds: float) -> int:
        return sum(since <= moment < since + seconds for moment in self.calls)


class _Process:
    def __init__(self, world: Backlog, name: str) -> None:
        self.world, self.name = world, name
        self.people: list[float] = []
        self.in_use = self.asked = 0

    def person(self, now: float) -> None:
        self.people.append(now)
        self.ask(now)

    def ended(self, now: float) -> None:
        self.in_use -= 1
        self.ask(now)

    def ask(self, now: float) -> None:
        self.asked += 1
        background = (Lane.SYNC,) * (AT_ONCE - self.in_use)
        waiting = (Lane.INTERACTIVE,) * len(self.people) + background
        given = self.world.budget.ask(now, LIMITS, Ask(self.name, waiting, self.in_use))
        for lane in waiting[: given.granted]:
            self.in_use += 1
            self.world.calls.append(now + self.world.between(0.0, 0.03))
            self.world.at(now + self.world.between(0.02, 0.3), self.ended)
            if lane is Lane.INTERACTIVE:
                self.world.waits.append(now - self.people.pop(0))
        for kind, seconds in given.refusals.values():
            again = now + seconds + self.world.between(0.005, 0.06)
            if kind is Kind.CONCURRENT:
                again = now + self.world.between(0.05, 0.15)
            self.world.at(again, partial(self.again, self.asked))

    def again(self, asked: int, now: float) -> None:
        """Unless it asked meanwhile."""
        if asked == self.asked:
            self.ask(now)


@pytest.mark.parametrize(
    ("first", "every"),
    [(0.0, 3.75), (7.0, 3.75), (45.0, 3.75), (5.0, 20.0), (20.0, 2.0), (999.0, 1.0)],
    ids=["from-the-start", "soon", "late", "few", "many", "nobody"],
)
def test_a_backlog_uses_the_minute_and_lets_people_pass(first: float, every: float) -> None:
    for seed in (1, 2, 3):
        people = [first + number * every for number in range(int((300 - first) / every) + 1)]
        seen = Backlog(seed).run(300, [arrival for arrival in people if arrival < 298])
        assert max(seen.within(moment, 60) for moment in seen.calls) <= 100
        # wherever two minutes begin, the first of an idle organisation included
        assert min(seen.within(NOW + second, 120) for second in range(180)) >= 2 * 93
        assert len(seen.waits) == sum(arrival < 298 for arrival in people)
        assert all(wait < 2.0 for wait in seen.waits)


def test_background_work_spreads_its_calls() -> None:
    budget = Budget()
    given = budget.ask(NOW, LIMITS, Ask("a", (Lane.SYNC,) * 5))
    assert (given.granted, given.refusals) == (1, {Lane.SYNC: (Kind.MINUTE, pytest.approx(0.63, abs=0.01))})
    assert budget.ask(NOW + 0.7, LIMITS, Ask("a", (Lane.SYNC,) * 5, 1)).granted == 1


def test_what_people_call_is_not_taken_from_background_work() -> None:
    """A minute people used up together comes back together, and background work has it again at its pace."""
    budget, limits = Budget(), Limits(minute=100, concurrent=200, day=10_000)
    assert budget.ask(NOW, limits, Ask("a", (Lane.INTERACTIVE,) * 150)).granted == 98
    given = budget.ask(NOW + 1, limits, Ask("a", (Lane.SYNC,), 98))
    assert given.refusals[Lane.SYNC] == (Kind.MINUTE, 60.0)
    granted = sum(
        budget.ask(NOW + 61 + tenth / 10, limits, Ask("a", (Lane.SYNC,))).granted for tenth in range(600)
    )
    assert 93 <= granted <= 97
