"""What a failure means for a run: go on later, go on without this resource, or end; and what somebody can do."""

from dataclasses import dataclass
from typing import Any, Literal

from app.core.errors import Problem
from connectors.kit.faults import Conflict, Rejected

Word = Literal["later", "outage", "skip", "end"]
"""later: it may pass, and is this resource's own; outage: it may pass, and every other would meet it too."""

_QUOTA = frozenset({"provider_rate_limited", "provider_daily_quota_exhausted", "rate_limited"})
_ENDS = frozenset({"needs_reauth", "connection_disabled", "organization_not_found", "decrypt_failed"})
_OUTAGES = _QUOTA | {
    "circuit_open",
    "deadline_exceeded",
    "key_service_unavailable",
    "overloaded",
    "shutting_down",
    "storage_full",
    "storage_unavailable",
    "token_refresh_unavailable",
    "upstream_auth_rejected",
    "upstream_tls_failed",
}
_SKIPS = frozenset(
    {
        "provider_forbidden",
        "provider_validation_failed",
        "provider_conflict",
        "not_found",
        "not_implemented",
        "body_too_large",
        "upstream_paging_stuck",
        "upstream_response_too_large",
        "unsupported_field",
        "validation_failed",
    }
)
_RECONNECT = "Have the customer reconnect the account."
_REMEDIES = {
    "connection_disabled": _RECONNECT,
    "decrypt_failed": "Look after the gateway's keyring: it cannot open this account's credentials.",
    "internal_error": "The next run tries again; if it stays, the gateway's log says more.",
    "needs_reauth": _RECONNECT,
    "not_implemented": "Take the resource out of the job.",
    "organization_not_found": _RECONNECT,
    "provider_forbidden": "Give the connected user the permission, or take the resource out of the job.",
}
_PASSES = "The next run tries again; if it stays, the call log says what the provider answered."


@dataclass(frozen=True, slots=True)
class Ending:
    """`retry_after` is seconds, when somebody said."""

    word: Word
    code: str
    message: str
    retry_after: float | None = None

    @property
    def is_quota(self) -> bool:
        """Nothing failed: it was not our turn."""
        return self.code in _QUOTA

    def of(self, resource: str) -> dict[str, Any]:
        """The error of a resource as callers see it."""
        remedy = _REMEDIES.get(self.code, _PASSES)
        return {"code": self.code, "message": self.message, "resource": resource, "remedy": remedy}


DIED = Ending(
    "later", "internal_error", "The process that read it ended in the middle of it, time and again."
)


def ending_of(error: Exception) -> Ending:
    """The table. What is not in it may pass."""
    if isinstance(error, Rejected | Conflict):
        return Ending("skip", "unsupported_filter", "The connector refused what the sync asked of it.")
    if not isinstance(error, Problem):
        return Ending(
            "later", "internal_error", "Something went wrong in the gateway itself; its log says more."
        )
    wait = error.headers.get("Retry-After") or error.extra.get("retry_after")
    return Ending(_word(error), error.code, error.detail, float(wait) if wait is not None else None)


def _word(error: Problem) -> Word:
    if error.code in _ENDS:
        return "end"
    if error.code in _SKIPS:
        return "skip"
    unreached = error.code == "upstream_error" and error.extra.get("origin") == "network"
    return "outage" if unreached or error.code in _OUTAGES else "later"
