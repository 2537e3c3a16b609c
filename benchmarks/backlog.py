"""`python -m benchmarks.backlog [--seconds 120]`: four processes, one organisation, more to do than it may be asked.

Background calls are always waiting; people ask now and then. Counted is what the sandbox's journal saw, from the
first call of an organisation at rest to the end. `BENCH_DATABASE_URL` names a database other than a new SQLite file.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO, cast

from app.accounts.service import Account
from app.core import reach
from app.core.settings import load_settings
from app.gateway.engine import Gateway, Lane, Run
from app.main import create_app
from benchmarks.site import busiest, moments, site
from connectors.kit.http import Flow, Reply, Request

PROCESSES = 4
_AT_ONCE = 10  # background calls that wait in one process


def _one() -> Flow[Reply]:
    reply = yield Request("GET", "/settings/currencies")
    return reply


async def _work(number: int, account_id: str, environment_id: str, seconds: float, people: float) -> None:
    """One process: says when it is ready, begins at a line of input, prints how long its people waited."""
    app = create_app(load_settings())
    async with app.router.lifespan_context(app):
        gateway: Gateway = app.state.gateway
        reach.within(environment_id)
        account: Account = await app.state.accounts.load(environment_id, account_id)
        loop, waits, failed = asyncio.get_running_loop(), list[float](), list[str]()

        async def ask(lane: Lane) -> None:
            run = Run(account, lane, loop.time() + 90, "req_backlog", "", "accounting/currencies", "list")
            try:
                await gateway.perform(run, _one())
            except Exception as error:
                failed.append(f"{lane}: {error}")
                await asyncio.sleep(0.5)

        async def backlog() -> None:
            while True:
                await ask(Lane.SYNC)

        async def persons() -> None:
            every = PROCESSES * 60 / people
            await asyncio.sleep((number + 1) * every / PROCESSES)
            while True:
                begun = loop.time()
                await ask(Lane.INTERACTIVE)
                waits.append(loop.time() - begun)
                await asyncio.sleep(max(0.0, every - waits[-1]))

        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        tasks = [asyncio.create_task(each) for each in (*(backlog() for _ in range(_AT_ONCE)), persons())]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({"waits": waits, "failed": failed}))


def _quietest(times: list[float], seconds: float) -> int:
    """Fewest calls in any 60 seconds that lie within the `seconds` from the first call on."""
    starts = [moment for moment in times if moment + 60.0 <= times[0] + seconds]
    return min(sum(start < moment <= start + 60.0 for moment in times) for start in starts)


def _output(worker: "subprocess.Popen[str]") -> TextIO:
    assert worker.stdout is not None
    return cast("TextIO", worker.stdout)


def measure(seconds: float, people: float) -> dict[str, Any]:
    """What the sandbox saw in `seconds` of backlog, and how long people waited."""
    with tempfile.TemporaryDirectory(prefix="ledgerway-backlog-") as name, site(Path(name)) as at:
        company = at.company()
        at.admin.delete("/journal").raise_for_status()
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.backlog", "--seconds", str(seconds), "--people", str(people),
                 "--worker", str(number), company.account, company.environment],
                env={**os.environ, **at.environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for number in range(PROCESSES)
        ]  # fmt: skip
        for worker in workers:
            while _output(worker).readline().strip() != "ready":
                if worker.poll() is not None:
                    raise RuntimeError("a process did not start")
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
        told = [json.loads(worker.communicate()[0].splitlines()[-1]) for worker in workers]
        calls = at.calls()
    times = moments(calls)
    waits = sorted(wait for each in told for wait in each["waits"])
    return {
        "calls": len(times),
        "busiest_60_s": busiest(times),
        "quietest_60_s": _quietest(times, seconds),
        "per_minute": sum(moment < times[0] + seconds for moment in times) / seconds * 60,
        "refused": sum(call["status"] == 429 for call in calls),
        "people": len(waits),
        "p95_wait_seconds": waits[max(0, -(-len(waits) * 95 // 100) - 1)],
        "failed": [text for each in told for text in each["failed"]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument(
        "--people", type=float, default=16.0, help="interactive calls a minute, over all processes"
    )
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        number, account_id, environment_id = given.worker
        asyncio.run(_work(int(number), account_id, environment_id, given.seconds, given.people))
        return
    told = measure(given.seconds, given.people)
    print(json.dumps(told, indent=2))
    print(
        f"Counted by the provider, from the first call of an organisation at rest on, over {given.seconds:.0f} s: "
        f"{told['per_minute']:.1f} calls a minute (target >= 93), at most {told['busiest_60_s']} in any 60 s "
        f"(target <= 100), {told['refused']} refused (target 0); people waited {told['p95_wait_seconds']:.2f} s "
        "at p95 (target < 2)"
    )


if __name__ == "__main__":
    main()
