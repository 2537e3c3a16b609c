"""A provider's call budget as data, and how its answers correct it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """What one organisation may call: calls per minute, calls in process at once, calls per day.

    `share` of the minute and the day are for us; the rest is left to its other programs. `tiers` are the plans there
    are, the smallest first: calls per day, calls in process at once.
    """

    minute: int
    concurrent: int
    day: int
    share: float = 1.0
    tiers: tuple[tuple[int, int], ...] = field(default=(), compare=False)

    def at_once(self, day: int | None) -> int:
        """Calls in process at the daily limit the provider tells: a plan's name may promise more than is given."""
        if day is None or not self.tiers:
            return self.concurrent
        return next((slots for most, slots in self.tiers if day <= most), self.tiers[-1][1])


@dataclass(frozen=True, slots=True)
class Quota:
    """The daily budget as the provider's last answer told it. `reset` is seconds from that answer."""

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Budget:
    """`default` holds until the plan is known; `plans` by the provider's plan word, lower case."""

    default: Limits
    plans: Mapping[str, Limits]
    read: Callable[[Mapping[str, str]], Quota | None]

    def of(self, plan: str | None) -> Limits:
        tiers = tuple(sorted({(each.day, each.concurrent) for each in self.plans.values()}))
        return replace(self.plans.get((plan or "").casefold(), self.default), tiers=tiers)
