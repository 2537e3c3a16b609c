"""The one clock. Everything that asks the time asks this, so that tests can answer."""

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """The machine's clock. Durations and deadlines use `monotonic`, stored instants use `now`."""

    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an unknown moment; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait. A negative duration (a clock that was set back) waits not at all."""
        await asyncio.sleep(max(0.0, seconds))
