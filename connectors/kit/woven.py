"""Several lists as one: one after the other, or woven together by a sort key.

Both keep, in a position, where they are in each list.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from connectors.kit.faults import FieldError, Rejected
from connectors.kit.http import Flow
from connectors.kit.operations import Answer, Context, Issue, ListQuery, Page, Record, Sort

Position = Mapping[str, Any]

List = Callable[[ListQuery, Context], Flow[Page]]


def _lost() -> Rejected:
    return Rejected(FieldError("invalid_cursor", "/next_cursor", "names no page of this list"))


def chained(sides: Mapping[str, List], query: ListQuery, ctx: Context) -> Flow[Page]:
    """One page of the sides one after the other; where one ends the next fills it.

    Position: {side, at: its own position, back: the last position before this side, given: rows of the side's
    first page that ended the page before}. What was given is read once more, so that pages keep their size.
    """
    words = list(sides)
    start = at = query.position or {"side": words[0], "at": None}
    if at.get("side") not in sides or not isinstance(at.get("given", 0), int):
        raise _lost()
    pages: list[Page] = []
    answers: list[Answer] = []
    while True:
        word, room = str(at["side"]), query.limit - len(answers)
        page = yield from sides[word](replace(query, position=at.get("at")), ctx)
        rows = page.answers[at.get("given", 0) :] if page.previous is None else page.answers
        fresh = bool(pages)
        pages.append(page)
        taken = rows[:room] if fresh else rows
        answers += taken
        if len(taken) < len(rows):
            onward: Position | None = {**at, "given": len(taken)}
            break
        if page.next is not None:
            onward = {**at, "at": page.next}
            if answers:
                break
            at = onward
            continue
        after = words[words.index(word) + 1 : words.index(word) + 2]
        if not after:
            onward = None
            break
        at = onward = {"side": after[0], "at": None, **({"back": dict(start)} if answers else {})}
        if len(answers) >= query.limit:
            break
    before = pages[0].previous
    previous = {**start, "at": before} if before is not None else start.get("back")
    absent = dict.fromkeys(name for page in pages for name in page.absent)
    issues = [issue for page in pages for issue in page.issues]
    return Page(answers, onward, previous, tuple(absent), issues)


@dataclass(slots=True)
class _Strand:
    """The rows of one side that are read but not yet given out. `skipped` of its page were given out before."""

    origin: Position | None
    page: Page
    skipped: int
    used: int = 0

    @property
    def rows(self) -> list[Answer]:
        return self.page.answers[self.skipped :]

    @property
    def is_dry(self) -> bool:
        """Nothing is left of the page, though the list goes on: what comes next is not known."""
        return self.used >= len(self.rows) and self.page.next is not None

    def position(self) -> dict[str, Any] | None:
        if self.used < len(self.rows):
            return {"from": self.origin, "skip": self.skipped + self.used}
        return {"from": self.page.next, "skip": 0} if self.page.next is not None else None


def merged(sides: Mapping[str, List], query: ListQuery, ctx: Context) -> Flow[Page]:
    """One page of all sides together, in the order asked for; it may be shorter than asked.

    Position: side → {from: its own position, skip: rows of that page already given}. There is no way back.
    """
    assert query.sort is not None
    strands: dict[str, _Strand] = {}
    for word, side in sides.items():
        start: Any = {"from": None, "skip": 0} if query.position is None else query.position.get(word)
        if start is None:
            continue
        if not isinstance(start, dict) or not isinstance(cast("Record", start).get("skip"), int):
            raise _lost()
        page = yield from side(replace(query, position=start["from"]), ctx)
        strands[word] = _Strand(start["from"], page, start["skip"])
    answers = _weave(list(strands.values()), query.sort, query.limit)
    onward = {word: at for word, strand in strands.items() if (at := strand.position()) is not None}
    absent = dict.fromkeys(name for strand in strands.values() for name in strand.page.absent)
    issues: list[Issue] = [issue for strand in strands.values() for issue in strand.page.issues]
    return Page(answers, onward or None, None, tuple(absent), issues)


def _weave(strands: list[_Strand], sort: Sort, limit: int) -> list[Answer]:
    """The rows in order, until the page is full or the next row of a side is not known."""
    found: list[Answer] = []
    while len(found) < limit and not any(strand.is_dry for strand in strands):
        heads = [strand for strand in strands if strand.used < len(strand.rows)]
        if not heads:
            break
        keys = [_key(strand.rows[strand.used].record.get(sort.field)) for strand in heads]
        chosen = heads[keys.index(max(keys) if sort.descending else min(keys))]
        found.append(chosen.rows[chosen.used])
        chosen.used += 1
    return found


def _key(value: Any) -> tuple[bool, Any]:
    """Comparable, whatever the field; nothing comes before anything."""
    if isinstance(value, Mapping):
        value = cast("Mapping[str, Any]", value).get("name")
    return value is not None, value.casefold() if isinstance(value, str) else value
