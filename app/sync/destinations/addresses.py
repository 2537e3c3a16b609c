"""The URL of a customer's database, read by us alone, and the way to it: resolved once, judged, and pinned."""

import re
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app.core.http.egress import Egress, EgressRefused
from app.core.secrets import Secret
from app.sync.destinations.unusable import Unusable

_USUAL_PORT = 5432
_LEAST_PORT = 1024
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
_TLS = ("verify-full", "require", "prefer", "disable")
_SAFE_TLS = _TLS[:2]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is and who asks. `tls` None: as strict as the way to it demands."""

    host: str
    port: int
    database: str
    user: str
    tls: str | None
    password: Secret = field(default_factory=lambda: Secret(""))

    def settings(self) -> dict[str, Any]:
        """What may be shown of it."""
        return {
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "user": self.user,
            "tls": self.tls,
        }


def read(url: str) -> Address:
    """Unusable unless it is a plain postgresql:// URL with a host, a user and a database."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _bad("This is not a URL.") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise _bad("The URL has to start with postgresql://.")
    if not host or not _HOST.fullmatch(host):
        raise _bad("The URL needs one host, a name or an address.")
    database, user, password = (
        unquote(part or "") for part in (parts.path.removeprefix("/"), parts.username, parts.password)
    )
    if not database or not user or parts.fragment:
        raise _bad("The URL needs a user and a database: postgresql://user:password@host:5432/database.")
    if any("\0" in part or len(part) > 500 for part in (database, user, password)):
        raise _bad("A part of the URL is too long, or has a NUL.")
    tls = query.pop("sslmode", None)
    if query or (tls is not None and tls not in _TLS):
        raise _bad(f"Of parameters only sslmode is understood: {', '.join(_TLS)}.")
    return Address(host, port or _USUAL_PORT, database, user, tls, Secret(password))


@dataclass(frozen=True, slots=True)
class Way:
    """What is connected to: addresses that were judged, and how the connection is secured."""

    addresses: tuple[str, ...]
    tls: str
    ssl: Any


async def way_to(address: Address, egress: Egress) -> Way:
    """Unusable when the host is not one for callers to choose. Encrypted and verified unless an operator opened it."""
    try:
        found = tuple(await egress.addresses(address.host))
    except EgressRefused as refused:
        raise Unusable("forbidden", f"This database cannot be connected to: {refused}.") from None
    opened = all(egress.is_opened(one) for one in found)
    tls = address.tls or ("prefer" if opened else "verify-full")
    if not opened and (address.port < _LEAST_PORT or tls not in _SAFE_TLS):
        raise Unusable(
            "forbidden",
            f"Over public networks a database is reached on a port from {_LEAST_PORT}, "
            f"with sslmode {' or '.join(_SAFE_TLS)}.",
        )
    return Way(found, tls, _ssl(tls, address.host))


class _Named(ssl.SSLContext):
    """Verifies the name that was asked for, though it is an address that is connected to."""

    name: str

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.name, session)


def _ssl(tls: str, host: str) -> Any:
    """What the driver takes: a context that insists, or a word of its own."""
    if tls not in _SAFE_TLS:
        return tls
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.name = host
    if tls == "verify-full":
        context.load_default_certs()
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _bad(message: str) -> Unusable:
    return Unusable("invalid", message)
