"""Pages of copies: filtered and sorted exactly, without a call to the provider.

Rows are gone through in the order of their ids, a few hundred at a time. Of each only the fields that are asked about
are decoded, and only as many rows as a page has are held, so memory does not grow with the books. Money stays Decimal
and instants stay instants, which the JSON functions of the databases would not promise.
"""

import heapq
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

import msgspec
from sqlalchemy import ColumnElement, Text, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import json
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncCursor
from app.models.synced_records import SyncedRecord
from app.synced.fields import Scalar, told
from app.synced.units import Unit
from connectors.kit.codec import CodecError
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.filters import COMPARE
from connectors.kit.operations import Filter, Op, Record, Sort

_CHUNK = 500

_Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter with its value understood."""

    scalar: Scalar
    op: Op
    value: Any

    def holds(self, record: Record) -> bool | None:
        """None when the record does not tell. Nothing is only "not equal" to what is asked for."""
        found = told(record, self.scalar.path)
        if found is None:
            return None
        if self.op is Op.NE:
            return not any(self._compared(Op.EQ, each) for each in found)
        return any(self._compared(self.op, each) for each in found)

    def _compared(self, op: Op, stored: Any) -> bool:
        value = self.scalar.read(stored)
        return value is not None and COMPARE[op](value, self.value)


@dataclass(frozen=True, slots=True)
class Order:
    """By a value, then by id. Nothing comes last, descending first."""

    scalar: Scalar
    descending: bool

    def value(self, record: Record) -> Any:
        """As it is stored."""
        return next(iter(told(record, self.scalar.path) or ()), None)

    def key(self, stored: Any, id: str) -> _Key:
        value = self.scalar.read(stored)
        return (True, 0, id) if value is None else (False, value, id)


@dataclass(frozen=True, slots=True)
class Search:
    """Which copies of which units, in which order; None: by id."""

    units: tuple[Unit, ...]
    conditions: tuple[Condition, ...] = ()
    order: Order | None = None

    @property
    def names(self) -> list[str]:
        """The fields it asks about."""
        return [each.scalar.name for each in self.conditions] + (
            [self.order.scalar.name] if self.order else []
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Beyond a row, towards the end or back: its stored sort value and its id."""

    value: Any
    id: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A page's records. `untold`: rows left out because they do not tell what was asked about."""

    records: list[Record]
    next: Place | None
    previous: Place | None
    untold: int


@dataclass(frozen=True, slots=True)
class State:
    """How current copies are: all that changed before `until` is in them; None before the first pass is done.

    `is_covered`: an active job keeps them current. `hydrated`: it reads records in full.
    """

    until: datetime | None
    is_covered: bool
    hydrated: bool

    @property
    def is_known(self) -> bool:
        return self.is_covered or self.until is not None


def search_of(
    units: Sequence[Unit], scalars: Mapping[str, Scalar], filters: Sequence[Filter], sort: Sort | None
) -> Search:
    """Raises Rejected naming every value that is not of its field's type."""
    errors: list[FieldError] = []
    conditions: list[Condition] = []
    for each in filters:
        scalar = scalars[each.field]
        try:
            value: Any = (
                scalar.codec.parse(each.value)
                if isinstance(each.value, str)
                else tuple(scalar.codec.parse(text) for text in each.value)
            )
            conditions.append(Condition(scalar, each.op, value))
        except CodecError as error:
            errors.append(
                FieldError(error.code, "/" + each.field.replace(".", "/"), str(error), error.allowed)
            )
    if errors:
        raise Rejected(*errors)
    order = Order(scalars[sort.field], sort.descending) if sort is not None else None
    return Search(tuple(units), tuple(conditions), order)


async def state(session: AsyncSession, account_id: str, units: Sequence[Unit]) -> State:
    """How current the copies of these units are."""
    names = {unit.name for unit in units}
    reached = await session.execute(
        select(SyncCursor.unit, SyncCursor.since).where(
            SyncCursor.account_id == account_id, SyncCursor.unit.in_(names)
        )
    )
    since = {row.unit: row.since for row in reached if row.since is not None}
    jobs = await session.execute(
        select(SyncJob.resources, SyncJob.hydrate).where(
            SyncJob.account_id == account_id, SyncJob.is_active.is_(True)
        )
    )
    covering = [job for job in jobs if all(unit.path in job.resources for unit in units)]
    return State(
        until=min(since.values()) if since.keys() == names else None,
        is_covered=bool(covering),
        hydrated=any(unit.path in job.hydrate for job in covering for unit in units),
    )


async def one(session: AsyncSession, account_id: str, units: Sequence[Unit], id: str) -> Record | None:
    """The copy of one record."""
    return await session.scalar(
        select(SyncedRecord.record).where(*_kept(account_id, units), SyncedRecord.id == id).limit(1)
    )


