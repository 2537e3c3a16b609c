"""Notices when the event loop stands still: one piece of work that holds it makes every caller wait."""

import asyncio

from prometheus_client import Counter, Histogram
from structlog.stdlib import get_logger

from app.core.metrics import REGISTRY

EVERY = 0.1
BLOCKED = 0.1
"""Seconds the loop may come late before it counts as blocked."""

_LATE = Histogram(
    "ledgerway_loop_late_seconds",
    "How late the event loop came to work that was due.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=REGISTRY,
)
_BLOCKED = Counter(
    "ledgerway_loop_blocked", "Times the event loop stood still for more than 100 ms.", registry=REGISTRY
)
_log = get_logger("ledgerway.watchdog")


async def watch() -> None:
    """Look ten times a second. Runs for ever."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        late = max(0.0, loop.time() - due)
        _LATE.observe(late)
        if late > BLOCKED:
            _BLOCKED.inc()
            _log.warning("loop_blocked", ms=round(late * 1000))
