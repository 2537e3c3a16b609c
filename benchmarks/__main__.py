"""`python -m benchmarks [--quick]`: run everything once, print tables, write JSON."""

import asyncio
import json
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import load, mapping, schedule, streaming
from benchmarks.processes import Bench, Measured

CONCURRENCIES = (1, 8, 32)
RESULTS = Path(__file__).parent / "results"
_CALLS = "/settings/currencies/1"


async def _proxy(bench: Bench, seconds: float) -> list[dict[str, Any]]:
    """Pass-through and proxy in turn, twice each, so that both see the same machine."""
    query = f"?integrated_account_id={bench.account}"
    targets = {
        "bare": (f"{bench.bare_url}/books/v3{_CALLS}", {}),
        "proxy": (f"{bench.gateway_url}/proxy{_CALLS}{query}", bench.headers),
    }
    rows: list[dict[str, Any]] = []
    for concurrency in CONCURRENCIES:
        best: dict[str, load.Load] = {}
        for _ in range(2):
            for name, (url, headers) in targets.items():
                seen = await load.run(url, headers, concurrency, seconds)
                best[name] = max(best.get(name, seen), seen, key=lambda one: one.rate)
        rows.append(
            {
                "concurrency": concurrency,
                **{name: asdict(seen) | {"rate": seen.rate} for name, seen in best.items()},
                "ratio": best["proxy"].rate / best["bare"].rate,
            }
        )
    return rows


async def _cpu(
    server: Measured, url: str, headers: dict[str, str], seconds: float
) -> tuple[float, load.Load]:
    """Processor milliseconds of `server` per request, one caller."""
    await load.run(url, headers, 1, 0.5)
    before = server.cpu()
    seen = await load.run(url, headers, 1, seconds)
    return (server.cpu() - before) / seen.requests * 1000, seen


async def _lists(bench: Bench, seconds: float) -> dict[str, Any]:
    """A unified list of 200 invoices against the same page through the proxy."""
    account = f"integrated_account_id={bench.account}"
    raw = f"{bench.gateway_url}/proxy/invoices?{account}&per_page=200"
    unified = f"{bench.gateway_url}/unified/accounting/invoices?{account}&limit=200"
    raw_cpu, raw_load = await _cpu(bench.gateway, raw, bench.headers, seconds)
    unified_cpu, unified_load = await _cpu(bench.gateway, unified, bench.headers, seconds)
    _, raw_slow = await _cpu(bench.gateway, f"{raw}&delay=50", bench.headers, seconds)
    _, unified_slow = await _cpu(bench.gateway, f"{unified}&remote_query[delay]=50", bench.headers, seconds)
    return {
        "raw_cpu_ms": raw_cpu,
        "unified_cpu_ms": unified_cpu,
        "added_cpu_ms": unified_cpu - raw_cpu,
        "raw_p50_ms": raw_load.p50,
        "unified_p50_ms": unified_load.p50,
        "raw_p50_ms_at_50ms": raw_slow.p50,
        "unified_p50_ms_at_50ms": unified_slow.p50,
    }


def _print(console: Console, told: dict[str, Any]) -> None:
    table = Table("concurrency", "bare req/s", "p50 ms", "p99 ms", "proxy req/s", "p50 ms", "p99 ms", "ratio")
    for row in told["proxy"]:
        cells = [f"{row[name][part]:.1f}" for name in ("bare", "proxy") for part in ("rate", "p50", "p99")]
        table.add_row(str(row["concurrency"]), *cells, f"{row['ratio']:.2f}")
    console.print("Raw proxy beside a bare ASGI + aiohttp pass-through (target at 32: ratio ≥ 0.30)")
    console.print(table)
    lists = told["list_200_invoices"]
    table = Table("200 invoices", "CPU ms", "p50 ms", "p50 ms, 50 ms upstream")
    for name in ("raw", "unified"):
        table.add_row(
            name, *(f"{lists[f'{name}_{part}']:.1f}" for part in ("cpu_ms", "p50_ms", "p50_ms_at_50ms"))
        )
    console.print(f"Unified list adds {lists['added_cpu_ms']:.1f} ms of CPU (target ≤ 25)")
    console.print(table)
    stream = told["stream"]
    console.print(
        f"Stream of {stream['rows']:,} invoices: {stream['rate']:,.0f} rows/s, {stream['ratio']:.2f} of the speed of "
        f"the same pages read raw through the proxy; memory {stream['growth']:+.1f} MiB from row "
        f"{streaming.WARM:,} to the end, {stream['peak']:+.1f} MiB at most on the way (target ≤ 16)"
    )
    table = Table("resource", "µs per record", "native keys")
    for row in told["mapping"]:
        table.add_row(row["resource"], f"{row['microseconds']:.1f}", str(row["native_keys"]))
    console.print("Mapping (target: invoice with five lines ≤ 60 µs)")
    console.print(table)
    schedules = told["schedule"]
    console.print(
        f"{schedule.ACCOUNTS:,} hourly schedules on one worker: {schedules['scheduling']:.1%} of a core, "
        f"{schedules['idle']:.1%} with nothing to do (target ≤ 10 %)"
    )
    console.print(
        f"Start {told['start_seconds']:.2f} s, memory {told['memory_mib']['start']:.0f} MiB at start, "
        f"{told['memory_mib']['after']:.0f} MiB after the load"
    )


def main() -> None:
    quick = "--quick" in sys.argv
    seconds = 1.0 if quick else 5.0
    console = Console()
    told: dict[str, Any] = {"machine": platform.machine(), "python": platform.python_version()}
    told["mapping"] = [asdict(row) for row in mapping.measure()]
    with tempfile.TemporaryDirectory(prefix="ledgerway-bench-") as folder:
        bench = Bench(Path(folder))
        try:
            told["start_seconds"] = bench.start_seconds
            told["proxy"] = asyncio.run(_proxy(bench, seconds))
            told["list_200_invoices"] = asyncio.run(_lists(bench, seconds))
            streamed = asyncio.run(streaming.run(bench, 20_000 if quick else streaming.ROWS))
            told["stream"] = asdict(streamed) | {"rate": streamed.rate, "ratio": streamed.ratio}
            told["memory_mib"] = {"start": bench.start_memory, "after": bench.gateway.memory()}
        finally:
            bench.stop()
    told["schedule"] = asdict(schedule.run(10.0 if quick else 30.0))
    _print(console, told)
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    target.write_text(json.dumps(told, indent=2) + "\n")
    console.print(f"Written to {target}")


if __name__ == "__main__":
    main()
