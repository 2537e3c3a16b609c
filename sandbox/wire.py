"""HTTP below the level of ASGI: requests as values, answers that may be broken on purpose."""

import asyncio
import socket
import struct
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

JSON = "application/json;charset=UTF-8"
HTML = "text/html;charset=UTF-8"
FORM = "application/x-www-form-urlencoded"
TRANSPORT = "sandbox.transport"

Pairs: TypeAlias = list[tuple[str, str]]

_encode = msgspec.json.Encoder(decimal_format="number").encode


class OpenProtocol(HttpToolsProtocol):
    """Shows the application the connection it is served on, so that it can be broken."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: MutableMapping[str, Any] = {TRANSPORT: self.transport}
        self.scope["extensions"] = extensions


@dataclass(slots=True)
class Reply:
    """An answer, complete: nothing is added on the way out but the length and the date."""

    status: int
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])


def json_reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, _encode(body), {"content-type": JSON, **(headers or {})})


@dataclass
class Received:
    """One request, read to its end. Header names are lower case; `query` is decoded in its order."""

    location: str
    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes

    @cached_property
    def query(self) -> Pairs:
        return parse_qsl(self.raw_query, keep_blank_values=True)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query and, over it, a form body."""
        form = parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(self.query) | (dict(form) if self.media_type == FORM else {})


async def read(scope: Scope, receive: Receive, send: Send, location: str) -> Received | None:
    """The whole request; None when the caller hung up before its end."""
    request = Request(scope, receive, send)
    try:
        body = await request.body()
    except ClientDisconnect:
        return None
    query = scope["query_string"].decode("ascii", "replace")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Received(location, scope["method"], scope["path"], query, headers, body)


class Line:
    """The way back to one caller: a proper answer, or any of the ways in which none arrives."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._transport: asyncio.Transport = scope["extensions"][TRANSPORT]
        self.is_head = scope["method"] == "HEAD"

    async def answer(self, reply: Reply, *, pause: float = 0.0, pieces: int = 1) -> None:
        """Send an answer, in so many pieces with a pause before each."""
        content = reply.content
        declared = reply.headers | {"content-length": str(len(content))}
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in declared.items()]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        size = max(1, -(-len(content) // pieces))
        for start in range(0, len(content), size) if pieces > 1 else ():
            await asyncio.sleep(pause)
            piece = content[start : start + size]
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        rest = b"" if pieces > 1 else content
        await self._send({"type": "http.response.body", "body": rest, "more_body": False})

    async def raw(self, content: bytes) -> None:
        """Put bytes on the wire as they are, then close."""
        self._transport.write(content)
        await self.close()

    async def misdeclare(self, reply: Reply, length: int) -> None:
        """Send an answer whose content-length is a lie, then close."""
        phrase = HTTPStatus(reply.status).phrase
        headers = reply.headers | {"content-length": str(length), "connection": "close"}
        lines = [
            f"HTTP/1.1 {reply.status} {phrase}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        await self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + reply.content)

    async def close(self) -> None:
        """Say no more: what was written is flushed and the connection ends in order."""
        self._transport.close()
        await self._gone()

    async def reset(self) -> None:
        """End the connection with a TCP reset; what was not yet sent is lost."""
        peer: socket.socket | None = self._transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
        await self._gone()

    async def hold(self, seconds: float) -> bool:
        """Stay silent; whether the caller is still there afterwards."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gone(), seconds)
            return False
        return True

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
