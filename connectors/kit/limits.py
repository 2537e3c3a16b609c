"""A provider's call budget as data, and how its answers correct it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one organisation may call: calls per minute, calls in process at once, calls per day.

    `share` of the minute and the day are for us; the rest is left to its other programs.
    """

    minute: int
    concurrent: int
    day: int
    share: float = 1.0


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
        return self.plans.get((plan or "").casefold(), self.default)
