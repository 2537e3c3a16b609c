"""`/api-key` (alias `/api-token`) and `/audit`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.params import Depends as Dependency

from app.core.auth import Principal
from app.core.errors import Problem
from app.core.parameters import Limit, NextCursor, OneOf, StrictRoute, clamp, next_page, page_after
from app.keys import audit
from app.keys.access import requires, requires_all
from app.keys.actions import ACTIONS
from app.keys.audit import actor_of, request_id_of
from app.keys.schemas import (
    ApiKeyCreated,
    ApiKeyPage,
    ApiKeyRequest,
    ApiKeyView,
    AuditPage,
    audit_view,
    key_view,
)
from app.keys.service import Keys

router = APIRouter(route_class=StrictRoute)
keys = APIRouter(route_class=StrictRoute)

_MANAGE: Dependency = Depends(requires("keys:manage"))


def _keys(request: Request) -> Keys:
    state = request.app.state
    return Keys(state.database, state.keyring, state.clock)


Room = Annotated[Keys, Depends(_keys)]
Caller = Annotated[Principal, _MANAGE]


@keys.get("", summary="List API keys")
async def list_keys(
    request: Request, room: Room, principal: Caller, limit: Limit = 100, next_cursor: NextCursor = None
) -> ApiKeyPage:
    """Keys of this environment, newest first, revoked ones included. Never a secret.

    A key limited to accounts or tenants sees, and revokes, itself and those it made.
    """
    made_by = _made_by(principal)
    cursors, binding = request.app.state.cursors, ("api-key", principal.environment_id, made_by or "")
    limit = clamp(limit)
    after = page_after(cursors, next_cursor, *binding)
    rows, more = await room.page(principal.environment_id, limit, after, made_by)
    return ApiKeyPage(
        result=[key_view(row, principal.mode) for row in rows],
        next_cursor=next_page(cursors, rows[-1].created_at, rows[-1].id, *binding) if more else None,
        limit=limit,
    )


@keys.post("", status_code=201, summary="Create an API key")
async def create_key(request: Request, room: Room, principal: Caller, body: ApiKeyRequest) -> ApiKeyCreated:
    """The answer holds the key; it is shown only here. It can do no more than the key it is made with."""
    made = await room.create(principal, body, actor_of(request, principal), request_id_of(request))
    view = key_view(made.key, principal.mode)
    return ApiKeyCreated(**view.model_dump(), key=made.secret.reveal().decode())


@keys.get("/{key_id}", summary="Get an API key")
async def get_key(room: Room, principal: Caller, key_id: str) -> ApiKeyView:
    return key_view(await room.get(principal.environment_id, key_id, _made_by(principal)), principal.mode)


@keys.delete("/{key_id}", summary="Revoke an API key")
async def delete_key(request: Request, room: Room, principal: Caller, key_id: str) -> dict[str, str]:
    """The key stops working everywhere within five seconds, and the tokens made with it."""
    return {"id": (await _revoke(request, room, principal, key_id)).id}


@keys.post("/{key_id}/revoke", summary="Revoke an API key")
async def revoke_key(request: Request, room: Room, principal: Caller, key_id: str) -> ApiKeyView:
    """The same as DELETE, answering the key."""
    return await _revoke(request, room, principal, key_id)


async def _revoke(request: Request, room: Keys, principal: Principal, key_id: str) -> ApiKeyView:
    await room.get(principal.environment_id, key_id, _made_by(principal))
    key = await room.revoke(
        principal.environment_id, key_id, actor_of(request, principal), request_id_of(request)
    )
    request.app.state.access.forget(key.kid)
    return key_view(key, principal.mode)


def _made_by(principal: Principal) -> str | None:
    return principal.key_id if principal.limited else None


@router.get("/audit", tags=["Operate"], summary="Read the audit log")
async def list_audit(
    request: Request,
    principal: Annotated[Principal, Depends(requires_all("audit:read"))],
    limit: Limit = 100,
    next_cursor: NextCursor = None,
    action: Annotated[
        Annotated[str, OneOf(ACTIONS)] | None, Query(description="Only this action, such as api_key.created.")
    ] = None,
    target: Annotated[str | None, Query(description="Only what happened to this id.")] = None,
) -> AuditPage:
    """Writes, changes of keys, links, accounts and configuration in this environment, newest first; and who was turned
    away with one of its keys (`authentication.failed`, `authorization.failed`), counted by the minute."""
    cursors, limit = request.app.state.cursors, clamp(limit)
    binding = ("audit", principal.environment_id, action or "", target or "")
    before = cursors.open(next_cursor, *binding)["before"] if next_cursor else None
    if before is not None and not isinstance(before, int):
        raise Problem("invalid_cursor")
    async with request.app.state.database.read() as session:
        rows = await audit.page(
            session, principal.environment_id, limit + 1, before, action=action, target=target
        )
    more = len(rows) > limit
    return AuditPage(
        result=[audit_view(row) for row in rows[:limit]],
        next_cursor=cursors.sign({"before": rows[limit - 1].seq}, *binding) if more else None,
        limit=limit,
    )


router.include_router(keys, prefix="/api-key", tags=["API keys"])
router.include_router(keys, prefix="/api-token", include_in_schema=False)
