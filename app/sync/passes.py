"""How a list is gone through so that nothing is missed: which page to ask for next, and when it is done.

Offset pages of a list that moves lose rows when earlier ones go, and changes become visible a little after their
own time. So what is asked for always begins a horizon before the last time; pages that were walked one after the
other are walked again until nothing new is found, in a complete pass only where a row came twice; and where the
provider sorts by change, only first pages are asked for. What no delta tells, deletions and fields that change no
date, a complete pass finds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from connectors.kit.filters import filterable
from connectors.kit.mapping import Newest
from connectors.kit.operations import Filter, ListQuery, Op, Page, Sort
from connectors.kit.resource import Resource

PAGE = 200
HORIZON = timedelta(seconds=120)
"""How late a change may become visible, clocks that disagree included."""
WINDOW = timedelta(days=45)
"""Where only the record's own date can be asked for, deltas see so much of the past."""

_MODIFIED = "updated_at"
_DAYS = ("transaction_date", "issue_date")
_EDGE = timedelta(seconds=1)
_MOST_WALKS = 4
_STUCK = "upstream_paging_stuck"
_REFUSED = frozenset({"provider_validation_failed", "not_implemented"})
"""What is said to a question, not to whoever asks it."""


class Way(StrEnum):
    """keyset  changed since, oldest change first: always the first page
    since   changed since, in the list's own order
    newest  newest change first, until what is known
    window  dated in the last weeks
    whole   everything
    """

    KEYSET = "keyset"
    SINCE = "since"
    NEWEST = "newest"
    WINDOW = "window"
    WHOLE = "whole"


def way_of(part: Resource) -> Way:
    """The cheapest way a list's own filters allow."""
    known = filterable(part.table).get(_MODIFIED)
    param = known.params.get(Op.GTE) if known is not None else None
    if isinstance(param, Newest):
        return Way.NEWEST
    if isinstance(param, str):
        return Way.KEYSET if _MODIFIED in part.sorts else Way.SINCE
    return Way.WHOLE if _day_of(part) is None else Way.WINDOW


@dataclass(frozen=True, slots=True)
class Position:
    """Where a pass stands.

    since  asked for from here on; of a window its first day
    place  the list's own position; None: its first page
    pages  asked for so far in this walk, and `news` what they brought
    walks  which walk over the same rows this is
    repeats    rows a complete pass met on two pages of this walk
    was_known  whether there was a pass before: only then records can be missing
    confirms   the pass is over, and who was not seen is asked for
    """

    way: Way
    began: datetime
    since: datetime | None = None
    place: Mapping[str, Any] | None = None
    pages: int = 0
    news: int = 0
    walks: int = 1
    was_known: bool = False
    confirms: bool = False
    repeats: int = 0

    def stored(self) -> dict[str, Any]:
        return {
            "way": self.way.value,
            "began": self.began.isoformat(),
            "since": self.since.isoformat() if self.since else None,
            "place": self.place,
            "pages": self.pages,
            "news": self.news,
            "walks": self.walks,
            "was_known": self.was_known,
            "confirms": self.confirms,
            "repeats": self.repeats,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Position":
        since = stored["since"]
        return cls(
            way=Way(stored["way"]),
            began=datetime.fromisoformat(stored["began"]),
            since=datetime.fromisoformat(since) if since else None,
            place=stored["place"],
            pages=stored["pages"],
            news=stored["news"],
            walks=stored["walks"],
            was_known=stored["was_known"],
            confirms=stored["confirms"],
            repeats=stored.get("repeats", 0),
        )


def begin(part: Resource, cursor: datetime | None, now: datetime, *, whole: bool = False) -> Position:
    """The start of a pass. Without a cursor nothing is known and everything is asked for."""
    way = way_of(part)
    if whole or cursor is None or way is Way.WHOLE:
        return Position(Way.WHOLE, now, was_known=cursor is not None)
    return Position(way, now, now - WINDOW if way is Way.WINDOW else cursor - _EDGE, was_known=True)


def question(position: Position, part: Resource) -> ListQuery:
    """What to ask the list for."""
    filters: tuple[Filter, ...] = ()
    sort = None
    if position.since is not None and position.way is Way.WINDOW:
        day: date = position.since.date()
        filters = (Filter(_day_of(part) or "", Op.GTE, day.isoformat()),)
    elif position.since is not None:
        filters = (Filter(_MODIFIED, Op.GTE, position.since.isoformat()),)
        sort = Sort(_MODIFIED) if position.way is Way.KEYSET else None
    return ListQuery(PAGE, position.place, filters, sort, tolerant=True)


def after(position: Position, page: Page, news: int, repeats: int = 0) -> Position | None:
    """Where to go on after a page that brought `news` changes, and so many rows again; None when the pass is done."""
    walked = replace(
        position, pages=position.pages + 1, news=position.news + news, repeats=position.repeats + repeats
    )
    if position.way is Way.WHOLE:
        if page.next is not None:
            return replace(walked, place=page.next)
        # where a row comes twice another may not have come at all
        return _anew(walked) if walked.repeats and (walked.walks == 1 or walked.news) else None
    again = _anew(walked) if walked.pages > 1 and walked.news > 0 else None
    if page.next is None:
        return again
    edge = _edge(position, page)
    if edge is not None:  # rows of one moment that filled pages were walked; then on to the next moment
        if again is not None:
            return again
        # what changed since the pass began is the next one's: a list that moves is not run after
        return replace(_from_start(walked), since=edge, walks=1) if edge < position.began else None
    return replace(walked, place=page.next)


def instead(position: Position, code: str) -> Position | None:
    """How else to go on when the provider answers a list like that; None when there is no other way.

    Rows that fill a page, come before it, let it be read twice. What a delta asks for may be refused, though the
    provider is said to know it: then everything is asked for.
    """
    if code == _STUCK:
        return _anew(position)
    if code in _REFUSED and position.way is not Way.WHOLE:
        return Position(Way.WHOLE, position.began, was_known=position.was_known)
    return None


def _anew(position: Position) -> Position | None:
    """The same walk from its first page on; None when it was walked often enough."""
    if position.walks >= _MOST_WALKS:
        return None
    return replace(_from_start(position), walks=position.walks + 1)


def is_short(position: Position) -> bool:
    """Whether a complete pass that is over may have missed rows: they moved in its last walk, too."""
    return position.way is Way.WHOLE and position.repeats > 0


def cursor_after(position: Position) -> datetime:
    """What the next delta may start from once the pass is done."""
    return position.began - HORIZON


def _from_start(position: Position) -> Position:
    return replace(position, place=None, pages=0, news=0, repeats=0)


def _edge(position: Position, page: Page) -> datetime | None:
    """Of a list in the order of its changes: from when the next first page is asked for."""
    if position.way is not Way.KEYSET or position.since is None:
        return None
    told = [answer.record.get(_MODIFIED) for answer in page.answers]
    times = [each for each in told if isinstance(each, datetime)]
    if len(times) != len(told) or times != sorted(times):
        return None  # not the order that was asked for
    edge = times[-1] - _EDGE
    return edge if edge > position.since else None


def _day_of(part: Resource) -> str | None:
    return next((name for name in _DAYS if Op.GTE in part.filters.get(name, ())), None)
