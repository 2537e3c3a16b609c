"""Places where a test may end this process as if the power had failed. Inert without LEDGERWAY_FAILPOINTS.

`LEDGERWAY_FAILPOINTS=write.before_send=3` kills at the third arrival there; several are separated by commas.
"""

import os
import signal

from app.core.settings import PREFIX, SettingsError

VARIABLE = f"{PREFIX}FAILPOINTS"

NAMES = frozenset(
    {
        "write.before_intent",
        "write.before_send",
        "write.after_send",
        "write.before_store",
        "write.before_reply",
        "oauth.after_exchange",
        "sync.before_commit",
        "sync.after_commit",
        "tx.mid",
        "hook.after_post",
        "inbound.after_reply",
        "destination.after_write",
    }
)

_armed: dict[str, int] = {}


def arm(*, development: bool) -> None:
    """Read the variable. SettingsError for a name that is none, and for any in production."""
    _armed.clear()
    text = os.environ.get(VARIABLE, "")
    if text and not development:
        raise SettingsError(f"{VARIABLE} is for tests: production refuses it")
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, count = part.partition("=")
        if name not in NAMES or not (count or "1").isdecimal():
            raise SettingsError(
                f"{VARIABLE}: {name[:60]} is no failpoint; there are {', '.join(sorted(NAMES))}"
            )
        _armed[name] = int(count or "1")


def hit(name: str) -> None:
    """Die here, if it is time."""
    if name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
