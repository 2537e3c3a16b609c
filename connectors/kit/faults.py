"""Everything that can go wrong between a caller's intent and the provider's answer.

Fault            the provider, or the way to it, failed; raised into a flow at its `yield`
Rejected         the input cannot be sent: one or more field errors (422)
Conflict         the input contradicts the provider's state (409): multiple_matches, invalid_transition …
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class Kind(StrEnum):
    """What a fault means, whatever the provider called it. `app.gateway` decides the cure by this alone."""

    TOKEN = "token"  # noqa: S105 — the access token was refused: refresh once
    FORBIDDEN = "forbidden"  # scope or role is missing
    ORGANIZATION = "organization"  # organisation unknown to this user
    NOT_FOUND = "not_found"
    METHOD = "method"  # no such route or method at the provider
    INVALID = "invalid"  # the provider refused a value
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"  # state does not allow it
    DEPENDENTS = "dependents"  # other records rest on it
    LOCKED = "locked"  # it is dated in a closed period
    MINUTE = "minute"  # per-minute limit
    DAY = "day"  # daily limit
    CONCURRENT = "concurrent"  # too many calls in process
    UNAVAILABLE = "unavailable"  # 5xx
    GARBLED = "garbled"  # not the promised JSON, truncated, wrong type
    STUCK = "stuck"  # its pages do not advance
    TOO_LARGE = "too_large"  # its answer
    OVERSIZED = "oversized"  # what it was sent: refused unread
    REDIRECT = "redirect"
    TIMEOUT = "timeout"
    NETWORK = "network"  # DNS, TCP, reset
    TLS = "tls"


Phase = Literal["idle", "headers", "body", "answered"]
"""How far a call got: nothing sent, headers sent, body sent, answer received."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused field of a request body. `pointer` is a JSON pointer ("/line_items/0/item")."""

    code: str
    pointer: str
    detail: str
    allowed: tuple[str, ...] = ()
    did_you_mean: str | None = None


@dataclass(eq=False)
class Fault(Exception):
    """A failed call. `code` and `message` are the provider's own; `retry_after` is seconds when known.

    `existing` is the record that is in the way of a duplicate, `records` are those that rest on what was to go:
    {resource, id}. `errors` name the fields that were refused, where that is known.
    """

    kind: Kind
    status: int | None = None
    code: str | None = None
    message: str = ""
    raw: Any = None
    retry_after: float | None = None
    phase: Phase = "answered"
    headers: Mapping[str, str] | None = None
    existing: Mapping[str, str] | None = None
    records: Sequence[Mapping[str, Any]] | None = None
    errors: tuple[FieldError, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} (status {self.status}, code {self.code}): {self.message}"


class Rejected(Exception):
    """The input cannot be sent. Carries every field error found, not just the first."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{e.pointer}: {e.detail}" for e in errors))
        self.errors = errors


class Conflict(Exception):
    """The provider's state forbids it. `code` is a top-level 409 code of the HTTP contract; `extra` its members."""

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.extra = extra
