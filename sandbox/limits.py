"""How many calls an organisation may make: per minute, per day of its own time zone, and at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

PER_MINUTE = 100
PER_DAY = {"Free": 1000, "Standard": 2000, "Professional": 5000}
PER_DAY_ABOVE = 10_000
AT_ONCE = {"Free": 5}
AT_ONCE_PAID = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """None lifts a limit."""

    minute: int | None = PER_MINUTE
    day: int | None = 1000
    concurrent: int | None = 5

    @classmethod
    def of_plan(cls, plan_name: str) -> "Limits":
        return cls(day=PER_DAY.get(plan_name, PER_DAY_ABOVE), concurrent=AT_ONCE.get(plan_name, AT_ONCE_PAID))

    def but(self, changes: Mapping[str, Any]) -> "Limits":
        """These with some replaced; keys that are not limits are ignored."""
        current = self.as_dict()
        return Limits(**{name: changes.get(name, value) for name, value in current.items()})

    def as_dict(self) -> dict[str, int | None]:
        return {"minute": self.minute, "day": self.day, "concurrent": self.concurrent}


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Which limit a call ran into, as the provider words it. The status is always 429."""

    code: int
    message: str


TOO_FAST = Exceeded(
    44,
    "For security reasons your organization has been blocked as it have exceeded the maximum number of "
    "requests per minute that can originate from an organization.",
)
TOO_MANY_AT_ONCE = Exceeded(
    1070,
    "You have reached the maximum number of in process requests allowed. Kindly try again after some time.",
)


def too_many_today(limit: int) -> Exceeded:
    return Exceeded(
        45, f"The API call for this organization has exceeded the maximum call rate limit of {limit}."
    )


class Meter:
    """Counts one organisation's calls. Windows are calendar minutes and local days; refusals cost nothing."""

    def __init__(self, limits: Limits, time_zone: str) -> None:
        self.limits = limits
        self.in_flight = 0
        self.peak = 0
        self._zone = ZoneInfo(time_zone)
        self._minute = (0, 0)
        self._day = ("", 0)

    def enter(self, now: datetime) -> Exceeded | None:
        """Count a call in, or say what forbids it. Every admitted call must `leave`."""
        minute, this_minute = int(now.timestamp() // 60), 0
        if self._minute[0] == minute:
            this_minute = self._minute[1]
        today = self._used_today(now)
        limits = self.limits
        if limits.day is not None and today >= limits.day:
            return too_many_today(limits.day)
        if limits.minute is not None and this_minute >= limits.minute:
            return TOO_FAST
        if limits.concurrent is not None and self.in_flight >= limits.concurrent:
            return TOO_MANY_AT_ONCE
        self._minute = (minute, this_minute + 1)
        self._day = (self._local_day(now), today + 1)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        return None

    def move(self, time_zone: str) -> None:
        """Days end at another midnight from now on."""
        self._zone = ZoneInfo(time_zone)

    def leave(self) -> None:
        self.in_flight -= 1

    def headers(self, now: datetime) -> dict[str, str]:
        """The daily budget as every answer about the organisation shows it."""
        limit = self.limits.day if self.limits.day is not None else 10**9
        return {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(0, limit - self._used_today(now))),
            "x-rate-limit-reset": str(self.seconds_to_midnight(now)),
        }

    def seconds_to_midnight(self, now: datetime) -> int:
        local = now.astimezone(self._zone)
        midnight = datetime.combine(local.date() + timedelta(days=1), time(), self._zone)
        return max(1, ceil(midnight.timestamp() - now.timestamp()))

    def usage(self, now: datetime) -> dict[str, int]:
        minute = int(now.timestamp() // 60)
        return {
            "minute": self._minute[1] if self._minute[0] == minute else 0,
            "day": self._used_today(now),
            "in_flight": self.in_flight,
            "peak_in_flight": self.peak,
        }

    def _local_day(self, now: datetime) -> str:
        return now.astimezone(self._zone).date().isoformat()

    def _used_today(self, now: datetime) -> int:
        day, used = self._day
        return used if day == self._local_day(now) else 0
