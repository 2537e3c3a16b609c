"""The door sends one wire request per call, exactly the bytes it was given, and keeps nothing."""

import asyncio
import gzip
import random
import socket

import pytest

from app.core.http import Door, Incoming, Outgoing
from connectors.kit.faults import Fault, Kind
from tests.support.wire import Reset, Seen, answer, wire


async def fetch(door: Door, url: str, method: str = "GET", **more: object) -> Incoming:
    return await door.fetch(Outgoing(method, url, **more), seconds=5.0)  # type: ignore[arg-type]


def test_target_and_headers_cross_byte_for_byte() -> None:
    async def run() -> None:
        async with wire(answer()) as server:
            door = Door([server.origin])
            target = "/books/v3/a%2Fb/%7e;x=1?q=a+b%20c&q=%C3%BC&empty=&z='(),~!*[]|"
            await fetch(door, server.origin + target, headers=(("X-One", "1"), ("X-One", "2")))
            await door.close()
            assert [seen.target for seen in server.seen] == [target]
            names = [name.lower() for name, _ in server.seen[0].headers]
            assert sorted(names) == ["host", "x-one", "x-one"]

    asyncio.run(run())


def test_authorization_belongs_to_one_call_and_cookies_to_none() -> None:
    async def run() -> None:
        async with wire(answer(200, b"{}", ("Set-Cookie", "a=1; Path=/"))) as server:
            door = Door([server.origin])
            await fetch(door, server.origin + "/one", authorization="Token secret")
            await fetch(door, server.origin + "/two")
            await door.close()
            assert server.seen[0].header("authorization") == "Token secret"
            assert server.seen[1].header("authorization") is None
            assert server.seen[1].header("cookie") is None
            assert server.connections == 1

    asyncio.run(run())


