"""What became of a writing request that nobody saw the end of: flows that look, and what they conclude."""

from collections.abc import Collection, Generator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from app.unified.changes import Change
from app.unified.likeness import DAYS, SEARCHED, expected, is_like, is_of_then
from app.unified.progress import Progress
from connectors.kit.actions import Action
from connectors.kit.applied import not_applied
from connectors.kit.custom_fields import CustomFields
from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Flow, Reply, Request
from connectors.kit.operations import Answer, Context, Filter, ListQuery, Op, Record, Sort
from connectors.kit.resource import Resource
from connectors.kit.upserting import Mark

EARLIER = timedelta(minutes=5)
"""How far clocks may disagree about when a record was made."""

DOUBTFUL = timedelta(days=1)
"""So long before, a record that is alike in everything else is for a person to judge: a clock may be wrong."""

_PAGE = 200
_MOST_PAGES = 3
_MOST_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """found      it was done: `reply` is what the provider would have answered, `id` what it is about
    undone     it was not done, and may be sent again at once
    nothing    no trace of it; `surely` when two ways of looking were possible
    several    more than one record could be it: `candidates`
    unclear    there is no way to tell
    """

    word: Literal["found", "undone", "nothing", "several", "unclear"]
    reply: Reply = Reply(200)  # noqa: RUF009 — frozen
    id: str | None = None
    surely: bool = False
    candidates: list[str] = field(default_factory=list[str])


def look(
    resource: Resource,
    change: Change,
    progress: Progress,
    ctx: Context,
    sent_at: datetime,
    known: Collection[str],
) -> Flow[Verdict]:
    """`known` are ids of records that other writes made."""
    request = progress.pending
    if request is None:
        return Verdict("undone")
    if change.operation == "create" and request.method == "POST" and not progress.has_done:
        if progress.mark is not None and progress.mark.is_on(request):
            part = resource.part_at(request.path)
            return (yield from _marked(part, progress.mark, ctx, sent_at - EARLIER))
        made = resource.on(change.body.get(resource.by or ""))
        if request.path != made.path or "list" not in made.methods:
            return Verdict("unclear")
        return (yield from _made(made, change.body, request, ctx, sent_at - EARLIER, known))
    side = next((part for part in resource.parts if request.path.startswith(f"{part.path}/")), resource)
    acted = _acted(side, request)
    if acted is not None:
        return (yield from _standing(side, *acted, ctx))
    id = request.path.removeprefix(f"{side.path}/")
    if "/" not in id and request.method in ("PUT", "DELETE") and request.path.startswith(f"{side.path}/"):
        return (yield from _changed(side, id, change.body, request, ctx, sent_at))
    return Verdict("undone" if request.is_repeatable or request.method == "PUT" else "unclear")


def _marked(resource: Resource, mark: Mark, ctx: Context, since: datetime) -> Flow[Verdict]:
    """Nobody else's record carries the mark, and sending it again makes no second one."""
    hits = yield from holders(resource, mark, ctx, since)
    if len(hits) > 1:
        return Verdict("several", candidates=sorted(str(each.record["id"]) for each in hits))
    if not hits:
        return Verdict("undone")
    return Verdict("found", Reply(200, body=resource.wrapped(hits[0].native)), str(hits[0].record["id"]))


def holders(resource: Resource, mark: Mark, ctx: Context, since: datetime) -> Flow[list[Answer]]:
    """The whole records that carry the mark: searched for where that is possible, else among the newest."""
    row = resource.table.by_name.get("custom_fields")
    if not isinstance(row, CustomFields):
        return []
    query = _newest(resource) or ListQuery(_PAGE)
    if row.search is not None:
        query = ListQuery(_PAGE)
        ctx = replace(ctx, remote_query=(*ctx.remote_query, (row.search, mark.value)))
    rows = yield from _listed(resource, query, ctx, since)
    carrying = [each for each in rows if row.shape.value(each.native or {}, mark.field) == mark.value]
    silent = [
        each
        for each in rows
        if row.shape.value(each.native or {}, mark.field) in (None, "") and is_of_then(each.record, since)
    ]
    hits: list[Answer] = []
    for each in carrying or silent[:_MOST_CANDIDATES]:
        whole = yield from resource.get(str(each.record["id"]), ctx)
        if row.shape.value(whole.native or {}, mark.field) == mark.value:
            hits.append(whole)
    return hits


