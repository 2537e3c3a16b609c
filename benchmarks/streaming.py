"""A streamed list of 100,000 rows: does memory stay flat, and how fast is it beside the same pages read raw?"""

import json
import time
from dataclasses import dataclass

import aiohttp
from yarl import URL

from benchmarks.processes import Bench

ROWS = 100_000
WARM = 5_000
_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Streamed:
    """`growth` is MiB between row 5,000 and the end, `peak` the most above row 5,000 on the way."""

    rows: int
    seconds: float
    growth: float
    peak: float
    raw_seconds: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds

    @property
    def ratio(self) -> float:
        """Against reading the same pages through the raw proxy, one after the other."""
        return self.raw_seconds / self.seconds


def stream_url(bench: Bench, rows: int, **more: int) -> str:
    """Every page of an invoice list as long as `rows`, as a stream."""
    told = "".join(f"&remote_query[{name}]={value}" for name, value in {"rows": rows, **more}.items())
    account = f"integrated_account_id={bench.account}&truto_response_format=stream"
    return f"{bench.gateway_url}/unified/accounting/invoices?{account}{told}"


async def run(bench: Bench, rows: int = ROWS) -> Streamed:
    async with aiohttp.ClientSession(
        headers=bench.headers, timeout=aiohttp.ClientTimeout(None), read_bufsize=2**22
    ) as session:
        raw_begin = time.perf_counter()
        for page in range(1, rows // _PER_PAGE + 1):
            await _raw(session, bench, rows, page)
        raw_seconds = time.perf_counter() - raw_begin
        begin, seen, level, peak, line = time.perf_counter(), 0, 0.0, 0.0, b""
        async with session.get(URL(stream_url(bench, rows), encoded=True)) as answer:
            answer.raise_for_status()
            async for line in answer.content:
                seen += 1
                if "error" in line[:12].decode():
                    raise RuntimeError(f"the stream ended with {line[:500]!r}")
                if seen == WARM:
                    level = peak = bench.gateway.memory()
                elif seen % 1000 == 0:
                    peak = max(peak, bench.gateway.memory())
    spent = time.perf_counter() - begin
    if seen != rows or json.loads(line)["id"] != str(10**15 + rows - 1):
        raise RuntimeError(f"{seen} rows of {rows}")
    return Streamed(seen, spent, bench.gateway.memory() - level, peak - level, raw_seconds)


async def _raw(session: aiohttp.ClientSession, bench: Bench, rows: int, page: int) -> None:
    query = f"integrated_account_id={bench.account}&rows={rows}&page={page}&per_page={_PER_PAGE}"
    async with session.get(URL(f"{bench.gateway_url}/proxy/invoices?{query}", encoded=True)) as answer:
        answer.raise_for_status()
        await answer.read()
