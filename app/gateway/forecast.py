"""When so many calls of background work would be done."""

from dataclasses import dataclass

from app.gateway.budget import WARNED_AT, Budget
from connectors.kit.limits import Limits

_DAY = 86_400.0
_OF_THE_MINUTE = 0.8  # what background work is counted with; people may call at any time


@dataclass(frozen=True, slots=True)
class Forecast:
    """`per_day` is what background work may use of a whole day, `today` what it may still use of this one.

    days      days of the provider it spends from
    seconds   from now to its end; None when the plan leaves nothing for it
    """

    calls: int
    today: int
    per_day: int
    per_minute: int
    days: int
    seconds: float | None


def forecast(calls: int, budget: Budget, now: float, limits: Limits) -> Forecast:
    """How long `calls` take when nothing but them spends the day, and people may call at any time."""
    limit, remaining, reset = budget.day(now, limits)
    ours = int(limit * limits.share)
    per_minute = max(1, int(limits.minute * limits.share * _OF_THE_MINUTE))
    a_day = int(per_minute * _DAY / 60)
    per_day = min(int(ours * WARNED_AT), a_day)
    wait = budget.minute(now, limits)[2] if budget.closed_until > now else 0.0
    reserved = ours - int(ours * WARNED_AT)
    today = max(0, min(remaining - reserved, int(per_minute * max(0.0, reset - wait) / 60)))
    if calls <= today:
        return Forecast(calls, today, per_day, per_minute, 1, wait + calls * 60 / per_minute)
    if per_day < 1:
        return Forecast(calls, today, per_day, per_minute, 0, None)
    left = calls - today
    whole, rest = divmod(left - 1, per_day)
    seconds = reset + whole * _DAY + (rest + 1) * 60 / per_minute
    return Forecast(calls, today, per_day, per_minute, whole + 1 + (today > 0), seconds)


def said(found: Forecast, day_limit: int) -> str:
    """The same for people."""
    if found.seconds is None:
        return f"{found.calls:,} calls never end: this plan leaves no call for background work."
    return (
        f"{found.calls:,} calls: {_span(found.seconds)} at this plan "
        f"({day_limit:,} calls a day, {found.per_day:,} of them for background work, {found.today:,} left today)."
    )


def _span(seconds: float) -> str:
    for size, name in ((_DAY, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"about {count} {name}{'' if count == 1 else 's'}"
    return "less than a minute"
