"""Closed-loop load on one URL: requests per second and latencies. Bounded in time, loopback only."""

import asyncio
import time
from dataclasses import dataclass
from statistics import median, quantiles
from urllib.parse import urlsplit

import aiohttp
from yarl import URL


@dataclass(frozen=True, slots=True)
class Load:
    """What one window of load saw. Latencies are milliseconds."""

    concurrency: int
    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


async def run(url: str, headers: dict[str, str], concurrency: int, seconds: float) -> Load:
    """`concurrency` callers, each sending its next request when it has read its last answer."""
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        raise ValueError("load goes to loopback only")
    taken: list[float] = []
    target = URL(url, encoded=True)
    async with aiohttp.ClientSession(
        headers=headers, connector=aiohttp.TCPConnector(limit=concurrency)
    ) as session:

        async def caller(end: float) -> None:
            while (begin := time.perf_counter()) < end:
                async with session.get(target) as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"{url} answered {answer.status}: {(await answer.text())[:300]}")
                taken.append((time.perf_counter() - begin) * 1000)

        start = time.perf_counter()
        await asyncio.gather(*(caller(start + seconds) for _ in range(concurrency)))
        spent = time.perf_counter() - start
    cuts = quantiles(taken, n=100) if len(taken) > 1 else [taken[0]] * 99
    return Load(concurrency, len(taken), spent, median(taken), cuts[98])
