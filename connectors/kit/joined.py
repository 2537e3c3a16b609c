"""One unified resource over several native collections: payments received and made, invoices and bills.

Each collection is a whole `Resource` of its own, a side. What is done to one record goes to the side that keeps
it; lists go through the sides one after the other, or, sorted, through all of them at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from re import fullmatch
from typing import Any, Self, TypeVar

from connectors.kit import filters, flows, woven
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.http import Flow, Json
from connectors.kit.operations import Answer, Context, Filter, ListQuery, Op, Page, Record
from connectors.kit.resource import Records, Resource

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Joined(Resource):
    """A resource with sides. What is said about one record only is said by its first side.

    Ids are unique over all sides. A side whose pattern of ids does not fit one is not asked for it.

    usual   the side of a list or a create that names none; None: lists go through all sides, and `choose`
            finds the side of a create
    """

    usual: str | None = None

    @classmethod
    def over(cls, sides: Mapping[str, Resource], *, by: str, **more: Any) -> Self:
        """Joins resources under the name of the first. `by` is the field whose words are the keys of `sides`."""
        parts = tuple(sides.values())
        told: dict[str, Any] = {each.name: getattr(parts[0], each.name) for each in fields(Resource)}
        united: dict[str, Any] = {
            name: {key: value for part in reversed(parts) for key, value in getattr(part, name).items()}
            for name in ("actions", "expansions", "statuses", "unseen")
        }
        methods = frozenset().union(*(part.methods for part in parts))
        own = {part.name: told["name"] for part in parts}
        united["expansions"] = {key: own.get(to, to) for key, to in united["expansions"].items()}
        told |= united | {"methods": methods, "by": by, "sides": sides} | more
        return cls(**told)

    @property
    def word(self) -> str:
        """The field that says which side."""
        return self.by or ""

    @property
    def plain_sides(self) -> tuple[str, ...]:
        return tuple(self.sides) if self.usual is None else (self.usual,)

    @property
    def _plain(self) -> Sequence[Resource]:
        return tuple(self.sides[word] for word in self.plain_sides)

    @cached_property
    def filters(self) -> Mapping[str, frozenset[Op]]:
        """What every side can be filtered by, or the usual one; `narrowed` to a side, what that one can."""
        first, *others = (side.filters for side in self._plain)
        shared = {
            name: ops.intersection(*(other.get(name, frozenset[Op]()) for other in others))
            for name, ops in first.items()
        }
        return {name: ops for name, ops in shared.items() if ops} | {self.word: frozenset({Op.EQ, Op.IN})}

    @cached_property
    def columns(self) -> Mapping[str, str]:
        first, *others = (side.columns for side in self._plain)
        return {name: column for name, column in first.items() if all(name in other for other in others)}

    def narrowed(self, side: str | None) -> Resource:
        """Itself with one side only, so that lists offer all that side can."""
        if side is None or side not in self.sides:
            return self
        return replace(self, sides={side: self.sides[side]}, usual=side)

    # Reading

    def read(self, native: Json, ctx: Context, *, detail: bool = True) -> Answer:
        """Read by the first side whose ids it has."""
        if isinstance(native, dict):
            for side in self.parts:
                if side.id_key in native:
                    return side.read(native, ctx, detail=detail)
        return self.parts[0].read(native, ctx, detail=detail)

    def list(self, query: ListQuery, ctx: Context) -> Flow[Page]:
        chosen, query = self._chosen(query)
        if not chosen:
            return Page([])
        _suit(chosen, query, ctx, self.word)
        if len(chosen) == 1:
            return (yield from next(iter(chosen.values())).list(query, ctx))
        lists = {word: side.list for word, side in chosen.items()}
        weave = woven.chained if query.sort is None else woven.merged
        return (yield from weave(lists, query, ctx))

    def _chosen(self, query: ListQuery) -> tuple[dict[str, Resource], ListQuery]:
        """The sides a list speaks of, and the query without what chose them."""
        words = set(self.sides) if self.usual is None else {self.usual}
        rest: list[Filter] = []
        named: set[str] | None = None
        for each in query.filters:
            if each.field != self.word:
                rest.append(each)
                continue
            given = {each.value} if isinstance(each.value, str) else set(each.value)
            if not given <= set(self.sides):
                detail = f"{self.word} is {' or '.join(self.sides)}"
                raise Rejected(FieldError("enum_value", f"/{self.word}", detail, tuple(self.sides)))
            named = given if named is None else named & given
        words = words if named is None else named
        chosen = {word: side for word, side in self.sides.items() if word in words}
        return chosen, replace(query, filters=tuple(rest))

    def get(self, id: str, ctx: Context) -> Flow[Answer]:
        return (yield from self._look(id, lambda side: side.get(id, ctx)))

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        return (yield from self._look(id, lambda side: side.fetch(id, ctx, step)))

    @cached_property
    def lists(self) -> frozenset[str]:
        return frozenset().union(*(part.lists for part in self.parts))

    def inside(self, name: str, id: str, ctx: Context) -> Flow[Records]:
        return (yield from self._look(id, lambda side: side.inside(name, id, ctx)))

    def _keepers(self, id: str) -> Sequence[Resource]:
        """The sides an id may belong to."""
        found = [side for side in self.parts if fullmatch(side.ids, id)]
        if not found:
            raise Fault(Kind.NOT_FOUND, message="no such record", phase="idle")
        return found

    def _look(self, id: str, read: Callable[[Resource], Flow[T]]) -> Flow[T]:
        """Reads at one side after the other."""
        missing: Fault | None = None
        for side in self._keepers(id):
            try:
                return (yield from read(side))
            except Fault as fault:
                if fault.kind is not Kind.NOT_FOUND:
                    raise
                missing = missing or fault
        raise missing or Fault(Kind.NOT_FOUND, message="no such record", phase="idle")

    # Writing

    def choose(self, body: Record, ctx: Context) -> Flow[str]:
        """The side of a create that does not name it. Override; may raise Rejected."""
        if self.usual is not None:
            return self.usual
        detail = f"say which: {' or '.join(self.sides)}"
        raise Rejected(FieldError("required", f"/{self.word}", detail, tuple(self.sides)))
        yield

    def create(self, body: Record, ctx: Context) -> Flow[Answer]:
        word = body.get(self.word) or (yield from self.choose(body, ctx))
        if word not in self.sides:
            detail = f"{self.word} is {' or '.join(self.sides)}"
            raise Rejected(FieldError("enum_value", f"/{self.word}", detail, tuple(self.sides)))
        return (yield from self.sides[word].create(body, ctx))

    def update(self, id: str, body: Record, ctx: Context, *, replace_lines: bool = False) -> Flow[Answer]:
        keepers = sorted(self._keepers(id), key=lambda side: not flows.takes(side, body, ctx))
        return (
            yield from _write(
                id, ctx, keepers, lambda side: side.update(id, body, ctx, replace_lines=replace_lines)
            )
        )

    def delete(self, id: str, ctx: Context) -> Flow[str]:
        return (yield from _write(id, ctx, self._keepers(id), lambda side: side.delete(id, ctx)))

    def remove(self, name: str, id: str, element: str, ctx: Context) -> Flow[str]:
        able = [side for side in self._keepers(id) if name in side.removable]
        return (yield from _write(id, ctx, able, lambda side: side.remove(name, id, element, ctx)))

    def act(self, action: str, id: str, body: Record, ctx: Context) -> Flow[Answer]:
        able = [side for side in self._keepers(id) if action in side.actions]
        return (yield from _write(id, ctx, able, lambda side: side.act(action, id, body, ctx)))

    def describe(self) -> dict[str, Any]:
        """What holds whatever side is meant, or for the usual one; each in full under `sides`."""
        sides = {word: side.describe() for word, side in self.sides.items()}
        first, *others = sides.values()
        known = dict(first["fields"])
        for other in others:
            for name, told in other["fields"].items():
                if told["supported"] and not known.get(name, {}).get("supported"):
                    known[name] = told
        actions = {name: told for each in reversed(sides.values()) for name, told in each["actions"].items()}
        cost = {name: calls for each in reversed(sides.values()) for name, calls in each["calls"].items()}
        return {
            **first,
            "fields": known,
            "filters": {name: sorted(ops) for name, ops in sorted(self.filters.items())},
            "sort": sorted(self.sorts),
            "expansions": sorted(self.expansions),
            "statuses": sorted(self.statuses),
            "actions": dict(sorted(actions.items())),
            "calls": cost,
            "side": {"field": self.word, "default": self.usual},
            "sides": sides,
        }


def _suit(sides: Mapping[str, Resource], query: ListQuery, ctx: Context, word: str) -> None:
    """Raises Rejected, before any call, for what one of several sides cannot do."""
    if len(sides) == 1:
        return
    errors: list[FieldError] = []
    for name, side in sides.items():
        try:
            filters.plan(side.table, query.filters, ctx)
        except Rejected as refusal:
            errors += (
                replace(each, detail=f"where {word} is {name}: {each.detail}") for each in refusal.errors
            )
        if query.sort is not None and query.sort.field not in side.columns:
            detail = f"where {word} is {name}, {side.name} cannot be sorted by {query.sort.field}"
            allowed = tuple(sorted(side.columns))
            errors.append(FieldError("unsupported_filter", f"/sort_by/{query.sort.field}", detail, allowed))
    if errors:
        raise Rejected(*errors)


def _write(id: str, ctx: Context, sides: Sequence[Resource], run: Callable[[Resource], Flow[T]]) -> Flow[T]:
    """Writes at the first side; what is not there is looked for at the others before anything is written there."""
    missing = Fault(Kind.NOT_FOUND, message="no such record", phase="idle")
    for place, side in enumerate(sides):
        try:
            if place:
                yield from side.fetch(id, ctx, f"look for it among the {side.name}")
            return (yield from run(side))
        except Fault as fault:
            if fault.kind is not Kind.NOT_FOUND:
                raise
            missing = missing if place else fault
    raise missing
