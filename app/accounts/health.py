"""Is a connection well, and if not, who has to do what: one account, and the integrations of an environment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from app.accounts import alarms, guardian, store
from app.accounts.alarms import remedy
from app.accounts.service import Account
from app.core.auth import Principal
from app.core.parameters import StrictRoute
from app.keys.access import requires
from app.models.client_alarms import ClientAlarm
from app.models.grants import Grant
from connectors.kit.connector import Connector

router = APIRouter(tags=["Integrated accounts"], route_class=StrictRoute)

Reader = Annotated[Principal, Depends(requires("connections:read"))]
State: TypeAlias = Literal["healthy", "waiting", "needs_operator", "needs_customer"]


class AlarmView(BaseModel):
    """The provider refuses the OAuth client in a data centre; the accounts there are kept and wait."""

    location: str
    code: str = Field(description="what the provider said")
    message: str = Field(description="what to do")
    since: datetime
    refusals: int
    next_attempt_at: datetime


class IntegrationHealth(BaseModel):
    """An integration this gateway offers, and what is wrong with the environment's OAuth client for it."""

    integration: str
    name: str
    locations: list[str]
    status: Literal["ok", "client_refused"]
    alarms: list[AlarmView]


class IntegrationHealths(BaseModel):
    result: list[IntegrationHealth]
    next_cursor: None = None
    limit: int


class TokenHealth(BaseModel):
    """`error` is what the provider said to the last token call, if it refused it."""

    expires_at: datetime | None
    error: str | None
    next_attempt_at: datetime | None
    recent_calls: int = Field(description="token calls the provider may still be counting")


class GrantsHealth(BaseModel):
    """Grants of the same user: the provider ends the oldest when there are more than `limit`."""

    known: int
    limit: int
    message: str | None


class AccountHealth(BaseModel):
    """`message` says who has to do what; null when nobody has to do anything."""

    integrated_account_id: str
    health: State
    status: str
    message: str | None
    last_error: dict[str, Any] | None
    token: TokenHealth
    grants: GrantsHealth | None = Field(description="null when the provider did not tell whose grant it is")
    alarm: AlarmView | None


@router.get("/integration", tags=["Connecting"], summary="List integrations and whether they are well")
async def list_integrations(request: Request, principal: Reader) -> IntegrationHealths:
    """What the gateway can be connected to, with the alarms of the environment's OAuth clients."""
    connectors: Sequence[Connector] = request.app.state.connectors
    async with request.app.state.database.read() as session:
        raised = await alarms.standing(session, principal.environment_id)
    result = [_integration(request, one, [row for row in raised if row.integration == one.slug])
              for one in connectors]  # fmt: skip
    return IntegrationHealths(result=result, limit=max(len(result), 100))


@router.get("/integrated-account/{account_id}/health", summary="Whether an account is well")
async def read_health(request: Request, principal: Reader, account_id: str) -> AccountHealth:
    """Read from what the gateway knows; no call is made."""
    state = request.app.state
    state.accounts.forget(account_id)
    account: Account = await state.accounts.visible(principal, account_id)
    async with state.database.read() as session:
        grant = await store.grant(session, account.environment_id, account.grant_id)
        raised = await alarms.standing(session, account.environment_id, account.connector.slug)
        alarm = next((one for one in raised if one.location == account.location), None)
        grants = None if grant is None else await guardian.figures(session, grant, account.connector)
    health, message = _judged(account, grant, alarm, state.clock.now())
    return AccountHealth(
        integrated_account_id=account.id,
        health=health,
        status=account.status,
        message=message,
        last_error=None if account.last_error is None else dict(account.last_error),
        token=_token(account.connector, grant, state.clock.now()),
        grants=None if grants is None else GrantsHealth(**grants),
        alarm=None if alarm is None else AlarmView(**alarms.told(alarm, account.connector)),
    )


def _integration(request: Request, connector: Connector, raised: list[ClientAlarm]) -> IntegrationHealth:
    return IntegrationHealth(
        integration=connector.slug,
        name=connector.label,
        locations=list(request.app.state.accounts.data_centers(connector)),
        status="client_refused" if raised else "ok",
        alarms=[AlarmView(**alarms.told(one, connector)) for one in raised],
    )


def _judged(
    account: Account, grant: Grant | None, alarm: ClientAlarm | None, now: datetime
) -> tuple[State, str | None]:
    """The worst first."""
    label = account.connector.label
    if account.status == "needs_reauth" or grant is None:
        told = (account.last_error or {}).get("message")
        return "needs_customer", str(told or f"The customer has to connect {label} again: POST /link-token.")
    if alarm is not None:
        return "needs_operator", remedy(account.connector)
    if account.status != "active":
        told = (account.last_error or {}).get("message")
        return "needs_operator", str(told or f"The account is {account.status}.")
    if grant.next_attempt_at is not None and grant.next_attempt_at > now:
        return "waiting", (
            f"{label} does not renew the token now ({grant.last_error}); the gateway asks again by itself. Calls work "
            "until the present token expires."
        )
    return "healthy", None


def _token(connector: Connector, grant: Grant | None, now: datetime) -> TokenHealth:
    if grant is None:
        return TokenHealth(expires_at=None, error=None, next_attempt_at=None, recent_calls=0)
    window = connector.auth.refresh_limit[1]
    calls = [at for at in grant.attempts if (now - datetime.fromisoformat(at)).total_seconds() < window]
    return TokenHealth(
        expires_at=grant.access_expires_at,
        error=grant.last_error,
        next_attempt_at=grant.next_attempt_at,
        recent_calls=len(calls),
    )
