"""What is known of each provider host: whether it answers, and how many repeats it may still be asked."""

from collections import deque
from dataclasses import dataclass, field

from app.core.clock import Clock
from app.core.errors import Problem

_FAILURES, _WITHIN = 10, 30.0
_PROBE_EVERY = 5.0
_BUDGET, _EARNED = 20.0, 0.1


@dataclass(slots=True)
class _Host:
    failures: deque[float] = field(default_factory=deque[float])
    open: bool = False
    next_probe: float = 0.0
    budget: float = _BUDGET


class Hosts:
    """A circuit per host for transport errors (ten in 30 s open it, one probe each 5 s) and a budget of repeats
    (a tenth of the first attempts, 20 at most saved up)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    def enter(self, origin: str) -> None:
        """Before an attempt. Problem circuit_open while the host does not answer."""
        host = self._hosts.get(origin)
        if host is None or not host.open:
            return
        now = self._clock.monotonic()
        if now < host.next_probe:
            raise Problem(
                "circuit_open",
                "The provider's server is not reachable; it is tried again every few seconds.",
                origin="network",
                executed="no",
                retryable=True,
                retry_after=max(1, int(host.next_probe - now + 0.999)),
            )
        host.next_probe = now + _PROBE_EVERY

    def first(self, origin: str) -> None:
        """A first attempt earns part of a repeat."""
        host = self._hosts.setdefault(origin, _Host())
        host.budget = min(_BUDGET, host.budget + _EARNED)

    def repeat(self, origin: str) -> bool:
        """Whether the budget has a repeat left; takes it."""
        host = self._hosts.setdefault(origin, _Host())
        if host.budget < 1.0:
            return False
        host.budget -= 1.0
        return True

    def answered(self, origin: str) -> None:
        """The host spoke HTTP, whatever it said."""
        host = self._hosts.get(origin)
        if host is not None and (host.failures or host.open):
            host.failures.clear()
            host.open = False

    def failed(self, origin: str) -> None:
        """The transport failed."""
        host = self._hosts.setdefault(origin, _Host())
        now = self._clock.monotonic()
        host.failures.append(now)
        while host.failures and host.failures[0] < now - _WITHIN:
            host.failures.popleft()
        if len(host.failures) >= _FAILURES and not host.open:
            host.open = True
            host.next_probe = now + _PROBE_EVERY
