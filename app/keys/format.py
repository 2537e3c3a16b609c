"""The text of an API key: `lw_<mode>_<kid>_<secret><crc>`.

kid is 12 characters and public, secret 43 characters of 256 random bits, crc 6 characters of the CRC-32 of all
before it, so that a mistyped key is refused without a look-up. All in base 62.
"""

import hashlib
import hmac
import os
import re
import secrets
import zlib
from dataclasses import dataclass

from app.core.auth import Mode
from app.core.ids import BASE62, base62
from app.core.secrets import Ring, Secret

PATTERN = r"lw_(test|live)_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})"
"""For secret scanners."""

PEPPER = "api-key-pepper"
_TEXT = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key text that is well formed: `kid` to find it by, `last4` to show, `text` to verify."""

    mode: Mode
    kid: str
    last4: str
    text: Secret


def generate(mode: Mode) -> KeyText:
    """A new random key."""
    kid = "".join(secrets.choice(BASE62) for _ in range(12))
    body = f"lw_{mode}_{kid}_{base62(os.urandom(32), 43)}"
    return KeyText(mode, kid, body[-4:], Secret(body + _crc(body)))


def read(text: str) -> KeyText | None:
    """The parts of a key text, or None when it cannot be one of ours."""
    found = _TEXT.fullmatch(text)
    if found is None or not hmac.compare_digest(_crc(text[:-6]), text[-6:]):
        return None
    mode: Mode = "live" if found[1] == "live" else "test"
    return KeyText(mode, found[2], found[3][-4:], Secret(text))


def digest(key: KeyText, keyring: Ring, pepper_id: str) -> bytes:
    """What is stored of a key. SecretUnavailable when the ring lacks the pepper."""
    return hmac.digest(keyring.derive(PEPPER, pepper_id), key.text.reveal(), hashlib.sha256)


def _crc(text: str) -> str:
    return base62(zlib.crc32(text.encode()).to_bytes(4, "big"), 6)
