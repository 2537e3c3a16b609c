"""The whole product as processes: a sandbox and one or more gateways on one database, and a key to call them."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.demo.browser import Browser, Page
from app.demo.processes import Server, free_ports, ledgerway
from tests.support.forked import Gateway, ran
from tests.support.witness import witness

LOCATIONS = ("us", "eu", "in", "au", "jp", "ca", "cn", "sa")


@dataclass
class Sandbox:
    """`python -m sandbox`: data centres on `port` … `port + 7`, admin after them."""

    folder: Path
    arguments: tuple[str, ...] = ()
    port: int = 0
    server: Server | None = None

    def start(self) -> "Sandbox":
        self.port = free_ports(len(LOCATIONS) + 1)
        command = [sys.executable, "-m", "sandbox", "--port", str(self.port), *self.arguments]
        self.server = Server("sandbox", command, self.folder, {})
        self.server.wait(f"{self.admin}/")
        return self

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.port + len(LOCATIONS)}"

    def origin(self, location: str = "us") -> str:
        return f"http://127.0.0.1:{self.port + LOCATIONS.index(location)}"

    def settings(self) -> dict[str, str]:
        """The gateway's settings that make this sandbox the provider."""
        centers = {name: {"accounts": self.origin(name), "api": self.origin(name)} for name in LOCATIONS}
        return {
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_ID": "1000.SANDBOX",
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_SECRET": "sandbox-secret",
            "LEDGERWAY_ZOHO_BOOKS_DATA_CENTERS": json.dumps(centers),
        }

    def stop(self) -> None:
        if self.server:
            self.server.stop()


@dataclass
class Product:
    """`processes` gateways on one database. `call` uses the first; `bases` has them all. With `workers` the gateways
    only serve, and so many processes do the background work. `fresh` ones are started by their command line, not
    forked."""

    folder: Path
    sandbox: Sandbox
    database_url: str = ""
    limits: dict[str, int] | None = None
    processes: int = 1
    extra: dict[str, str] = field(default_factory=dict[str, str])
    bases: list[str] = field(default_factory=list[str])
    key: str = ""
    workers: int = 0
    fresh: bool = False
    _servers: list[Server] = field(default_factory=list[Server])
    _workers: list[Server] = field(default_factory=list[Server])

    def start(self) -> "Product":
        first = free_ports(self.processes)
        self.bases = [f"http://127.0.0.1:{first + n}" for n in range(self.processes)]
        self._servers = [self._serve(0)]  # it makes the database; the others find it made
        others = range(1, self.processes)
        self._servers += [self._launch(n) for n in others]
        for n in others:
            self._servers[n].wait(f"{self.bases[n]}/readyz")
        self._workers = [self._work(n) for n in range(self.workers)]
        self.key = self.create_key("tests")
        return self

    def _launch(self, n: int, **more: str) -> Server:
        port = self.bases[n].rpartition(":")[2]
        command = ["serve", "--port", port, *(["--no-worker"] if self.workers else [])]
        environment = self.environment() | more
        if self.fresh:
            return Server(f"gateway{n}", ledgerway(*command), self.folder, environment)
        return Gateway(f"gateway{n}", command, self.folder, environment)

    def _serve(self, n: int, **more: str) -> Server:
        server = self._launch(n, **more)
        server.wait(f"{self.bases[n]}/readyz")
        return server

    def _work(self, n: int) -> Server:
        return Gateway(f"worker{n}", ["worker"], self.folder, self.environment())

    def server(self, n: int) -> Server:
        """The process of the n-th gateway."""
        return self._servers[n]

    def crash(self, n: int, **more: str) -> None:
        """kill -9 the n-th gateway and start it again, with `more` in its environment."""
        self._servers[n].signal(signal.SIGKILL)
        self._servers[n].stop()
        self._servers[n] = self._serve(n, **more)

    def kill_worker(self, n: int) -> None:
        """kill -9 the n-th worker and start another."""
        self._workers[n].signal(signal.SIGKILL)
        self._workers[n].stop()
        self._workers[n] = self._work(n)

    def at_work(self) -> bool:
        """Whether all workers take jobs."""
        return all("jobs_run_here" in each.log.read_text(errors="replace") for each in self._workers)

    def command(self, *arguments: str) -> str:
        """What `ledgerway …` prints; it must succeed."""
        done = ran([*arguments], self.environment())
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def environment(self) -> dict[str, str]:
        settings = self.sandbox.settings() | {
            "LEDGERWAY_DATABASE_URL": self.database_url or f"sqlite:///{self.folder / 'ledgerway.db'}",
            "LEDGERWAY_KEYRING_FILE": str(self.folder / "keyring.json"),
            "LEDGERWAY_PUBLIC_URL": self.bases[0],
        }
        settings |= self.extra
        if self.limits:
            settings["LEDGERWAY_ZOHO_BOOKS_LIMITS"] = json.dumps(self.limits)
        return settings

    def create_key(self, environment: str, *arguments: str) -> str:
        return self.command("keys", "create", "--environment", environment, "--mode", "test", *arguments)

    def client(self, key: str | None = None, base: int = 0) -> httpx.Client:
        return httpx.Client(
            base_url=self.bases[base],
            headers={"Authorization": f"Bearer {key or self.key}"},
            timeout=60,
            trust_env=False,
            event_hooks={"response": [witness]},
        )

    def link(self, tenant: str | None = "tenant-1", key: str | None = None, **members: Any) -> str:
        """The URL of a fresh link."""
        body = {"tenant_id": tenant, "integration": "zohobooks", **members}
        with self.client(key) as api:
            answer = api.post(
                "/link-token", json={name: value for name, value in body.items() if value is not None}
            )
        assert answer.status_code == 201, answer.text
        return answer.json()["url"]

    def connect(
        self, tenant: str = "tenant-1", key: str | None = None, **choices: Any
    ) -> list[dict[str, Any]]:
        """Walk the hosted flow to its end; the tenant's accounts afterwards."""
        page = walk(
            self.link(tenant, key, companies="many" if "organization_id" in choices else None), **choices
        )
        assert page.data.get("result") == "success", page.text
        return self.accounts(tenant, key)

    def accounts(self, tenant: str, key: str | None = None) -> list[dict[str, Any]]:
        with self.client(key) as api:
            return api.get("/integrated-account", params={"tenant_id": tenant}).json()["result"]

    def stop(self) -> None:
        for server in (*self._workers, *reversed(self._servers)):
            server.stop()

    @contextmanager
    def running(self) -> Iterator["Product"]:
        """Started together with its sandbox, and stopped with it."""
        try:
            self.sandbox.start()
            yield self.start()
        finally:
            self.stop()
            self.sandbox.stop()


def walk(url: str, *, decision: str = "accept", stop_at: str | None = None, **choices: Any) -> Page:
    """What a customer does from a link's URL on: continue, sign in as `user`, decide, pick `organization_id`."""
    with Browser(stop_at) as browser:
        page = browser.open(url)
        if not page.forms:
            return page
        page = browser.submit(page)
        for _ in range(6):
            if "result" in page.data or not page.forms:
                break
            fitting = {name: value for name, value in choices.items() if name in page.form.fields}
            buttons = [button for button in page.form.buttons if button[1] == decision]
            page = browser.submit(page, button=buttons[0] if buttons else None, **fitting)
        return page
