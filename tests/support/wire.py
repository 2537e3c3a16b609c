"""A scripted HTTP server on raw sockets: says exactly the bytes a test wants and keeps what it was sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass
class Seen:
    """One request as it came. `target` and header bytes are untouched."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Reset(Exception):
    """Raised by a script: drop the connection without an answer."""


Script: TypeAlias = Callable[[Seen, asyncio.StreamWriter], Awaitable[bytes | None]]
"""Returns the answer's bytes, or None when it has written them itself (the connection is closed then)."""


@dataclass
class Wire:
    """`seen` are complete requests in order; `script` answers them and may be replaced."""

    port: int
    script: Script
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"


def answer(
    status: int = 200,
    body: bytes = b'{"code":0}',
    *headers: tuple[str, str],
    media_type: str = "application/json",
    length: int | None = None,
) -> bytes:
    """An HTTP/1.1 answer; `length` lies about the body's size."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {media_type}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def wire(script: Script | bytes) -> AsyncIterator[Wire]:
    """A server on a free loopback port for the length of the block."""

    async def fixed(_seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        assert isinstance(script, bytes)
        return script

    made = Wire(0, fixed if isinstance(script, bytes) else script)
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        number = made.connections
        writers.add(writer)
        try:
            while (request := await _read(reader, number)) is not None:
                made.seen.append(request)
                said = await made.script(request, writer)
                if said is None:
                    return
                writer.write(said)
                await writer.drain()
        except Reset:
            transport = writer.transport
            transport.abort()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "localhost", 0)
    made.port = server.sockets[0].getsockname()[1]
    for other in server.sockets[1:]:
        other.close()
    try:
        yield made
    finally:
        server.close()
        for writer in list(writers):
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader, connection: int) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    sizes = {name.lower(): value for name, value in headers}
    body = b""
    if "content-length" in sizes:
        body = await reader.readexactly(int(sizes["content-length"]))
    elif sizes.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readline()).strip() or b"0", 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return Seen(method, target, headers, body, connection)
