"""Stateless page cursors: a position, signed, and bound to the request it belongs to."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any

from app.core import json
from app.core.errors import Problem

_MAC = 16
_LONGEST = 4096


class Cursors:
    """Signs cursors with the first of `keys()` and opens those of any: they survive restarts and a change of
    key, and every process reads them."""

    def __init__(self, keys: Callable[[], Sequence[bytes]]) -> None:
        self._keys = keys

    def sign(self, position: dict[str, Any], *binding: str) -> str:
        """`position` as URL-safe text. `binding` (account, resource, query …) must be the same on `open`."""
        payload = json.encode(position)
        return (
            base64.urlsafe_b64encode(_mac(self._keys()[0], payload, binding) + payload).rstrip(b"=").decode()
        )

    def open(self, text: str, *binding: str) -> dict[str, Any]:
        """The position in `text`. Problem `invalid_cursor` when forged, damaged, or of another request."""
        refused = Problem("invalid_cursor", "This cursor was not issued for this request.")
        if not text.isascii() or len(text) > _LONGEST:
            raise refused
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise refused from None
        mac, payload = raw[:_MAC], raw[_MAC:]
        if not any(hmac.compare_digest(mac, _mac(key, payload, binding)) for key in self._keys()):
            raise refused
        return json.decode(payload)


def _mac(key: bytes, payload: bytes, binding: tuple[str, ...]) -> bytes:
    mac = hmac.new(key, b"ledgerway/cursor/v1", hashlib.sha256)
    for part in (*(text.encode() for text in binding), payload):
        mac.update(len(part).to_bytes(8, "big"))
        mac.update(part)
    return mac.digest()[:_MAC]
