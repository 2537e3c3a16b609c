"""The way to addresses that callers chose: only public ones, or those an operator opened."""

import asyncio
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from app.core.http.names import OwnThreads

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_PORTS = frozenset({443, 8443})
_LONGEST = 2_000
_CONNECT_SECONDS = 5.0
_READ = 16 * 1024
_NOT_PUBLIC = "the address is not a public one; LEDGERWAY_EGRESS_ALLOW can open it"
_OURS = "it leads to the gateway itself; LEDGERWAY_EGRESS_ALLOW can open that address"
_KNOWN = 60.0  # seconds our own addresses are believed
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_NOT_USUAL = "only https on port 443 or 8443 is reached"
# what `is_global` calls public although packets there end up elsewhere: translation, tunnels, documentation
_ELSEWHERE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24", "192.88.99.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96",
        "fec0::/10", "3fff::/20", "5f00::/16",
    )
)  # fmt: skip


LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
"""This machine itself."""


class EgressRefused(Exception):
    """This address is not one for callers to choose. The message says why, and names no address it led to."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. `body` is at most 16 KB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_public(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether everybody may be sent to an address, or an operator allowed it."""
    address = _unmapped(address)
    if _within(address, allowed):
        return True
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not _within(address, _ELSEWHERE)


def is_here(address: Address) -> bool:
    """Whether this machine has the address: to one it has not, no socket can be bound. Nothing is sent."""
    everywhere = ip_address("240.0.0.1" if address.version == 4 else "100::1")  # nobody's
    return _binds(address) and not _binds(everywhere)


def _is_usual(url: URL) -> bool:
    return url.scheme == "https" and url.port in _PORTS


def target(text: str, allowed: Sequence[Network] = ()) -> URL:
    """`text` as the client itself will read it. EgressRefused unless it is https to a public name or address.

    Addresses that were allowed may be reached by http and on any port.
    """
    if len(text) > _LONGEST or not text.isascii() or any(ord(char) <= 32 for char in text):
        raise EgressRefused("the URL is too long, or not plain ASCII")
    try:
        url = URL(text, encoded=True)
        host = url.host
        _ = url.port
    except ValueError:
        raise EgressRefused("this is not a URL") from None
    if url.scheme not in ("http", "https") or not host:
        raise EgressRefused("the URL has to start with https://")
    if url.user is not None or url.password is not None or "@" in url.raw_authority:
        raise EgressRefused("the URL must not carry a user name or password")
    if url.fragment:
        raise EgressRefused("the URL must not have a fragment")
    literal = _literal(host)
    opened = (
        bool(allowed) if literal is None else _within(literal, allowed)
    )  # where a name leads, is seen later
    if literal is not None and not is_public(literal, allowed):
        raise EgressRefused(_NOT_PUBLIC)
    if literal is None and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise EgressRefused("the host is neither a name nor an address")
    if not opened and not _is_usual(url):
        raise EgressRefused(_NOT_USUAL)
    return url