def test_other_hosts_are_never_reached() -> None:
    async def run() -> None:
        async with wire(answer()) as server:
            door = Door(["https://api.example"])
            for url in (
                server.origin + "/",
                f"http://api.example@localhost:{server.port}/",
                "http://api.example/",
                "https://api.example:444/",
                "https://x@api.example/",
            ):
                with pytest.raises(Fault) as caught:
                    await fetch(door, url)
                assert (caught.value.kind, caught.value.phase) == (Kind.NETWORK, "idle")
            await door.close()
            assert server.connections == 0

    asyncio.run(run())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_never_followed(status: int) -> None:
    async def run() -> None:
        async with wire(answer()) as elsewhere:
            async with wire(answer(status, b"", ("Location", elsewhere.origin + "/x"))) as server:
                door = Door([server.origin, elsewhere.origin])
                for call in (door.fetch, door.stream):
                    with pytest.raises(Fault) as caught:
                        await call(Outgoing("GET", server.origin + "/"), seconds=5.0)
                    assert (caught.value.kind, caught.value.status) == (Kind.REDIRECT, status)
                await door.close()
            assert elsewhere.seen == []

    asyncio.run(run())


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_a_dropped_connection_is_one_wire_request(method: str) -> None:
    """Also on a kept-alive connection, where the library would send idempotent methods twice."""

    async def second_drops(seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        if seen.target == "/drop":
            raise Reset
        return answer()

    async def run() -> None:
        async with wire(second_drops) as server:
            door = Door([server.origin])
            await fetch(door, server.origin + "/warm")
            body = b"x" if method in ("PUT", "POST") else None
            with pytest.raises(Fault) as caught:
                await fetch(door, server.origin + "/drop", method, body=body)
            await door.close()
            assert caught.value.kind is Kind.NETWORK
            assert caught.value.phase == ("body" if body else "headers")
            assert [seen.target for seen in server.seen] == ["/warm", "/drop"]

    asyncio.run(run())


def test_nothing_listening_is_idle() -> None:
    async def run() -> None:
        async with wire(answer()) as server:
            origin = server.origin
        door = Door([origin])
        with pytest.raises(Fault) as caught:
            await fetch(door, origin + "/", "POST", body=b"x")
        await door.close()
        assert (caught.value.kind, caught.value.phase) == (Kind.NETWORK, "idle")

    asyncio.run(run())


def test_a_name_that_cannot_be_resolved_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nowhere(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def run() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nowhere, raising=False)
        door = Door(["http://nowhere.example"])
        with pytest.raises(Fault) as caught:
            await fetch(door, "http://nowhere.example/", "POST", body=b"x")
        await door.close()
        assert (caught.value.kind, caught.value.phase) == (Kind.NETWORK, "idle")
        assert "resolved" in caught.value.message

    asyncio.run(run())


def test_speaking_tls_to_a_plain_server_is_a_tls_fault() -> None:
    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(plain, "localhost", 0, family=socket.AF_INET)
        async with server:
            origin = f"https://localhost:{server.sockets[0].getsockname()[1]}"
            door = Door([origin])
            with pytest.raises(Fault) as caught:
                await fetch(door, origin + "/", "POST", body=b"x")
            await door.close()
            assert (caught.value.kind, caught.value.phase) == (Kind.TLS, "idle")

    asyncio.run(run())


def test_the_deadline_ends_a_slow_body() -> None:
    async def drip(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await asyncio.sleep(0.05)

    async def run() -> None:
        async with wire(drip) as server:
            door = Door([server.origin])
            with pytest.raises(Fault) as caught:
                await door.fetch(Outgoing("GET", server.origin + "/"), seconds=2.0)
            await door.close()
            assert (caught.value.kind, caught.value.phase, caught.value.status) == (
                Kind.TIMEOUT,
                "answered",
                200,
            )

    asyncio.run(run())


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(200, b'{"code":', length=100), Kind.GARBLED),
        (b"HTTP/1.1 banana\r\n\r\n", Kind.GARBLED),
        (answer(200, b"not gzip", ("Content-Encoding", "gzip")), Kind.GARBLED),
        (answer(200, gzip.compress(b"{}" * 500)[:-9], ("Content-Encoding", "gzip")), Kind.GARBLED),
        (answer(200, b"{}", ("Content-Encoding", "br")), Kind.GARBLED),
        (answer(200, b"{}", ("Content-Encoding", "gzip, gzip")), Kind.GARBLED),
    ],
)
def test_unreadable_answers(said: bytes, kind: Kind) -> None:
    async def once(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    async def run() -> None:
        async with wire(once) as server:
            door = Door([server.origin])
            with pytest.raises(Fault) as caught:
                await fetch(door, server.origin + "/")
            await door.close()
            assert caught.value.kind is kind

    asyncio.run(run())


def test_a_stream_passes_the_body_as_it_is() -> None:
    packed = gzip.compress(random.Random(1).randbytes(300_000))

    async def run() -> None:
        async with wire(answer(206, packed, ("Content-Encoding", "gzip"), ("Connection", "X-Hop"),
                               ("X-Hop", "1"), ("X-End", "é"), ("X-End", "2"))) as server:  # fmt: skip
            door = Door([server.origin])
            stream = await door.stream(Outgoing("GET", server.origin + "/"), seconds=5.0)
            parts = [part async for part in stream]
            assert b"".join(parts) == packed
            assert stream.status == 206
            names = [name for name, _ in stream.headers]
            assert names == [b"content-type", b"content-encoding", b"x-end", b"x-end", b"content-length"]
            again = await door.stream(Outgoing("GET", server.origin + "/"), seconds=5.0)
            await again.aclose()
            assert server.connections == 1
            await door.close()

    asyncio.run(run())


def test_a_small_body_is_at_hand_and_its_connection_free() -> None:
    async def said(seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        return answer(200, b"" if seen.method == "HEAD" else b"small", length=5)

    async def run() -> None:
        async with wire(said) as server:
            door = Door([server.origin])
            for method in ("GET", "HEAD", "GET"):
                stream = await door.stream(Outgoing(method, server.origin + "/"), seconds=5.0)
                assert stream.at_hand() == (b"" if method == "HEAD" else b"small")
            assert server.connections == 1
            await door.close()

    asyncio.run(run())


def test_a_body_on_its_way_or_past_its_limit_is_not_at_hand() -> None:
    gate = asyncio.Event()

    async def said(seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        if seen.target == "/large":
            return head + b"7d0\r\n%s\r\n0\r\n\r\n" % (b"x" * 2000)
        writer.write(head + b"3\r\none\r\n")
        await gate.wait()
        return b"3\r\ntwo\r\n0\r\n\r\n"

    async def run() -> None:
        async with wire(said) as server:
            door = Door([server.origin])
            stream = await door.stream(Outgoing("GET", server.origin + "/slow"), seconds=5.0)
            assert stream.at_hand() is None
            gate.set()
            assert b"".join([part async for part in stream]) == b"onetwo"
            call = Outgoing("GET", server.origin + "/large")
            stream = await door.stream(call, seconds=5.0, limit=1000)
            assert stream.at_hand() is None
            await stream.aclose()
            await door.close()

    asyncio.run(run())


def test_a_streamed_body_keeps_its_length_or_is_chunked() -> None:
    async def parts() -> object:
        for part in (b"one", b"two"):
            yield part

    async def run() -> None:
        async with wire(answer()) as server:
            door = Door([server.origin])
            for headers in ((("Content-Length", "6"),), ()):
                call = Outgoing("POST", server.origin + "/", headers, parts())  # type: ignore[arg-type]
                stream = await door.stream(call, seconds=5.0)
                await stream.aclose()
            await door.close()
            assert [seen.body for seen in server.seen] == [b"onetwo", b"onetwo"]
            assert [seen.header("transfer-encoding") for seen in server.seen] == [None, "chunked"]

    asyncio.run(run())


def test_a_stream_past_its_limit_is_refused() -> None:
    async def chunked(_seen: Seen, writer: asyncio.StreamWriter) -> bytes:
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n%s\r\n" % (b"x" * 1024) * 3

    async def run() -> None:
        async with wire(answer(200, b"x" * 2000)) as server:
            door = Door([server.origin])
            call = Outgoing("GET", server.origin + "/")
            with pytest.raises(Fault) as caught:
                await door.stream(call, seconds=5.0, limit=1000)
            assert caught.value.kind is Kind.TOO_LARGE
            server.script = chunked
            stream = await door.stream(call, seconds=5.0, limit=2000)
            with pytest.raises(Fault) as caught:
                async for _ in stream:
                    pass
            assert caught.value.kind is Kind.TOO_LARGE
            await door.close()

    asyncio.run(run())


def test_the_pool_survives_8000_cancellations() -> None:
    gate = asyncio.Event()

    async def slow(_seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        await gate.wait()
        return answer()

    async def run() -> None:
        async with wire(slow) as server:
            door = Door([server.origin], connections=50)
            call = Outgoing("GET", server.origin + "/")
            for _ in range(16):
                tasks = [asyncio.create_task(door.fetch(call, seconds=30.0)) for _ in range(500)]
                await asyncio.sleep(random.uniform(0.0, 0.03))
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            gate.set()
            good = await asyncio.gather(*(door.fetch(call, seconds=10.0) for _ in range(50)))
            assert [incoming.status for incoming in good] == [200] * 50
            await door.close()

    asyncio.run(run())
