"""Where a connect flow may return to: which URLs are accepted, and how the result is put on them."""

import re
from urllib.parse import urlencode, urlsplit

from app.core.settings import is_loopback

_URL = re.compile(r"[!#-;=?-\[\]^_a-~]+")
"""What a URL is written with: no blanks, quotes, backslashes, angle brackets, nothing beyond ASCII."""

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._\-]*[a-z0-9])?\.?|[0-9a-f:.]*:[0-9a-f:.]*")


def fault_of(url: str) -> str | None:
    """What is wrong with a return URL, in words; None when a flow may end there."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "This is not a URL."
    if not _URL.fullmatch(url) or not _HOST.fullmatch(host):
        return "An absolute URL is needed, written as browsers send it: punycode and percent-encoded."
    if "@" in parts.netloc:
        return "The URL must not carry a user name."
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        return "The URL must be https, or http on this machine."
    return None


def origin_of(url: str | None) -> str | None:
    """Scheme, host and port of a URL a flow may return to; None for any other."""
    if url is None or fault_of(url) is not None:
        return None
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def with_result(redirect_uri: str, **result: str | None) -> str:
    """The caller's URL with the result added to its query."""
    query = urlencode({name: value for name, value in result.items() if value})
    base, hash_mark, fragment = redirect_uri.partition("#")
    return f"{base}{'&' if '?' in base else '?'}{query}{hash_mark}{fragment}"
