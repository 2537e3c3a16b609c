"""A request admitted: who asks, for which account, which resource, under which deadline."""

from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from fastapi import Request

from app.accounts.contexts import context_of
from app.accounts.service import Account
from app.core.auth import Principal
from app.core.errors import Problem
from app.core.parameters import timeout_of
from app.gateway.engine import Run
from app.gateway.entries import opened
from app.gateway.naming import named
from app.keys.access import authenticated, require
from app.synced.store import Owner
from app.unified.query import Query
from connectors.kit.http import Pairs
from connectors.kit.operations import Context
from connectors.kit.resource import LISTS, Resource

ACCOUNT_HEADER = "x-integrated-account-id"
SOURCES = ("live", "synced")
_LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the unified API after authentication, scope and account were settled."""

    request: Request
    principal: Principal
    account: Account
    model: str
    resource: Resource
    run: Run
    query: Query
    synced: bool = False
    """Whether the copies are asked, not the provider."""

    @property
    def path(self) -> str:
        """The resource with its model: "accounting/invoices"."""
        return f"{self.model}/{self.resource.name}"

    @property
    def owner(self) -> Owner:
        return Owner(self.account.environment_id, self.account.id, self.account.tenant_id)

    def context(self, remote_query: Pairs = (), now: datetime | None = None) -> Context:
        """What the connector's flows may know; `now` is given when they run once more."""
        return context_of(self.account, now or self.request.app.state.clock.now(), remote_query)


async def admit(request: Request, model: str, name: str, operation: str) -> Call:
    """Authenticate, check the scope, name the account, find the resource.

    Problem unauthenticated, insufficient_scope, parameter_missing, not_found, method_not_allowed,
    needs_reauth.
    """
    principal = await authenticated(request)
    reads = operation in _READING
    entry = opened(request, principal, f"{model}/{name}", operation, reads=reads)
    require(principal, f"{model}.{name}:{'read' if reads else 'write'}")
    query = Query(request.scope.get("query_string", b""))
    synced = operation in ("list", "get") and query.option("source", SOURCES) == "synced"
    account = entry.account = await account_of(request, principal, query, awake=not synced)
    resource = account.connector.resources.get((model, name))
    if resource is None:
        raise not_offered(model, name, account)
    if operation in ("list", "get", "create", "update", "delete") and operation not in resource.methods:
        raise _no_method(request, resource)
    return Call(
        request=request,
        principal=principal,
        account=account,
        model=model,
        resource=resource,
        query=query,
        synced=synced,
        run=entry.run(account, timeout_of(request)),
    )


def may_expand(call: Call, names: tuple[str, ...]) -> None:
    """What expansions bring into a list needs its own scope. Problem insufficient_scope."""
    for name in names:
        require(call.principal, f"{call.model}.{call.resource.expansions[name]}:read")


async def account_of(request: Request, principal: Principal, query: Query, *, awake: bool = True) -> Account:
    """The account a request names. `awake`: ready to be called; its copies can be read in any state."""
    return await named(request, principal, _account_id(request, principal, query), awake=awake)


def not_offered(model: str, name: str, account: Account) -> Problem:
    """404 for a resource this account's connector does not have; names those it has."""
    offered = sorted(f"{m}/{n}" for m, n in account.connector.resources)
    near = get_close_matches(f"{model}/{name}", offered, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    detail = f"{account.connector.label} has no resource {model[:60]}/{name[:60]}.{hint}"
    return Problem("not_found", detail, offered=offered)


def checked_id(value: str) -> str:
    """An id as it may stand in a path; anything else names nothing."""
    if (
        not value
        or len(value) > _LONGEST_ID
        or not value.isprintable()
        or "/" in value
        or value in (".", "..")
    ):
        raise Problem("not_found", "There is no record with this id.")
    return value


def _no_method(request: Request, resource: Resource) -> Problem:
    on_one = "id" in request.path_params
    verbs = (
        {"get": "GET", "update": "PATCH", "delete": "DELETE"} if on_one else {"list": "GET", "create": "POST"}
    )
    allowed = sorted(verb for method, verb in verbs.items() if method in resource.methods)
    verb = _SAID.get(request.method, "used")
    detail = f"{resource.name} cannot be {verb} here; offered: {', '.join(allowed) or 'nothing'}."
    return Problem("method_not_allowed", detail, headers={"Allow": ", ".join(allowed)}, allowed=allowed)


_READING = frozenset({"list", "get", "pdf", "meta", "custom-fields", "attachments", *LISTS})
_SAID = {"GET": "read", "POST": "created", "PATCH": "changed", "DELETE": "deleted"}


def _account_id(request: Request, principal: Principal, query: Query) -> str:
    named = query.text("integrated_account_id")
    header = request.headers.get(ACCOUNT_HEADER)
    if named and header and named != header:
        detail = "integrated_account_id and X-Integrated-Account-Id name different accounts."
        raise Problem("duplicate_parameter", detail, parameter="integrated_account_id")
    given = named or header
    if given:
        return given
    if principal.token and principal.account_ids and len(principal.account_ids) == 1:
        return next(iter(principal.account_ids))
    detail = "Name the account: integrated_account_id=… or the header X-Integrated-Account-Id."
    raise Problem("parameter_missing", detail, parameter="integrated_account_id")
