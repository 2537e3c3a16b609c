"""Account tokens: `lwt_<payload>.<mac>`, valid 15 minutes for one account. Nothing is stored of them."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core import json
from app.core.auth import Principal
from app.core.secrets import Ring, SecretUnavailable

PREFIX = "lwt_"
LIFETIME = timedelta(minutes=15)
_PURPOSE = "account-token"
_LONGEST = 4096
_FIXED = frozenset({"connections", "link", "logs", "keys", "audit", "sync", "webhooks"})


@dataclass(frozen=True, slots=True)
class AccountToken:
    """What a token says: the key that made it, the account it opens, and until when."""

    kid: str
    account_id: str
    scopes: frozenset[str]
    expires_at: datetime


def data_scopes(principal: Principal, families: frozenset[str]) -> frozenset[str]:
    """The principal's scopes that reach data (unified models, proxy): all an account token may carry."""
    if "*" in principal.scopes:
        return frozenset(f"{family}:*" for family in families)
    return frozenset(
        scope for scope in principal.scopes if scope.rpartition(":")[0].partition(".")[0] not in _FIXED
    )


def mint(keyring: Ring, kid: str, account_id: str, scopes: frozenset[str], now: datetime) -> str:
    """A token that ends `LIFETIME` after `now`."""
    payload = json.encode(
        {
            "ring": keyring.primary,
            "kid": kid,
            "account": account_id,
            "scopes": sorted(scopes),
            "until": int((now + LIFETIME).timestamp()),
        }
    )
    mac = _mac(keyring, keyring.primary, payload)
    return f"{PREFIX}{_text(payload)}.{_text(mac)}"


def read(keyring: Ring, text: str, now: datetime) -> AccountToken | None:
    """What a token says, or None when it is forged, damaged or expired."""
    body, dot, signature = text.removeprefix(PREFIX).partition(".")
    if not text.startswith(PREFIX) or not dot or len(text) > _LONGEST or not text.isascii():
        return None
    try:
        payload, mac = _bytes(body), _bytes(signature)
        said = json.decode(payload)
        ring_key = said["ring"]
        if not hmac.compare_digest(_mac(keyring, ring_key, payload), mac):
            return None
    except (binascii.Error, ValueError, KeyError, TypeError, SecretUnavailable):
        return None
    until = datetime.fromtimestamp(said["until"], tz=now.tzinfo)
    if until <= now:
        return None
    return AccountToken(said["kid"], said["account"], frozenset(said["scopes"]), until)


def _mac(keyring: Ring, key_id: str, payload: bytes) -> bytes:
    return hmac.digest(keyring.derive(_PURPOSE, key_id), payload, hashlib.sha256)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