class Egress:
    """Posts to addresses of callers. Each name is resolved once, judged, and that very address is connected to.

    Follows no redirect, keeps no cookie, reads no proxy setting and at most 16 KB of the answer. Where the gateway
    itself is reached (this machine, or `own_host` by whatever name), nothing is posted unless it was allowed.
    """

    def __init__(
        self,
        allowed: Sequence[Network] = (),
        resolver: AbstractResolver | None = None,
        own_host: str = "",
    ) -> None:
        self._allowed = tuple(allowed)
        self._resolver = resolver or OwnThreads()
        self._own_host = own_host.strip("[]").rstrip(".").casefold()
        self._own: frozenset[Address] = frozenset()
        self._asked = float("-inf")
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def check(self, text: str) -> None:
        """EgressRefused unless the URL could be posted to now."""
        url = await self._judged(text)
        host = url.host or ""
        if _literal(host) is None:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await self._guard(usual=_is_usual(url)).resolve(host, url.port or 443)
            except _Private as refused:
                raise EgressRefused(str(refused)) from None
            except OSError:  # so is a TimeoutError
                raise EgressRefused("the name leads nowhere") from None

    async def addresses(self, host: str) -> list[str]:
        """Where a host of any protocol leads, to be connected to as it is. EgressRefused unless all of it is public."""
        literal = _literal(host)
        if literal is not None:
            if not is_public(literal, self._allowed):
                raise EgressRefused(_NOT_PUBLIC)
            return [str(literal)]
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                found = await self._guard(usual=True).resolve(host)
        except _Private as refused:
            raise EgressRefused(str(refused)) from None
        except (OSError, UnicodeError):
            raise EgressRefused("the name leads nowhere") from None
        return list(dict.fromkeys(one["host"] for one in found))

    def is_opened(self, address: str) -> bool:
        """Whether an operator named the network of this address."""
        literal = _literal(address)
        return literal is not None and _within(literal, self._allowed)

    async def post(self, text: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Answered:
        """EgressRefused; TimeoutError, OSError or aiohttp.ClientError when there was no answer."""
        url = await self._judged(text)
        session = self._opened(usual=_is_usual(url))
        try:
            async with (
                asyncio.timeout(seconds),
                session.post(url, headers=headers, data=body, allow_redirects=False) as answer,
            ):
                content = await answer.content.read(_READ)
                told = {name.lower(): value for name, value in answer.headers.items()}
                if not answer.content.at_eof():
                    answer.close()  # nobody is made to read more
                return Answered(answer.status, told, content)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _Private):
                raise EgressRefused(str(error.os_error)) from None
            raise

    async def close(self) -> None:
        """Close every connection."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()
        await self._resolver.close()

    async def _judged(self, text: str) -> URL:
        """What `target` makes of it; an address that stands in it is judged here, a name when it is resolved."""
        url = target(text, self._allowed)
        await self._learn_own()
        literal = _literal(url.host or "")
        if literal is not None and (why := self._why_not(_unmapped(literal))):
            raise EgressRefused(why)
        return url

    async def _learn_own(self) -> None:
        """Where the gateway is reached from outside, looked up once a minute; what cannot be, stays as it was."""
        now = time.monotonic()
        if not self._own_host or now - self._asked < _KNOWN:
            return
        self._asked = now
        literal = _literal(self._own_host)
        if literal is not None:
            self._own = frozenset({literal})
            return
        with suppress(OSError):  # so is a TimeoutError
            async with asyncio.timeout(_CONNECT_SECONDS):
                found = await self._resolver.resolve(self._own_host, 443, socket.AF_UNSPEC)
            self._own = frozenset(own for one in found if (own := _literal(one["host"])) is not None)

    def _why_not(self, address: Address, *, usual: bool = True) -> str:
        """Why nothing is sent to an address; "" when it may be."""
        if _within(address, self._allowed):
            return ""
        if not usual:
            return _NOT_USUAL
        if not is_public(address):
            return _NOT_PUBLIC
        return _OURS if address in self._own or is_here(address) else ""

    def _guard(self, *, usual: bool) -> "_Guarded":
        return _Guarded(self._resolver, lambda address: self._why_not(address, usual=usual))

    def _opened(self, *, usual: bool) -> aiohttp.ClientSession:
        """The connections of https, or those that may only lead to what an operator opened."""
        if usual not in self._sessions:
            self._sessions[usual] = session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self._guard(usual=usual),
                    use_dns_cache=False,
                    limit=0,  # who posts keeps count
                    keepalive_timeout=15.0,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("Accept", "Accept-Encoding"),
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                max_line_size=16384,
                max_field_size=32768,
            )
            # one attempt here is one request
            session._retry_connection = False  # pyright: ignore[reportPrivateUsage]
        return self._sessions[usual]


class _Private(OSError):
    """A name led to an address that it must not lead to."""


class _Guarded(AbstractResolver):
    """Resolves, and refuses a name of which any address is not good: half-public is an attack."""

    def __init__(self, inner: AbstractResolver, why_not: Callable[[Address], str]) -> None:
        self._inner = inner
        self._why_not = why_not

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, socket.AF_UNSPEC)
        for one in found:
            literal = _literal(one["host"])
            if why := _NOT_PUBLIC if literal is None else self._why_not(_unmapped(literal)):
                raise _Private(why)
        if not found:
            raise OSError("no address")
        return found

    async def close(self) -> None:
        """The resolver is everybody's."""


def _unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _binds(address: Address) -> bool:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
