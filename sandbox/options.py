"""What a sandbox is started with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLIENT_ID = "1000.SANDBOX"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - published: it opens nothing but the sandbox


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is the first of nine consecutive ones; 0 finds nine free ones.

    `seed` ("furnished" or "empty") and `rows` (how many of each kind in a furnished organisation; None is
    the default furnishing) make the organisations. `limits` overrides, for all organisations, minute, day
    and concurrent, and for the accounts servers any field of `sandbox.grants.Rules`; None lifts a limit.
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: str = "furnished"
    rows: int | None = None
    limits: Mapping[str, Any] = field(default_factory=dict[str, Any])
