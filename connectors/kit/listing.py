"""The list flow: narrow at the provider, read, drop what does not match, never answer an empty page too early."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from connectors.kit import filters, woven
from connectors.kit.faults import Fault, FieldError, Kind, Rejected
from connectors.kit.http import Flow, Json, Pairs
from connectors.kit.operations import Answer, Context, Issue, ListQuery, Page, Record, Sort
from connectors.kit.paging import batches, context_of, merged_query, place_of

if TYPE_CHECKING:
    from connectors.kit.resource import Resource


def run(resource: "Resource", query: ListQuery, ctx: Context) -> Flow[Page]:
    """One page, of one native list or of several given out as one."""
    plan = filters.plan(resource.table, query.filters, ctx, folded=query.folded)
    told = query.sort is not None
    query = _sorted(query, resource, plan.newest)
    if plan.split is None:
        return (yield from _native(resource, plan, query, ctx, told=told))
    lists = {
        value: partial(_part, resource, plan, plan.split, value, told=told) for value in plan.split.values
    }
    if query.sort is None:
        return (yield from woven.chained(lists, query, ctx))
    return (yield from woven.merged(lists, query, ctx))


def _part(
    resource: "Resource",
    plan: filters.Plan,
    split: filters.Split,
    value: str,
    query: ListQuery,
    ctx: Context,
    *,
    told: bool,
) -> Flow[Page]:
    """The list of one native value, without the rows that another one gives out.

    A provider that knows a value not keeps nothing by it; the first is known wherever there are records.
    """
    narrowed = replace(plan, params=(*plan.params, (split.by.param, value)))
    owns = partial(_is_of, split, value)
    try:
        return (yield from _native(resource, narrowed, query, ctx, told=told, owns=owns))
    except Fault as fault:
        if fault.kind is not Kind.INVALID or value == split.values[0]:
            raise
        return Page([])


def _is_of(split: filters.Split, value: str, answer: Answer) -> bool:
    return isinstance(answer.native, dict) and split.owner(answer.native) == value


def _native(
    resource: "Resource",
    plan: filters.Plan,
    query: ListQuery,
    ctx: Context,
    *,
    told: bool,
    owns: Callable[[Answer], bool] = lambda answer: True,
) -> Flow[Page]:
    """One page of one native list. Further provider pages are read only while every row so far was dropped."""
    paging = resource.paging
    params = _params(resource, query, plan.params)
    reserved = frozenset({paging.page, paging.per_page, paging.column, paging.order})
    params = merged_query(params, ctx, reserved=reserved)
    place = first = place_of(query, paging)
    answers: list[Answer] = []
    issues: list[Issue] = []
    aside: list[tuple[Json, str]] = []
    while True:
        batch = yield from batches(
            resource.path, resource.many, resource.id_key, params, place, paging, f"list {resource.name}"
        )
        ignored = _ignored_sort(resource, query, batch.body)
        issues += ignored if told else []
        read = _read(resource, batch.rows, ctx, aside if query.tolerant else None)
        if (
            plan.newest is not None
            and batch.next is not None
            and (ignored or not _descends(read, query.sort))
        ):
            raise Fault(Kind.METHOD, message="the provider did not sort as the filter needs")
        _prove(plan, read, context_of(batch.body, paging))
        answers = [answer for answer in read if plan.keeps(answer.record) and owns(answer)]
        following = batch.next if all(plan.reaches(answer.record) for answer in read) else None
        if answers or following is None:
            break
        place = following
    previous = {"page": first.page - 1, "per_page": first.per_page, "before": ""} if first.page > 1 else None
    untold = [name for name in resource.untold if any(name not in each.record for each in answers)]
    onward = following.position() if following is not None else None
    return Page(answers, onward, previous, (*resource.absent, *untold), issues[:1], aside)


def _read(
    resource: "Resource", rows: Sequence[Json], ctx: Context, aside: list[tuple[Json, str]] | None
) -> list[Answer]:
    """The rows that can be read; the others go to `aside`, or fail the page where there is none."""
    if aside is None:
        return [resource.read(row, ctx, detail=False) for row in rows]
    read: list[Answer] = []
    for row in rows:
        try:
            read.append(resource.read(row, ctx, detail=False))
        except Fault as fault:
            aside.append((row, fault.message))
    return read


def _prove(plan: filters.Plan, rows: Sequence[Answer], context: Record) -> None:
    """Raises Rejected where the list shows no column of what it was searched by: nobody could tell the hits."""
    columns = context.get("custom_fields")
    shown = {each.get("api_name") for each in columns or () if isinstance(each, dict)}
    for name, column in plan.searched:
        told = [filters.tells(row.record, name) for row in rows]
        if told and not any(told) and column not in shown:
            detail = f"the provider's list does not show {column}; made a column of it, it can be filtered by"
            raise Rejected(FieldError("unsupported_filter", "/" + name.replace(".", "/"), detail))


def _sorted(query: ListQuery, resource: "Resource", newest: str | None) -> ListQuery:
    """A bound that works by sorting leaves no other order."""
    if newest is None:
        return query
    field = next(name for name, column in resource.columns.items() if column == newest)
    if query.sort not in (None, Sort(field, True)):
        detail = f"a filter by {field} lists the newest first"
        raise Rejected(FieldError("unsupported_filter", f"/sort_by/{field}", detail, (f"{field}=desc",)))
    return replace(query, sort=Sort(field, True))


def _descends(answers: Sequence[Answer], sort: Sort | None) -> bool:
    """Whether rows stand as a descending sort puts them. Where all fit on one page nobody needs to ask."""
    told = [answer.record.get(sort.field) for answer in answers] if sort is not None else []
    values = [value for value in told if value is not None]
    return all(before >= after for before, after in pairwise(values))


def _params(resource: "Resource", query: ListQuery, narrowing: Pairs) -> Pairs:
    paging = resource.paging
    narrowed = {name for name, _ in narrowing}
    params = [*(pair for pair in resource.list_query if pair[0] not in narrowed), *narrowing]
    if query.search is not None:
        if resource.search is None:
            raise Rejected(FieldError("unsupported_filter", "/search", f"{resource.name} cannot be searched"))
        params.append((resource.search, query.search))
    if query.sort is not None:
        column = resource.columns.get(query.sort.field)
        if column is None:
            allowed = tuple(sorted(resource.columns))
            detail = f"{resource.name} cannot be sorted by {query.sort.field}"
            raise Rejected(FieldError("unsupported_filter", f"/sort_by/{query.sort.field}", detail, allowed))
        way = paging.descending if query.sort.descending else paging.ascending
        params += [(paging.column, column), (paging.order, way)]
    elif resource.order is not None:
        params += [(paging.column, resource.order), (paging.order, paging.ascending)]
    return tuple(params)


def _ignored_sort(resource: "Resource", query: ListQuery, body: Json) -> list[Issue]:
    """The provider says how it sorted; it does not always do as asked."""
    if query.sort is None:
        return []
    context = context_of(body, resource.paging)
    asked = resource.columns[query.sort.field]
    way = resource.paging.descending if query.sort.descending else resource.paging.ascending
    said = (context.get(resource.paging.column, asked), context.get(resource.paging.order, way))
    if said == (asked, way):
        return []
    return [
        Issue("sort_ignored", f"/sort_by/{query.sort.field}", f"the provider sorted by {said[0]} {said[1]}")
    ]
