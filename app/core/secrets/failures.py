"""What can go wrong with secrets, told without saying anything about them."""

from enum import StrEnum

from app.core.errors import Problem


class Reason(StrEnum):
    """Why a secret cannot be had."""

    UNKNOWN_KEY = "unknown_key"  # the key it was sealed under is in no ring or row
    KEY_DISABLED = "key_disabled"  # the ring's operator switched that key off
    CORRUPT = "corrupt"  # changed, truncated, or moved from another row
    SERVICE = "service"  # the key service does not answer


class SecretUnavailable(Problem):
    """A stored secret cannot be opened, or a new one not sealed. Callers learn only that it is so."""

    def __init__(self, reason: Reason) -> None:
        super().__init__("key_service_unavailable" if reason is Reason.SERVICE else "decrypt_failed")
        self.reason = reason


class KeyringUnusable(Exception):
    """The key ring cannot be used; the message tells the operator why and what to run."""


class KeyringMissing(KeyringUnusable):
    """There is no key ring where it should be."""


class KeyringExists(KeyringUnusable):
    """There is a key ring already; one is never overwritten."""
