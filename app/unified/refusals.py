"""What a connector refuses, as the problems of the HTTP contract."""

from collections.abc import Generator
from contextlib import contextmanager

from app.core.errors import CODES, Problem
from connectors.kit.faults import Conflict, FieldError, Rejected

_OWN_CODE = frozenset(
    {
        "unsupported_filter",
        "unsupported_field",
        "reference_not_found",
        "reference_ambiguous",
        "total_mismatch",
        "period_locked",
        "would_remove_lines",
    }
)
"""Field codes that name the whole answer when every error has the same one; else it is validation_failed."""


def rejected(errors: tuple[FieldError, ...]) -> Problem:
    codes = {error.code for error in errors}
    only = codes.pop() if len(codes) == 1 else ""
    code = only if only in _OWN_CODE and only in CODES else "validation_failed"
    detail = errors[0].detail if len(errors) == 1 else f"{len(errors)} fields cannot be accepted."
    return Problem(code, detail, errors=errors)


def conflicting(conflict: Conflict) -> Problem:
    code = conflict.code if conflict.code in CODES else "invalid_transition"
    return Problem(code, conflict.detail, **conflict.extra)


@contextmanager
def translated() -> Generator[None]:
    """Rejected and Conflict inside leave as Problem."""
    try:
        yield
    except Rejected as refusal:
        raise rejected(refusal.errors) from None
    except Conflict as conflict:
        raise conflicting(conflict) from None
