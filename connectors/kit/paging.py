"""Lists: pages, positions, and the guard against a provider that answers the same page for ever."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from connectors.kit.codec import flag
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.http import Json, Pairs, Reply, Request
from connectors.kit.operations import Context, ListQuery


@dataclass(frozen=True, slots=True)
class Paging:
    """Numbered pages. `more` stands in the object `context` of an answer and says whether a page follows.

    whole: the provider answers the complete list at once and takes no paging parameters.
    """

    page: str = "page"
    per_page: str = "per_page"  # also what an answer calls the size its pages really have
    most: int = 200
    context: str = "page_context"
    more: str = "has_more_page"
    column: str = "sort_column"
    order: str = "sort_order"
    ascending: str = "A"
    descending: str = "D"
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list: page number, page size, and the fingerprint of the page before.

    guessed: nobody said that there is such a page; the one before was full and did not say.
    """

    page: int
    per_page: int
    before: str = ""
    guessed: bool = False

    def position(self) -> dict[str, Any]:
        told = {"page": self.page, "per_page": self.per_page, "before": self.before}
        return {**told, "guessed": True} if self.guessed else told


def place_of(query: ListQuery, paging: Paging) -> Place:
    """Raises Rejected on a position this list never gave."""
    if query.position is None:
        return Place(1, max(1, min(query.limit, paging.most)))
    page, size = query.position.get("page"), query.position.get("per_page")
    before = query.position.get("before", "")
    if isinstance(page, int) and isinstance(size, int) and page >= 1 and 1 <= size <= paging.most:
        return Place(page, size, str(before), query.position.get("guessed") is True)
    raise Rejected(FieldError("invalid_cursor", "/next_cursor", "names no page of this list"))


@dataclass(frozen=True, slots=True)
class Batch:
    """One native page. `next` is None on the last."""

    place: Place
    rows: list[dict[str, Any]]
    next: Place | None
    body: Json


def batches(
    path: str,
    many: str,
    id_key: str,
    params: Pairs,
    place: Place,
    paging: Paging,
    step: str,
    fresh_for: float = 0.0,
) -> Generator[Request, Reply, Batch]:
    """Asks for one page. Raises Fault: GARBLED when it is no list, STUCK when the page before came again, or a
    second empty one that is not the last."""
    query = params
    if not paging.whole:
        query = (*params, (paging.page, str(place.page)), (paging.per_page, str(place.per_page)))
    reply = yield Request("GET", path, query, step=step, fresh_for=fresh_for)
    rows = rows_of(reply.body, many)
    if paging.whole:
        return Batch(place, rows, None, reply.body)
    context, mark = context_of(reply.body, paging), fingerprint(rows, id_key)
    more = flag(context.get(paging.more))
    if mark == place.before and (rows or more):
        if place.guessed:  # a list that knows no pages answers all of it again
            return Batch(place, [], None, reply.body)
        raise Fault(Kind.STUCK, reply.status, message="paging stuck: the same page came twice")
    sizes = (place.per_page, context.get(paging.per_page))  # the provider may give fewer than were asked for
    guessed = more is None and bool(rows) and str(len(rows)) in map(str, sizes)
    following = Place(place.page + 1, place.per_page, mark, guessed) if more or guessed else None
    return Batch(place, rows, following, reply.body)


def context_of(body: Json, paging: Paging) -> dict[str, Any]:
    """What a list answer says about its page, also where that is wrapped in a list; {} when it says nothing."""
    context = body.get(paging.context) if isinstance(body, dict) else None
    if isinstance(context, list) and context:
        context = context[0]
    return context if isinstance(context, dict) else {}


def rows_of(body: Json, many: str) -> list[dict[str, Any]]:
    """The objects of a list answer, its name with or without underscores. Fault(GARBLED) without a list."""
    rows: Any = None
    if isinstance(body, dict):
        rows = body.get(many)
        if rows is None:
            plain = many.replace("_", "")
            rows = next((body[name] for name in body if name.replace("_", "") == plain), None)
        rows = [] if rows == "" else rows  # how a provider that knows no null prints no rows
    if isinstance(rows, dict):  # a list of one, unwrapped
        rows = [rows]
    if not isinstance(rows, list):
        raise Fault(Kind.GARBLED, message=f"the answer has no list {many!r}")
    return [row for row in rows if isinstance(row, dict)]


def object_of(body: Any, name: str) -> dict[str, Any] | None:
    """The object an answer has under a name; also where it stands alone in a list."""
    found = body.get(name) if isinstance(body, dict) else None
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found if isinstance(found, dict) else None


def one_of(body: Json, name: str, id_key: str) -> dict[str, Any] | None:
    """The object of an answer about one record: the one of that name, else the one that has the id."""
    found = object_of(body, name)
    if found is not None or not isinstance(body, dict):
        return found
    return next((each for each in (*body.values(), body) if isinstance(each, dict) and id_key in each), None)


def fingerprint(rows: Sequence[dict[str, Any]], id_key: str) -> str:
    """Tells one page from another by the ids on it."""
    ids = "\n".join(str(row.get(id_key)) for row in rows)
    return blake2b(ids.encode(), digest_size=6).hexdigest()


def merged_query(ours: Pairs, ctx: Context, *, reserved: frozenset[str] = frozenset()) -> Pairs:
    """Our pairs and the caller's `remote_query`; Rejected where it would override one of ours."""
    taken = {name for name, _ in ours} | reserved
    clashes = [name for name, _ in ctx.remote_query if name in taken]
    if clashes:
        raise Rejected(
            *(
                FieldError("unsupported_filter", f"/remote_query/{name}", "is set by the gateway")
                for name in clashes
            )
        )
    return (*ours, *ctx.remote_query)
