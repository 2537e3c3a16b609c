"""Natural references: a record named by one of its keys becomes its id before anything is written."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow, Reply, Request
from connectors.kit.mapping import Coded, Computed, Native, Nested, Reference, Spot, Table
from connectors.kit.operations import Record
from connectors.kit.paging import Place, batches
from connectors.kit.references import Lookup

MOST_PAGES = 25
"""Pages of a lookup read at most; a parameter the provider ignores must not cost a day's budget."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reference of a body that names no id yet."""

    at: str
    to: Lookup
    key: str
    value: str


def wanted(table: Table[Any], body: Mapping[str, Any], at: str = "") -> Iterator[Wanted | FieldError]:
    """Every natural reference of a body, or why it cannot be one."""
    for name, value in body.items():
        row, pointer = table.by_name.get(name), f"{at}/{name}"
        if value is None or row is None or not row.write:
            continue
        match row:
            case Coded():
                yield Wanted(pointer, row.to, row.key, str(value))
            case Reference() if value.get("id") is None and row.to is not None:
                yield _natural(row.to, value, pointer)
            case Nested() if row.is_list:
                for place, element in enumerate(value):
                    yield from wanted(row.table, element, f"{pointer}/{place}")
            case Nested():
                yield from wanted(row.table, value, pointer)
            case _:
                pass


def _natural(to: Lookup, value: Mapping[str, Any], at: str) -> Wanted | FieldError:
    given = {key: text for key, text in value.items() if text is not None and key != "type"}
    possible = [key for key in given if key in to.keys]
    if not possible:
        detail = f"a {to.noun} cannot be found by {', '.join(given) or 'nothing'} here"
        return FieldError("unsupported_field", at, detail, ("id", *to.keys))
    return Wanted(at, to, possible[0], str(given[possible[0]]))


def resolve(table: Table[Any], body: Mapping[str, Any]) -> Generator[Request, Reply, dict[str, str]]:
    """Pointer → id of every natural reference. Raises Rejected naming all that lead nowhere."""
    ids: dict[str, str] = {}
    known: dict[tuple[str, str, str], str | FieldError] = {}
    errors: list[FieldError] = []
    for each in wanted(table, body):
        if isinstance(each, FieldError):
            errors.append(each)
            continue
        same = (each.to.path, each.key, each.value)
        if same not in known:
            known[same] = yield from find(each)
        found = known[same]
        if isinstance(found, str):
            ids[each.at] = found
        else:
            errors.append(FieldError(found.code, each.at, found.detail, found.allowed, found.did_you_mean))
    if errors:
        raise Rejected(*errors)
    return ids


def settled(
    table: Table[Any],
    body: Record,
    current: Native | None,
    at: str = "",
    known: dict[Any, Any] | None = None,
) -> Flow[Record]:
    """The body with every value settled that its row settles. Raises Rejected."""
    known = {} if known is None else known
    result = dict(body)
    for name, value in body.items():
        row, pointer = table.by_name.get(name), f"{at}/{name}"
        if value is None or row is None or not row.write:
            continue
        if isinstance(row, Computed) and row.settle is not None:
            result[name] = yield from row.settle(value, Spot(pointer, current, known))
        elif isinstance(row, Nested) and row.is_list:
            elements: list[Record] = []
            for place, each in enumerate(value):
                elements.append((yield from settled(row.table, each, None, f"{pointer}/{place}", known)))
            result[name] = elements
    return result


def find(each: Wanted) -> Generator[Request, Reply, str | FieldError]:
    """The id of the one record whose key equals the value exactly."""
    key = each.to.keys[each.key]
    rows = yield from rows_by(each.to, key.param, each.value)
    hits = [row for row in rows if str(row.get(key.native, "")) == each.value]
    ids = {str(row[each.to.id]) for row in hits if row.get(each.to.id)}
    if len(ids) == 1:
        return ids.pop()
    if ids:
        detail = f"{len(ids)} {each.to.noun} records have {each.key} {each.value!r}"
        return FieldError("reference_ambiguous", each.at, detail, tuple(sorted(ids)))
    if key.near is not None:
        words = each.value.split()
        rows = yield from rows_by(each.to, key.near, words[0] if words else each.value, pages=1)
    names = {str(row[key.native]) for row in rows if row.get(key.native)}
    near = get_close_matches(each.value, names, 1, 0.5)
    detail = f"no {each.to.noun} has {each.key} {each.value!r}"
    return FieldError(each.to.missing, each.at, detail, did_you_mean=near[0] if near else None)


def rows_by(
    to: Lookup, param: str | None, value: str, pages: int = MOST_PAGES
) -> Generator[Request, Reply, list[dict[str, Any]]]:
    """The native rows of a lookup, narrowed by a parameter or, without one, all of them."""
    query = to.query if param is None else (*to.query, (param, value))
    rows: list[dict[str, Any]] = []
    place: Place | None = Place(1, to.paging.most)
    while place is not None and place.page <= pages:
        batch = yield from batches(
            to.path, to.many, to.id, query, place, to.paging, f"find the {to.noun}", to.fresh_for
        )
        rows += batch.rows
        place = batch.next
    return rows