async def page(
    session: AsyncSession, account_id: str, search: Search, limit: int, place: Place | None
) -> Found:
    """The rows beyond a place; without one, the first."""
    back = place is not None and place.back
    descending = (search.order is not None and search.order.descending) != back
    take = _Taking(search, place, descending)
    best: list[_Row] = []
    chunks = _chunks(session, account_id, search, place, limit + 1, descending)
    async with aclosing(chunks):
        async for rows in chunks:
            best += (row for row in map(take.row, rows) if row is not None)
            if search.order is not None:
                some = heapq.nlargest if descending else heapq.nsmallest
                best = some(limit + 1, best, key=lambda row: row.key)
                take.worst = best[-1].key if len(best) > limit else None
            elif len(best) > limit:
                break
    more, best = len(best) > limit, best[:limit]
    if back:
        best.reverse()
    before, after = (more, place is not None) if back else (place is not None, more)
    return Found(
        records=[json.decode(row.text.encode()) for row in best],
        next=Place(best[-1].value, best[-1].id) if best and after else None,
        previous=Place(best[0].value, best[0].id, back=True) if best and before else None,
        untold=take.untold,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    key: _Key
    value: Any
    id: str
    text: str


class _Taking:
    """Rows as they pass; those that are asked for stay. `worst`: what comes after it has no place any more."""

    def __init__(self, search: Search, place: Place | None, descending: bool) -> None:
        self._search = search
        self._decode = _decoder(search.names)
        self._descending = descending
        self._bound = search.order.key(place.value, place.id) if search.order and place else None
        self.worst: _Key | None = None
        self.untold = 0

    def row(self, row: Any) -> _Row | None:
        id, text = row
        order = self._search.order
        record = self._decode(text) if self._search.names else {}
        for condition in self._search.conditions:
            holds = condition.holds(record)
            if holds is None:
                self.untold += 1
            if not holds:
                return None
        if order is None:
            return _Row((), None, id, text)
        value = order.value(record)
        key = order.key(value, id)
        if self._bound is not None and not self._follows(key, self._bound):
            return None
        if self.worst is not None and self._follows(key, self.worst):
            return None
        return _Row(key, value, id, text)

    def _follows(self, key: _Key, other: _Key) -> bool:
        return key < other if self._descending else key > other


def _decoder(names: Sequence[str]) -> Callable[[str], Record]:
    """Decodes only the members a search asks about."""
    members = {name.partition(".")[0]: Any for name in names}
    shape: Any = TypedDict("Asked", members, total=False)  # type: ignore[misc] # made from what is asked
    return msgspec.json.Decoder(shape, float_hook=json.exact).decode


async def _chunks(
    session: AsyncSession,
    account_id: str,
    search: Search,
    place: Place | None,
    wanted: int,
    descending: bool,
) -> AsyncGenerator[Sequence[Any]]:
    """(id, text) of what the database can narrow to, in the order of their ids."""
    size = _CHUNK if search.names else wanted
    backwards = descending and search.order is None
    last = place.id if place is not None and search.order is None else None
    text = type_coerce(SyncedRecord.record, Text)
    query = select(SyncedRecord.id, text).where(*_kept(account_id, search.units), *_narrowed(search))
    query = query.order_by(SyncedRecord.id.desc() if backwards else SyncedRecord.id).limit(size)
    while True:
        beyond = () if last is None else (SyncedRecord.id < last if backwards else SyncedRecord.id > last,)
        rows = (await session.execute(query.where(*beyond))).all()
        yield rows
        if len(rows) < size:
            return
        last = rows[-1].id


def _kept(account_id: str, units: Sequence[Unit]) -> list[ColumnElement[bool]]:
    return [
        SyncedRecord.account_id == account_id,
        SyncedRecord.resource.in_({unit.resource for unit in units}),
        SyncedRecord.unit.in_({unit.name for unit in units}),
        SyncedRecord.deleted_at.is_(None),
    ]


_COLUMNS: Mapping[str, Any] = {"id": SyncedRecord.id, "updated_at": SyncedRecord.modified_at}
_IN_SQL: Mapping[Op, Callable[[Any, Any], ColumnElement[bool]]] = {
    Op.EQ: lambda column, value: column == value,
    Op.GT: lambda column, value: column > value,
    Op.GTE: lambda column, value: column >= value,
    Op.LT: lambda column, value: column < value,
    Op.LTE: lambda column, value: column <= value,
    Op.IN: lambda column, value: column.in_(value),
}


def _narrowed(search: Search) -> list[ColumnElement[bool]]:
    """What columns can say of the conditions. Order of ids is the database's, so only their equality is."""
    return [
        _IN_SQL[each.op](_COLUMNS[each.scalar.name], each.value)
        for each in search.conditions
        if each.scalar.name in _COLUMNS
        and each.op in ((Op.EQ, Op.IN) if each.scalar.name == "id" else _IN_SQL)
    ]
