"""The product as it is deployed, for measurements: a sandbox, gateways on one database, companies of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from app.demo.processes import Server, free_ports, ledgerway
from benchmarks.processes import Measured

_CENTERS = 8
UNLIMITED = {"minute": None, "day": None, "concurrent": 50}
AMPLE = {"minute": 1_000_000, "day": 1_000_000, "concurrent": 50}
"""What a gateway is told of a sandbox that is `UNLIMITED`."""


@dataclass(frozen=True, slots=True)
class Company:
    """An organisation of the sandbox, connected."""

    account: str
    organization: str
    environment: str


@dataclass
class Site:
    """`gateway` serves; `worker`, if it is another process, does the background work."""

    folder: Path
    admin: httpx.Client
    api: httpx.Client
    environment: dict[str, str]
    gateway: Measured
    worker: Measured
    _count: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def company(self, **profile: Any) -> Company:
        """A new organisation (`seed`, `rows`, `page`, …) and its account."""
        email = f"owner{next(self._count)}@us.example"
        home = {"dc": "us", "name": email, "plan_name": "Professional", "seed": "empty", **profile}
        made = good(self.admin.post("/organizations", json=home))["organization_id"]
        owner = {"dc": "us", "first_name": "Owner", "email": email, "organizations": [made]}
        good(self.admin.post("/users", json=owner))
        grant = good(self.admin.post("/grants", json={"user": email}))
        credentials = {"refresh_token": grant["refresh_token"], "location": "us"}
        body = {"tenant_id": email, "integration": "zohobooks", "credentials": credentials}
        account = good(self.api.post("/integrated-account", json=body))
        return Company(account["id"], made, account["environment_id"])

    def act(self, company: Company, method: str, path: str, **body: Any) -> Any:
        """What its people do in the provider's own pages."""
        call = {"method": method, "path": path, **({"body": body} if body else {})}
        told = good(self.admin.post(f"/organizations/{company.organization}/calls", json=call))
        if told["status"] >= 300:
            raise RuntimeError(f"{method} {path}: {told}")
        return told["body"]

    def sync(self, company: Company, **wanted: Any) -> dict[str, Any]:
        """A new sync job; nothing is due by itself unless a cadence is given."""
        body = {"integrated_account_id": company.account, "cadence": None, "sweep_cadence": None, **wanted}
        return good(self.api.post("/sync-job", json=body))

    def last_run(self, job: str) -> dict[str, Any]:
        """The newest run of a job."""
        return good(self.api.get("/sync-job-run", params={"sync_job_id": job, "limit": 1}))["result"][0]

    def calls(self, company: Company | None = None) -> list[dict[str, Any]]:
        """What the sandbox's journal has of one company, or of all."""
        entries = good(self.admin.get("/journal", params={"server": "books"}))["calls"]
        return [
            each for each in entries if company is None or each["organization_id"] == company.organization
        ]


def good(answer: httpx.Response) -> Any:
    """Its JSON. RuntimeError with what it says unless it is a success."""
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:500]}")
    return answer.json()


def moments(calls: list[dict[str, Any]]) -> list[float]:
    """When calls of the journal came, in epoch seconds, in order."""
    return sorted(datetime.fromisoformat(call["at"]).timestamp() for call in calls)


def busiest(times: list[float]) -> int:
    """Most of them in any 60 seconds."""
    first = most = 0
    for last, moment in enumerate(times):
        while times[first] <= moment - 60.0:
            first += 1
        most = max(most, last - first + 1)
    return most


@contextmanager
def site(
    folder: Path, limits: Mapping[str, Any] | None = None, *, apart: bool = False, **settings: str
) -> Generator[Site]:
    """One that runs until the block ends. `limits` None: those of the provider's plans. `apart`: a worker by itself.

    `BENCH_DATABASE_URL` names a database other than a new SQLite file.
    """
    with ExitStack() as stack:
        first = free_ports(_CENTERS + 2)
        admin, origin, base = (f"http://127.0.0.1:{first + n}" for n in (_CENTERS, 0, _CENTERS + 1))
        asked = ("--limits", json.dumps(limits)) if limits else ()
        command = [sys.executable, "-m", "sandbox", "--port", str(first), "--seed", "empty", *asked]
        sandbox = Server("sandbox", command, folder, {})
        stack.callback(sandbox.stop)
        sandbox.wait(f"{admin}/")
        environment = {
            "LEDGERWAY_DATABASE_URL": os.environ.get("BENCH_DATABASE_URL")
            or f"sqlite:///{folder / 'bench.db'}",
            "LEDGERWAY_KEYRING_FILE": str(folder / "keyring.json"),
            "LEDGERWAY_PUBLIC_URL": base,
            "LEDGERWAY_EGRESS_ALLOW": "127.0.0.0/8",
            "LEDGERWAY_ACCESS_LOG": "false",
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_ID": "1000.SANDBOX",
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_SECRET": "sandbox-secret",
            "LEDGERWAY_ZOHO_BOOKS_DATA_CENTERS": json.dumps({"us": {"accounts": origin, "api": origin}}),
            **({"LEDGERWAY_ZOHO_BOOKS_LIMITS": json.dumps(AMPLE)} if limits else {}),
            **settings,
        }
        serve = ["serve", "--port", base.rpartition(":")[2], *(["--no-worker"] if apart else [])]
        gateway = worker = Measured("gateway", ledgerway(*serve), folder, environment)
        stack.callback(gateway.stop)
        gateway.wait(f"{base}/readyz")
        if apart:
            worker = Measured("worker", ledgerway("worker"), folder, environment)
            stack.callback(worker.stop)
        made = subprocess.run(
            ledgerway("keys", "create", "--environment", "bench", "--mode", "test"),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        twin = stack.enter_context(httpx.Client(base_url=admin, timeout=120, trust_env=False))
        api = stack.enter_context(httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False))
        yield Site(folder, twin, api, environment, gateway, worker)
