"""The server on real sockets: heads and bodies that are too large, too slow, or no HTTP at all."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from app.core import protocol
from app.core.edge import Edge
from app.core.protocol import Protocol, make_room
from app.core.settings import Settings

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % size})


def serve(*talks: Talk) -> None:
    async def work() -> None:
        config = uvicorn.Config(echo, port=0, http=Protocol, log_config=None, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            for talk in talks:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                async with asyncio.timeout(10):
                    await talk(reader, writer)
                writer.close()
        finally:
            server.should_exit = True
            await server.shutdown()

    asyncio.run(work())


async def refused(reader: asyncio.StreamReader) -> str:
    """The code of the problem that came; the connection is closed after it."""
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert b"application/problem+json" in head and b"connection: close" in head
    problem = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % problem["status"])
    return problem["code"]


def sends(data: bytes, code: str) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        assert await refused(reader) == code

    return talk


def test_ordinary_requests_on_one_connection() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            writer.write(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(6) == b"1\r\n4\r\n"
            await reader.readuntil(b"0\r\n\r\n")

    serve(talk)


def test_heads_that_are_too_large() -> None:
    serve(
        sends(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", "uri_too_long"),
        sends(b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", "headers_too_large"),
        sends(b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 101 + b"\r\n", "headers_too_large"),
        sends(b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000, "headers_too_large"),  # and never an end
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    ],
)
def test_what_is_no_http(data: bytes) -> None:
    serve(sends(data, "request_invalid"))


def test_slow_heads_and_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.2)

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""

    serve(
        silent,
        sends(b"GET / HTTP/1.1\r\nHost", "request_timeout"),
        sends(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nab", "request_timeout"),
    )


def test_more_connections_than_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "most", 0)
    serve(sends(b"", "overloaded"))


def test_connections_leave_room_among_the_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "most", 0)
    for files, most in ((128, 32), (8192, 512), (64, 8)):
        make_room(files)
        assert Protocol.most == most


def test_thirty_half_sent_heads_are_cut_while_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 1.0)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("peername")[1]
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
        for _, half in slow:
            half.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-")
        writer.write(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        for waiting, half in slow:
            assert await refused(waiting) == "request_timeout"
            half.close()

    serve(talk)


def test_a_read_is_cancelled_when_its_caller_leaves_and_a_write_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: asyncio.Queue[str] = asyncio.Queue()
    begun: asyncio.Queue[str] = asyncio.Queue()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        begun.put_nowait(scope["method"])
        try:
            await asyncio.sleep(0.3 if scope["method"] == "POST" else 60)
            ended.put_nowait(scope["method"] + " finished")
        except asyncio.CancelledError:
            ended.put_nowait(scope["method"] + " cancelled")
            raise

    monkeypatch.setitem(globals(), "echo", Edge(slow, settings=Settings(), aliases={}))

    def leaves(request: bytes, outcome: str) -> Talk:
        async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(request + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            await begun.get()
            writer.transport.abort()
            assert await ended.get() == outcome

        return talk

    serve(
        leaves(b"GET /proxy/invoices", "GET cancelled"),
        leaves(b"GET /unified/accounting/invoices", "GET cancelled"),
        leaves(b"POST /unified/accounting/invoices", "POST finished"),
    )


def test_an_early_answer_arrives_although_the_body_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def early(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"connection", b"close"), (b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"large"})

    monkeypatch.setitem(globals(), "echo", early)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            writer.write(b"10000\r\n" + b"a" * 65536 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 413") and answer.endswith(b"large")

    serve(talk)
