"""`POST /link-token`, and the life of an account: import, renewal, its token, its end."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.accounts import store as account_store
from app.accounts.schemas import AccountView, account_view
from app.accounts.service import Account
from app.connect import store
from app.connect.importing import Importing
from app.connect.returning import fault_of
from app.connect.schemas import AccountReference, ImportRequest, LinkTokenAnswer, LinkTokenRequest, Renewal
from app.core.auth import Principal
from app.core.errors import FieldError, Problem
from app.core.ids import new_id
from app.core.parameters import StrictRoute
from app.core.settings import Settings
from app.keys.access import requires
from app.keys.audit import actor_of, record, request_id_of
from app.models.link_tokens import LinkToken
from app.writes.routes import ONCE, once
from connectors.kit.connector import Connector

router = APIRouter(tags=["Connecting"], route_class=StrictRoute)


@router.post(
    "/link-token",
    status_code=201,
    openapi_extra=ONCE,
    summary="Make a link for an end customer to connect with",
)
@once("link-token")
async def create_link_token(
    body: LinkTokenRequest,
    request: Request,
    principal: Annotated[Principal, Depends(requires("link:create"))],
) -> LinkTokenAnswer:
    """The link works once, for seven days unless `expires_in` says otherwise. The token is shown only here."""
    state = request.app.state
    settings: Settings = state.settings
    connector = _integration(request, body.integration)
    _check_return_url(settings, body.redirect_uri)
    _check_names(connector, body)
    tenant, account_id, context = body.tenant_id, None, body.context
    if body.integrated_account_id is not None:
        account = await state.accounts.visible(principal, body.integrated_account_id)
        tenant, account_id, connector = account.tenant_id, account.id, account.connector
        context = {**account.context, **context} if body.persist_previous_context else context
    else:
        _check_tenant(principal, tenant)
    token = f"lwl_{secrets.token_urlsafe(32)}"
    now = state.clock.now()
    link = LinkToken(
        id=new_id("lnk"),
        environment_id=principal.environment_id,
        token_hash=store.digest(token),
        tenant_id=tenant or "",
        created_at=now,
        expires_at=now + timedelta(seconds=body.expires_in),
        integration=connector.slug,
        scopes=body.scopes,
        models=body.models or [],
        context=context,
        redirect_uri=body.redirect_uri,
        companies=body.companies,
        account_id=account_id,
        created_by=principal.key_id,
    )
    async with state.database.write() as session:
        session.add(link)
        await record(
            session,
            now,
            principal.environment_id,
            actor_of(request, principal),
            "link_token.created",
            link.id,
            request_id=request_id_of(request),
            detail={"tenant_id": link.tenant_id, "account_id": account_id},
        )
    url = f"{settings.public_url}/connect-account?link_token={token}"
    return LinkTokenAnswer(
        link_token=token, url=url, expires_at=link.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    )


@router.post("/integrated-account", status_code=201, openapi_extra=ONCE, summary="Import an existing grant")
@once("integrated-account")
async def import_account(
    body: ImportRequest,
    request: Request,
    principal: Annotated[Principal, Depends(requires("connections:write"))],
) -> AccountView:
    """The grant is checked with the provider before anything is stored. Also: another company of a known grant."""
    _check_tenant(principal, body.tenant_id)
    importing: Importing = request.app.state.importing
    actor = actor_of(request, principal)
    if body.same_grant_as is not None:
        known = await request.app.state.accounts.usable(principal, body.same_grant_as)
        account = await importing.another(known, body, actor)
    else:
        connector = _integration(request, body.integration)
        account = await importing.grant(principal.environment_id, connector, body, actor)
    async with request.app.state.database.read() as session:
        row = await account_store.account(session, account.environment_id, account.id)
    if row is None:
        raise Problem("connection_state_conflict", "The account was deleted while it was being made.")
    return account_view(row)


@router.delete("/integrated-account/{account_id}", summary="Disconnect an account")
async def delete_account(
    account_id: str,
    request: Request,
    principal: Annotated[Principal, Depends(requires("connections:write"))],
    purge: bool = False,
) -> AccountReference:
    """Its credentials are shredded, and revoked at the provider unless another account shares the grant."""
    account = await _visible(request, principal, account_id)
    importing: Importing = request.app.state.importing
    await importing.end(account, actor_of(request, principal))
    return AccountReference(id=account.id)


@router.post("/integrated-account/refresh-credentials", summary="Renew an account's access token now")
async def refresh_credentials(
    body: AccountReference,
    request: Request,
    principal: Annotated[Principal, Depends(requires("connections:write"))],
) -> Renewal:
    account = await _visible(request, principal, body.id)
    await request.app.state.gateway.refresh(account)
    return Renewal(success=True)


async def _visible(request: Request, principal: Principal, account_id: str) -> Account:
    return await request.app.state.accounts.visible(principal, account_id)


def _check_tenant(principal: Principal, tenant_id: str | None) -> None:
    if principal.account_ids is not None:
        raise Problem("insufficient_scope", "This key is limited to accounts that exist already.")
    if principal.tenant_ids is not None and tenant_id not in principal.tenant_ids:
        raise Problem("insufficient_scope", "This key is limited to other tenants.")


def _integration(request: Request, name: str | None) -> Connector:
    connectors: Sequence[Connector] = request.app.state.connectors
    for connector in connectors:
        if name is None or name == connector.slug or name in connector.aliases:
            return connector
    offered = tuple(one.slug for one in connectors)
    raise _refused("enum_value", "/integration", f"There is no integration {name!r}.", offered)


def _check_return_url(settings: Settings, url: str | None) -> None:
    """Any https or loopback URL, unless the operator listed the ones allowed."""
    if url is None:
        return
    if settings.return_urls:
        if url not in settings.return_urls:
            raise _refused("enum_value", "/redirect_uri", "This URL is not among the allowed return URLs.")
    elif (fault := fault_of(url)) is not None:
        raise _refused("wrong_type", "/redirect_uri", fault)


def _check_names(connector: Connector, body: LinkTokenRequest) -> None:
    known = {"scopes": set(connector.auth.scopes), "models": {model for model, _ in connector.resources}}
    for field, names in known.items():
        for position, name in enumerate(getattr(body, field) or ()):
            if name not in names:
                raise _refused(
                    "enum_value", f"/{field}/{position}", f"{name!r} is not known.", tuple(sorted(names))
                )


def _refused(code: str, pointer: str, detail: str, allowed: tuple[str, ...] = ()) -> Problem:
    return Problem("validation_failed", detail, errors=[FieldError(code, pointer, detail, allowed)])
