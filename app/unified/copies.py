"""`source=synced`: lists and records answered from the copies a sync job keeps, without a call to the provider."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from starlette.responses import Response, StreamingResponse

from app.core import json
from app.core.errors import Problem
from app.synced import reading
from app.synced.fields import Scalar, scalars_of
from app.synced.reading import Place, Search, State, search_of
from app.synced.units import Unit, home, homes, syncable
from app.unified import stream
from app.unified.calls import Call
from app.unified.changes import SIDES, side_of
from app.unified.listing import DEFAULT_LIMIT, FORMATS, Listing, Offer, listing, view_of
from app.unified.positions import Positions
from app.unified.refusals import translated
from app.unified.render import envelope, select
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.mapping import Unmapped
from connectors.kit.operations import Answer, Issue, Page, Record
from connectors.kit.resource import GATEWAY_FIELDS, Resource

UNTIL_HEADER = "Ledgerway-Synced-Until"
_FORMATS = tuple(name for name in FORMATS if name != "raw")
_STREAMED = 2000
_LIVE_ONLY = {
    "expand": "Copies are not expanded; read the records they refer to.",
    "max_calls": "Copies are read without a call to the provider.",
    "remote_query": "There is no call to the provider it could be passed to.",
    "search": "The search is the provider's; filter with [contains] or [starts_with].",
}
_NO_RAW = "The provider's own objects are not kept."


def scalars(resource: Resource) -> dict[str, Scalar]:
    """All that the copies of a resource's records can be asked by."""
    rows = (row for part in resource.parts for row in part.table.rows)
    held = {row.unified for row in rows if not isinstance(row, Unmapped)}
    return scalars_of(resource.model, held | GATEWAY_FIELDS | {resource.by or "id"})


def offer(resource: Resource) -> Offer:
    """What lists offer with source=synced."""
    every = scalars(resource)
    return Offer(
        name=resource.name,
        model=resource.model,
        filters={name: scalar.operators for name, scalar in every.items()},
        sorts=frozenset(name for name, scalar in every.items() if not scalar.several),
        expansions={},
    )


async def listed(call: Call) -> Response:
    """A page of copies, or with truto_response_format=stream all of them."""
    _refuse_live(call)
    every = scalars(call.resource)
    texts = frozenset(name for name, scalar in every.items() if scalar.free)
    wanted = listing(call.query, offer(call.resource), (), formats=_FORMATS, texts=texts)
    wanted = replace(wanted, view=replace(wanted.view, remote_data=False))
    units = [home(call.account.connector, call.path, side) for side in call.resource.plain_sides or (None,)]
    with translated():
        search = search_of(units, every, wanted.filters, wanted.sort)
    state = await _state(call, units)
    with translated():
        _check_told(call, search, state)
    positions = Positions(call.request.app.state.cursors, call, wanted)
    start, limit = positions.start(wanted, DEFAULT_LIMIT)
    if wanted.view.format == "stream":
        pages = _pages(call, search, start)
        lines = await stream.lines(pages, lambda page: _rows(page, wanted), call.request)
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=_headers(state))
    page = await _page(call, search, limit, start)
    body = envelope(
        page,
        _rows(page, wanted),
        wanted.view,
        limit=limit,
        next_cursor=positions.sign(page.next, limit),
        prev_cursor=positions.sign(page.previous, limit),
        provider_calls=0,
    )
    body["is_partial_response"] |= state.until is None
    return _json(body | _age(call, state), state)


async def read(call: Call, id: str) -> Response:
    """The copy of one record."""
    _refuse_live(call)
    view = replace(view_of(call.query, call.resource.model, formats=_FORMATS[:1]), remote_data=False)
    side = side_of(call.resource, call.query)
    call.query.finish()
    units = homes(call.account.connector, call.path)
    if side in call.resource.sides:
        units = [home(call.account.connector, call.path, side)]
    async with call.request.app.state.database.read() as session:
        record = await reading.one(session, call.account.id, units, id)
    state = await _state(call, [unit for unit in units if unit.resource == call.resource.name] or units)
    if record is None or (side is not None and record.get(SIDES[call.resource.name][0]) != side):
        detail = "There is no copy of a record with this id."
        raise Problem("not_found", detail if state.until else f"{detail} The first pass is not done yet.")
    etag, headers = record.get("etag"), _headers(state)
    if etag:
        headers["ETag"] = f'"{etag}"'
    if etag and call.request.headers.get("if-none-match") == f'"{etag}"':
        return Response(status_code=304, headers=headers)
    return Response(json.encode(select(record, view)), headers=headers, media_type="application/json")


