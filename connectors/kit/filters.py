"""Exact filters: what the provider is asked to narrow to, and what is then dropped here.

Every filter narrows the list at the provider, perhaps to a wider set, and is tested again on the unified
record, because providers ignore parameters they do not know. What no parameter narrows is refused, never
scanned for, but in lists declared short enough.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.kit.codec import TEXT, Codec, CodecError
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.mapping import (
    Beside,
    Days,
    Native,
    Nested,
    Newest,
    Param,
    Scanned,
    Searched,
    Table,
    Words,
)
from connectors.kit.operations import Context, Filter, Op, Record
from connectors.kit.reading import get_path

Test = Callable[[Record], bool]

TIMES = frozenset({"created_at", "updated_at", "issue_date", "transaction_date"})
"""Every record was made, changed and dated some time: a blank there was not told, it is not that there is none."""


def _everything(record: Record) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Plan:
    """Pairs for the provider's query, and the tests every row must pass.

    With `newest` the list is sorted by that column, newest first, and ends at the first row failing `reaches`.
    With `split` it is as many lists as `split` has values.
    `searched`: the fields only rows that tell them can be tested by, and the columns that do.
    """

    params: tuple[tuple[str, str], ...]
    tests: tuple[Test, ...]
    newest: str | None = None
    reaches: Test = _everything
    split: "Split | None" = None
    searched: tuple[tuple[str, str], ...] = ()

    def keeps(self, record: Record) -> bool:
        return all(test(record) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Split:
    """Native values none of which lists all that is asked for. Every row is given out by one of them only."""

    by: Words
    values: tuple[str, ...]

    def owner(self, native: Native) -> str:
        """The value whose list gives out a row."""
        word = str(get_path(native, self.by.native) or "")
        return next((value for value in self.values if self.by.lists(value, word)), self.values[0])


@dataclass(frozen=True, slots=True)
class Filterable:
    codec: Codec[Any]
    params: Mapping[Op, Param]


def filterable(table: Table[Any]) -> dict[str, Filterable]:
    """Dotted unified field → how it may be filtered."""
    found: dict[str, Filterable] = {}
    for row in table.rows:
        if row.filters:
            found[row.unified] = Filterable(row.codec, row.filters)
        inner = row.table.by_name if isinstance(row, Nested) else {}
        for member, params in row.below.items():
            codec = inner[member].codec if member in inner else TEXT
            found[f"{row.unified}.{member}"] = Filterable(codec, params)
    return found


def plan(table: Table[Any], filters: tuple[Filter, ...], ctx: Context, *, folded: bool = False) -> Plan:
    """Raises Rejected naming every filter that cannot be exact, with those that can.

    `folded`: equal texts may differ in case and in the blanks around them.
    """
    known = filterable(table)
    params: dict[str, str] = {}
    tests: list[Test] = []
    beside: list[Filter] = []
    splits: list[Split] = []
    bounds: list[tuple[str, Test]] = []
    searched: list[tuple[str, str]] = []
    errors: list[FieldError] = []
    for given in filters:
        name = given.field if given.field in known else f"{given.field}.id"
        try:
            entry = _entry(known, name, given)
            value = _parsed(entry.codec, given)
            param = entry.params[given.op]
            if isinstance(param, Beside):
                beside.append(given)
            elif isinstance(param, Newest):
                bounds.append((param.column, _test(name, Op.GTE, value)))
            elif isinstance(param, Words):
                splits.append(Split(param, _asked(param, given, value)))
            elif not isinstance(param, Scanned):
                for pair in _narrowing(param, entry.codec, given, value, ctx):
                    params.setdefault(*pair)
            if isinstance(param, Searched):
                searched.append((name, param.column))
            doubted = isinstance(param, Searched | Scanned)
            tests.append(_test(name, given.op, value, folded=folded, doubted=doubted))
        except CodecError as error:
            errors.append(FieldError(error.code, _pointer(given), str(error), error.allowed))
    for each in splits:
        if len(each.values) == 1:
            params.setdefault(each.by.param, each.values[0])
    split = next((each for each in splits if len(each.values) > 1 and each.by.param not in params), None)
    if beside and not params and not bounds and not split:
        errors += [
            FieldError("unsupported_filter", _pointer(each), "works only beside a filter the provider knows",
                       tuple(_listed(known, beside=False)))
            for each in beside
        ]  # fmt: skip
    if errors:
        raise Rejected(*errors)
    newest, reaches = bounds[0] if bounds else (None, _everything)
    return Plan(tuple(params.items()), tuple(tests), newest, reaches, split, tuple(searched))


def _pointer(given: Filter) -> str:
    return "/" + given.field.replace(".", "/")


def _listed(known: Mapping[str, Filterable], *, beside: bool = True) -> Iterator[str]:
    for name, entry in known.items():
        for op, param in entry.params.items():
            if beside or not isinstance(param, Beside):
                yield f"{name}[{op}]"


def _entry(known: Mapping[str, Filterable], name: str, given: Filter) -> Filterable:
    entry = known.get(name)
    if entry is None:
        raise CodecError(
            f"{given.field} cannot be filtered exactly", "unsupported_filter", tuple(_listed(known))
        )
    if given.op not in entry.params:
        raise CodecError(
            f"{given.field} does not take {given.op}", "unsupported_filter", tuple(map(str, entry.params))
        )
    return entry


def _parsed(codec: Codec[Any], given: Filter) -> Any:
    if given.op is Op.IN:
        texts = (given.value,) if isinstance(given.value, str) else given.value
        return tuple(codec.parse(text) for text in texts)
    if not isinstance(given.value, str):
        raise CodecError(f"{given.op} takes one value")
    if not given.value:
        raise CodecError("an empty value filters nothing")
    return codec.parse(given.value)


def _narrowing(
    param: str | Days | Searched, codec: Codec[Any], given: Filter, value: Any, ctx: Context
) -> Iterator[tuple[str, str]]:
    values = value if isinstance(value, tuple) else (value,)
    if isinstance(param, str | Searched):
        if len(values) != 1:
            raise CodecError(f"{given.field} takes one value", "unsupported_filter")
        yield param if isinstance(param, str) else param.param, _spelled(codec, values[0], ctx)
        return
    yield param.param, values[0].astimezone(zone_of(ctx)).date().isoformat()


def _asked(param: Words, given: Filter, value: Any) -> tuple[str, ...]:
    """The native values that together list what a filter asks for."""
    words = [_plain(each) for each in (value if isinstance(value, tuple) else (value,))]
    unknown = [word for word in words if not param.values(word)]
    if unknown:
        detail = f"{given.field} cannot be filtered by {', '.join(unknown)}"
        raise CodecError(detail, "unsupported_filter", tuple(param.words))
    return tuple(dict.fromkeys(each for word in words for each in param.values(word)))


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spelled(codec: Codec[Any], value: Any, ctx: Context) -> str:
    if isinstance(value, datetime):
        value = value.astimezone(zone_of(ctx))
    return _plain(codec.write(value))


def zone_of(ctx: Context) -> ZoneInfo:
    """The company's time zone; UTC when it names none we know."""
    try:
        return ZoneInfo(ctx.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _folded(value: Any) -> str:
    return str(value).casefold()


COMPARE: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda got, want: got == want,
    Op.NE: lambda got, want: got != want,
    Op.GT: lambda got, want: got > want,
    Op.GTE: lambda got, want: got >= want,
    Op.LT: lambda got, want: got < want,
    Op.LTE: lambda got, want: got <= want,
    Op.IN: lambda got, want: got in want,
    Op.CONTAINS: lambda got, want: _folded(want) in _folded(got),
    Op.STARTS_WITH: lambda got, want: _folded(got).startswith(_folded(want)),
}
"""What an operator says of a value that is there, and the one asked for."""


def tells(record: Record, name: str) -> bool:
    """Whether a record has the field, or the member, at all."""
    head, _, member = name.partition(".")
    return head in record and (not member or member in (record[head] or {}))


def _equal_folded(got: Any, want: Any) -> bool:
    return _folded(got).strip() == _folded(want).strip()


def _test(name: str, op: Op, value: Any, *, folded: bool = False, doubted: bool = False) -> Test:
    """What list rows lack is taken on the provider's word, unless that is `doubted`, and so is a time they leave
    blank; any other null is only "not equal"."""
    head, _, member = name.partition(".")
    compare = _equal_folded if folded and op is Op.EQ and isinstance(value, str) else COMPARE[op]

    def test(record: Record) -> bool:
        if head not in record or (head in TIMES and record[head] is None):
            return not doubted
        got = record[head]
        if member and isinstance(got, list):
            return any(
                compare(each.get(member), value) for each in cast("list[Record]", got) if each.get(member)
            )
        if member and got is not None:
            if member not in got:
                return not doubted
            got = got[member]
        return op is Op.NE if got is None else compare(got, value)

    return test
