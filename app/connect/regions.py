"""Which data centre a customer belongs to: what the callback and the token say, held against the static table.

Neither is ever trusted with an address; they may only name a data centre, or confirm one.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from app.connect.stops import Stopped
from app.core.settings import is_loopback
from connectors.kit.auth import DataCenter

Centers = Mapping[str, DataCenter]
_PORTS = {"http": 80, "https": 443}


def region(query: Mapping[str, str], started: str, centers: Centers, published: Centers) -> DataCenter:
    """The data centre a callback names by `location`, else by its accounts server, else the one `started` at.

    `centers` is the table with settings applied, `published` the provider's own. Stopped region_mismatch for
    a location the table lacks, oauth_issuer_mismatch for a server that is not the location's.
    """
    location = query.get("location", "").strip().casefold()
    server = query.get("accounts-server", "")
    if not location and server:
        order = sorted(centers, key=lambda name: name != started)
        location = next((name for name in order if _serves(server, name, centers, published)), "")
        if not location:
            raise Stopped("oauth_issuer_mismatch")
    location = location or started
    if location not in centers:
        raise Stopped("region_mismatch")
    if server and not _serves(server, location, centers, published):
        raise Stopped("oauth_issuer_mismatch")
    return centers[location]


def check_domain(api_domain: str | None, center: DataCenter, published: Centers) -> None:
    """Stopped region_mismatch when a token is for another API host than the table's."""
    known = {center.api, published.get(center.location, center).api}
    if api_domain and not any(_same(api_domain, api) for api in known):
        raise Stopped("region_mismatch")


def _serves(server: str, location: str, centers: Centers, published: Centers) -> bool:
    return any(_same(server, table[location].accounts) for table in (centers, published) if location in table)


def _same(given: str, known: str) -> bool:
    return given.rstrip("/") == known or _origin(given) == _origin(known) is not None


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; every name of this machine is the same host. None for what is no plain origin."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if not host or not port or parts.username is not None or parts.path.strip("/") or parts.query:
        return None
    return parts.scheme, "localhost" if is_loopback(host) else host, port