def _made(
    resource: Resource, body: Record, request: Request, ctx: Context, since: datetime, known: Collection[str]
) -> Flow[Verdict]:
    wanted = expected(resource, body, request.body)
    ways = [
        way
        for way in (_by_key(resource, body), _newest(resource) or _of_day(resource, body))
        if way is not None
    ]
    alike: dict[str, Answer] = {}
    for query in ways:
        for row in (yield from _listed(resource, query, ctx, since)):
            id = str(row.record["id"])
            fits = id not in known and id not in alike and is_like(wanted, row.record)
            if fits and is_of_then(row.record, since - DOUBTFUL) and len(alike) < _MOST_CANDIDATES:
                whole = yield from resource.get(id, ctx)
                whole = replace(whole, record=row.record | whole.record)  # some tell when only there
                if is_like(wanted, whole.record) and is_of_then(whole.record, since - DOUBTFUL):
                    alike[id] = whole
    if not ways:
        return Verdict("unclear")
    if not alike:
        return Verdict("nothing", surely=len(ways) > 1)
    hits = [(id, whole) for id, whole in alike.items() if is_of_then(whole.record, since, doubted=True)]
    if len(hits) != 1:
        return Verdict("several", candidates=sorted(id for id, _ in hits) or sorted(alike))
    [(id, answer)] = hits
    return Verdict("found", Reply(200, body=resource.wrapped(answer.native)), id)


def _by_key(resource: Resource, body: Record) -> ListQuery | None:
    """The exact search by what the caller named it."""
    for name in SEARCHED:
        if body.get(name) is not None and Op.EQ in resource.filters.get(name, ()):
            return ListQuery(_PAGE, None, (Filter(name, Op.EQ, str(body[name])),))
    return None


def _newest(resource: Resource) -> ListQuery | None:
    """The list, newest first: it may know what a search does not know yet."""
    for name in ("created_at", "updated_at"):
        if name in resource.sorts:
            return ListQuery(_PAGE, None, sort=Sort(name, descending=True))
    return None


def _of_day(resource: Resource, body: Record) -> ListQuery | None:
    """The list of the day it is dated, where the list cannot be had newest first."""
    for name in DAYS:
        if body.get(name) is not None and Op.EQ in resource.filters.get(name, ()):
            return ListQuery(_PAGE, None, (Filter(name, Op.EQ, str(body[name])),))
        if body.get(name) is None and name in resource.sorts:
            return ListQuery(_PAGE, None, sort=Sort(name, descending=True))
    return None


def _listed(
    resource: Resource, query: ListQuery, ctx: Context, since: datetime
) -> Generator[Request, Reply, list[Answer]]:
    found: list[Answer] = []
    for _ in range(_MOST_PAGES):
        page = yield from resource.list(query, ctx)
        found += page.answers
        done = (
            query.sort is not None and page.answers and _is_before(page.answers[-1], query.sort.field, since)
        )
        if page.next is None or done:
            break
        query = ListQuery(query.limit, page.next, query.filters, query.sort)
    return found


def _is_before(row: Answer, name: str, since: datetime) -> bool:
    told = row.record.get(name)
    return isinstance(told, datetime) and told < since


def _changed(
    resource: Resource, id: str, body: Record, request: Request, ctx: Context, sent_at: datetime
) -> Flow[Verdict]:
    """A change or a deletion of one record."""
    try:
        now = yield from resource.get(id, ctx)
    except Fault as fault:
        if fault.kind is not Kind.NOT_FOUND:
            raise
        gone = request.method == "DELETE"
        return Verdict("found" if gone else "undone", Reply(200, body={}), id)
    if request.method == "DELETE":
        return Verdict("undone")
    if not any(not_applied(resource.table, body, now.record)):
        return Verdict("found", Reply(200, body=resource.wrapped(now.native)), id)
    changed = now.record.get("updated_at")
    if isinstance(changed, datetime) and changed > sent_at:
        return Verdict("unclear")  # somebody, or this very request, changed it meanwhile
    return Verdict("undone")


def _acted(resource: Resource, request: Request) -> tuple[Action, str] | None:
    """The action a request is, and the id it is about."""
    for action in resource.actions.values():
        head, mark, tail = action.path.partition("{id}")
        path = request.path
        if mark and action.method == request.method and path.startswith(head) and path.endswith(tail):
            id = path[len(head) : len(path) - len(tail)]
            if tail and id and "/" not in id:
                return action, id
    return None


def _standing(resource: Resource, action: Action, id: str, ctx: Context) -> Flow[Verdict]:
    """An action whose success shows in the status. What reaches a person, or adds to something, shows nowhere."""
    if action.reaches_person or action.creates or action.fields is not None or not action.allowed_from:
        return Verdict("unclear")
    now = yield from resource.get(id, ctx)
    stays = now.record.get("status") in action.allowed_from
    return Verdict("undone" if stays else "found", Reply(200, body={}), id)
