"""`python -m tests.hostile.kills`: whoever syncs and delivers is killed again and again, and what became of it.

Large books are copied and every record is told to a webhook while, every few seconds, kill -9 ends a worker at
random (three of them on PostgreSQL; on SQLite the one process there is) and another takes its place. In the end
every record has been told once and delivered at least once, always under the same `webhook-id`, and every delivery
was accepted by the reference verifier of Standard Webhooks as it came.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook

from benchmarks.receiver import Receiver, receiver
from tests.flows.conftest import AMPLE, NO_LIMITS, Admin
from tests.support import postgres
from tests.support.product import Product, Sandbox

WORKERS = 3
_MOST = 600.0  # seconds, whatever happens
_QUIET = 60.0  # of them at the end nobody is killed any more


@dataclass(frozen=True)
class Size:
    """`accounts` with `rows` invoices each, in pages of `page`; `pause` seconds from when all are at work to
    the next kill, at most `kills` of them.

    `factor` is that of the clock: how long the dead are waited for.
    """

    accounts: int
    rows: int
    page: int
    pause: tuple[float, float]
    kills: int
    factor: float = 1.0


FULL = Size(5, 2_000, 20, (1.0, 5.0), 12)
SMALL = Size(2, 120, 5, (0.5, 1.5), 2, 0.1)


@dataclass
class Verdict:
    """`stood` is the longest that a run stood still, in seconds; `again` deliveries came more than once."""

    database: str
    events: int = 0
    kills: int = 0
    deliveries: int = 0
    again: int = 0
    stood: float = 0.0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list[str])

    def __str__(self) -> str:
        return (
            f"{self.database}: {self.kills} kills in {self.seconds:.0f} s, {self.events:,} records told once each, "
            f"{self.deliveries:,} deliveries accepted, {self.again:,} of them repeated; no run stood still longer than "
            f"{self.stood:.0f} s (target 60); {len(self.wrong)} things wrong"
        )


@dataclass
class Scene:
    product: Product
    here: Receiver
    size: Size
    verdict: Verdict
    api: httpx.Client
    admin: Admin
    verifier: Webhook
    jobs: dict[str, str] = field(default_factory=dict[str, str])
    """By organisation, its sync job."""
    accounts: dict[str, str] = field(default_factory=dict[str, str])
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    bodies: dict[str, bytes] = field(default_factory=dict[str, bytes])
    came: int = 0
    moved: dict[str, tuple[Any, float]] = field(default_factory=dict[str, tuple[Any, float]])

    def kill(self, dice: random.Random) -> None:
        if self.product.workers:
            self.product.kill_worker(dice.randrange(self.product.workers))
        else:
            self.product.crash(0)
        self.verdict.kills += 1

    def look(self) -> bool:
        """Takes in what arrived and how far the runs are; whether all is done."""
        self._deliveries()
        done = 0
        for job in self.jobs.values():
            with suppress(httpx.TransportError):
                answer = self.api.get("/sync-job-run", params={"sync_job_id": job, "limit": 1})
                [run] = answer.raise_for_status().json()["result"]
                now = time.monotonic()
                stands = (run["state"] in ("completed", "failed"), run["totals"]["rows"])
                before, since = self.moved.get(job, (None, now))
                if before is None or not before[0]:
                    self.verdict.stood = max(self.verdict.stood, now - since)
                if stands != before:
                    self.moved[job] = stands, now
                done += stands[0]
        return done == len(self.jobs) and len(self.ids) >= self.size.accounts * self.size.rows

    def _deliveries(self) -> None:
        news = self.here.arrived[self.came :]
        self.came += len(news)
        for each in news:
            told = self.verifier.verify(each.body, each.headers)
            id = each.headers["webhook-id"]
            self.ids[told["payload"]["id"]].add(id)
            if self.bodies.setdefault(id, each.body) != each.body:
                self.verdict.wrong.append(f"{id} came with another body")

    def judge(self) -> None:
        verdict, wrong = self.verdict, self.verdict.wrong
        for organization, job in self.jobs.items():
            [run] = self.api.get("/sync-job-run", params={"sync_job_id": job, "limit": 1}).json()["result"]
            if run["state"] != "completed" or run["error"] or run["totals"]["rows"] != self.size.rows:
                wrong.append(f"the run ended as {run}")
            truth = set(self.admin.get(f"/organizations/{organization}/truth").json()["invoices"])
            told = Counter(self._told(self.accounts[organization]))
            verdict.events += len(told)
            wrong += [f"{id} was told {times} times" for (_, id), times in told.items() if times > 1]
            wrong += [f"{change} {id}" for change, id in told if change != "created"]
            ids = {id for _, id in told}
            wrong += [f"{id} was not told" for id in truth - ids] + [f"{id} is a ghost" for id in ids - truth]
            wrong += [f"{id} was not delivered" for id in truth - self.ids.keys()]
        wrong += [f"{id} came as {sorted(ids)}" for id, ids in self.ids.items() if len(ids) > 1]
        verdict.deliveries = self.came
        verdict.again = self.came - len(self.bodies)

    def _told(self, account: str) -> Iterator[tuple[str, str]]:
        asked: dict[str, Any] = {"integrated_account_id": account, "limit": 200}
        while True:
            page = self.api.get("/changes", params=asked).json()
            yield from ((change["change"], change["id"]) for change in page["result"])
            if not page["has_more"]:
                return
            asked["next_cursor"] = page["next_cursor"]


@contextmanager
def _scene(database: str, size: Size) -> Iterator[Scene]:
    folder = Path(tempfile.mkdtemp(prefix="ledgerway-kills-"))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = ""
        if database == "postgresql":
            cluster = folder / "cluster"
            cluster.mkdir(mode=0o711)
            stack.callback(postgres.remove, cluster)
            url = postgres.create_database(postgres.make(cluster), "template1")
        sandbox = Sandbox(folder, ("--seed", "empty", "--limits", NO_LIMITS))
        extra = {"LEDGERWAY_EGRESS_ALLOW": "127.0.0.0/8", "LEDGERWAY_CLOCK_FACTOR": str(size.factor)}
        product = Product(folder, sandbox, url, AMPLE, extra=extra, workers=WORKERS if url else 0)
        stack.enter_context(product.running())
        here, api = stack.enter_context(receiver()), stack.enter_context(product.client())
        admin = stack.enter_context(Admin(base_url=sandbox.admin, timeout=60, trust_env=False))
        body = {"target_url": f"{here.origin}/", "event_types": ["record:*"]}
        made = api.post("/webhook", json=body)
        assert made.status_code == 201, made.text
        yield Scene(product, here, size, Verdict(database), api, admin, Webhook(made.json()["secret"]))


def _begin(scene: Scene) -> None:
    for number in range(scene.size.accounts):
        home = {"dc": "us", "name": f"Firm {number}", "rows": scene.size.rows, "page": scene.size.page}
        organization = scene.admin.did("POST", "/organizations", **home)["organization_id"]
        email = f"owner{number}@us.example"
        scene.admin.did(
            "POST", "/users", dc="us", first_name="Owner", email=email, organizations=[organization]
        )
        grant = scene.admin.did("POST", "/grants", user=email)
        credentials = {"refresh_token": grant["refresh_token"], "location": "us"}
        body = {"tenant_id": email, "integration": "zohobooks", "credentials": credentials}
        account = scene.api.post("/integrated-account", json=body).raise_for_status().json()["id"]
        scene.accounts[organization] = account
    scene.admin.did("PUT", "/latency", books=0.05)
    for organization, account in scene.accounts.items():
        body = {
            "integrated_account_id": account,
            "resources": ["invoices"],
            "cadence": None,
            "sweep_cadence": None,
        }
        scene.jobs[organization] = scene.api.post("/sync-job", json=body).raise_for_status().json()["id"]


def run(database: str, size: Size, seed: int) -> Verdict:
    """One database's turn; a time that was not kept is among what is wrong."""
    dice = random.Random(seed)
    with _scene(database, size) as scene:
        _begin(scene)
        begun = time.monotonic()
        due = begun + dice.uniform(*size.pause)
        while not scene.look():
            now = time.monotonic()
            if now - begun > _MOST:
                scene.verdict.wrong.append(f"not done in {_MOST:.0f} seconds")
                break
            if not scene.product.at_work():
                due = now + dice.uniform(*size.pause)
            elif now > due and scene.verdict.kills < size.kills and now - begun < _MOST - _QUIET:
                scene.kill(dice)
                due = time.monotonic() + dice.uniform(*size.pause)
            time.sleep(0.2)
        scene.verdict.seconds = time.monotonic() - begun
        scene.judge()
        return scene.verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="kills", description=__doc__)
    parser.add_argument("--small", action="store_true", help="some hundred records, with fast clocks")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    databases = (given.database,) if given.database else ("sqlite", "postgresql")
    if postgres.binaries() is None and "postgresql" in databases:
        sys.stderr.write("PostgreSQL's binaries (initdb, postgres) are not on this machine: SQLite only\n")
        databases = ("sqlite",)
    verdicts = [run(each, SMALL if given.small else FULL, given.seed) for each in databases]
    sys.stdout.writelines(f"{verdict} (seed {given.seed})\n" for verdict in verdicts)
    sys.stdout.writelines(
        f"{verdict.database}: {told}\n" for verdict in verdicts for told in verdict.wrong[:50]
    )
    return 1 if any(verdict.wrong or verdict.stood > 60 for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
