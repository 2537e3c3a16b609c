"""Records somebody keeps naming though nothing about them changes: each is left alone for a while."""

from app.models.inbound import Hint

LONGEST = 300.0
"""Seconds a record rests at most: a hint that comes meanwhile is followed then, and costs 288 calls a day at most."""

_KEPT = 10_000


class Rests:
    """What this process remembers of reads that told nothing new, of each record the last and how many in a row.

    The record rests for 1 s then, twice as long after each more, until there is news of it or it is left unnamed.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[str, str, str], tuple[float, int]] = {}

    def left(self, hint: Hint, now: float) -> float:
        """Seconds until the hint may be followed."""
        at, times = self._last.get(_key(hint), (now, 0))
        return max(0.0, at + _rest(times) - now)

    def note(self, hint: Hint, now: float, *, news: bool) -> None:
        """The hint was followed."""
        at, times = self._last.pop(_key(hint), (now, 0))
        if news:
            return
        self._last[_key(hint)] = now, (times if now - at <= 2 * LONGEST else 0) + 1
        if len(self._last) > _KEPT:
            del self._last[next(iter(self._last))]  # the one read longest ago


def _key(hint: Hint) -> tuple[str, str, str]:
    return hint.account_id, hint.unit, hint.record_id


def _rest(times: int) -> float:
    return min(LONGEST, 2.0 ** min(times - 1, 10)) if times else 0.0
