"""`python -m benchmarks.endpoints [--events 10000]`: do dead endpoints delay a living one?

Two endpoints, one that refuses connections and one that says nothing for 15 seconds, get so many events each that
never arrive. Beside them a third is told of something else now and then. Measured is how long that takes from the
call that caused it to its arrival, before there were the other two and while they have everything queued.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import func, select

from app.core import reach
from app.core.database import Database
from app.demo.processes import free_ports
from app.models.webhooks import WebhookMessage
from benchmarks.receiver import Receiver, receiver
from benchmarks.site import UNLIMITED, Site, good, site

_PATIENCE = 600.0
_CALLERS = 10


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from a cause to its arrival."""

    count: int
    median: float
    p95: float
    most: float


@dataclass(frozen=True, slots=True)
class Beside:
    """The living endpoint by itself, while the dead ones' events come, and with so many queued for each of them."""

    alone: Delays
    filling: Delays
    dead: Delays
    queued: list[int]


def measure(folder: Path, events: int, seconds: float) -> Beside:
    with receiver() as here, site(folder, UNLIMITED) as at:
        _webhook(at, f"{here.origin}/well", ["sync_job_run:created"])
        jobs = [at.sync(at.company(), resources=["contacts"])["id"] for _ in range(_CALLERS)]
        large = at.company(rows=events)
        alone = _delays(at, here, jobs, seconds)
        here.silent["/silent"] = 16.0
        targets = f"http://127.0.0.1:{free_ports(1)}/", f"{here.origin}/silent"
        dead = [_webhook(at, target, ["record:*"]) for target in targets]
        job = at.sync(large, resources=["invoices"])["id"]
        filling = _delays(at, here, jobs, seconds)
        end = time.monotonic() + _PATIENCE
        while at.last_run(job)["state"] in ("queued", "running") or min(_queued(at, dead)) < events:
            if time.monotonic() > end:
                raise RuntimeError("the events did not queue up in time")
            time.sleep(1)
        return Beside(alone, filling, _delays(at, here, jobs, seconds), _queued(at, dead))


def _webhook(at: Site, url: str, event_types: list[str]) -> str:
    return good(at.api.post("/webhook", json={"target_url": url, "event_types": event_types}))["id"]


def _queued(at: Site, webhooks: list[str]) -> list[int]:
    """Messages that wait, by webhook."""

    async def count() -> list[int]:
        database = Database(at.environment["LEDGERWAY_DATABASE_URL"])
        async with database.read() as session:
            statement = (
                select(WebhookMessage.webhook_id, func.count())
                .where(WebhookMessage.webhook_id.in_(webhooks), WebhookMessage.state == "pending")
                .group_by(WebhookMessage.webhook_id)
            )
            found = {row[0]: row[1] for row in await session.execute(statement)}
        await database.close()
        return [found.get(each, 0) for each in webhooks]

    with reach.everywhere():
        return asyncio.run(count())


def _delays(at: Site, here: Receiver, jobs: list[str], seconds: float) -> Delays:
    """A run of one of the jobs is asked for every half second or so; its event is on its way from then on."""
    caused: dict[str, float] = {}
    end = time.monotonic() + seconds
    for job in itertools.cycle(jobs):
        if time.monotonic() > end:
            break
        begun = time.time()
        made = at.api.post("/sync-job-run", json={"sync_job_id": job})
        if made.status_code != 409:  # the one before has not ended
            caused[good(made)["id"]] = begun
        time.sleep(random.uniform(0.2, 0.8))
    arrived: dict[str, float] = {}
    while len(arrived) < len(caused):
        if time.monotonic() > end + _PATIENCE:
            raise RuntimeError("not everything arrived")
        time.sleep(0.2)
        told = [(each.told["payload"]["id"], each.at) for each in here.at("/well")]
        arrived = {id: when for id, when in told if id in caused}
    delays = sorted(arrived[id] - since for id, since in caused.items())
    return Delays(len(delays), statistics.median(delays), delays[-(-len(delays) * 95 // 100) - 1], delays[-1])


def told(found: Beside) -> str:
    lines = [
        f"{name}: p50 {each.median:.2f} s, p95 {each.p95:.2f} s, at most {each.most:.2f} s of {each.count}"
        for name, each in (
            ("alone", found.alone),
            ("while they fill", found.filling),
            ("beside them", found.dead),
        )
    ]
    queued = " and ".join(f"{each:,}" for each in found.queued)
    worse = found.dead.p95 - found.alone.p95
    return "\n".join((*lines, f"{queued} events wait for two dead endpoints; a living one is {worse:+.2f} s later at "
                              "p95 (target < 2)"))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each of the three measurements")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ledgerway-endpoints-") as folder:
        found = measure(Path(folder), given.events, given.seconds)
    print(json.dumps(asdict(found), indent=2))
    print(told(found))


if __name__ == "__main__":
    main()
