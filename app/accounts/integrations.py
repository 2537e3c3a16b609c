"""`/environment-integration`: the OAuth clients an environment brings itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.accounts.clients import OAuthClients
from app.core.auth import Principal
from app.core.errors import FieldError, Problem
from app.core.parameters import StrictRoute
from app.keys.access import requires_all
from app.keys.audit import actor_of, request_id_of
from app.models.oauth_clients import OAuthClient
from connectors.kit.connector import Connector

router = APIRouter(prefix="/environment-integration", tags=["Connecting"], route_class=StrictRoute)

Reader = Annotated[Principal, Depends(requires_all("connections:read"))]
Writer = Annotated[Principal, Depends(requires_all("connections:write"))]
ClientId = Annotated[str, Field(min_length=1, max_length=255, examples=["1000.ABCDEF"])]
ClientSecret = Annotated[SecretStr, Field(min_length=1, max_length=1000)]


class IntegrationRequest(BaseModel):
    """A client registered at the provider; without `location` it serves every data centre that has no own."""

    model_config = ConfigDict(extra="forbid")

    integration: str = Field(max_length=64)
    client_id: ClientId
    client_secret: ClientSecret
    location: str | None = Field(None, max_length=32, examples=["eu"])


class IntegrationChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    client_id: ClientId | None = None
    client_secret: ClientSecret | None = None


class IntegrationView(BaseModel):
    """A stored client; its secret is never shown."""

    id: str
    integration: str
    location: str | None
    client_id: str
    created_at: datetime
    updated_at: datetime


class IntegrationList(BaseModel):
    result: list[IntegrationView]
    next_cursor: None = None
    limit: int


class IntegrationDeleted(BaseModel):
    id: str


@router.get("", summary="List stored OAuth clients")
async def list_integrations(request: Request, principal: Reader) -> IntegrationList:
    rows = await _clients(request).stored(principal.environment_id)
    return IntegrationList(result=[_view(row) for row in rows], limit=max(len(rows), 100))


@router.post("", status_code=201, summary="Store an OAuth client")
async def create_integration(
    request: Request, principal: Writer, body: IntegrationRequest
) -> IntegrationView:
    """It comes before the operator's client for links and refreshes of this environment.

    Grants made with another client cannot be refreshed with it: their customers reconnect.
    """
    connector = _connector(request, body.integration)
    centers = request.app.state.accounts.data_centers(connector)
    if body.location is not None and body.location not in centers:
        raise _refused("/location", f"{connector.slug} has no data centre {body.location!r}.", tuple(centers))
    row = await _clients(request).add(
        principal.environment_id,
        connector.slug,
        body.location or "",
        body.client_id,
        body.client_secret.get_secret_value(),
        actor_of(request, principal),
        request_id_of(request),
    )
    return _view(row)


@router.get("/{integration_id}", summary="Get a stored OAuth client")
async def get_integration(request: Request, principal: Reader, integration_id: str) -> IntegrationView:
    return _view(await _clients(request).get(principal.environment_id, integration_id))


@router.patch("/{integration_id}", summary="Replace an OAuth client's id or secret")
async def change_integration(
    request: Request, principal: Writer, integration_id: str, body: IntegrationChange
) -> IntegrationView:
    secret = body.client_secret.get_secret_value() if body.client_secret is not None else None
    row = await _clients(request).change(
        principal.environment_id,
        integration_id,
        body.client_id,
        secret,
        actor_of(request, principal),
        request_id_of(request),
    )
    return _view(row)


@router.delete("/{integration_id}", summary="Remove a stored OAuth client")
async def delete_integration(request: Request, principal: Writer, integration_id: str) -> IntegrationDeleted:
    """The operator's client stands in for it again."""
    await _clients(request).remove(
        principal.environment_id, integration_id, actor_of(request, principal), request_id_of(request)
    )
    return IntegrationDeleted(id=integration_id)


def _clients(request: Request) -> OAuthClients:
    return request.app.state.clients


def _connector(request: Request, name: str) -> Connector:
    connectors: Sequence[Connector] = request.app.state.connectors
    for connector in connectors:
        if name in (connector.slug, *connector.aliases):
            return connector
    raise _refused(
        "/integration", f"There is no integration {name!r}.", tuple(one.slug for one in connectors)
    )


def _refused(pointer: str, detail: str, allowed: tuple[str, ...]) -> Problem:
    return Problem("validation_failed", detail, errors=[FieldError("enum_value", pointer, detail, allowed)])


def _view(row: OAuthClient) -> IntegrationView:
    return IntegrationView(
        id=row.id,
        integration=row.integration,
        location=row.location or None,
        client_id=row.client_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
