"""`/integrated-account`: list, read, annotate, and a token for one. How accounts begin and end is `app.connect`'s."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from app.accounts import store
from app.accounts.schemas import (
    AccountChange,
    AccountPage,
    AccountToken,
    AccountTokenRequest,
    AccountView,
    account_view,
)
from app.core.auth import Principal
from app.core.errors import FieldError, Problem
from app.core.parameters import Limit, NextCursor, StrictRoute, clamp, next_page, page_after
from app.keys.access import authenticated, requires
from app.keys.audit import actor_of, record
from app.models.integrated_accounts import IntegratedAccount

router = APIRouter(prefix="/integrated-account", tags=["Integrated accounts"], route_class=StrictRoute)

Status = Literal["connecting", "active", "needs_reauth", "validation_error", "post_install_error"]
Reader = Annotated[Principal, Depends(requires("connections:read"))]
Caller = Annotated[Principal, Depends(authenticated)]
Writer = Annotated[Principal, Depends(requires("connections:write"))]


@router.get("", summary="List integrated accounts")
async def list_accounts(
    request: Request,
    principal: Reader,
    tenant_id: Annotated[str | None, Query(max_length=255)] = None,
    status: Annotated[Status | None, Query(description="Only in this status.")] = None,
    integration: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 100,
    next_cursor: NextCursor = None,
) -> AccountPage:
    """Newest first, only those the key may see."""
    state = request.app.state
    slug = _slug(request, integration)
    binding = ("integrated-account", principal.key_id, tenant_id or "", status or "", slug or "")
    limit = clamp(limit)
    after = page_after(state.cursors, next_cursor, *binding)
    async with state.database.read() as session:
        rows = await store.page(
            session, principal, limit + 1, after, tenant_id=tenant_id, status=status, integration=slug
        )
    last = rows[:limit][-1] if len(rows) > limit else None
    return AccountPage(
        result=[account_view(row) for row in rows[:limit]],
        next_cursor=next_page(state.cursors, last.created_at, last.id, *binding) if last else None,
        limit=limit,
    )


def _slug(request: Request, integration: str | None) -> str | None:
    """An integration by any of its names. Problem validation_failed for one that is none."""
    if integration is None:
        return None
    connectors = request.app.state.connectors
    for connector in connectors:
        if integration in (connector.slug, *connector.aliases):
            return connector.slug
    detail = f"There is no integration {integration!r}."
    error = FieldError("enum_value", "integration", detail, tuple(each.slug for each in connectors))
    raise Problem("validation_failed", detail, errors=[error], parameter="integration")


async def _row(request: Request, principal: Caller, account_id: str) -> IntegratedAccount:
    """The row of the path. A dependency, so that a foreign id is 404 before its body is looked at."""
    async with request.app.state.database.read() as session:
        row = await store.account(session, principal.environment_id, account_id)
    if row is None or not principal.sees(row.id, row.tenant_id):
        raise _unknown()
    return row


Row = Annotated[IntegratedAccount, Depends(_row)]


@router.get("/{account_id}", summary="Read an integrated account")
async def get_account(principal: Reader, row: Row) -> AccountView:
    return account_view(row)


@router.patch("/{account_id}", summary="Change an integrated account")
async def change_account(request: Request, principal: Writer, known: Row, body: AccountChange) -> AccountView:
    state = request.app.state
    async with state.database.write() as session:
        row = await store.account(session, principal.environment_id, known.id)
        if row is None:
            raise _unknown()
        merged = {**row.context, **body.context}
        row.context = {name: value for name, value in merged.items() if value is not None}
        if "quota_share" in body.model_fields_set:
            row.quota_share = body.quota_share
        row.updated_at = state.clock.now()
        given = body.model_dump(exclude_unset=True)
        detail = {"changed": sorted(given), "context": sorted(given.get("context") or ())}
        await record(
            session, row.updated_at, row.environment_id, actor_of(request, principal),
            "integrated_account.changed", row.id, detail=detail,
        )  # fmt: skip
    state.accounts.forget(known.id)
    return account_view(row)


@router.post("/token", summary="Make a token for one account")
async def create_token(
    body: AccountTokenRequest, request: Request, principal: Annotated[Principal, Depends(authenticated)]
) -> AccountToken:
    """For code that should reach one account only. It can do no more than the key it is made with."""
    if principal.token:
        raise Problem("insufficient_scope", "An account token cannot make another.")
    state = request.app.state
    account = await state.accounts.visible(principal, body.integrated_account_id)
    token = await state.access.issue(principal, account.id, actor_of(request, principal))
    return AccountToken(integrated_account_token=token)


def _unknown() -> Problem:
    return Problem("not_found", "There is no such integrated account.")
