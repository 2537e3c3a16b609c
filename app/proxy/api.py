"""`ANY /proxy/{path}` and `ANY /native/{integration}/{account}/…`, as bare ASGI: this is the hot path.

A request passes: credentials → account → target (path, query, body) → gateway → answer, streamed both ways.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.accounts.service import Account
from app.core.auth import Principal
from app.core.errors import Problem
from app.core.parameters import timeout_of
from app.gateway.engine import Gateway, RawAnswer, RawCall
from app.gateway.entries import Entry, opened
from app.gateway.naming import named
from app.keys.access import authenticated, authenticated_by, require
from app.proxy import native
from app.proxy.keyed import once
from app.proxy.target import check_form, guarded, native_path, native_query, parameter
from app.proxy.unkeyed import unkeyed
from app.writes.claims import key_of

ACCOUNT = "integrated_account_id"
ACCOUNT_HEADER = "x-integrated-account-id"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OUR_QUERY = frozenset({ACCOUNT})
_OURS = frozenset(
    {
        ACCOUNT_HEADER,
        "x-source-event",
        "idempotency-key",
        "x-request-id",
        "ledgerway-timeout",
        "expect",
        "via",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "x-original-url",
        "x-rewrite-url",
    }
)
"""Headers that end here: between the caller and us, or able to make a server read another method or path."""

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "multipart/mixed"})
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "iso-8859-1", "windows-1252"})


async def door(scope: Scope, receive: Receive, send: Send) -> None:
    """Everything under /proxy/ and /native/, as an ASGI application that lets Problems out."""
    if scope["method"] not in _METHODS:
        raise Problem("method_not_allowed", f"{scope['method']} is not forwarded.")
    request = Request(scope, receive)
    if scope["path"].startswith("/proxy/"):
        await _proxy(request, send)
    else:
        await _native(request, send)


async def _proxy(request: Request, send: Send) -> None:
    """`/proxy/{path}`: the account is named by query or header, or implied by an account token."""
    principal = await authenticated(request)
    entry = _opened(request, principal, "/proxy/{path}")
    account = entry.account = await named(request, principal, _account_id(request, principal))
    path = native_path(below(request.scope, "/proxy/"))
    await forward(request, principal, account, path, send, entry, ours=_OUR_QUERY)


async def _native(request: Request, send: Send) -> None:
    """`/native/{integration}/{account}/…`: the provider's own URL layout, for unmodified clients."""
    state = request.app.state
    parts = request.scope["path"].split("/", 4)
    if len(parts) < 5:
        raise Problem("not_found", "There is nothing at this address.")
    slug, account_id = parts[2], parts[3]
    connector = native.connector_of(state.connectors, slug)
    rest = native_path(below(request.scope, f"/native/{slug}/{account_id}/"))
    if rest.casefold() == "/" + connector.native.token_path:
        answer = await native.token_answer(request, connector, account_id)
        await answer(request.scope, request.receive, send)
        return
    secret = native.secret_of(request, connector)
    principal = await authenticated_by(request, secret)
    entry = _opened(request, principal, "/native/{integration}/{account_id}/{path}")
    account = entry.account = await named(request, principal, account_id)
    if account.connector is not connector or not rest.startswith(connector.native.prefix + "/"):
        raise Problem(
            "not_found", f"Native calls go below {connector.native.prefix}/ of an account of {slug}."
        )
    path = rest.removeprefix(connector.native.prefix)
    ours = frozenset(connector.native.key_query)
    await forward(request, principal, account, path, send, entry, ours=ours)


def _opened(request: Request, principal: Principal, route: str) -> Entry:
    entry = opened(request, principal, "proxy", "forward", reads=request.method in _READS)
    entry.route, entry.meter.method = route, request.method
    return entry


