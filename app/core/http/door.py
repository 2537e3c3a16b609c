"""The transport to providers: an aiohttp session with everything automatic switched off."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from multidict import CIMultiDict
from yarl import URL

from app.core.http.failures import FAILURES, fault_of
from app.core.http.inflate import Inflation
from connectors.kit.faults import Fault, Kind, Phase

_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 60.0  # longest silence inside a streamed body
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One wire request. `url` is sent byte for byte; `authorization` is set on this request alone."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | AsyncIterator[bytes] | None = None
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A whole answer, inflated. Header names are lower case; of repeated headers the last stands."""

    status: int
    headers: dict[str, str]
    content: bytes


class _Progress:
    """How far one call got."""

    __slots__ = ("phase",)

    def __init__(self) -> None:
        self.phase: Phase = "idle"


_progress: ContextVar[_Progress] = ContextVar("progress")


class _Request(aiohttp.ClientRequest):
    """Moves the progress of the call it belongs to. aiohttp's trace events would tell the same at thrice the cost."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        _progress.get().phase = "headers"  # the connection is there, and the head goes out next
        return await super().send(conn)

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        if self.body:
            _progress.get().phase = "body"
        await super().write_bytes(writer, conn, content_length)


class Stream:
    """An answer whose body is still coming, byte for byte. Iterate it to the end or close it.

    `headers` are the end-to-end ones as they came, in order, names in lower case; `fields` answers for any name
    however it is spelled. Iterating raises Fault: GARBLED when the body breaks off, TIMEOUT after a silent
    minute, TOO_LARGE past the limit.
    """

    def __init__(self, response: aiohttp.ClientResponse, limit: int) -> None:
        self.status = response.status
        self.fields: Mapping[str, str] = response.headers
        dropped = _HOP_BY_HOP
        if "Connection" in response.headers:
            named = ",".join(response.headers.getall("Connection")).encode("latin-1", "replace")
            dropped = dropped.union(name.strip().lower() for name in named.split(b","))
        lower = ((name.lower(), value) for name, value in response.raw_headers)
        self.headers = [pair for pair in lower if pair[0] not in dropped]
        self._response = response
        self._limit = limit

    def at_hand(self) -> bytes | None:
        """The whole body, if it came together with the headers: it is read then, and nothing left to close."""
        content = self._response.content
        if not content.is_eof() or content.exception() is not None or content.total_bytes > self._limit:
            return None
        body = content.read_nowait()
        self._response.release()
        return body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for part in self._response.content.iter_any():
                size += len(part)
                if size > self._limit:
                    raise Fault(
                        Kind.TOO_LARGE, self.status, message=f"the body is larger than {self._limit} bytes"
                    )
                yield part
        except FAILURES as error:
            raise fault_of(error, "answered", self.status) from error
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Release the connection: kept for reuse after a complete body, closed otherwise."""
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


class Door:
    """Reaches the origins named at construction and nothing else. Every failure is a `Fault` with its phase.

    Follows no redirect, keeps no cookie, repeats nothing, reads no proxy setting, adds no header but Host and
    those the body needs. The session is made at the first call, on the running loop.
    """

    def __init__(self, origins: Iterable[str], *, connections: int = 512) -> None:
        self._origins = frozenset(str(URL(origin).origin()) for origin in origins)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, call: Outgoing, *, seconds: float, limit: int = 32 * 1024 * 1024) -> Incoming:
        """The whole answer within `seconds`, at most `limit` bytes inflated.

        Fault REDIRECT for 3xx; NETWORK, TIMEOUT, TLS, TOO_LARGE, GARBLED as their names say.
        """
        progress = _Progress()
        status: int | None = None
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                response = await self._send(call, progress)
                progress.phase = "answered"
                status = response.status
                try:
                    body = await _whole(response, limit)
                except BaseException:
                    response.close()
                    raise
                response.release()
        except FAILURES as error:
            raise fault_of(error, progress.phase, status) from error
        except Fault as fault:
            fault.status = fault.status or status
            raise
        return Incoming(status, {name.lower(): value for name, value in response.headers.items()}, body)

    async def stream(self, call: Outgoing, *, seconds: float, limit: int = 25 * 1024 * 1024) -> Stream:
        """The answer as soon as its headers are here (within `seconds`); nothing is inflated."""
        progress = _Progress()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                response = await self._send(call, progress)
        except FAILURES as error:
            raise fault_of(error, progress.phase) from error
        announced = response.content_length
        if announced is not None and announced > limit and call.method != "HEAD":
            response.close()
            raise Fault(Kind.TOO_LARGE, response.status, message=f"the body is larger than {limit} bytes")
        return Stream(response, limit)

    async def _send(self, call: Outgoing, progress: _Progress) -> aiohttp.ClientResponse:
        url = self._target(call.url)
        headers = CIMultiDict(call.headers)
        if call.authorization is not None:
            headers["Authorization"] = call.authorization
        _progress.set(progress)
        response = await self._opened().request(
            call.method,
            url,
            headers=headers,
            data=call.body,
            allow_redirects=False,
        )
        if response.status in _REDIRECTS:
            response.close()
            raise Fault(Kind.REDIRECT, response.status, message="redirects are never followed")
        return response

    def _target(self, text: str) -> URL:
        url = URL(text, encoded=True)
        origin = f"{url.scheme}://{url.raw_authority}"
        if origin not in self._origins and (
            url.user is not None or url.password is not None or str(url.origin()) not in self._origins
        ):
            raise Fault(Kind.NETWORK, message="this host is not in the data-centre table", phase="idle")
        return url

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, limit_per_host=0, ttl_dns_cache=60, keepalive_timeout=30.0
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_AUTOMATIC,
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_CONNECT_SECONDS, sock_read=_IDLE_SECONDS
                ),
                request_class=_Request,
                max_line_size=16384,
                max_field_size=32768,
            )
            # aiohttp repeats idempotent methods on a stale connection; one call here is one wire request
            session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
            self._session = session
        return self._session

    async def close(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _whole(response: aiohttp.ClientResponse, limit: int) -> bytes:
    inflation = Inflation(response.headers.get("Content-Encoding", ""), limit)
    if response.method == "HEAD" or response.status in (204, 304):
        await response.read()
        return b""
    empty = True
    async for part in response.content.iter_any():
        empty = False
        inflation.feed(part)
        if len(part) > 65536:
            await asyncio.sleep(0)  # inflating a large body must not hold the loop
    return b"" if empty else inflation.finish()
