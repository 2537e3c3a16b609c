"""The outermost layer of every request: its id, checks, path in one spelling, headers and log line."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import log, metrics, rates
from app.core.error_answers import problem_response
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.settings import Settings

RAW_ROOMS = ("/proxy/", "/native/")
"""Below these the path belongs to a provider: only duplicate slashes change."""

_RAW_ROUTES = tuple((room, f"{room}{{path}}") for room in RAW_ROOMS)

LONGEST_URL = 8 * 1024
MOST_HEADERS = 100
MOST_HEADER_BYTES = 32 * 1024

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._\-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_READS = ("GET", "HEAD")
_SLASHES = re.compile(r"/{2,}")
_RAW_SLASHES = re.compile(rb"/{2,}")
_ALIASED_ROOMS = ("native", "inbound")
_ABANDONED_ROOMS = (*RAW_ROOMS, "/unified/")
"""Where a read is of no use to anybody but its caller."""
_CSP = b"default-src 'none'; frame-ancestors 'none'"

_log = structlog.stdlib.get_logger("ledgerway.edge")


class Edge:
    """`aliases` maps every other name of an integration to the one its paths use inside."""

    def __init__(self, app: ASGIApp, *, settings: Settings, aliases: Mapping[str, str]) -> None:
        self.app = app
        self.settings = settings
        self.aliases = aliases
        self.always: list[tuple[bytes, bytes]] = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"content-security-policy", _CSP),
        ]
        if settings.secure:
            self.always.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        if scope["method"] in _READS and scope["path"].startswith(_ABANDONED_ROOMS):
            state["task"] = asyncio.current_task()
        log.begin(request_id)
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(scope, list(message.get("headers", ())), request_id)
            await send(message)

        try:
            check(scope)
            straighten(scope, self.aliases)
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            _log.info("caller_left")
        except asyncio.CancelledError:
            if not state.get("abandoned"):
                if not status:  # the server stops, and its patience with what still runs is over
                    await problem_response(Request(scope, receive), _cut_off(scope))(scope, receive, answer)
                raise
            _log.info("caller_left")
        except Exception as error:
            if status:  # half an answer is out: the connection has to break, or the half would look whole
                _log.error("answer_broken_off", exc_info=error)
                raise
            problem = error if isinstance(error, Problem) else _unexpected(error)
            await problem_response(Request(scope, receive), problem)(scope, receive, answer)
        finally:
            state.pop("task", None)
            if "leave" in state:
                state.pop("leave")()
            if "entry" in state:
                state.pop("entry").end(status or 499, state.get("problem"))
            self._account_for(scope, status or 499, time.perf_counter() - started)

    def _headers(
        self, scope: Scope, headers: list[tuple[bytes, bytes]], request_id: str
    ) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        headers.append((b"x-request-id", request_id.encode()))
        headers.extend(rates.headers(scope["state"]))
        headers.extend(pair for pair in self.always if pair[0] not in present)
        if b"cache-control" not in present and not scope["path"].startswith(RAW_ROOMS):
            headers.append((b"cache-control", b"no-store"))
        return headers

    def _account_for(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        metrics.observe_request(scope["method"], route, status, seconds)
        if not self.settings.access_log:
            return
        state = scope["state"]
        known = log.noted()
        log.access(
            {
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "request_id": state["request_id"],
                "client": (scope.get("client") or ("",))[0],
                "key_id": known.get("key_id"),
                "integrated_account_id": known.get("integrated_account_id"),
            }
        )


def abandon(state: dict[str, Any]) -> None:
    """The caller of the request with this state left: if it is a read being answered, it is cancelled."""
    task = state.pop("task", None)
    if task is not None:
        state["abandoned"] = True
        task.cancel()


def check(scope: Scope) -> None:
    """Refuses what no handler should see.

    Problem uri_too_long, headers_too_large, host_invalid; not_found or parameter_invalid for a NUL, which
    nothing here is named with and PostgreSQL cannot be asked for.
    """
    raw = scope.get("raw_path") or scope["path"].encode()
    if len(raw) + len(scope["query_string"]) > LONGEST_URL:
        raise Problem("uri_too_long", f"The URL is longer than {LONGEST_URL} bytes.")
    if b"%00" in scope["query_string"]:
        raise Problem("parameter_invalid", "The query contains NUL.")
    if "\0" in scope["path"] and not scope["path"].startswith(RAW_ROOMS):
        raise Problem("not_found", "There is nothing at this address.")
    hosts: list[bytes] = []
    size = 0
    for name, value in scope["headers"]:
        size += len(name) + len(value) + 4
        if name == b"host":
            hosts.append(value)
    if len(scope["headers"]) > MOST_HEADERS or size > MOST_HEADER_BYTES:
        raise Problem(
            "headers_too_large",
            f"At most {MOST_HEADERS} headers of {MOST_HEADER_BYTES} bytes in all are accepted.",
        )
    if len(hosts) > 1 or (not hosts and scope.get("http_version") == "1.1"):
        raise Problem("host_invalid", "A request has exactly one Host header.")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise Problem("host_invalid", "The Host header is not a host name.")


def straighten(scope: Scope, aliases: Mapping[str, str]) -> None:
    """One spelling of the path: no duplicate slashes, no trailing slash, integrations by their own name."""
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or path.encode()
    if "//" in path or b"//" in raw:
        path, raw = _SLASHES.sub("/", path), _RAW_SLASHES.sub(b"/", raw)
    room = path[1:].partition("/")[0]
    if room in _ALIASED_ROOMS:
        path, raw = _own_name(path, raw, aliases)
    if len(path) > 1 and path.endswith("/") and not path.startswith(RAW_ROOMS):
        path, raw = path.rstrip("/") or "/", raw.rstrip(b"/") or b"/"
    scope["path"], scope["raw_path"] = path, raw


def route_of(scope: Scope) -> str:
    """The template of the route that answered, never a raw path: those carry ids and worse."""
    template = getattr(scope.get("route"), "path", None)
    if template:
        return str(template)
    return next((route for room, route in _RAW_ROUTES if scope["path"].startswith(room)), "-")


def _own_name(path: str, raw: bytes, aliases: Mapping[str, str]) -> tuple[str, bytes]:
    parts = path.split("/", 3)
    own = aliases.get(parts[2]) if len(parts) > 2 else None
    if own is None:
        return path, raw
    raw_parts = raw.split(b"/", 3)
    if len(raw_parts) > 2:
        raw_parts[2] = own.encode()
    parts[2] = own
    return "/".join(parts), b"/".join(raw_parts)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return given if _REQUEST_ID.fullmatch(given) else new_id("req")
    return new_id("req")


def _unexpected(error: Exception) -> Problem:
    _log.error("unexpected_exception", exc_info=error)
    return Problem("internal_error", "Something went wrong on our side.")


def _cut_off(scope: Scope) -> Problem:
    is_read = scope["method"] in _READS
    return Problem(
        "shutting_down",
        "The server stopped before this was done.",
        executed="no" if is_read else "unknown",
        retryable=is_read or header(scope, b"idempotency-key") is not None,
        retry_after=1,
    )


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a request header, `name` in lower case."""
    return next((value for key, value in scope["headers"] if key == name), None)
