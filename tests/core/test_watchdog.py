"""The event loop that stands still is noticed."""

import asyncio
import time

import pytest

from app.core import metrics, watchdog


def counted(name: str) -> float:
    text = metrics.exposition(0).decode()
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


def test_a_blocked_loop_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "EVERY", 0.01)
    before = counted("ledgerway_loop_blocked_total"), counted("ledgerway_loop_late_seconds_count")

    async def run() -> None:
        task = asyncio.create_task(watchdog.watch())
        await asyncio.sleep(0.05)
        time.sleep(0.3)
        while counted("ledgerway_loop_blocked_total") == before[0]:
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(run())
    assert counted("ledgerway_loop_late_seconds_count") > before[1]
