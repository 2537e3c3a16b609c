"""The transport to providers: an aiohttp session with everything automatic switched off."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp
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
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
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
    """How far one call got; aiohttp's trace events move it."""

    __slots__ = ("phase",)

    def __init__(self) -> None:
        self.phase: Phase = "idle"


class Stream:
    """An answer whose body is still coming, byte for byte. Iterate it to the end or close it.

    `headers` are the end-to-end ones, in order, names as sent. Iterating raises Fault: GARBLED when the body
    breaks off, TIMEOUT after a silent minute, TOO_LARGE past the limit.
    """

    def __init__(self, response: aiohttp.ClientResponse, limit: int) -> None:
        self.status = response.status
        named = response.headers.getall("Connection", [])
        dropped = _HOP_BY_HOP.union(name.strip().lower() for value in named for name in value.split(","))
        self.headers = [
            (name, value)
            for name, value in ((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.raw_headers)
            if name.lower() not in dropped
        ]
        self._response = response
        self._limit = limit

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
        response = await self._opened().request(
            call.method,
            url,
            headers=headers,
            data=call.body,
            allow_redirects=False,
            trace_request_ctx=progress,
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
                trace_configs=[_tracing()],
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


def _tracing() -> aiohttp.TraceConfig:
    config = aiohttp.TraceConfig()

    async def headers_sent(_session: Any, context: Any, _params: Any) -> None:
        context.trace_request_ctx.phase = "headers"

    async def chunk_sent(_session: Any, context: Any, _params: Any) -> None:
        context.trace_request_ctx.phase = "body"

    config.on_request_headers_sent.append(headers_sent)
    config.on_request_chunk_sent.append(chunk_sent)
    return config