def _refuse_live(call: Call) -> None:
    """422 for what only the provider can answer, and for resources nobody can sync."""
    given = call.query.rest()
    reasons = {name: why for name, why in _LIVE_ONLY.items() if name in given}
    if any(pair.value == "raw" for pair in given.get("truto_response_format", ())):
        reasons["truto_response_format"] = _NO_RAW
    errors = [FieldError("unsupported_field", name, why) for name, why in reasons.items()]
    if errors:
        detail = f"{errors[0].pointer} does not go with source=synced. {errors[0].detail}"
        raise Problem("unsupported_field", detail, errors=errors, parameter=errors[0].pointer)
    if call.path not in syncable(call.account.connector):
        raise Problem("not_implemented", f"{call.resource.name} cannot be synced; leave source out.")


async def _state(call: Call, units: Sequence[Unit]) -> State:
    """How current the copies are. Problem connection_state_conflict when there are none."""
    async with call.request.app.state.database.read() as session:
        state = await reading.state(session, call.account.id, units)
    if not state.is_known:
        resources = sorted({unit.resource for unit in units})
        detail = f"The {', '.join(resources)} of this account are not synced; create a sync job for them."
        body = {"integrated_account_id": call.account.id, "resources": resources}
        step = {"method": "POST", "path": "/sync-job", "body": body}
        raise Problem("connection_state_conflict", detail, next=step)
    return state


def _check_told(call: Call, search: Search, state: State) -> None:
    """Fields only whole records tell need a job that reads them: else most copies would be left out silently."""
    if state.hydrated:
        return
    absent = {name for unit in search.units for name in unit.part(call.account.connector).absent}
    errors = [
        FieldError(
            "unsupported_filter",
            "/" + name.replace(".", "/"),
            f"The copies are rows of the provider's list, which do not tell {name}; name {search.units[0].resource} "
            "in `hydrate` of the sync job.",
        )
        for name in search.names
        if name.partition(".")[0] in absent
    ]
    if errors:
        raise Rejected(*errors)


async def _page(call: Call, search: Search, limit: int, start: Mapping[str, Any] | None) -> Page:
    place = None if start is None else Place(**start)
    async with call.request.app.state.database.read() as session:
        found = await reading.page(session, call.account.id, search, limit, place)
    issues: list[Issue] = []
    if found.untold:
        names = ", ".join(search.names)
        detail = f"{found.untold} of the copies looked at do not tell {names} and are left out."
        issues.append(Issue("not_told", "/result", detail))
    absent = (name for unit in search.units for name in unit.part(call.account.connector).absent)
    call.run.meter.result_count = (call.run.meter.result_count or 0) + len(found.records)
    return Page(
        [Answer(record) for record in found.records],
        next=None if found.next is None else asdict(found.next),
        previous=None if found.previous is None else asdict(found.previous),
        absent=tuple(dict.fromkeys(absent)),
        issues=issues,
    )


async def _pages(call: Call, search: Search, start: Mapping[str, Any] | None) -> AsyncIterator[Page]:
    while True:
        page = await _page(call, search, _STREAMED, start)
        yield page
        start = page.next
        if start is None:
            return


def _rows(page: Page, wanted: Listing) -> list[Any]:
    rows: list[Record] = [dict(answer.record) for answer in page.answers]
    return [select(row, wanted.view) for row in rows]


def _age(call: Call, state: State) -> dict[str, Any]:
    """What an answer says of how current it is."""
    now = call.request.app.state.clock.now()
    age = None if state.until is None else max(0, int((now - state.until).total_seconds()))
    return {
        "source": "synced",
        "synced_until": state.until,
        "age_seconds": age,
        "is_covered": state.is_covered,
    }


def _headers(state: State) -> dict[str, str]:
    return {} if state.until is None else {UNTIL_HEADER: json.instant(state.until)}


def _json(body: Any, state: State) -> Response:
    return Response(json.encode(body), headers=_headers(state), media_type="application/json")
