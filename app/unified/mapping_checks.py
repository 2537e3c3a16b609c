"""A mapping held against what the provider really answers: one list, one record, the custom fields there are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

from app.accounts.mappings import Rows
from app.core.errors import Problem
from app.gateway.engine import Gateway, Meter, Run
from app.unified.refusals import translated
from connectors.kit.codec import CodecError
from connectors.kit.connector import Connector
from connectors.kit.faults import FieldError
from connectors.kit.http import Flow
from connectors.kit.mapping import Nested
from connectors.kit.operations import Answer, Context, Issue, ListQuery
from connectors.kit.placing import ABSENT, Mapped, Placed
from connectors.kit.resource import Resource

T = TypeVar("T")

Native: TypeAlias = dict[str, Any]
Doubt: TypeAlias = FieldError | Issue
"""Why a row is wrong, or why nobody could tell."""

_ROWS = 200
_NONSENSE = "ledgerway finds nothing"
_NO_ANSWER = (424, 429, 503, 504)


@dataclass(slots=True)
class Verdict:
    """What is wrong with rows, what nobody could look at, and a record of each resource that has one."""

    errors: list[FieldError] = field(default_factory=list[FieldError])
    issues: list[Issue] = field(default_factory=list[Issue])
    records: dict[str, Answer] = field(default_factory=dict[str, Answer])

    def add(self, doubts: Sequence[Doubt | None]) -> None:
        """What the collections of one resource say of a row: it is right where one of them has it."""
        mildest = min(doubts, key=lambda each: (each is not None) + isinstance(each, FieldError))
        if isinstance(mildest, FieldError):
            self.errors.append(mildest)
        elif mildest is not None:
            self.issues.append(mildest)


class Check:
    """Reads through the gateway, as calls of the account would."""

    def __init__(self, gateway: Gateway, run: Run, context: Context) -> None:
        self._gateway = gateway
        self._run = run
        self._context = context

    async def judge(self, connector: Connector, rows: Rows, ids: Mapping[str, str]) -> Verdict:
        """`connector` has the rows laid over it. `ids` names the record to look at, by resource."""
        verdict = Verdict()
        for name, mapped in rows.items():
            parts = {id(part): part for each in connector.resources.values() for part in each.parts}
            told = [
                await self._part(part, mapped, verdict, ids.get(name))
                for part in parts.values()
                if part.name == name
            ]
            for doubts in zip(*told, strict=True):
                verdict.add(doubts)
        return verdict

    async def _part(
        self, part: Resource, rows: Sequence[Mapped], verdict: Verdict, id: str | None
    ) -> list[Doubt | None]:
        """What one collection says of each row."""
        places = [_place(part, row) for row in rows]
        natives = await self._natives(part, verdict, id)
        customs = any(place is not None and place.api_name is not None for place in places)
        defined = await self._defined(part) if customs else ()
        doubts: list[Doubt | None] = []
        for number, (row, place) in enumerate(zip(rows, places, strict=True)):
            at = f"/{part.name}/{number}"
            doubt = next(self._doubts(place, natives, defined, at), None) if place is not None else None
            if doubt is None and place is not None and row.filter is not None:
                doubt = await self._ignored(part, row.filter, f"{at}/filter")
            doubts.append(doubt)
        return doubts

    async def _natives(self, part: Resource, verdict: Verdict, id: str | None) -> list[Native]:
        """A record in full, and the rows of a list."""
        page = await self._ask(part.list(ListQuery(limit=_ROWS), self._context))
        answers = list(page.answers)
        id = id or (answers[0].record["id"] if answers else None)
        if id is not None and "get" in part.methods:
            answers.insert(0, await self._ask(part.get(id, self._context)))
        if answers:
            verdict.records.setdefault(part.name, answers[0])
        return [each.native for each in answers if isinstance(each.native, dict)]

    async def _defined(self, part: Resource) -> Sequence[str]:
        """The api names of the custom fields there are; none where the provider does not tell."""
        if part.definitions is None:
            return ()
        try:
            return [each["api_name"] for each in await self._ask(part.definitions(self._context))]
        except Problem as problem:
            if problem.status in _NO_ANSWER:
                raise
            return ()

    async def _ignored(self, part: Resource, param: str, at: str) -> FieldError | None:
        """Providers ignore parameters they do not know, and answer the whole list."""
        context = replace(self._context, remote_query=((param, _NONSENSE),))
        try:
            page = await self._ask(part.list(ListQuery(limit=1), context))
        except Problem as problem:
            if problem.status in _NO_ANSWER:
                raise
            return None  # it knows the parameter well enough to refuse the value
        detail = f"the provider's list knows no parameter {param}"
        return FieldError("unsupported_filter", at, detail) if page.answers else None

    def _doubts(
        self, place: Placed, natives: Sequence[Native], defined: Sequence[str], at: str
    ) -> Iterator[Doubt]:
        raws = [(native, raw) for native in natives if (raw := place.raw(native)) is not ABSENT]
        if place.api_name is not None and defined:
            if place.api_name not in defined:
                yield _missing(place.api_name, defined, f"{at}/native")
        elif not natives:
            detail = "there is no record to look at: whether the path is right shows with the first"
            yield Issue("unchecked", f"{at}/native", detail, place.native)
        elif not raws:
            yield _missing(place.native, [name for native in natives for name in native], f"{at}/native")
        for native, raw in raws:
            if isinstance(raw, dict | list):
                yield FieldError("wrong_type", f"{at}/native", f"{place.native} is no plain value")
            try:
                place.read(native, self._context)
            except CodecError:
                detail = f"what stands at {place.native} is no {place.codec.name}"
                yield FieldError("wrong_type", f"{at}/codec", detail)

    async def _ask(self, flow: Flow[T]) -> T:
        with translated():
            return await self._gateway.perform(replace(self._run, meter=Meter()), flow)


def _place(part: Resource, row: Mapped) -> Placed | None:
    """The row of the table a mapped row became; None where it did not fit."""
    head, _, name = row.field.partition(".")
    found = part.table.by_name.get(head)
    if name and isinstance(found, Nested):
        found = found.table.by_name.get(name)
    return found if isinstance(found, Placed) and found.native == row.native else None


def _missing(path: str, known: Sequence[str], at: str) -> FieldError:
    near = next(iter(get_close_matches(path.rpartition(".")[2], dict.fromkeys(known), 1)), None)
    hint = f"; did you mean {near}?" if near else ""
    return FieldError("unknown_field", at, f"nothing the provider answers has {path}{hint}", (), near)
