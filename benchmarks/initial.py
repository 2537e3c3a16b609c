"""`python -m benchmarks.initial [--rows 40000]`: first copies of large books, at the provider's real limits.

Two organisations of so many invoices are copied at the same time by one worker. In one of them people call beside
it. Counted is what the sandbox's journal saw; memory is the worker's.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.site import Company, Site, busiest, moments, site

_RESOURCES = ("bills", "contacts", "credit_notes", "estimates", "expenses", "invoices", "items", "payments")
_PAGE = 200
_MINUTE = 100
_PATIENCE = 1800.0


@dataclass
class Copied:
    """What one first copy took. Shares are of the provider's minute, from the first call to the last.

    calls    of the sync; `least` as many as the lists have pages
    used     calls of everybody, `synced` of the sync alone
    busiest  calls in any 60 seconds
    people   seconds that people waited, at the 95th percentile; None where there were none
    again    (resources, calls) of a delta that finds nothing, where a list can be asked what changed
    """

    rows: int
    calls: int
    least: int
    seconds: float
    used: float
    synced: float
    busiest: int
    refused: int
    people: float | None
    again: tuple[int, int] = (0, 0)


@dataclass
class Initial:
    """`memory` is MiB of the worker: before, and at most on the way."""

    alone: Copied
    beside: Copied
    memory: tuple[float, float]


@dataclass
class People:
    """Somebody who reads something now and then; `waits` are seconds."""

    a_minute: float
    waits: list[float] = field(default_factory=list[float])

    @contextmanager
    def calling(self, at: Site, company: Company) -> Generator[None]:
        ended = threading.Event()

        def call() -> None:
            headers = {**at.api.headers, "X-Integrated-Account-Id": company.account}
            with httpx.Client(base_url=at.api.base_url, headers=headers, timeout=60, trust_env=False) as api:
                while not ended.wait(60 / self.a_minute):
                    begun = time.perf_counter()
                    api.get("/proxy/settings/currencies").raise_for_status()
                    self.waits.append(time.perf_counter() - begun)

        thread = threading.Thread(target=call)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def measure(folder: Path, rows: int, a_minute: float) -> Initial:
    with site(folder, apart=True) as at:
        companies = [at.company(rows=rows) for _ in range(2)]
        people = People(a_minute)
        time.sleep(5)  # the worker has settled
        before = most = at.worker.memory()
        with people.calling(at, companies[1]):
            jobs = [at.sync(company, resources=_RESOURCES)["id"] for company in companies]
            left = set(jobs)
            end = time.monotonic() + _PATIENCE
            while left:
                if time.monotonic() > end:
                    raise RuntimeError("not copied in time")
                time.sleep(0.5)
                most = max(most, at.worker.memory())
                left = {job for job in left if at.last_run(job)["state"] in ("queued", "running")}
        runs = [at.last_run(job) for job in jobs]
        copied = [
            _copied(at, company, run, waits)
            for company, run, waits in zip(companies, runs, (None, people.waits), strict=True)
        ]
        for company, job, each in zip(companies, jobs, copied, strict=True):
            each.again = _again(at, company, job)
    return Initial(copied[0], copied[1], (before, most))


def _copied(at: Site, company: Company, run: dict[str, Any], waits: list[float] | None) -> Copied:
    if run["state"] != "completed" or run["error"]:
        raise RuntimeError(f"a copy went wrong: {run}")
    calls = at.calls(company)
    theirs = [
        each for each in calls if "/settings/currencies" in each["path"] and "page=" not in str(each["query"])
    ]
    begun, ended = (run[name] for name in ("started_at", "ended_at"))
    ours = [each for each in calls if each not in theirs and begun <= each["at"] <= ended]
    first, *_, last = moments(ours)
    within = [each for each in moments(calls) if first <= each <= last]
    share = 60 / (last - first) / _MINUTE
    return Copied(
        rows=run["totals"]["rows"],
        calls=len(ours),
        least=sum(max(1, -(-each["rows"] // _PAGE)) for each in run["resources"].values()),
        seconds=last - first,
        used=(len(within) - 1) * share,
        synced=(len(ours) - 1) * share,
        busiest=busiest(moments(calls)),
        refused=sum(each["status"] == 429 for each in calls),
        people=sorted(waits)[max(0, -(-len(waits) * 95 // 100) - 1)] if waits else None,
    )


def _again(at: Site, company: Company, job: str) -> tuple[int, int]:
    """A delta of what can be asked for changes: (lists, calls)."""
    lists = at.api.get(f"/sync-job/{job}").raise_for_status().json()["coverage"]
    cheap = [each["resource"] for each in lists if each["calls"] == 1]
    dear = {each["resource"] for each in lists if each["calls"] != 1}
    chosen = sorted({*cheap} - dear)
    mark = at.admin.get("/journal").json()["last"]
    body = {"sync_job_id": job, "mode": "delta", "resources": chosen}
    at.api.post("/sync-job-run", json=body).raise_for_status()
    while (run := at.last_run(job))["state"] in ("queued", "running"):
        time.sleep(0.5)
    if run["state"] != "completed" or run["totals"]["created"] + run["totals"]["updated"]:
        raise RuntimeError(f"there was something new: {run}")
    made = [each for each in at.calls(company) if each["id"] > mark]
    return sum(each["resource"] in chosen for each in lists), len(made)


def told(found: Initial) -> str:
    """The figures, a line each."""
    before, most = found.memory
    lines = [
        f"worker's memory {before:.0f} MiB, at most {most:.0f} MiB: {most - before:+.0f} (target under +100)"
    ]
    for name, each, least in (("alone", found.alone, 0.93), ("with people", found.beside, 0.80)):
        waited = "" if each.people is None else f"; people waited {each.people:.2f} s at p95"
        lines.append(
            f"{name}: {each.rows:,} rows in {each.seconds:.0f} s by {each.calls} calls of {each.least} needed "
            f"({each.calls / each.least - 1:+.1%}, target <= +1 %); {each.used:.1%} of the minute used, "
            f"{each.synced:.1%} by the sync (target >= {least:.0%}); {each.busiest} at most in 60 s, "
            f"{each.refused} refused{waited}; nothing new in {each.again[0]} lists: {each.again[1]} calls"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=40_000, help="invoices of each organisation")
    parser.add_argument("--people", type=float, default=16.0, help="interactive calls a minute")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ledgerway-initial-") as folder:
        found = measure(Path(folder), given.rows, given.people)
    print(json.dumps(asdict(found), indent=2))
    print(told(found))


if __name__ == "__main__":
    main()
