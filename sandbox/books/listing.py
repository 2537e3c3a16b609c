"""Lists: filters with comparator suffixes, search, sort, pages and their page_context."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from .call import Answer, Call, Row, done, invalid
from .ledger import Ledger
from .money import number
from .projection import Columns
from .times import read_day, read_instant

Test = Callable[[Any, Any], bool]
Read = Callable[[str, str], Any]
Source = str | Callable[[Ledger, Row], Any]


def _fold(value: str, name: str) -> str:
    return value.casefold()


def _number(value: str, name: str) -> Decimal:
    return number(value, name)


def _flag(value: str, name: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(name)
    return value == "true"


def _refused(value: str, name: str) -> None:
    raise invalid(name)


_EQUAL: tuple[str, str, Test] = ("", "equal", lambda have, want: have == want)
_KINDS: Mapping[str, tuple[Read, tuple[tuple[str, str, Test], ...]]] = {
    "text": (
        _fold,
        (
            _EQUAL,
            ("_startswith", "starts_with", lambda have, want: have.startswith(want)),
            ("_contains", "contains", lambda have, want: want in have),
        ),
    ),
    "amount": (
        _number,
        (
            _EQUAL,
            ("_less_than", "less_than", lambda have, want: have < want),
            ("_less_equals", "less_equals", lambda have, want: have <= want),
            ("_greater_than", "greater_than", lambda have, want: have > want),
            ("_greater_equals", "greater_equals", lambda have, want: have >= want),
        ),
    ),
    "day": (
        read_day,
        (
            _EQUAL,
            ("_start", "greater_equals", lambda have, want: have >= want),
            ("_end", "less_equals", lambda have, want: have <= want),
            ("_before", "less_than", lambda have, want: have < want),
            ("_after", "greater_than", lambda have, want: have > want),
        ),
    ),
    "flag": (_flag, (_EQUAL,)),
    "exact": (_fold, (_EQUAL,)),
    "member": (_fold, (("", "equal", lambda have, want: any(want == each.casefold() for each in have)),)),
    "among": (_fold, (("", "contains", lambda have, want: any(want in each.casefold() for each in have)),)),
    "at": (read_instant, (("", "equal", lambda have, want: have == want),)),
    "since": (read_instant, (("", "greater_equals", lambda have, want: have >= want),)),
    "refused": (_refused, (_EQUAL,)),
}
_FOLDED = ("text", "exact")


@dataclass(frozen=True, slots=True)
class Filter:
    """A column a list can be filtered by.

    Kinds: text (=, _startswith, _contains; case ignored), exact, amount (=, _less_than, …), day (=, _start,
    _end, _before, _after), flag, member and among (the source gives several texts: equal, contained), since, at,
    refused (published, but every value is an invalid one).
    """

    kind: str
    source: Source


@dataclass(frozen=True)
class Listing:
    """One list. `filter_by` maps the word after the dot to a test; unknown query parameters are ignored."""

    table: str
    list_key: str
    report_name: str
    columns: Columns
    sorts: Mapping[str, Source]
    sort_column: str
    sort_order: str = "A"
    filters: Mapping[str, Filter] = field(default_factory=dict[str, Filter])
    filter_by: Mapping[str, Callable[[Ledger, Row], bool]] = field(
        default_factory=dict[str, Callable[[Ledger, Row], bool]]
    )
    default_filter: str = ""
    search: tuple[Source, ...] = ()
    context: Callable[[Ledger], Row] | None = None
    shows_sort: bool = True
    shows_context: bool = True
    per_page: int = 200
    most: int = 200
    row_key: str = ""
    """The id of a row, where it is not the table's."""
    depends: tuple[str, ...] = ()
    """Other tables whose change may move rows of this list."""

    @cached_property
    def _parameters(self) -> dict[str, tuple[str, Filter, str, Test, Read]]:
        found: dict[str, tuple[str, Filter, str, Test, Read]] = {}
        for name, each in self.filters.items():
            read, tests = _KINDS[each.kind]
            for suffix, word, test in tests:
                found[name + suffix] = (name, each, word, test, read)
        return found

    def answer(self, ledger: Ledger, call: Call, rows: Iterable[Row] | None = None) -> Answer:
        """The page asked for. `rows` replaces the table as what is listed."""
        page = _whole(call, "page", 1)
        per_page = min(_whole(call, "per_page", self.per_page), self.most, ledger.page or self.most)
        column = call.get("sort_column") or self.sort_column
        if column not in self.sorts:
            raise invalid("sort_column")
        order = call.get("sort_order").upper()[:1]
        if order not in ("A", "D"):
            order = self.sort_order
        tests, criteria, key = self._tests(ledger, call)
        chosen = call.get("filter_by") or self.default_filter
        chooses = self._chooser(chosen)
        if chooses is not None:
            tests.append(lambda row: chooses(ledger, row))

        def find() -> list[Row]:
            all_rows = ledger.tables[self.table].all() if rows is None else rows
            found = [row for row in all_rows if all(test(row) for test in tests)] if tests else list(all_rows)
            return self._sorted(ledger, found, column, order == "D")

        if rows is None and ledger.dice is None:
            versions = tuple(ledger.tables[name].version for name in self.depends)
            query = (self.list_key, key, chosen, column, order, ledger.today(), versions)
            found = ledger.tables[self.table].remember(query, find)
        else:
            found = find()
        start = (page - 1) * per_page
        shown = [self.columns.show(ledger, row) for row in found[start : start + per_page]]
        context: Row = {
            "page": page,
            "per_page": per_page,
            "has_more_page": len(found) > start + per_page,
            "report_name": self.report_name,
        }
        if chosen:
            context["applied_filter"] = chosen
        if self.context is not None:
            context.update(self.context(ledger))
        if self.shows_sort:
            context.update(sort_column=column, sort_order=order)
        if criteria:
            context["search_criteria"] = criteria
        if not self.shows_context:
            return done(**{self.list_key: shown})
        return self._format(call, found, done(**{self.list_key: shown, "page_context": context}))

    def _format(self, call: Call, found: list[Row], answer: Answer) -> Answer:
        """`response_option` of lists with totals: 1 and 4 add sums, 2 gives the count, 3 count and sums."""
        option = call.get("response_option")
        if option not in ("1", "2", "3", "4") or "total" not in self.sorts or answer.body is None:
            return answer
        context = answer.body["page_context"]
        if option != "4":
            context["total"] = len(found)
        if option != "2":
            context["total_sum"] = sum((row["total"] for row in found), Decimal(0))
            context["balance_sum"] = sum((row["balance"] for row in found), Decimal(0))
        if option in ("2", "3"):
            del answer.body[self.list_key]
        return answer

    def _tests(
        self, ledger: Ledger, call: Call
    ) -> tuple[list[Callable[[Row], bool]], list[Row], tuple[tuple[str, str], ...]]:
        tests: list[Callable[[Row], bool]] = []
        criteria: list[Row] = []
        used: list[tuple[str, str]] = []
        for name, value in call.query:
            value = value.strip()
            if value == "":
                continue
            if name == "search_text" and self.search:
                tests.append(self._searches(ledger, value.casefold()))
                criteria.append({"column_name": name, "search_text": value, "comparator": "contains"})
            elif name in self._parameters:
                base, chosen, word, test, read = self._parameters[name]
                tests.append(_tester(ledger, chosen, test, read(value, name)))
                criteria.append({"column_name": base, "search_text": value, "comparator": word})
            else:
                continue
            used.append((name, value))
        return tests, criteria, tuple(used)

    def _searches(self, ledger: Ledger, want: str) -> Callable[[Row], bool]:
        getters = [_getter(ledger, source) for source in self.search]
        return lambda row: any(want in str(get(row)).casefold() for get in getters)

    def _chooser(self, chosen: str) -> Callable[[Ledger, Row], bool] | None:
        word = chosen.partition(".")[2]
        if word in ("", "All"):
            if chosen and not word:
                raise invalid("filter_by")
            return None
        if word not in self.filter_by:
            raise invalid("filter_by")
        return self.filter_by[word]

    def _sorted(self, ledger: Ledger, rows: list[Row], column: str, descending: bool) -> list[Row]:
        """Equal keys come in the order of their ids, which is not the order of time, or in none."""
        get = _getter(ledger, self.sorts[column])
        key = self.row_key or ledger.tables[self.table].key

        def rank(row: Row) -> tuple[Any, Any]:
            value, dice = get(row), ledger.dice
            tie = row[key] if dice is None else dice.random()
            return (value.casefold() if isinstance(value, str) else value, tie)

        return sorted(rows, key=rank, reverse=descending)


def _getter(ledger: Ledger, source: Source) -> Callable[[Row], Any]:
    if isinstance(source, str):
        return lambda row: row.get(source, "")
    return lambda row: source(ledger, row)


def _tester(ledger: Ledger, chosen: Filter, test: Test, want: Any) -> Callable[[Row], bool]:
    get = _getter(ledger, chosen.source)
    if chosen.kind in _FOLDED:
        return lambda row: test(str(get(row)).casefold(), want)
    return lambda row: test(get(row), want)


def _whole(call: Call, name: str, default: int) -> int:
    text = call.get(name).strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 10**9:
        raise invalid(name)
    return int(text)
