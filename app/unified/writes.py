"""`/write`: what became of the writes asked for."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from app.core.auth import Principal
from app.core.errors import Problem
from app.core.parameters import Limit, NextCursor, StrictRoute, clamp, next_page, page_after
from app.core.redaction import redact
from app.keys import access
from app.keys.access import requires
from app.keys.audit import actor_of
from app.models.writes import Write
from app.writes import store

router = APIRouter(route_class=StrictRoute, tags=["Writes"])

Reader = Annotated[Principal, Depends(requires("logs:read"))]


_SCOPES = {
    "link-token": "link:create",
    "integrated-account": "connections:write",
    "sync-job": "sync:write",
    "webhook": "webhooks:write",
}
"""Scopes of what our own routes make; a unified resource's is its name."""


State = Literal["executing", "partial", "done", "released", "unknown"]


class WriteView(BaseModel):
    """One write, keyed or not. The body and the answer are not shown."""

    id: str
    integrated_account_id: str | None = Field(description="null: what it made is the environment's")
    tenant_id: str | None
    resource: str = Field(description="such as accounting/invoices; proxy of raw writes")
    operation: str = Field(description="create, update, delete or an action; forward of raw writes")
    method: str = Field(description="What the caller sent, and where: of a raw write that is all there is")
    path: str = Field(description="without its query")
    state: State = Field(
        description="released: provably nothing was done. partial: some of it was; its key goes on from there. "
        "unknown: nobody saw the end; it is looked for"
    )
    executed: Literal["no", "yes", "unknown"] = Field(
        description="Whether the provider did it, or some of it"
    )
    retryable: bool = Field(description="Whether sending it again, with its key if it had one, is safe")
    record_id: str | None = Field(description="The record it was about or made")
    outcome: str | None
    status: int | None = Field(description="HTTP status of the answer")
    error_code: str | None
    idempotency_key: str | None = Field(description="Once it is released, its key may stand for another too")
    reference: str | None = Field(description="The reference in the body")
    source_event: str | None = Field(description="The caller's X-Source-Event")
    request_id: str
    created_at: datetime
    sent_at: datetime | None = Field(description="When it was last about to be sent")
    settled_at: datetime | None
    next_check_at: datetime | None = Field(description="When an unknown one is looked for again")


class WritePage(BaseModel):
    """Writes, newest first."""

    result: list[WriteView]
    next_cursor: str | None
    limit: int


@router.get("/write", summary="List writes")
async def list_writes(
    request: Request,
    principal: Reader,
    limit: Limit = 100,
    next_cursor: NextCursor = None,
    integrated_account_id: Annotated[str | None, Query(description="Only of this account.")] = None,
    source_event: Annotated[str | None, Query(description="Only made for this X-Source-Event.")] = None,
    idempotency_key: Annotated[str | None, Query(description="Only with this Idempotency-Key.")] = None,
    reference: Annotated[str | None, Query(description="Only whose body had this reference.")] = None,
    record_id: Annotated[str | None, Query(description="Only about this record.")] = None,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
) -> WritePage:
    """What was asked to be written in this environment, newest first."""
    wanted = {
        "account_id": integrated_account_id,
        "source_event": source_event,
        "idempotency_key": idempotency_key,
        "reference": reference,
        "record_id": record_id,
        "state": state,
    }
    cursors, limit = request.app.state.cursors, clamp(limit)
    binding = ("write", principal.environment_id, repr(wanted))
    before = page_after(cursors, next_cursor, *binding)
    async with request.app.state.database.read() as session:
        rows = await store.page(session, principal, wanted, limit + 1, before)
    more, rows = len(rows) > limit, rows[:limit]
    return WritePage(
        result=[_view(row) for row in rows],
        next_cursor=next_page(cursors, rows[-1].created_at, rows[-1].id, *binding) if more else None,
        limit=limit,
    )


async def _seen(request: Request, principal: Reader, write_id: str) -> Write:
    async with request.app.state.database.read() as session:
        row = await store.seen_by_id(session, principal, write_id)
    if row is None:
        raise Problem("not_found", "There is no such write.")
    return row


Seen = Annotated[Write, Depends(_seen)]  # before the body is looked at: what is not theirs is not there


@router.get("/write/{write_id}", summary="Read a write")
async def read_write(row: Seen) -> WriteView:
    """What became of one write; its id is in every write's `Ledgerway-Write-Id`."""
    return _view(row)


class Resolution(BaseModel):
    """What a person found out about a write nobody saw the end of."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["executed", "not_executed"]
    remote_id: str | None = Field(default=None, max_length=255, description="The record it made or changed")


@router.post("/write/{write_id}/resolve", summary="Say how a write ended")
async def resolve_write(request: Request, principal: Reader, row: Seen, said: Resolution) -> WriteView:
    """Settle an unknown write: what it made is adopted and the rest of it done, or its key is free again."""
    state = request.app.state
    access.require(principal, _SCOPES.get(row.resource, f"{row.resource.replace('/', '.')}:write"))
    write = await state.resolver.taken(row.id, principal)
    if write is None:
        detail = f"The write is {row.state}, and only an unknown one is resolved by hand."
        told: dict[str, Any] = {"from": row.state, "allowed": ["unknown"]}
        raise Problem("invalid_transition", detail, **told)
    actor = actor_of(request, principal)
    await state.resolver.decide(write, actor, executed=said.outcome == "executed", remote_id=said.remote_id)
    return _view(await _seen(request, principal, row.id))


def _view(row: Write) -> WriteView:
    executed = _EXECUTED.get(row.state, "unknown")
    if (row.state == "executing" and row.sent_at is None) or _is_refused(row):
        executed = "no"
    own = {
        "integrated_account_id": row.account_id or None,
        "tenant_id": row.tenant_id or None,
        "executed": executed,
        "retryable": _is_safe(row),
        "path": redact(row.path),
        "idempotency_key": row.idempotency_key or row.released_key,
    }
    rest = {name: getattr(row, name) for name in WriteView.model_fields if name not in own}
    return WriteView(**own, **rest)


_EXECUTED = {"done": "yes", "partial": "yes", "released": "no"}


def _is_refused(row: Write) -> bool:
    """Whether its answer, which is the provider's own, is a refusal."""
    return row.state == "done" and row.error_code is None and (row.status or 200) >= 400


def _is_safe(row: Write) -> bool:
    """Whether sending it again does nothing twice: its key is answered from here, or nothing was done."""
    if row.idempotency_key is not None:
        return row.state != "unknown" or row.next_check_at is not None
    return row.state == "released"
