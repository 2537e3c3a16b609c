"""Posts to accounts servers."""

from contextlib import suppress
from urllib.parse import urlencode

from app.core import json
from app.core.http import Door, Outgoing
from connectors.kit.auth import Form
from connectors.kit.http import Json

_LARGEST = 1024 * 1024


async def post(door: Door, form: Form, seconds: float) -> tuple[int, Json]:
    """(status, decoded JSON or None). Fault when there was no answer, or a redirect."""
    headers = (
        ("User-Agent", "Ledgerway"),
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        *form.headers,
    )
    fields = urlencode(form.fields)
    url, body = (f"{form.url}?{fields}", b"") if form.in_query else (form.url, fields.encode())
    incoming = await door.fetch(Outgoing("POST", url, headers, body), seconds=seconds, limit=_LARGEST)
    return incoming.status, decoded(incoming.content)


def decoded(content: bytes) -> Json:
    """The JSON in `content`, None when it is none."""
    try:
        return json.decode(content) if content else None
    except ValueError:
        return None


def mended(content: bytes) -> Json:
    """The same for records: a value nobody can read costs that value, not all the others."""
    for read in (json.decode, json.mend):
        with suppress(ValueError):
            return read(content) if content else None
    return None
