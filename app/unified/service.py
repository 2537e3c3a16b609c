"""What the unified API does with a connector's flows."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.core.clock import Clock
from app.core.cursor import Cursors
from app.core.errors import Problem
from app.core.parameters import DEFAULT_TIMEOUT
from app.gateway.engine import Gateway
from app.gateway.records import record_of
from app.unified.addresses import addressed
from app.unified.calls import Call
from app.unified.changes import REMOVALS, SIDES, Change, fingerprint
from app.unified.expansion import Budget, expand
from app.unified.listing import DEFAULT_LIMIT, MAXIMUM_LIMIT, Listing, View
from app.unified.marking import marking
from app.unified.matching import matched
from app.unified.positions import Positions
from app.unified.preview import LIFETIME, Promise, Step, Tokens, captured, promised, sends
from app.unified.progress import Progress, watched
from app.unified.refusals import translated
from app.unified.render import envelope, rows_of, single
from connectors.kit.attachments import Attachments
from connectors.kit.guarding import guarded
from connectors.kit.http import Flow, Pairs, Reply
from connectors.kit.operations import Answer, Context, ListQuery, Page

T = TypeVar("T")

_OUTCOMES = {"create": "created", "delete": "deleted"}
_UNTOUCHED = ("already_existed", "unchanged")


@dataclass(frozen=True, slots=True)
class Shown:
    """A record ready to be answered. `outcome` is None on reads; `found` by a create that looked for it.

    `answer` is what a write was answered; None when that is no record.
    """

    body: Any
    etag: str | None
    outcome: str | None = None
    id: str | None = None
    found: bool = False
    answer: Answer | None = None

    @property
    def was_there(self) -> bool:
        """Whether a create found the record instead of making it."""
        return self.found or self.outcome in ("already_existed", "unchanged", "updated")


class Unified:
    """Lists, reads and writes unified records through the gateway."""

    def __init__(self, gateway: Gateway, cursors: Cursors, clock: Clock) -> None:
        self._gateway = gateway
        self._cursors = cursors
        self._clock = clock

    # Reading

    async def list(self, call: Call, listing: Listing) -> dict[str, Any]:
        """One page as its envelope."""
        start, limit = self._positions(call, listing).start(listing, DEFAULT_LIMIT)
        context = call.context(listing.remote_query)
        page = await self._page(call, listing, context, start, limit, Budget(listing.max_calls))
        return self._envelope(call, listing, page, limit)

    async def pages(self, call: Call, listing: Listing) -> AsyncIterator[Page]:
        """Every page from the listing's cursor on, expanded. Each has its own deadline."""
        start, limit = self._positions(call, listing).start(listing, MAXIMUM_LIMIT)
        budget = Budget(listing.max_calls)
        while True:
            run = replace(call.run, deadline=self._clock.monotonic() + DEFAULT_TIMEOUT)
            turn = replace(call, run=run)
            page = await self._page(turn, listing, turn.context(listing.remote_query), start, limit, budget)
            yield page
            if page.next is None:
                return
            if page.next == start:
                raise Problem("upstream_paging_stuck", "The provider gave the same page twice.")
            start = page.next

    async def get(self, call: Call, id: str, view: View, remote_query: Pairs, side: str | None) -> Shown:
        """One complete record."""
        answer = await self._perform(call, call.resource.on(side).get(id, call.context(remote_query)))
        _right_side(call, answer, side)
        body, etag = single(answer, call.resource.model, view)
        return Shown(body, etag, id=id)

    async def pdf(self, call: Call, id: str, side: str | None) -> Reply:
        """The document as the provider prints it."""
        resource = call.resource.on(side)
        if resource.pdf is None:
            raise Problem("not_found", f"{resource.name} have no PDF.")
        return await self._perform(call, resource.pdf(id, call.context()))

    async def custom_fields(self, call: Call) -> dict[str, Any]:
        """The fields the company defined itself, as far as the provider tells them without a record."""
        if call.resource.definitions is None:
            detail = (
                f"{call.account.connector.label} tells custom fields only with the records that have them."
            )
            raise Problem("not_implemented", detail)
        return {"result": await self._perform(call, call.resource.definitions(call.context()))}

    # Writing

    async def write(self, call: Call, change: Change, progress: Progress) -> Shown:
        """Carry out a change. `If-Match` is compared first; a short window remains, no provider compares."""
        context = call.context(change.remote_query, progress.began)
        context = replace(context, reckons=change.preview_token is not None)
        # What was begun is brought to its end: it is not asked again whether it may begin.
        flow = _change(call, change, context) if progress.has_done else _flow(call, change, context)
        if progress.said:
            pass  # what the caller expected was compared before anything was sent
        elif change.preview_token is None:
            await self._expected(call, change, context)
        else:
            flow = await self._promised(call, change, context, change.preview_token)
        kept: Flow[Any] = watched(flow, progress)
        upsert = call.account.connector.upsert
        if progress.mark is not None and upsert is not None:
            again = progress.pending is not None
            kept = marking(kept, upsert, progress.mark, call.resource, context, again=again)
        result = await self._perform(call, kept)
        if isinstance(result, str):
            return Shown({"id": result}, None, "deleted", result)
        body, etag = single(result, call.resource.model, change.view)
        outcome = result.outcome or _OUTCOMES.get(change.operation, "updated")
        call.run.meter.record_id = result.record.get("id")
        if outcome in _UNTOUCHED:
            call.run.meter.executed = "no"
        return Shown(body, etag, outcome, result.record.get("id"), result.found, result)

    async def preview(self, call: Call, change: Change) -> dict[str, Any]:
        """What `write` would send, without sending it."""
        call.run.meter.executed = "no"
        context = replace(call.context(change.remote_query), reckons=True)
        etag = await self._expected(call, change, context, versioned=True)
        steps: list[Step] = []
        result = await self._perform(call, captured(_flow(call, change, context), steps))
        unsent = [step.request for step in steps if not step.sent]
        promise = Promise(_asked(call, change), sends(unsent, result), etag)
        body: dict[str, Any] = {
            "preview": True,
            "steps": [step.shown(number) for number, step in enumerate(steps, 1)],
            "provider_calls": call.run.meter.calls,
            "preview_token": Tokens(self._cursors, self._clock).sign(promise, call.account.id),
            "expires_at": self._clock.now() + LIFETIME,
        }
        body |= next((each.comes_to for each in unsent if each.comes_to is not None), {})
        if isinstance(result, Answer) and result.outcome is not None:
            body["outcome"] = result.outcome
            body["existing"] = {"resource": call.resource.name, "id": result.record.get("id")}
        return body

    async def _promised(
        self, call: Call, change: Change, context: Context, token: str
    ) -> Flow[Answer | str] | Flow[Answer] | Flow[str]:
        """The flow, held to what the preview of `token` said."""
        tokens = Tokens(self._cursors, self._clock)
        promise = tokens.open(token, _asked(call, change), call.account.id)
        etag = await self._expected(call, change, context, versioned=True)
        if etag != promise.etag:
            detail = "The record changed since the preview; look again."
            raise Problem("preview_stale", detail, changed=["etag"], current_etag=etag)
        return promised(_flow(call, change, context), promise)

    async def _expected(
        self, call: Call, change: Change, context: Context, *, versioned: bool = False
    ) -> str | None:
        """The target is what the caller takes it for: of the side asked for, in the version of `If-Match`.

        Its etag, if anything made us look; `versioned` does.
        """
        sided = change.side is not None and not call.resource.sides
        if change.id is None or (not sided and change.if_match is None and not versioned):
            return None
        answer = await self._perform(call, call.resource.on(change.side).get(change.id, context))
        _right_side(call, answer, change.side)
        current: str | None = record_of(answer, call.resource.model).get("etag")
        if change.if_match is None:
            return current
        wanted = {tag.strip().removeprefix("W/").strip('"') for tag in change.if_match.split(",")}
        if "*" not in wanted and current not in wanted:
            detail = "The record changed since this version was read; read it again."
            raise Problem("version_conflict", detail, headers={"ETag": f'"{current}"'}, current_etag=current)
        return current

    # Between us and the gateway

    async def _perform(self, call: Call, flow: Flow[T]) -> T:
        with translated():
            return await self._gateway.perform(call.run, flow)

    async def _page(
        self,
        call: Call,
        listing: Listing,
        context: Context,
        position: Mapping[str, Any] | None,
        limit: int,
        budget: Budget,
    ) -> Page:
        query = ListQuery(limit, position, listing.filters, listing.sort, listing.search)
        page = await self._perform(call, call.resource.list(query, context))
        if isinstance(call.resource, Attachments):
            addressed(page, call, call.resource)
        if listing.expand:
            await expand(self._gateway, call, listing.expand, page, context, budget)
        call.run.meter.result_count = (call.run.meter.result_count or 0) + len(page.answers)
        return page

    def _positions(self, call: Call, listing: Listing) -> Positions:
        return Positions(self._cursors, call, listing)

    def _envelope(self, call: Call, listing: Listing, page: Page, limit: int) -> dict[str, Any]:
        positions = self._positions(call, listing)
        return envelope(
            page,
            rows_of(page.answers, call.resource.model, listing.view),
            listing.view,
            limit=limit,
            next_cursor=positions.sign(page.next, limit),
            prev_cursor=positions.sign(page.previous, limit),
            provider_calls=call.run.meter.calls,
        )


