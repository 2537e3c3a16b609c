"""What Zoho's answers mean: its own code first, the HTTP status second."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.kit.faults import Fault, Kind
from connectors.kit.http import Reply

CODES: Mapping[int, Kind] = {
    2: Kind.INVALID,
    4: Kind.INVALID,
    5: Kind.METHOD,  # an unknown route
    9: Kind.INVALID,
    11: Kind.INVALID,
    14: Kind.TOKEN,
    15: Kind.INVALID,
    44: Kind.MINUTE,
    45: Kind.DAY,
    57: Kind.FORBIDDEN,  # with 401 perhaps an expired token: the gateway renews a token once for either
    1000: Kind.UNAVAILABLE,
    1001: Kind.DUPLICATE,
    1002: Kind.NOT_FOUND,
    1038: Kind.INVALID,
    1070: Kind.CONCURRENT,
    3062: Kind.DUPLICATE,
    6018: Kind.FORBIDDEN,
    6041: Kind.ORGANIZATION,
    9017: Kind.ORGANIZATION,
    27520: Kind.INVALID,
}
"""Zoho's code → kind. Codes are reused between modules; those not listed go by the HTTP status."""

STATUSES: Mapping[int, Kind] = {
    401: Kind.TOKEN,
    403: Kind.FORBIDDEN,
    404: Kind.GARBLED,  # a record is missing when Zoho says so with a code, not a server on the way to it
    405: Kind.METHOD,
    408: Kind.TIMEOUT,
    409: Kind.CONFLICT,
    413: Kind.OVERSIZED,
    429: Kind.MINUTE,
}

_SUCCESS = re.compile(rb'\s*\{\s*"code"\s*:\s*0\s*,')

_STATE = ("cannot be deleted", "can not be deleted", "can't be deleted", "cannot delete", "has transactions")
_DUPLICATE = ("already exist", "already been used", "already in use")
_NO_RECORD = ("resource for the given id",)


def judge(reply: Reply) -> Fault | None:
    """The fault of an answer, None when it is good. A PDF or another file is good as it is."""
    body = reply.body
    if isinstance(body, dict):
        code = code_of(body)
        if code == 0 or (code is None and "code" not in body):
            return None if _is_fine(reply.status) else _fault(reply, _by_status(reply.status), code)
        if code is None:
            return _fault(reply, _by_status(reply.status, Kind.GARBLED), code)
        return _fault(reply, _by_code(code, reply.status, _text(body)), code)
    if not _is_fine(reply.status):
        return _fault(reply, _by_status(reply.status), None)
    return None if _is_file(reply) else _fault(reply, Kind.GARBLED, None)


def is_good(content: bytes) -> bool:
    """Zoho tells its code first, and 0 is no fault's."""
    return _SUCCESS.match(content) is not None


def code_of(body: Mapping[str, Any]) -> int | None:
    """Zoho's code, also where it stands as text or as a decimal."""
    value = body.get("code")
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value) if abs(value.adjusted()) < 12 else None
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 12:
        return int(value)
    return None


def _by_code(code: int, status: int, message: str) -> Kind:
    known = CODES.get(code, Kind.NOT_FOUND if status == 404 else None)
    if known is Kind.METHOD and _says(message, _NO_RECORD):
        return Kind.NOT_FOUND
    if known is not None and not (known is Kind.DUPLICATE and _says(message, _STATE)):
        return known
    kind = _by_status(status)
    if kind is Kind.INVALID:
        # Zoho tells these refusals apart by their text only, in the language of the organisation: what is
        # not recognised stays an invalid value, which is a refusal all the same.
        if _says(message, _STATE):
            return Kind.CONFLICT
        if _says(message, _DUPLICATE):
            return Kind.DUPLICATE
    return kind


def _by_status(status: int, fine: Kind = Kind.INVALID) -> Kind:
    if _is_fine(status):
        return fine
    if status < 200:
        return Kind.GARBLED
    if status < 400:
        return Kind.REDIRECT
    if status >= 500:
        return Kind.UNAVAILABLE
    return STATUSES.get(status, Kind.INVALID)


def _is_fine(status: int) -> bool:
    return 200 <= status < 300


def _is_file(reply: Reply) -> bool:
    media = reply.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if reply.status == 204:
        return True
    if not reply.content:
        return False
    if media in ("", "text/plain"):
        return reply.content.startswith(b"%PDF-")
    return not media.endswith("json") and media not in ("text/html", "application/xhtml+xml")


def _fault(reply: Reply, kind: Kind, code: int | None) -> Fault:
    body = reply.body if isinstance(reply.body, dict) else {}
    return Fault(
        kind=kind,
        status=reply.status,
        code=None if code is None else str(code),
        message=_text(body)[:1000],
        raw=reply.body,
        retry_after=_wait(kind, reply.headers),
        headers=reply.headers,
    )


def _wait(kind: Kind, headers: Mapping[str, str]) -> float | None:
    """Seconds. Retry-After is rare, but believed; a spent day does not begin anew before X-Rate-Limit-Reset."""
    names = ("retry-after", "x-rate-limit-reset") if kind is Kind.DAY else ("retry-after",)
    texts = (headers.get(name, "").strip() for name in names)
    return max((float(text) for text in texts if _is_seconds(text)), default=None)


def _is_seconds(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 8


def _text(body: Mapping[str, Any]) -> str:
    message = body.get("message")
    return message if isinstance(message, str) else ""


def _says(message: str, phrases: tuple[str, ...]) -> bool:
    folded = message.casefold()
    return any(phrase in folded for phrase in phrases)
