"""Whatever happens between two pages, nothing is missed: thousands of seeded schedules against a model of a list."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.sync import passes
from app.sync.passes import Position, Way
from connectors.kit.operations import Answer, ListQuery, Page
from connectors.kit.registry import load
from connectors.kit.resource import Resource

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PER_PAGE = 4
PARTS = {
    Way.KEYSET: ("bills", None),
    Way.SINCE: ("invoices", "invoice"),
    Way.NEWEST: ("contacts", None),
    Way.WINDOW: ("expenses", None),
    Way.WHOLE: ("items", None),
}


def part_of(way: Way) -> Resource:
    name, side = PARTS[way]
    part = load()[0].resources["accounting", name].on(side)
    assert passes.way_of(part) is way
    return part


@dataclass
class Row:
    """One record of the provider. `version` counts its changes; each becomes visible a little late, and until then
    the list shows the record as it was before."""

    id: str
    created: int
    modified: datetime
    version: int
    visible_at: datetime
    before: tuple[datetime, int] | None = None

    def listed(self, now: datetime) -> "Row | None":
        if self.visible_at <= now:
            return self
        if self.before is None:
            return None
        return Row(self.id, self.created, *self.before, self.visible_at)


@dataclass
class World:
    """A provider whose list moves while it is read. `strict` lists what changed after the bound, not at it."""

    random: random.Random
    strict: bool
    deletes: bool = True
    now: datetime = START
    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    made: int = 0

    def happen(self) -> None:
        """Between two calls: time goes on, and now and then something changes."""
        self.now += timedelta(seconds=self.random.choice((0, 0, 1, 3)))
        for _ in range(self.random.choice((0, 0, 0, 1, 1, 2, 6))):
            self._one(self.random.random())

    def _one(self, dice: float) -> None:
        late = self.now + timedelta(seconds=self.random.choice((0, 0, 1, 3)))
        stamp = self.now.replace(microsecond=0)
        if dice < 0.35 or not self.rows:
            self.made += 1
            self.rows[f"r{self.made}"] = Row(f"r{self.made}", self.made, stamp, 1, late)
        elif dice < 0.8 or not self.deletes:
            row = self.random.choice(list(self.rows.values()))
            seen = row.listed(self.now)
            row.before = (seen.modified, seen.version) if seen is not None else None
            row.modified, row.version, row.visible_at = stamp, row.version + 1, late
        else:
            del self.rows[self.random.choice(list(self.rows))]

    def page(self, query: ListQuery) -> Page:
        """The list as of now."""
        rows: Iterable[Row] = [
            seen for row in self.rows.values() if (seen := row.listed(self.now)) is not None
        ]
        for each in query.filters:
            bound = datetime.fromisoformat(str(each.value)) if each.field == "updated_at" else None
            if bound is not None:
                rows = [
                    row for row in rows if (row.modified > bound if self.strict else row.modified >= bound)
                ]
        order: Callable[[Row], Any] = lambda row: row.created  # noqa: E731
        if query.sort is not None:
            order = lambda row: (row.modified, row.id)  # noqa: E731
        listed = sorted(rows, key=order)
        at = int((query.position or {}).get("page", 0))
        shown = listed[at * PER_PAGE : (at + 1) * PER_PAGE]
        more = len(listed) > (at + 1) * PER_PAGE
        answers = [
            Answer({"id": row.id, "updated_at": row.modified, "version": row.version}) for row in shown
        ]
        return Page(answers, {"page": at + 1} if more else None)


@dataclass
class Copy:
    """What the gateway would have stored."""

    part: Resource
    known: dict[str, int] = field(default_factory=dict[str, int])
    cursor: datetime | None = None
    calls: int = 0

    def run(self, world: World, *, whole: bool = False, quiet: bool = False) -> None:
        position: Position | None = passes.begin(self.part, self.cursor, world.now, whole=whole)
        begun = position
        seen: set[str] = set()
        before = set(self.known)
        while position is not None:
            page = world.page(passes.question(position, self.part))
            self.calls += 1
            news = 0
            for answer in page.answers:
                id, version = answer.record["id"], answer.record["version"]
                seen.add(id)
                if version > self.known.get(id, 0):
                    self.known[id] = version
                    news += 1
            position = passes.after(position, page, news)
            assert self.calls < 5_000, "a pass does not end"
            if not quiet:
                world.happen()
        if begun.way is Way.WHOLE:
            for id in before - seen:  # each is asked for by itself
                row = world.rows.get(id)
                if row is None:
                    self.known.pop(id, None)
                else:
                    self.known[id] = row.version
        self.cursor = passes.cursor_after(begun)


def play(way: Way, seed: int, *, deletes: bool = True) -> tuple[World, Copy]:
    """A first pass and some deltas while the list moves; then it is quiet for longer than the horizon."""
    dice = random.Random(seed)
    world = World(dice, strict=dice.random() < 0.5, deletes=deletes)
    for _ in range(dice.randrange(0, 15)):
        world.happen()
    copy = Copy(part_of(way))
    for _ in range(dice.randrange(1, 5)):
        copy.run(world, whole=dice.random() < 0.2)
        world.now += timedelta(seconds=dice.choice((0, 10, 60, 400)))
    world.now += passes.HORIZON
    return world, copy


def truth(world: World) -> dict[str, int]:
    return {row.id: row.version for row in world.rows.values()}


@pytest.mark.parametrize("way", list(Way))
def test_after_a_quiet_sweep_the_copy_is_the_truth(way: Way) -> None:
    for seed in range(1_400):
        world, copy = play(way, seed)
        copy.run(world, whole=True, quiet=True)
        copy.run(world, quiet=True)
        assert copy.known == truth(world), f"seed {seed}"


@pytest.mark.parametrize("way", [Way.KEYSET, Way.SINCE, Way.NEWEST, Way.WHOLE])
def test_deltas_alone_miss_no_change_and_no_new_record(way: Way) -> None:
    for seed in range(750):
        world, copy = play(way, seed, deletes=False)
        copy.run(world, quiet=True)
        copy.run(world, quiet=True)
        assert copy.known == truth(world), f"seed {seed}"


@pytest.mark.parametrize("way", [Way.KEYSET, Way.SINCE, Way.NEWEST])
def test_a_delta_with_nothing_changed_costs_one_call(way: Way) -> None:
    world, copy = play(way, 7)
    copy.run(world, quiet=True)
    world.now += 2 * passes.HORIZON
    copy.run(world, quiet=True)
    world.now += 2 * passes.HORIZON
    before = copy.calls
    copy.run(world, quiet=True)
    assert copy.calls == before + 1


def walked(days: int, size: int, dice: random.Random | None) -> tuple[set[int], Position, int]:
    """A first pass over rows in the order of their day; `dice` throws the order within a day anew for each page.
    What was seen, the position after the last page, and the pages."""
    part = part_of(Way.WHOLE)
    position: Position | None = passes.begin(part, None, START)
    known: set[int] = set()
    pages = 0
    while position is not None:
        if position.place is None:
            earlier: set[int] = set()
        listed = sorted(range(size), key=lambda row: (row % days, row if dice is None else dice.random()))
        at = int((position.place or {}).get("page", 0))
        shown = set(listed[at * 200 : (at + 1) * 200])
        news, repeats = len(shown - known), len(shown & earlier)
        known |= shown
        earlier |= shown
        pages += 1
        last = replace(position, news=position.news + news, repeats=position.repeats + repeats)
        page = Page([], {"page": at + 1} if (at + 1) * 200 < size else None)
        position = passes.after(position, page, news, repeats)
    return known, last, pages


def test_a_pass_over_rows_that_come_in_any_order_is_complete_or_says_that_it_may_not_be() -> None:
    lost = 0
    for seed in range(60):
        known, last, pages = walked(3, 900, random.Random(seed))
        assert len(known) == 900 or passes.is_short(last)
        assert 5 < pages <= 20 and len(known) > 880
        lost += len(known) < 900
    assert lost, "not once did it matter"


def test_a_pass_over_rows_that_keep_their_order_is_walked_once() -> None:
    known, last, pages = walked(3, 900, None)
    assert (len(known), pages, passes.is_short(last)) == (900, 5, False)


def test_a_complete_pass_costs_no_page_more_than_there_are() -> None:
    world, copy = World(random.Random(1), strict=False), Copy(part_of(Way.SINCE))
    for _ in range(40 * PER_PAGE):
        world._one(0.0)
    world.now += timedelta(seconds=10)
    copy.run(world, quiet=True)
    assert copy.calls == 40


def test_many_changes_of_one_second_are_walked_to_their_end() -> None:
    """A bulk import: more rows of one moment than a page holds."""
    world, copy = World(random.Random(3), strict=True), Copy(part_of(Way.KEYSET))
    world._one(0.0)
    world.now += timedelta(seconds=10)
    copy.run(world, quiet=True)
    for _ in range(50 * PER_PAGE):
        world._one(0.0)
    world.now += timedelta(seconds=10)
    copy.run(world, quiet=True)
    assert copy.known == truth(world)


def test_a_position_survives_being_stored() -> None:
    position = Position(Way.KEYSET, START, START, {"page": 3}, 2, 5, 2, True, True, 4)
    assert Position.of(position.stored()) == position
