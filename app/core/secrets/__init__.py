"""Encryption at rest: the key ring, envelopes, and a type for values that must not be shown."""

from app.core.secrets.envelope import Context
from app.core.secrets.failures import KeyringMissing, KeyringUnusable, Reason, SecretUnavailable
from app.core.secrets.keyring import Keyring, Ring, load, load_or_create
from app.core.secrets.live import LiveKeyring
from app.core.secrets.secret import Secret
from app.core.secrets.vault import Lifted, OpenKey, Vault
from app.core.secrets.wrapping import KeyWrapper, LocalWrapper, WrappedKey

__all__ = [
    "Context",
    "KeyWrapper",
    "Keyring",
    "KeyringMissing",
    "KeyringUnusable",
    "Lifted",
    "LiveKeyring",
    "LocalWrapper",
    "OpenKey",
    "Reason",
    "Ring",
    "Secret",
    "SecretUnavailable",
    "Vault",
    "WrappedKey",
    "load",
    "load_or_create",
]