def _asked(call: Call, change: Change) -> str:
    """What makes a write the one that was previewed."""
    scope = call.request.scope
    return f"{scope['method']} {scope['path'].rstrip('/')} {fingerprint(call, change)}"


def _change(call: Call, change: Change, context: Context) -> Flow[Answer] | Flow[str]:
    resource, id = call.resource.on(change.side), change.id
    if id is None and change.matching is not None:
        resource = resource.on(change.body.get(resource.by or ""))
        return matched(resource, change.body, change.matching, context, replace_lines=change.replace_lines)
    if id is None:
        return resource.create(change.body, context)
    if change.operation == "update":
        return resource.update(id, change.body, context, replace_lines=change.replace_lines)
    if change.operation == "delete":
        return resource.delete(id, context)
    if change.element is not None:
        return resource.remove(REMOVALS[change.operation], id, change.element, context)
    return resource.act(change.operation, id, change.body, context)


def _flow(call: Call, change: Change, context: Context) -> Flow[Any]:
    """The change, guarded as its connector wants it."""
    guard, flow = call.account.connector.guard, _change(call, change, context)
    return flow if guard is None else guarded(flow, guard, context)


def _right_side(call: Call, answer: Answer, side: str | None) -> None:
    if side is not None and answer.record.get(SIDES[call.resource.name][0]) != side:
        raise Problem("not_found", "There is no record with this id.")
