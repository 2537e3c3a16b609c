"""A write as the caller asked for it, before anything is sent."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from app.core import json
from app.core.errors import Problem
from app.unified.body import Mode, decode, validate
from app.unified.calls import Call, checked_id
from app.unified.listing import View, view_of
from app.unified.matching import Rule, rule_of
from app.unified.query import Query, refused
from app.writes.claims import ordered
from connectors.kit.faults import FieldError
from connectors.kit.http import Pairs
from connectors.kit.resource import Resource

SIDES = {"invoices": ("type", "invoice"), "payments": ("payment_for", "invoice"), "bills": ("type", "bill")}
"""Resources whose native collections may be joined: the field that says which side, and the path's default."""


REMOVALS = {"delete-refund": "refunds"}
"""Operations that delete one element of a list inside a record → the list."""

_ASIDE = frozenset({b"integrated_account_id", b"preview", b"preview_token", b"allow_duplicate"})
"""Parameters that do not make two requests different."""


@dataclass(frozen=True, slots=True)
class Change:
    """`operation` is create, update, delete, the name of an action, or one of REMOVALS, of `element`; `side` is
    what `type=` asked for. `asked` is what another process needs to ask the same; None where it cannot be kept.
    """

    operation: str
    id: str | None
    body: dict[str, Any]
    raw: Any
    view: View = field(default_factory=View)
    remote_query: Pairs = ()
    replace_lines: bool = False
    side: str | None = None
    if_match: str | None = None
    preview: bool = False
    status: int = 200
    matching: Rule | None = None
    preview_token: str | None = None
    may_repeat: bool = False
    element: str | None = None
    asked: dict[str, Any] | None = None


async def change_of(call: Call, operation: str) -> Change:
    """Read the query, the headers and the body of a write. Problem for whatever is wrong with them."""
    request, query = call.request, call.query
    id = checked_id(request.path_params["id"]) if operation != "create" else None
    element = checked_id(request.path_params["element"]) if operation in REMOVALS else None
    view = view_of(query, call.resource.model)
    remote_query = remote_query_of(call)
    side = side_of(call.resource, query) if operation != "create" or call.resource.sides else None
    matching = rule_of(query, call.resource.on(side)) if operation == "create" else None
    changes = operation == "update" or (matching is not None and matching.then == "update")
    replace_lines = changes and query.flag("replace_lines")
    preview = query.flag("preview")
    token = query.text("preview_token")
    may_repeat = operation == "create" and query.flag("allow_duplicate")
    query.finish()
    raw, body = await _body(call, operation)
    return Change(
        operation=operation,
        id=id,
        body=body,
        raw=raw,
        view=view,
        remote_query=remote_query,
        replace_lines=replace_lines,
        side=side,
        if_match=request.headers.get("if-match"),
        preview=preview,
        matching=matching,
        preview_token=token,
        may_repeat=may_repeat,
        element=element,
        asked={"query": request.scope.get("query_string", b"").decode("latin-1"), "body": raw},
        status=201 if operation == "create" or _creates(call, operation) else 200,
    )


def _creates(call: Call, operation: str) -> bool:
    action = call.resource.actions.get(operation)
    return action is not None and bool(action.creates)


async def _body(call: Call, operation: str) -> tuple[Any, dict[str, Any]]:
    """The body as it came and as its model understood it."""
    if operation == "delete" or operation in REMOVALS:
        return {}, {}
    request = call.request
    is_action = operation not in ("create", "update")
    raw = decode(await request.body(), request.headers.get("content-type"), optional=is_action)
    if not is_action:
        mode: Mode = "create" if operation == "create" else "update"
        return raw, validate(raw, call.resource.model, mode)
    model = call.resource.actions[operation].fields
    if model is not None:
        return raw, validate(raw, model, "act")
    if raw:
        errors = [FieldError("unknown_field", f"/{name}", f"{operation} takes no body.") for name in raw]
        raise Problem("validation_failed", f"{operation} takes no body.", errors=errors)
    return raw, {}


def remote_query_of(call: Call) -> Pairs:
    """`remote_query[x]=y` pairs. What only the gateway sets is 400 `parameter_reserved`."""
    pairs = call.query.mapping("remote_query")
    reserved = {name.casefold() for name in call.account.connector.native.reserved_query}
    for name, value in pairs:
        if name.casefold() in reserved and value != call.account.organization.id:
            detail = f"{name} is set by the gateway."
            raise Problem("parameter_reserved", detail, parameter=f"remote_query[{name}]")
    return tuple((name, value) for name, value in pairs if name.casefold() not in reserved)


def side_of(resource: Resource, query: Query) -> str | None:
    """`type=` (`payment_for=`) of a by-id call, where it says more than the path does."""
    if resource.name not in SIDES:
        return None
    name, usual = SIDES[resource.name]
    value = query.text(name)
    if value is not None and value not in ("invoice", "bill"):
        raise refused(name, f"{name} is invoice or bill.", allowed=("invoice", "bill"), code="enum_value")
    return value if value != usual or resource.sides else None


def on_its_side(call: Call) -> Call:
    """A list's call, narrowed to the side its `type=` names. Of one side only: the other is refused."""
    name = call.resource.name
    if name not in SIDES:
        return call
    parameter, usual = SIDES[name]
    if call.resource.sides:
        given = call.query.rest().get(parameter, [])
        word = given[0].value if len(given) == 1 and not given[0].path else None
        return replace(call, resource=call.resource.narrowed(word))
    if parameter not in call.resource.filters and side_of(call.resource, call.query) is not None:
        detail = f"{call.account.connector.label} offers {name} with {parameter}={usual} only."
        error = FieldError("unsupported_filter", parameter, detail, (usual,))
        raise Problem("unsupported_filter", detail, errors=[error], parameter=parameter, allowed=[usual])
    return call


def fingerprint(call: Call, change: Change) -> str:
    """What makes two requests the same: query without the account, and body, whatever order they came in."""
    query = sorted(
        part
        for part in call.request.scope.get("query_string", b"").split(b"&")
        if part and part.partition(b"=")[0] not in _ASIDE
    )
    return sha256(b"&".join(query) + b"\n" + json.encode(ordered(change.raw))).hexdigest()
