"""A webhook that fires, as the HTTP request it becomes.

Recorded: the default body `{"invoice": {…}}`, with no event, id, organisation or time in it, and the form body
with one field per key of the record, nested values as JSON text. Documented: headers, query parameters, raw
bodies with placeholders; the signature for another product of the same suite. Assumed: that Books signs like
it and in hexadecimal, and that entity and additional parameters go into a form, else into the query.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from .books import Firing
from .wire import FORM, Pairs

SIGNATURE = "x-zoho-webhook-signature"
PLACEHOLDER = re.compile(r"\$\{(?:(JSONString)|\w+\.(\w+))\}")

_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class HookRequest:
    """`signed` is what the signature is made of; without a secret there is none among the headers."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes
    signed: bytes


def compose(firing: Firing) -> HookRequest:
    webhook, text = firing.webhook, _encode(firing.payload)
    record: dict[str, Any] = next(iter(firing.payload.values()))

    def fill(template: str, *, in_json: bool = False) -> str:
        def value(found: re.Match[str]) -> str:
            if found[1]:
                return text.decode()
            plain = _plain(record.get(found[2].lower(), ""))
            return _encode(plain).decode()[1:-1] if in_json else plain

        return PLACEHOLDER.sub(value, template)

    def pairs(name: str) -> Pairs:
        return [(pair["param_name"], fill(pair["param_value"])) for pair in webhook[name]]

    query, more = pairs("query_parameters"), pairs("entity_parameters") + pairs("additional_parameters")
    form: Pairs = []
    if webhook["body_type"] == FORM:
        form = (pairs("form_data") or [(name, _plain(value)) for name, value in record.items()]) + more
        media_type, content, tail = FORM, urlencode(form).encode(), b""
    else:
        query += more
        raw = webhook["raw_data"]
        media_type, content = "application/json", fill(raw, in_json=True).encode() if raw else text
        tail = content
    parts = urlsplit(webhook["url"])
    asked = "&".join(part for part in (parts.query, urlencode(query)) if part)
    named = sorted([*parse_qsl(asked, keep_blank_values=True), *form], key=lambda pair: pair[0])
    signed = "".join(name + value for name, value in named).encode() + tail
    headers = {"content-type": media_type, "user-agent": "ZohoBooks"}
    headers |= {pair["param_name"].lower(): fill(pair["param_value"]) for pair in webhook["headers"]}
    if webhook["secret"]:
        headers[SIGNATURE] = signature(webhook["secret"], signed)
    return HookRequest(webhook["method"], urlunsplit(parts._replace(query=asked)), headers, content, signed)


def signature(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value).decode()