def below(scope: Scope, prefix: str) -> bytes:
    """The undecoded path after `prefix`. Problem invalid_proxy_path when the prefix itself was encoded."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.split(b"?", 1)[0]
    if not path.startswith(prefix.encode()):
        raise Problem("invalid_proxy_path", "The address cannot be forwarded: its own part is encoded.")
    return path[len(prefix) :]


def _account_id(request: Request, principal: Principal) -> str:
    """The one account this request is for. Problem parameter_missing or duplicate_parameter."""
    named = [*parameter(request.scope["query_string"], ACCOUNT), *request.headers.getlist(ACCOUNT_HEADER)]
    if len(set(named)) > 1:
        raise Problem("duplicate_parameter", f"{ACCOUNT} was given more than once.", parameter=ACCOUNT)
    if named:
        return named[0]
    if principal.token and principal.account_ids:
        return next(iter(principal.account_ids))
    raise Problem("parameter_missing", f"{ACCOUNT} is missing.", parameter=ACCOUNT)


async def forward(
    request: Request,
    principal: Principal,
    account: Account,
    path: str,
    send: Send,
    entry: Entry,
    *,
    ours: frozenset[str],
) -> None:
    """Checks what the call may reach, sends it, and streams the answer."""
    method, reads = request.method, entry.reads
    entry.meter.native_path = path
    require(principal, "proxy:read" if reads else "proxy:write")
    raw_native = account.connector.native
    reason = raw_native.refuse(method, path, account.organization.id)
    if reason is not None:
        raise Problem("native_call_refused", reason)
    query = native_query(request.scope["query_string"], raw_native, account.organization.id, ours)
    gateway: Gateway = request.app.state.gateway
    run = entry.run(account, timeout_of(request))
    headers = tuple((name, value) for name, value in request.headers.items() if name not in _OURS)
    demanded = request.app.state.settings.require_idempotency_key
    key = None if reads else key_of(request.headers, required=demanded)
    body = await _body(request, account)
    call = RawCall(method, path, query, headers, body)
    if key is not None:
        answer = await once(request, principal, run, call, key)
    elif reads:
        answer = await gateway.forward(run, call)
    else:
        answer = await unkeyed(request, principal, run, call)
    entry.meter.executed = "no" if answer.status >= 400 and answer.executed == "yes" else answer.executed
    await _stream(answer, send, empty=method == "HEAD")


async def _body(request: Request, account: Account) -> AsyncIterator[bytes] | bytes | None:
    """The request's body: None, a checked form, or a stream."""
    length = request.headers.get("content-length")
    if length == "0" or (length is None and "transfer-encoding" not in request.headers):
        return None
    given = request.headers.getlist("content-type")
    kind = given[0].partition(";")[0].strip().casefold() if given else ""
    if len(given) > 1 or "," in kind:  # the provider might believe another than we checked
        raise Problem("unsupported_media_type", "Send one Content-Type.")
    if kind in _FORMS:
        _check_readable(request, given[0])
    if kind == "application/x-www-form-urlencoded":
        body = await request.body()
        check_form(body, account.connector.native, account.organization.id)
        return body
    if kind in _FORMS:
        return guarded(request.stream(), account.connector.native)
    return request.stream()


def _check_readable(request: Request, content_type: str) -> None:
    """A form has to be checked, so it comes uncompressed and in a charset that contains ASCII as it is."""
    if request.headers.get("content-encoding", "identity").strip().casefold() != "identity":
        raise Problem("unsupported_encoding", "Send forms without content encoding.")
    charset = _CHARSET.search(content_type)
    if charset is not None and charset[1].casefold() not in _CHARSETS:
        raise Problem("unsupported_media_type", "Send forms in UTF-8.")


async def _stream(answer: RawAnswer, send: Send, *, empty: bool) -> None:
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": answer.headers,
    }
    body = answer.body
    if isinstance(body, bytes):
        await send(start)
        await send({"type": "http.response.body", "body": b"" if empty else body, "more_body": False})
        return
    try:
        await send(start)
        left, more = _length(answer.headers), True
        if not empty:
            async for chunk in body:
                left -= len(chunk)
                more = left != 0
                await send({"type": "http.response.body", "body": chunk, "more_body": more})
        if more:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        await answer.aclose()


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    """The announced length of the body; -1, which no body comes down to, when there is none."""
    announced = next((value for name, value in headers if name == b"content-length"), b"")
    return int(announced) if announced.isdigit() else -1
