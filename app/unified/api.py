"""Routes of the unified API: one set per resource there is a unified model for. `openapi.py` describes them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from app.core import json
from app.core.errors import Problem
from app.gateway.entries import opened
from app.keys.access import authenticated
from app.unified import attachments, copies, stream
from app.unified.calls import Call, account_of, admit, checked_id, may_expand, not_offered
from app.unified.capabilities import router as capabilities
from app.unified.changes import change_of, on_its_side, remote_query_of, side_of
from app.unified.field_mapping import router as field_mapping
from app.unified.inside import element, inside, removable
from app.unified.listing import listing, view_of
from app.unified.meta import describe
from app.unified.query import Query, nearest
from app.unified.render import rows_of
from app.unified.reports import asked_of, report
from app.unified.service import Shown, Unified
from app.unified.upserts import router as upserts
from app.unified.writes import router as writes
from app.unified.writing import written
from connectors.kit.reports import Reports
from connectors.kit.resource import LISTS, Resource
from unified_models import MODELS

router = APIRouter()
router.include_router(writes)
router.include_router(attachments.router)
router.include_router(capabilities)
router.include_router(field_mapping)
router.include_router(upserts)

Handler = Callable[[Request, str, str], Awaitable[Response]]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_VERBS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


async def _list(request: Request, model: str, name: str) -> Response:
    call = on_its_side(await admit(request, model, name, "list"))
    if call.synced:
        return await copies.listed(call)
    wanted = listing(call.query, call.resource, remote_query_of(call))
    may_expand(call, wanted.expand)
    if wanted.view.format == "stream":
        pages = _service(request).pages(call, wanted)
        lines = await stream.lines(
            pages, lambda page: rows_of(page.answers, call.resource.model, wanted.view), request
        )
        return StreamingResponse(lines, media_type="application/x-ndjson")
    return _json(await _service(request).list(call, wanted))


async def _get(request: Request, model: str, name: str) -> Response:
    call = await admit(request, model, name, "get")
    id = checked_id(request.path_params["id"])
    if call.synced:
        return await copies.read(call, id)
    view = view_of(call.query, call.resource.model)
    remote_query = remote_query_of(call)
    side = side_of(call.resource, call.query)
    asked = asked_of(call.query) if isinstance(call.resource, Reports) else None
    call.query.finish()
    if isinstance(call.resource, Reports) and asked is not None:
        gateway = request.app.state.gateway
        shown = await report(gateway, call, call.resource, id, asked, view, remote_query)
    else:
        shown = await _service(request).get(call, id, view, remote_query, side)
    if shown.etag and request.headers.get("if-none-match") == f'"{shown.etag}"':
        return Response(status_code=304, headers={"ETag": f'"{shown.etag}"'})
    return _shown(shown, 200)


async def _create(request: Request, model: str, name: str) -> Response:
    return await _write(await admit(request, model, name, "create"), "create")


async def _update(request: Request, model: str, name: str) -> Response:
    return await _write(await admit(request, model, name, "update"), "update")


async def _delete(request: Request, model: str, name: str) -> Response:
    return await _write(await admit(request, model, name, "delete"), "delete")


async def _act(request: Request, model: str, name: str) -> Response:
    action = request.path_params["action"]
    call = await admit(request, model, name, action)
    if action not in call.resource.actions:
        raise _unknown_action(action, call)
    return await _write(call, action)


async def _pdf(request: Request, model: str, name: str) -> Response:
    call = await admit(request, model, name, "pdf")
    id = checked_id(request.path_params["id"])
    side = side_of(call.resource, call.query)
    call.query.finish()
    reply = await _service(request).pdf(call, id, side)
    headers = {"X-Content-Type-Options": "nosniff"}
    if "content-disposition" in reply.headers:
        headers["Content-Disposition"] = reply.headers["content-disposition"]
    media_type = reply.headers.get("content-type", "application/pdf")
    return Response(reply.content, headers=headers, media_type=media_type)


async def _inside(request: Request, model: str, name: str) -> Response:
    part = request.url.path.rstrip("/").rpartition("/")[2]
    call = await admit(request, model, name, part)
    id = checked_id(request.path_params["id"])
    side = side_of(call.resource, call.query)
    call.query.finish()
    return _json(await inside(request.app.state.gateway, call, part, id, side))


async def _refund(request: Request, model: str, name: str) -> Response:
    call = await admit(request, model, name, "get")
    id, refund = (checked_id(request.path_params[part]) for part in ("id", "element"))
    side = side_of(call.resource, call.query)
    call.query.finish()
    return _json(await element(request.app.state.gateway, call, "refunds", id, refund, side))


async def _delete_refund(request: Request, model: str, name: str) -> Response:
    call = await admit(request, model, name, "delete-refund")
    removable(call, "refunds")
    return await _write(call, "delete-refund")


async def _meta(request: Request, model: str, name: str) -> Response:
    call = await admit(request, model, name, "meta")
    call.query.finish()
    return _json(describe(call.account.connector, call.model, call.resource))


async def _custom_fields(request: Request, model: str, name: str) -> Response:
    call = await admit(request, model, name, "custom-fields")
    call.query.finish()
    return _json(await _service(request).custom_fields(call))


async def _elsewhere(request: Request) -> Response:
    """Whatever no route above took: say what there is."""
    principal = await authenticated(request)
    model, name = request.path_params["model"], request.path_params["resource"]
    opened(request, principal, f"{model}/{name}", "", reads=request.method in _SAFE)
    below = [part for part in request.path_params.get("rest", "").split("/") if part]
    key = (model, name)
    resources = [one.resources[key] for one in request.app.state.connectors if key in one.resources]
    allowed = _offered(resources, below)
    if allowed and request.method not in allowed:
        detail = f"{request.method} is not offered here."
        raise Problem("method_not_allowed", detail, headers={"Allow": ", ".join(allowed)}, allowed=allowed)
    if resources:
        raise Problem("not_found", "There is nothing at this address.")
    account = await account_of(request, principal, Query(request.scope.get("query_string", b"")))
    raise not_offered(model, name, account)


def _offered(resources: Sequence[Resource], below: list[str]) -> list[str]:
    """The HTTP methods some connector offers at a resource's address and what follows it."""
    if len(below) == 3 and below[1] in LISTS:
        parts = [part for resource in resources for part in resource.parts if below[1] in part.removable]
        return ["GET", "DELETE"] if parts else []
    if not resources or len(below) > 2:
        return []
    methods = frozenset[str]().union(*(resource.methods for resource in resources))
    if len(below) == 2:
        if below[1] == "pdf" and any(resource.pdf for resource in resources):
            return ["GET"]
        return ["POST"] if any(below[1] in resource.actions for resource in resources) else []
    if below in (["meta"], ["custom-fields"]):
        return ["GET"]
    verbs = (
        {"get": "GET", "update": "PATCH", "delete": "DELETE"} if below else {"list": "GET", "create": "POST"}
    )
    return [verb for method, verb in verbs.items() if method in methods]


