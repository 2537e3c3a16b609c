"""Our own limits on how often a key, and an account, may be asked for; and what answers tell of every limit.

A process counts by itself, in windows that begin with a caller's first request: no storage is asked.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope

from app.core.clock import Clock
from app.core.errors import Problem

_REMEMBERED = 50_000
_FORM = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    calls: int
    seconds: int


def read_rate(text: object) -> object:
    """`500/10` as a Rate, `off` as None. ValueError for any other text."""
    if not isinstance(text, str):
        return text
    found = _FORM.fullmatch(text.strip())
    if found is not None:
        return Rate(int(found[1]), int(found[2]))
    if text.strip().casefold() == "off":
        return None
    raise ValueError("must be requests/seconds such as 500/10, or off")


@dataclass(frozen=True, slots=True)
class Allowance:
    """The tightest budget of an organisation as this process knows it. `reset` is seconds from now.

    `policies` and `left` tell all of its budgets, as the fields RateLimit-Policy and RateLimit do.
    """

    limit: int
    remaining: int
    reset: int
    policies: str = ""
    left: str = ""


class Window:
    """One limit and, of everyone it limits, how much of the window is used."""

    def __init__(self, name: str, rate: Rate) -> None:
        self.name = name
        self.rate = rate
        self.policy = f'"{name}";q={rate.calls};w={rate.seconds}'
        self._used: dict[str, tuple[float, int]] = {}  # who → end of the window, requests in it

    def take(self, who: str, now: float) -> tuple[int, int]:
        """Count a request: (how many more may come, -1 when not even this one; seconds to the window's end)."""
        ends, used = self._used.get(who, (0.0, 0))
        if ends <= now:
            if len(self._used) >= _REMEMBERED:
                self._used = {one: window for one, window in self._used.items() if window[0] > now}
            ends, used = now + self.rate.seconds, 0
        if used < self.rate.calls:
            used += 1
            self._used[who] = ends, used
            return self.rate.calls - used, math.ceil(ends - now)
        return -1, math.ceil(ends - now)


class Rates:
    """Counts each request once per limit, and keeps for its answer what is left."""

    def __init__(self, clock: Clock, key: Rate | None, account: Rate | None) -> None:
        self._clock = clock
        self._key = None if key is None else Window("key", key)
        self._account = None if account is None else Window("account", account)

    def key(self, scope: Scope, key_id: str) -> None:
        """A request was authenticated. Problem rate_limited."""
        if self._key is not None:
            self._count(scope, self._key, key_id)

    def account(self, scope: Scope, account_id: str, allowance: Callable[[], Allowance | None]) -> None:
        """A request names an account; `allowance` is asked when it is answered. Problem rate_limited."""
        scope.setdefault("state", {})["allowance"] = allowance
        if self._account is not None:
            self._count(scope, self._account, account_id)

    def _count(self, scope: Scope, window: Window, who: str) -> None:
        told: dict[str, tuple[str, str]] = scope.setdefault("state", {}).setdefault("rates", {})
        if window.name in told:
            return  # a route may authenticate more than once
        left, seconds = window.take(who, self._clock.monotonic())
        told[window.name] = window.policy, f'"{window.name}";r={max(0, left)};t={seconds}'
        if left < 0:
            raise Problem(
                "rate_limited",
                f"This {window.name} is limited to {window.rate.calls} requests in {window.rate.seconds} seconds.",
                retry_after=seconds,
                violated_policies=[window.name],
            )


def headers(state: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    """What the answer to a request with this state tells of the limits it fell under."""
    told: dict[str, tuple[str, str]] = state.get("rates", {})
    policies = [policy for policy, _ in told.values()]
    left = [item for _, item in told.values()]
    found: list[tuple[bytes, bytes]] = []
    allowance: Allowance | None = state["allowance"]() if "allowance" in state else None
    if allowance is not None:
        policies.append(allowance.policies)
        left.append(allowance.left)
        found += [
            (b"ratelimit-limit", b"%d" % allowance.limit),
            (b"ratelimit-remaining", b"%d" % allowance.remaining),
            (b"ratelimit-reset", b"%d" % allowance.reset),
        ]
    if policies:
        found += [
            (b"ratelimit-policy", ", ".join(policies).encode()),
            (b"ratelimit", ", ".join(left).encode()),
        ]
    return found
