"""One organisation in one process: a queue in front of a budget that all processes share."""

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.core.clock import Clock
from app.core.rates import Allowance
from app.gateway.budget import WINDOW, Ask, Budget, Given
from app.gateway.quotas import Shelf
from app.gateway.runs import Lane
from connectors.kit.faults import Fault, Kind
from connectors.kit.limits import Limits

_log = structlog.get_logger("ledgerway.limits")

_LEAST = 1.0  # seconds a call needs after its wait
_STORAGE_SECONDS = 2.0
_GLANCE = 0.05  # seconds given to a storage that did not answer last time
_IDLE_SLOTS = 0.25
_RENEW = 10.0
_MOST_AT_ONCE = 128

_MESSAGES = {
    Kind.MINUTE: "the organisation's calls of this minute are used up",
    Kind.DAY: "the organisation's calls of this day are used up",
    Kind.CONCURRENT: "too many calls of the organisation are in process",
}


@dataclass(slots=True, order=True)
class _Waiter:
    rank: int
    number: int
    lane: Lane = field(compare=False)
    deadline: float = field(compare=False)
    future: "asyncio.Future[None]" = field(compare=False)


class Turnstile:
    """Who waits, what is in hand, what the row said last."""

    def __init__(self, name: str, owner: str, shelf: Shelf, clock: Clock) -> None:
        self.name = name
        self.limits = Limits(1, 1, 1)
        self.seen: tuple[int, int, float] | None = None
        self.closed_at = 0.0
        self._owner = owner
        self._shelf = shelf
        self._clock = clock
        self._numbers = itertools.count()
        self._waiters: list[_Waiter] = []
        self._in_use = 0
        self._slots = 0
        self._permits, self._permits_until = 0, 0.0
        self._renew_at, self._renew_below = 0.0, 0
        self._recent: list[float] = []  # own calls of the last minute, for when the storage is away
        self._late = 0.0  # seconds the storage's last answer took
        self._question: asyncio.Task[Given] | None = None
        self._overdue: object = None
        self._unrecorded = 0  # calls the row has still to hear of
        self._known: tuple[Budget, float, float] | None = None  # budget, its now, monotonic then
        self._lapsed = 0
        self._lock = asyncio.Lock()
        self._told: tuple[object, float, Allowance] | None = None
        self._away = self._strikes = False
        self._why = (Kind.CONCURRENT, 0.0)
        self._changed = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._tend: asyncio.Task[None] | None = None
        self._side: set[asyncio.Task[None]] = set()
        self._asked_at = self._left_at = 0.0

    @property
    def busy(self) -> bool:
        return bool(self._in_use or self._waiters or self._slots)

    def take(self) -> bool:
        """Go at once, on a permit and a slot in hand."""
        if self._waiters or self._permits <= 0 or self._in_use >= self._slots:
            return False
        now = self._clock.monotonic()
        if now > self._permits_until:
            return False
        self._permits -= 1
        self._in_use += 1
        if now > self._renew_at or self._permits < self._renew_below:
            self._start_pump()  # the next block comes before this one is gone
        return True

    async def wait(self, lane: Lane, deadline: float) -> None:
        """Queue by lane, first come first served inside one."""
        waiter = _Waiter(
            lane.rank, next(self._numbers), lane, deadline, asyncio.get_running_loop().create_future()
        )
        heapq.heappush(self._waiters, waiter)
        self._changed.set()
        self._start_pump()
        try:
            await waiter.future
        except asyncio.CancelledError:
            if waiter.future.done() and not waiter.future.cancelled() and waiter.future.exception() is None:
                self.leave()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
                heapq.heapify(self._waiters)
            raise

    def leave(self) -> None:
        """A call ended: its slot is free for the next."""
        self._in_use -= 1
        self._left_at = self._clock.monotonic()
        if self._waiters:
            self._changed.set()
        if self._tend is None or self._tend.done():
            self._tend = asyncio.get_running_loop().create_task(self._tending())

    def close(self, day_seconds: float | None) -> None:
        """The provider refused: shut the minute, or the day for `day_seconds`."""
        self.closed_at = self._clock.monotonic()
        self._permits = 0
        limits, jitter = self.limits, random.uniform(0.0, 5.0)  # noqa: S311

        def step(budget: Budget, now: float) -> Budget:
            if day_seconds is None:
                budget.close_minute(now, jitter)
            else:
                budget.close_day(now, limits, day_seconds)
            return budget

        self._strikes = self._strikes or day_seconds is None
        self._start_aside(step)

    def narrow(self, *, left: bool) -> None:
        """The provider refused a call, which `left` already or is about to, for those in process beside it."""
        self._lapsed, self._permits = self._lapsed + self._permits, 0
        limits, in_use = self.limits, self._in_use - (not left)
        self._start_aside(lambda budget, now: budget.narrow(now, limits, self._owner, in_use))

    def prove_open(self) -> None:
        """A call sent after the last refusal came through."""
        if self._strikes:
            self._strikes = False
            self._start_aside(lambda budget, _now: budget.reopen())

    def day_left(self) -> float:
        """Seconds to the day's reset as last known; an hour when it is not."""
        if self._known is None:
            return 3600.0
        budget, now, at = self._known
        return max(60.0, budget.day_reset - (now + self._clock.monotonic() - at))

    def allowance(self) -> Allowance | None:
        """The tightest budget as last seen; counted anew ten times a second at most."""
        if self._known is None:
            return None
        budget, then, at = self._known
        moment = self._clock.monotonic()
        if (
            self._told is not None
            and self._told[0] is self._known
            and moment - self._told[1] < 0.1
            and not self.seen
        ):
            return self._told[2]
        allowance = self._allowance(budget, then + moment - at)
        self._told = self._known, moment, allowance
        return allowance

    def _allowance(self, budget: Budget, now: float) -> Allowance:
        limit, remaining, reset = budget.minute(now, self.limits)
        minute = limit, min(limit, remaining + max(0, self._permits)), _whole(reset)
        limit, remaining, reset = budget.day(now, self.limits)
        if self.seen is not None:
            limit, remaining, reset = self.seen[0], min(remaining, self.seen[1]), self.seen[2]
        day = limit, remaining, _whole(reset)
        return Allowance(
            *(day if day[1] < minute[1] else minute),
            policies=f'"{Kind.MINUTE}";q={minute[0]};w=60, "{Kind.DAY}";q={day[0]};w=86400',
            left=f'"{Kind.MINUTE}";r={minute[1]};t={minute[2]}, "{Kind.DAY}";r={day[1]};t={day[2]}',
        )

    async def stop(self) -> None:
        given = (self._pump, self._tend, self._question, *self._side)
        tasks: list[asyncio.Task[Any]] = [task for task in given if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)  # none is in the storage when that is closed
        if self._slots:
            self._slots = 0
            await self._aside(lambda budget, now: budget.release(now, self._owner, 0))

    def _start_pump(self) -> None:
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._pumping())
            self._pump.add_done_callback(self._pumped)

    def _pumped(self, task: "asyncio.Task[None]") -> None:
        """Nobody waits for ever on a pump that broke."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("governor failed", organization=self.name, exc_info=error)
        for waiter in self._waiters if error is not None else ():
            if not waiter.future.done():
                waiter.future.set_exception(error or RuntimeError())
        if error is not None:
            self._waiters = []

    async def _pumping(self) -> None:
        """Serves whoever waits until nobody does. One transaction serves as many as the budget allows."""
        while True:
            self._changed.clear()
            given = await self._ask()
            pause = self._distribute(given)
            if not self._waiters:
                return
            if given is not None and self._in_use >= self._slots >= given.room:
                pause = WINDOW  # every slot is ours: only a call of ours that ends can help
            nearest = min(waiter.deadline for waiter in self._waiters) - _LEAST - self._clock.monotonic()
            try:
                async with asyncio.timeout(max(0.01, min(pause, nearest))):
                    await self._changed.wait()
                await asyncio.sleep(0)  # calls that end together are served together
            except TimeoutError:
                pass
            self._expire(*self._why)

    async def _ask(self) -> Given | None:
        """What the row gives; None when the storage does not answer.

        Nobody waits for a storage known to be away: its late answer is used by whoever waits then.
        """
        question = self._question
        if question is None:
            question = self._question = asyncio.get_running_loop().create_task(self._put())
        await asyncio.wait({question}, timeout=_GLANCE if self._away else _STORAGE_SECONDS)
        if not question.done():
            if self._overdue is not question:
                self._overdue = question
                question.add_done_callback(self._came_late)
                _log.warning("quota storage unavailable", error="slow")
            self._away = True
            return None
        self._question = self._overdue = None
        error = asyncio.CancelledError() if question.cancelled() else question.exception()
        self._away = error is not None
        if error is not None:
            _log.warning("quota storage unavailable", error=type(error).__name__)
            return None
        if (
            self._clock.monotonic() > self._permits_until
        ):  # its answer took too long, or nobody waited any more
            self._lapsed, self._permits = self._lapsed + self._permits, 0
        return question.result()

    def _came_late(self, question: "asyncio.Task[Given]") -> None:
        if not question.cancelled():
            question.exception()  # looked at here too: perhaps nobody asks again
        self._changed.set()

    async def _put(self) -> Given:
        """Ask the row; what it gave."""
        now = self._clock.monotonic()
        seen, unused, made = self.seen, self._lapsed, 0
        if self._permits and now > self._permits_until:
            unused, self._permits = unused + self._permits, 0
        limits = self.limits

        def step(budget: Budget, at: float) -> tuple[Given, Budget, float]:
            nonlocal made, now
            made, now = self._unrecorded, self._clock.monotonic()
            ask = Ask(
                owner=self._owner,
                waiting=tuple(waiter.lane for waiter in heapq.nsmallest(_MOST_AT_ONCE, self._waiters)),
                in_use=self._in_use,
                ahead=self._permits > 0,
                unused=unused,
                made=made,
                late=self._late,
                seen=seen,
            )
            return budget.ask(at, limits, ask), budget, at

        async with self._lock:
            given, budget, at = await self._shelf.change(self.name, step)
        if self.seen is seen:
            self.seen = None
        self._asked_at = now
        self._known = (budget, at, now)
        self._strikes = budget.strikes > 0
        self._slots = given.slots
        self._lapsed = 0
        self._unrecorded -= made
        fresh = given.granted + given.spare
        if fresh:
            self._lapsed = self._permits  # an older block's rest: given back with the next question
            self._permits, self._permits_until = fresh, now + given.hold
        self._renew_at, self._renew_below = now + given.hold / 2, given.spare // 8
        self._late = min(_STORAGE_SECONDS, self._clock.monotonic() - now)
        return given

    def _distribute(self, given: Given | None) -> float:
        """Wake who may go. Seconds after which asking again makes sense."""
        if given is None:
            return self._without_storage()
        while self._waiters and self._permits > 0 and self._in_use < self._slots:
            self._permits -= 1
            self._wake()
        if not given.refusals:
            return 0.0
        kind, seconds = next(iter(given.refusals.values()))
        self._why = (kind, seconds)
        self._expire(kind, seconds)
        if kind is Kind.CONCURRENT:
            return random.uniform(0.05, 0.15)  # noqa: S311
        return seconds + random.uniform(0.0, 0.05)  # noqa: S311

    def _without_storage(self) -> float:
        """A careful share from memory, for people who wait; background work waits for the storage."""
        now = self._clock.monotonic()
        self._recent = [at for at in self._recent if at > now - WINDOW]
        share, slots = self._share(now)
        while self._waiters and not self._waiters[0].lane.is_background:
            if len(self._recent) >= share or self._in_use >= slots:
                break
            self._wake()
            self._recent.append(now)
            self._unrecorded += 1
        self._expire(Kind.MINUTE, 1.0)
        return 0.5

    def _share(self, now: float) -> tuple[int, int]:
        """What this process may take unasked."""
        if self._known is None:
            return Budget().unasked(now, self.limits)
        budget, then, at = self._known
        return budget.unasked(then + now - at, self.limits)

    def _wake(self) -> None:
        while self._waiters:
            waiter = heapq.heappop(self._waiters)
            if not waiter.future.done():
                self._in_use += 1
                waiter.future.set_result(None)
                return
        self._permits += 1  # whom it was for has gone

    def _expire(self, kind: Kind = Kind.CONCURRENT, seconds: float = 0.0) -> None:
        """Refuse those who cannot be served before their deadline, telling them when to come back."""
        now = self._clock.monotonic()
        staying: list[_Waiter] = []
        for waiter in self._waiters:
            if waiter.deadline - _LEAST > now + seconds:
                staying.append(waiter)
            elif not waiter.future.done():
                fault = Fault(kind, message=_MESSAGES[kind], phase="idle", retry_after=max(1.0, seconds))
                waiter.future.set_exception(fault)
        if len(staying) != len(self._waiters):
            heapq.heapify(staying)
            self._waiters = staying

    def _start_aside(self, step: Callable[[Budget, float], object]) -> None:
        task = asyncio.get_running_loop().create_task(self._aside(step))
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    async def _aside(self, step: Callable[[Budget, float], object]) -> None:
        """A change nobody waits for. Lost with the storage: what it says will be learnt again."""
        try:
            async with asyncio.timeout(_STORAGE_SECONDS), self._lock:
                await self._shelf.change(self.name, step)
        except Exception as error:
            _log.warning("quota storage unavailable", error=type(error).__name__)

    async def _tending(self) -> None:
        """Gives idle slots back to the other processes and keeps the lease of those in use."""
        while self._slots or self._in_use:
            await asyncio.sleep(_IDLE_SLOTS)
            now = self._clock.monotonic()
            idle = self._in_use < self._slots and not self._waiters and now - self._left_at >= _IDLE_SLOTS
            if idle or (self._in_use and now - self._asked_at > _RENEW):
                await self._aside(self._settle)
                self._asked_at = now
                if self._slots > self._in_use:  # storage away: forget them, the lease ends by itself
                    self._slots = self._in_use

    def _settle(self, budget: Budget, now: float) -> None:
        self._slots = self._in_use
        self._lapsed, self._permits = self._lapsed + self._permits, 0
        budget.release(now, self._owner, self._in_use)


def _whole(seconds: float) -> int:
    return max(0, int(seconds + 0.999))