# What handlers share


async def _write(call: Call, operation: str) -> Response:
    change = await change_of(call, operation)
    service = _service(call.request)
    if change.preview:
        return _json(await service.preview(call, change))
    return await written(call, change, lambda call, progress: service.write(call, change, progress))


def _unknown_action(action: str, call: Call) -> Problem:
    offered = sorted(call.resource.actions)
    if action == "send":
        detail = "There is no action send: authorise makes a draft live silently, email mails it."
        return Problem("unknown_action", detail, allowed=offered, did_you_mean=["authorise", "email"])
    near = nearest(action, offered)
    detail = f"{call.resource.name} have no action '{action[:60]}'."
    detail += f" Did you mean {near}?" if near else f" Offered: {', '.join(offered) or 'none'}."
    return Problem("unknown_action", detail, allowed=offered, did_you_mean=near)


def _service(request: Request) -> Unified:
    state = request.app.state
    return Unified(state.gateway, state.cursors, state.clock)


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.encode(body),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )


def _shown(shown: Shown, status: int) -> Response:
    headers: dict[str, str] = {}
    if shown.etag:
        headers["ETag"] = f'"{shown.etag}"'
    if shown.outcome:
        headers["Ledgerway-Outcome"] = shown.outcome
    return _json(shown.body, status, headers)


# The routes


def _offer(model: str, name: str) -> None:
    base = f"/unified/{model}/{name}"
    for method, path, handler in (
        ("GET", base, _list),
        ("POST", base, _create),
        ("GET", f"{base}/meta", _meta),
        ("GET", f"{base}/custom-fields", _custom_fields),
        ("GET", f"{base}/{{id}}", _get),
        ("PATCH", f"{base}/{{id}}", _update),
        ("DELETE", f"{base}/{{id}}", _delete),
        ("GET", f"{base}/{{id}}/pdf", _pdf),
        *(("GET", f"{base}/{{id}}/{part}", _inside) for part in LISTS),
        ("GET", f"{base}/{{id}}/refunds/{{element}}", _refund),
        ("DELETE", f"{base}/{{id}}/refunds/{{element}}", _delete_refund),
        ("POST", f"{base}/{{id}}/{{action}}", _act),
    ):
        router.add_api_route(path, _endpoint(handler, model, name), methods=[method], include_in_schema=False)


def _endpoint(handler: Handler, model: str, name: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await handler(request, model, name)

    return endpoint


for _model, _name in MODELS:
    _offer(_model, _name)
for _path in ("/unified/{model}/{resource}", "/unified/{model}/{resource}/{rest:path}"):
    router.add_api_route(_path, _elsewhere, methods=_VERBS, include_in_schema=False)
