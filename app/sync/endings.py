"""What a failure means for a run: go on later, go on without this resource, or end."""

from dataclasses import dataclass
from typing import Literal

from app.core.errors import Problem
from connectors.kit.faults import Conflict, Rejected

Word = Literal["later", "skip", "end"]

_QUOTA = frozenset({"provider_rate_limited", "provider_daily_quota_exhausted", "rate_limited"})
_ENDS = frozenset({"needs_reauth", "connection_disabled", "organization_not_found", "decrypt_failed"})
_SKIPS = frozenset(
    {
        "provider_forbidden",
        "provider_validation_failed",
        "provider_conflict",
        "not_found",
        "not_implemented",
        "upstream_paging_stuck",
        "upstream_response_too_large",
        "unsupported_field",
        "validation_failed",
    }
)


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


def ending_of(error: Exception) -> Ending:
    """The table. What is not in it may pass."""
    if isinstance(error, Rejected | Conflict):
        return Ending("skip", "unsupported_filter", "The connector refused what the sync asked of it.")
    if not isinstance(error, Problem):
        return Ending(
            "later", "internal_error", "Something went wrong in the gateway itself; its log says more."
        )
    word: Word = "end" if error.code in _ENDS else "skip" if error.code in _SKIPS else "later"
    wait = error.headers.get("Retry-After") or error.extra.get("retry_after")
    return Ending(word, error.code, error.detail, float(wait) if wait is not None else None)
