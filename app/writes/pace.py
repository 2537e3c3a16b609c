"""How long owners of writes are believed to live, and when a write nobody saw the end of is looked for."""

from dataclasses import dataclass
from datetime import timedelta

_LEASE, _LEAST_LEASE = 20.0, 2.0
_LOOKS = (2.0, 15.0, 60.0)
_LONGEST = 3600.0
MOST_LOOKS = 14
"""After so many looks since it was sent, a write that could not be sent again is left to a person: some four hours."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`settle` seconds after it was sent a write is looked for the last time; all of it is `factor` as long."""

    settle: float = 180.0
    factor: float = 1.0

    @property
    def lease(self) -> timedelta:
        """Without a sign of life for so long, an owner is dead."""
        return timedelta(seconds=max(_LEAST_LEASE, _LEASE * self.factor))

    @property
    def beat(self) -> float:
        """Seconds between two signs of life."""
        return self.lease.total_seconds() / 4

    def first(self, resends: int = 0, looks: int = 0) -> float:
        """Seconds from sending to the first look; more, the more often it was sent again in vain, and the more
        `looks` there were after which it was to be sent again and could not be."""
        vain = looks - len(_LOOKS) - 1
        wait = _LOOKS[0] * 4**resends if vain < 0 else _LOOKS[1] * 2**vain
        return min(wait, _LONGEST) * self.factor

    @property
    def after_failure(self) -> float:
        """Seconds to the next look after one that failed."""
        return _LOOKS[1] * self.factor

    def next(self, done: int) -> float | None:
        """Seconds to the next look after `done` looks; None when that was the last."""
        moments = (*_LOOKS, max(self.settle, _LOOKS[-1]))
        if done >= len(moments):
            return None
        return (moments[done] - moments[done - 1]) * self.factor if done else self.first()
