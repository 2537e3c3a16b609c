"""Zoho's call budget: per minute and in process for every plan, per day by plan."""

from collections.abc import Mapping

from connectors.kit.limits import Budget, Limits, Quota

_FREE = Limits(minute=100, concurrent=5, day=1000)

PLANS: Mapping[str, Limits] = {
    "free": _FREE,
    "trial": _FREE,  # a trial is counted as free, whatever plan it tries
    "standard": Limits(minute=100, concurrent=8, day=2000),
    "professional": Limits(minute=100, concurrent=8, day=5000),
    "premium": Limits(minute=100, concurrent=8, day=10_000),
    "elite": Limits(minute=100, concurrent=8, day=10_000),
    "ultimate": Limits(minute=100, concurrent=8, day=10_000),
}
"""Zoho allows paid plans ten calls in process but calls that soft; eight leaves room for other clients.

The daily limit in the headers finds the row, the plan's name only until there is one: a trial may be called
Professional and has the thousand calls of the free plan.
"""


def read(headers: Mapping[str, str]) -> Quota | None:
    """The X-Rate-Limit headers. They speak of the day: `reset` counts to midnight in the organisation."""
    told = headers.get("x-rate-limit-limit")
    if told is None:
        return None
    limit, remaining, reset = map(
        _count, (told, headers.get("x-rate-limit-remaining"), headers.get("x-rate-limit-reset"))
    )
    if limit is None or remaining is None or reset is None or limit == 0:
        return None
    return Quota(limit=limit, remaining=min(remaining, limit), reset=reset)


def _count(text: str | None) -> int | None:
    cleaned = (text or "").strip()
    if cleaned.startswith("-") and cleaned[1:].isdecimal():
        return 0
    return int(cleaned) if cleaned.isascii() and cleaned.isdecimal() and len(cleaned) < 10 else None


def plan_word(name: str | None) -> str | None:
    """The plan's word in a plan's name ("Premium Trial" → "trial"), or the name when no word is known."""
    words = (name or "").casefold().replace("-", " ").split()
    if "trial" in words:
        return "trial"
    return next((word for word in words if word in PLANS), name or None)


BUDGET = Budget(default=_FREE, plans=PLANS, read=read)
