"""`/integrated-account/{id}/capabilities`: what one account can do, cut to what its customer granted."""

from collections.abc import Callable, Iterable, Iterator
from inspect import cleandoc
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from app.accounts.service import Account
from app.core.auth import Principal
from app.core.parameters import StrictRoute
from app.keys.access import requires
from app.unified.matching import matchable
from connectors.kit.resource import Resource

router = APIRouter(route_class=StrictRoute, tags=["Integrated accounts"])

_NEEDS = {"list": "read", "get": "read", "create": "create", "update": "update", "delete": "delete"}
_VERBS = {"GET": "read", "POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}


class IntegrationView(BaseModel):
    id: str
    name: str
    label: str
    category: str


class MissingView(BaseModel):
    """Something the connector offers and the grant does not allow."""

    operation: str = Field(description="A method, pdf, or the name of an action")
    scopes: list[str] = Field(description="The provider's scopes that are missing")


class OfferedView(BaseModel):
    """One resource. What stands in `methods` and `actions` works with the scopes granted."""

    model: str
    model_label: str
    resource: str
    description: str
    docs_url: str = Field(description="Its meta: fields, filters, sort keys, enums, actions, cost")
    methods: list[str]
    actions: list[str]
    pdf: bool
    match_on: list[str] = Field(description="What a create can look by before it creates")
    missing: list[MissingView] = Field(description="Offered, but not granted; reconnect to grant it")
    calls: dict[str, int] = Field(description="Provider calls of each method and action")
    env_overridden: bool = False


class AuthView(BaseModel):
    formats: list[str]
    fields: list[dict[str, Any]]


class AccountStateView(BaseModel):
    id: str
    status: str
    authentication_method: str
    is_blocked: bool = Field(description="Whether calls are refused until the customer reconnects")


class CapabilitiesView(BaseModel):
    """What an account can do. `scopes` are the provider's; null where it did not tell what was granted."""

    integration: IntegrationView
    environment_id: str
    proxy: list[dict[str, Any]] = Field(description="Empty: the raw proxy takes every path, by no names")
    unified: list[OfferedView]
    auth: AuthView
    account: AccountStateView
    scopes: list[str] | None
    missing_scopes: list[str] = Field(description="Every scope something offered lacks")


@router.get("/integrated-account/{account_id}/capabilities", summary="What an account can do")
async def read_capabilities(
    request: Request,
    principal: Annotated[Principal, Depends(requires("connections:read"))],
    account_id: str,
) -> CapabilitiesView:
    """Asks the provider nothing, and answers whatever state the connection is in."""
    account = await request.app.state.accounts.visible(principal, account_id)
    return capabilities(account, str(request.app.state.settings.public_url or ""))


def capabilities(account: Account, base_url: str = "") -> CapabilitiesView:
    """What the connector's rows offer, beside what the account's scopes allow."""
    connector = account.connector
    holds = _holder(account)
    offered = [
        _offered(model, resource, holds, f"{base_url.rstrip('/')}/unified/{model}/{name}/meta")
        for (model, name), resource in sorted(connector.resources.items())
    ]
    return CapabilitiesView(
        integration=IntegrationView(
            id=connector.slug, name=connector.slug, label=connector.label, category="accounting"
        ),
        environment_id=account.environment_id,
        proxy=[],
        unified=offered,
        auth=AuthView(formats=["oauth2"], fields=[]),
        account=AccountStateView(
            id=account.id,
            status=account.status,
            authentication_method="oauth2",
            is_blocked=account.status not in ("active", "post_install_error"),
        ),
        scopes=list(account.scopes) or None,
        missing_scopes=_distinct(scope for each in offered for lack in each.missing for scope in lack.scopes),
    )


def _holder(account: Account) -> Callable[[str], bool]:
    """Whether a provider's scope was granted. Where the provider told none, all are taken for granted."""
    grants = account.connector.auth.grants
    return lambda wanted: not account.scopes or any(grants(held, wanted) for held in account.scopes)


def _offered(model: str, resource: Resource, holds: Callable[[str], bool], meta_url: str) -> OfferedView:
    told = resource.describe()
    able: set[str] = set()
    missing: dict[str, list[str]] = {}
    for part in resource.parts:
        for operation, verbs in _operations(part):
            lacking = [scope for verb in verbs if (scope := part.scopes.get(verb)) and not holds(scope)]
            if lacking:
                missing.setdefault(operation, []).extend(lacking)
            else:
                able.add(operation)
    methods = [method for method in _NEEDS if method in able]
    return OfferedView(
        model=model,
        model_label=model.replace("-", " ").capitalize(),
        resource=resource.name,
        description=cleandoc(resource.model.__doc__ or resource.name),
        docs_url=meta_url,
        methods=methods,
        actions=sorted(able & set(resource.actions)),
        pdf="pdf" in able,
        match_on=list(matchable(resource)) if {"list", "create"} <= able else [],
        missing=[MissingView(operation=name, scopes=_distinct(lacks)) for name, lacks in missing.items()],
        calls={name: calls for name, calls in told["calls"].items() if name in able},
    )


def _operations(part: Resource) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What one side offers, and the verbs its scopes are named by. An action is followed by a read."""
    for method, verb in _NEEDS.items():
        if method in part.methods:
            yield method, (verb,)
    if part.pdf is not None:
        yield "pdf", ("read",)
    for name, action in sorted(part.actions.items()):
        yield name, tuple(dict.fromkeys((_VERBS.get(action.method, "create"), "read")))


def _distinct(scopes: Iterable[str]) -> list[str]:
    return sorted(set(scopes))
