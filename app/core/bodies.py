"""Request bodies: how large they may be, and which media types are understood."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import json
from app.core.edge import RAW_ROOMS, header
from app.core.errors import Problem

_FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data")
_FORM_ROOMS = ("/connect-account", "/oauth/", "/unified/")
"""Where people's browsers send forms, or files are uploaded."""

_OWN_PARSER = ("/unified/",)
"""Rooms that parse their bodies themselves with the strict parser."""

_AS_IT_CAME = ("/inbound/",)
"""Where a provider posts what it likes: its signature is over these bytes."""

_UPLOADS = "/attachments"
"""Where files are uploaded: they are larger than JSON."""


class Bodies:
    """Reads a body once, within `limit`, before the handler runs; streams it under /proxy and /native, and
    uploads, so that nobody fills the memory with files before the handler knows who is asking.

    Problem body_too_large (413), unsupported_media_type, unsupported_encoding (415), malformed_json (400).
    """

    def __init__(self, app: ASGIApp, *, limit: int, raw_limit: int) -> None:
        self.app = app
        self.limit = limit
        self.raw_limit = raw_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        raw = scope["path"].startswith(RAW_ROOMS)
        file = scope["path"].endswith(_UPLOADS)
        limit = self.raw_limit if raw or file else self.limit
        length = header(scope, b"content-length")
        if length is not None and length.isdigit() and int(length) > limit:
            raise _too_large(limit)
        if raw:
            await self.app(scope, _counted(receive, limit), send)
            return
        if length == b"0" or (length is None and header(scope, b"transfer-encoding") is None):
            await self.app(scope, receive, send)
            return
        if file:
            _check_media(scope)
            await self.app(scope, _counted(receive, limit), send)
            return
        body = await _whole(receive, limit)
        if body is None:
            return
        if body and not scope["path"].startswith(_AS_IT_CAME):
            _understand(scope, body)
        await self.app(scope, _replayed(body, receive), send)


def _too_large(limit: int) -> Problem:
    # The rest of the body is still on its way: this connection cannot be used again.
    return Problem(
        "body_too_large",
        f"The body is larger than {limit} bytes.",
        headers={"Connection": "close"},
        limit=limit,
    )


async def _whole(receive: Receive, limit: int) -> bytes | None:
    """The body, or None when the client left before its end."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _counted(receive: Receive, limit: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            if size > limit:
                raise _too_large(limit)
        return message

    return counted


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def _understand(scope: Scope, body: bytes) -> None:
    """JSON under its usual names becomes application/json; what is neither JSON nor a form is refused."""
    if not _check_media(scope):
        return
    scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
    scope["headers"].append((b"content-type", b"application/json"))
    if not scope["path"].startswith(_OWN_PARSER):
        json.parse(body)


def _check_media(scope: Scope) -> bool:
    """Whether the body is JSON; otherwise it is a form. Problem unsupported_encoding, unsupported_media_type."""
    encoding = (header(scope, b"content-encoding") or b"identity").strip().lower()
    if encoding != b"identity":
        raise Problem("unsupported_encoding", "Send the body without content encoding.")
    given = header(scope, b"content-type") or b"application/json"
    media = given.split(b";", 1)[0].strip().lower()
    if media in _FORMS and scope["path"].startswith(_FORM_ROOMS):
        return False
    if not (media in (b"application/json", b"text/plain", b"text/json") or media.endswith(b"+json")):
        told = media.decode("latin-1")[:100]
        raise Problem("unsupported_media_type", f"{told} is not understood here; send application/json.")
    return True
