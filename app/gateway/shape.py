"""A request as a wire request: host from the table, organisation from the account, never from the caller."""

import re
import secrets
from fnmatch import translate
from functools import cache, lru_cache
from urllib.parse import quote, urlencode

from app.accounts.service import Account
from app.core import json
from app.core.http import Outgoing
from app.gateway.runs import RawCall
from connectors.kit.auth import DataCenter
from connectors.kit.connector import Connector
from connectors.kit.http import File, Pairs, Request

_AGENT = "Ledgerway"
_NEVER_CROSS = (
    "authorization",
    "connection",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-*",
    "x-integrated-account*",
)


def shaped(
    request: Request, connector: Connector, data_center: DataCenter, organization_id: str | None
) -> Outgoing:
    """The wire request without its authorisation. `organization_id` None: no organisation is named."""
    pairs = request.query
    if organization_id is not None:
        pairs = (*pairs, *connector.native.organization(organization_id))
    url = data_center.api + connector.native.prefix + request.path
    if pairs:
        url += "?" + urlencode(pairs, quote_via=quote)
    headers: list[tuple[str, str]] = [
        ("User-Agent", _AGENT),
        ("Accept", "application/json" if request.expect == "json" else "*/*"),
        ("Accept-Encoding", "gzip"),
        *request.headers,
    ]
    body: bytes | None = None
    if request.files:
        media_type, body = _multipart(request.files, request.body)
        headers.append(("Content-Type", media_type))
    elif request.body is not None:
        body = json.encode(request.body)
        headers.append(("Content-Type", "application/json"))
    return Outgoing(request.method, url, tuple(headers), body)


def raw_url(account: Account, call: RawCall) -> str:
    """The URL of a native call: its path and query as they came, the account's organisation behind them."""
    native = account.connector.native
    ours = _encoded(native.organization(account.organization.id))
    query = "&".join(part for part in (call.query, ours) if part)
    return account.data_center.api + native.prefix + call.path + (f"?{query}" if query else "")


def raw_headers(account: Account, call: RawCall) -> Pairs:
    """The caller's headers without those of this hop, of the caller's identity and of the organisation."""
    is_dropped = _stays(account.connector.native.dropped_headers).match
    kept: list[tuple[str, str]] = []
    named: set[str] = set()
    for name, value in call.headers:
        lower = name.lower().replace("_", "-")  # gateways of the CGI kind cannot tell them apart
        if lower == "connection":
            named.update(part.strip().lower() for part in value.split(","))
        if lower == "content-length" and (call.body is None or isinstance(call.body, bytes)):
            continue  # the transport counts
        if is_dropped(lower):
            continue
        kept.append((name, value))
    return tuple(pair for pair in kept if pair[0].lower() not in named) if named else tuple(kept)


@lru_cache(maxsize=4096)
def _encoded(pairs: Pairs) -> str:
    return urlencode(pairs, quote_via=quote)


@cache
def _stays(dropped: tuple[str, ...]) -> re.Pattern[str]:
    """The names of headers that never cross; `dropped` are the provider's."""
    return re.compile("|".join(translate(pattern) for pattern in (*_NEVER_CROSS, *dropped)))


def _multipart(files: tuple[File, ...], fields: object) -> tuple[str, bytes]:
    """A multipart body: the JSON `fields` (an object of texts) first, then the files."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    if isinstance(fields, dict):
        for name, value in fields.items():
            text = value if isinstance(value, str) else json.encode(value).decode()
            parts.append(_part(boundary, f'name="{_quoted(str(name))}"', None, text.encode()))
    for file in files:
        disposition = f'name="{_quoted(file.field)}"; filename="{_quoted(file.name)}"'
        parts.append(_part(boundary, disposition, file.media_type, file.content))
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def _part(boundary: str, disposition: str, media_type: str | None, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n"
    if media_type is not None:
        head += f"Content-Type: {_clean(media_type)}\r\n"
    return head.encode() + b"\r\n" + content + b"\r\n"


def _quoted(text: str) -> str:
    """As browsers do: the three characters that would end the value are percent-encoded."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _clean(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
