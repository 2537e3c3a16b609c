"""The arithmetic of one organisation's call budget: a value, and what asking, spending and closing do to it.

No clock and no storage: `now` is epoch seconds from whoever holds the row.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.gateway.runs import Lane
from app.models.base import Document
from connectors.kit.faults import Kind
from connectors.kit.limits import Limits

WINDOW = 61.0
"""Seconds a grant counts: the provider's minute and one second for the way and for permits held in hand."""

IN_HAND = 0.9
"""Seconds a permit may be held before it is used; the window's spare second covers it."""

BLOCK = 5.0
"""The same for the permits of a block. They count from its end, so the window holds for them too."""

WARNED_AT = 0.8
"""Share of the day after which its owners are warned; it is also what background work may use."""

_LEFT = 50
"""Background work leaves one permit of so many: two of 98."""

_CLOSEST = 0.75
"""Of the even distance between two calls of background work; below one, to catch up after people's calls."""

_LEASE = 30.0
_DAY = 86400.0
_PROBE_EVERY = 12.0
_WIDER_EVERY = 60.0


@dataclass(frozen=True, slots=True)
class Ask:
    """What a process wants now.

    waiting   lanes of the calls that wait, first served first
    in_use    calls it has in process
    ahead     nobody waits, but a block it holds is nearly used up
    unused    permits of an earlier block it let lapse
    made      calls it made while the storage was away
    late      seconds the storage's last answer took: so much later than they are given, permits are used
    seen      (limit, remaining, seconds to reset) of the day as the provider's last answer told it
    """

    owner: str
    waiting: Sequence[Lane] = ()
    in_use: int = 0
    ahead: bool = False
    unused: int = 0
    made: int = 0
    late: float = 0.0
    seen: tuple[int, int, float] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """How many of the waiting may go, permits on top for the next `hold` seconds, and slots held, of `room` for all.

    `refusals` names for each lane left waiting why, and after how many seconds to ask again.
    """

    granted: int
    spare: int
    slots: int
    room: int
    hold: float
    refusals: Mapping[Lane, tuple[Kind, float]]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something its owners should hear: "warning" or "exhausted". `reset` is epoch seconds."""

    what: str
    limit: int
    used: int
    reset: float


@dataclass(slots=True)
class Budget:
    """State of one organisation. Times are epoch seconds.

    log           [time, permits] of the last minute
    slots         process → [slots held, slots wanted, until]
    day_used      calls of the provider's day, ours and (as far as its headers told) everyone's
    day_made      those among them that are ours
    strikes       minute refusals in a row; while there are any, calls go one by one
    narrowed      (slots left after the provider found too many calls in process, when it did)
    paced         when background work last got a permit
    told          notices of this day
    notices       those among them that nobody recorded yet; not stored
    """

    log: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    slots: dict[str, tuple[int, int, float]] = field(default_factory=dict[str, tuple[int, int, float]])
    day_limit: int | None = None
    day_used: int = 0
    day_made: int = 0
    day_reset: float = 0.0
    closed_until: float = 0.0
    closed_day: bool = False
    strikes: int = 0
    narrowed: tuple[int, float] | None = None
    paced: float = 0.0
    told: list[str] = field(default_factory=list[str])
    notices: list[Notice] = field(default_factory=list[Notice], compare=False)

    @classmethod
    def read(cls, document: Document) -> "Budget":
        """The budget a stored document holds; a fresh one for {}."""
        day = document.get("day", {})
        closed = document.get("closed", {})
        narrowed = document.get("narrowed")
        return cls(
            log=[(float(at), int(count)) for at, count in document.get("log", [])],
            slots={k: (int(v[0]), int(v[1]), float(v[2])) for k, v in document.get("slots", {}).items()},
            day_limit=day.get("limit"),
            day_used=int(day.get("used", 0)),
            day_made=int(day.get("made", 0)),
            day_reset=float(day.get("reset", 0)),
            closed_until=float(closed.get("until", 0)),
            closed_day=bool(closed.get("day", False)),
            strikes=int(closed.get("strikes", 0)),
            narrowed=(int(narrowed[0]), float(narrowed[1])) if narrowed else None,
            paced=float(document.get("paced", 0)),
            told=list(day.get("told", [])),
        )

    def document(self) -> Document:
        """What `read` reads."""
        return {
            "log": [[at, count] for at, count in self.log],
            "slots": {owner: list(slot) for owner, slot in self.slots.items()},
            "day": {
                "limit": self.day_limit,
                "used": self.day_used,
                "made": self.day_made,
                "reset": self.day_reset,
                "told": list(self.told),
            },
            "closed": {"until": self.closed_until, "day": self.closed_day, "strikes": self.strikes},
            "narrowed": list(self.narrowed) if self.narrowed else None,
            "paced": self.paced,
        }

    def ask(self, now: float, limits: Limits, ask: Ask) -> Given:
        """Grant what the window, the slots, the day and a closure allow."""
        self._turn(now)
        self.day_used = max(0, self.day_used - ask.unused)
        self.day_made = max(0, self.day_made - ask.unused)
        self._spend(now, ask.made)
        if ask.seen is not None:
            limit, remaining, reset = ask.seen
            self.day_limit, self.day_reset = limit, now + reset
            self.day_used = max(0, limit - remaining) + ask.in_use
            self.day_made = min(self.day_made, self.day_used)
            if self.day_used < limit * WARNED_AT / 2:
                self.told = []  # the provider's day began anew, or its plan grew
        held = self._hold(now, limits, ask)
        # a high limit hands out permits for the next moment at once, so that few calls cost a transaction
        block = 0 if self.strikes else max(0, self.cap(limits) // 100 - 9)
        hold = BLOCK if block else IN_HAND + ask.late
        counted = now + hold - IN_HAND
        refusals: dict[Lane, tuple[Kind, float]] = {}
        granted = 0
        for lane in ask.waiting:
            why = self._obstacle(now, limits, lane)
            if why is None and ask.in_use + granted >= held:
                why = (Kind.CONCURRENT, 0.1)
            if why is not None:
                refusals[lane] = why
                break  # whoever is behind waits too: lanes are an order, not separate queues
            self._spend(counted, 1)
            if lane.is_background:
                self.paced = now
            granted += 1
        spare = 0
        if (
            block
            and not refusals
            and (granted or ask.ahead)
            and self._obstacle(now, limits, Lane.WRITE) is None
        ):
            room = min(self.cap(limits) - self._used(), self._left(limits)) // 4
            spare = max(0, min(block, room))
            self._spend(counted, spare)
        self._look(limits)
        return Given(granted, spare, held, self.at_once(now, limits), hold, refusals)

    def close_minute(self, now: float, jitter: float) -> None:
        """The provider says the minute is spent: shut at least until its next minute, longer each time in a row."""
        if self.closed_until > now and not self.closed_day:
            return
        self.strikes += 1
        wait = max(60 - now % 60, min(60.0, 10.0 * 2 ** (self.strikes - 2)))
        self.closed_until, self.closed_day = now + wait + jitter, False

    def close_day(self, now: float, limits: Limits, seconds: float) -> None:
        """The provider says the day is spent: shut for `seconds`."""
        self._turn(now)
        self.closed_until, self.closed_day = now + seconds, True
        self.day_reset = self.closed_until
        self._notice("exhausted", limits)

    def reopen(self) -> None:
        """A call came through: no more single steps."""
        self.strikes = 0
        if not self.closed_day:
            self.closed_until = 0.0

    def narrow(self, now: float, limits: Limits, owner: str, in_use: int) -> None:
        """The provider says too many calls are in process, beside the `in_use` that `owner` still has there.

        Each refused call takes one slot away: as many as a burst was too large. What is left is no more than was
        in use, for the organisation's other programs take slots too.
        """
        others = sum(held for each, (held, _, _) in self.slots.items() if each != owner)
        self.narrowed = max(1, min(self.at_once(now, limits) - 1, others + in_use)), now

    def at_once(self, now: float, limits: Limits) -> int:
        """Calls the organisation may have in process now; after refusals one more each minute."""
        most = limits.at_once(self.day_limit)
        if self.narrowed is None:
            return most
        slots, at = self.narrowed
        return min(most, slots + int(max(0.0, now - at) // _WIDER_EVERY))

    def unasked(self, now: float, limits: Limits) -> tuple[int, int]:
        """(calls a minute, calls at once) a process may take unasked: what was left, by as many as were at work."""
        if self.closed_until > now:
            return 0, 0
        used = sum(count for at, count in self.log if at > now - WINDOW)
        processes = max(2, len(self.slots))
        calls = (self.cap(limits) - used) // processes
        return max(0 if used else 1, calls), max(1, self.at_once(now, limits) // processes)

    def release(self, now: float, owner: str, in_use: int) -> None:
        """Keep only the slots in use (renewing them), give the others back."""
        if in_use:
            self.slots[owner] = (in_use, in_use, now + _LEASE)
        else:
            self.slots.pop(owner, None)

    @staticmethod
    def cap(limits: Limits) -> int:
        """Grants in any 61 seconds: 98 at a limit of 100."""
        return max(1, int(limits.minute * limits.share) * 98 // 100)

    def minute(self, now: float, limits: Limits) -> tuple[int, int, float]:
        """(limit, remaining, seconds until something comes back) of the minute window."""
        live = sorted((at, count) for at, count in self.log if at > now - WINDOW)
        used = sum(count for _, count in live)
        reset = live[0][0] + WINDOW - now if live else 0.0
        if self.closed_until > now:
            return limits.minute, 0, self.closed_until - now
        return limits.minute, max(0, min(limits.minute, self.cap(limits) - used)), max(0.0, reset)

    def day(self, now: float, limits: Limits) -> tuple[int, int, float]:
        """(limit, remaining, seconds to the reset) of the provider's day; an estimate."""
        limit = self._day(limits)
        if self.day_reset <= now:
            return limit, int(limit * limits.share), _next_day(now) - now
        remaining = 0 if self.closed_day and self.closed_until > now else self._left(limits)
        return limit, remaining, self.day_reset - now

    def _turn(self, now: float) -> None:
        self.log = [(at, count) for at, count in self.log if now - WINDOW < at <= now + WINDOW]
        self.slots = {owner: slot for owner, slot in self.slots.items() if slot[2] > now}
        if self.narrowed is not None:  # a clock set back must not make it last
            self.narrowed = self.narrowed[0], min(self.narrowed[1], now)
        if self.day_reset <= now:
            self.day_used, self.day_made, self.day_reset = 0, 0, _next_day(now)
            self.closed_day = False
            self.told = []

    def _look(self, limits: Limits) -> None:
        """Notice how far the day is."""
        day = self._day(limits)
        if self.day_used >= day:
            self._notice("exhausted", limits)
        elif self.day_used >= day * WARNED_AT:
            self._notice("warning", limits)

    def _notice(self, what: str, limits: Limits) -> None:
        if what not in self.told:
            self.told.append(what)
            self.notices.append(Notice(what, self._day(limits), self.day_used, self.day_reset))

    def _day(self, limits: Limits) -> int:
        return limits.day if self.day_limit is None else self.day_limit

    def _left(self, limits: Limits, part: float = 1.0) -> int:
        """Calls left of a part of the day: of what all may use, and of what we may."""
        day = self._day(limits) * part
        left = day - self.day_used
        if limits.share < 1.0:
            left = min(left, day * limits.share - self.day_made)
        return max(0, math.ceil(left))

    def _used(self) -> int:
        return sum(count for _, count in self.log)

    def _spend(self, now: float, count: int) -> None:
        if count <= 0:
            return
        self.day_used += count
        self.day_made += count
        _enter(self.log, now, count)

    def _obstacle(self, now: float, limits: Limits, lane: Lane) -> tuple[Kind, float] | None:
        if self.closed_until > now:
            return (Kind.DAY if self.closed_day else Kind.MINUTE), self.closed_until - now
        if self.strikes:  # one probe at a time until an answer is good
            since = max((at for at, _ in self.log if at >= self.closed_until), default=None)
            if since is not None and now - since < _PROBE_EVERY:
                return Kind.MINUTE, since + _PROBE_EVERY - now
        if self._left(limits, WARNED_AT if lane.is_background else 1.0) <= 0:
            return Kind.DAY, self.day_reset - now
        cap = self.cap(limits)
        if lane.is_background:
            why = _over(self.log, max(1, cap + -cap // _LEFT), now) or self._pause(now, cap)
        else:
            why = _over(self.log, cap, now)
        return None if why is None else (Kind.MINUTE, why)

    def _pause(self, now: float, cap: int) -> float | None:
        """Seconds until background work may have one more; None when it may now.

        Its calls are spread over the minute, so that permits come back all the time: a person who finds none
        waits for the next of them, not for a minute.
        """
        if not self.log:
            return None
        oldest = min(at for at, _ in self.log)
        pause = max(_CLOSEST * WINDOW / cap, (oldest + WINDOW - now) / max(1, cap - self._used()))
        left = self.paced + pause - now
        return left if left > 0 else None

    def _hold(self, now: float, limits: Limits, ask: Ask) -> int:
        """Slots of `ask.owner` after this: what it wants, what others left, a fair share when it is tight."""
        room = self.at_once(now, limits)
        wanted = ask.in_use + len(ask.waiting) + room // 16
        others = {owner: slot for owner, slot in self.slots.items() if owner != ask.owner}
        left = room - sum(held for held, _, _ in others.values())
        held = max(ask.in_use, min(wanted, left))
        if any(want > has for has, want, _ in others.values()):
            share = max(1, room // (len(others) + 1))
            held = max(ask.in_use, min(held, share))
        self.slots[ask.owner] = (held, wanted, now + _LEASE)
        return held


def _next_day(now: float) -> float:
    return now - now % _DAY + _DAY


def _enter(log: list[tuple[float, int]], now: float, count: int) -> None:
    if log and abs(now - log[-1][0]) < 0.25:  # one entry per quarter second keeps the row small
        at, others = log.pop()
        now, count = max(now, at), count + others
    log.append((now, count))


def _over(log: list[tuple[float, int]], cap: int, now: float) -> float | None:
    """Seconds until one more fits under `cap`; None when it does now."""
    over = sum(count for _, count in log) + 1 - cap
    if over <= 0:
        return None
    for at, count in sorted(log):
        over -= count
        if over <= 0:
            return max(0.01, at + WINDOW - now)
    return WINDOW
