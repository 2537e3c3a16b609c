"""The servers a run needs, as child processes, and what the kernel says of them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from app.demo.processes import Server, free_ports, ledgerway

_TICKS = os.sysconf("SC_CLK_TCK")


class Measured(Server):
    """A server whose start time, processor time and memory can be read."""

    def ready_in(self, url: str) -> float:
        """Seconds until `url` answered, counted from the construction of this object."""
        self.wait(url)
        return time.perf_counter() - self.started

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.started = time.perf_counter()
        super().__init__(name, command, folder, environment)

    def cpu(self) -> float:
        """Processor seconds used so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> float:
        """Resident MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


class Bench:
    """Upstream, pass-through and gateway, and an account of the gateway that points at the upstream."""

    def __init__(self, folder: Path) -> None:
        first = free_ports(3)
        self.upstream_url, self.bare_url, self.gateway_url = (
            f"http://127.0.0.1:{first + n}" for n in range(3)
        )
        python = sys.executable
        self._upstream = Measured("upstream", [python, "-m", "benchmarks.upstream", str(first)], folder, {})
        self._upstream.wait(f"{self.upstream_url}/organizations")
        bare = [python, "-m", "benchmarks.passthrough", str(first + 1), self.upstream_url]
        self.bare = Measured("passthrough", bare, folder, {})
        self.bare.wait(f"{self.bare_url}/organizations")
        environment = {
            "LEDGERWAY_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
            "LEDGERWAY_KEYRING_FILE": str(folder / "keyring.json"),
            "LEDGERWAY_PUBLIC_URL": self.gateway_url,
            "LEDGERWAY_ACCESS_LOG": "false",
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_ID": "1000.BENCH",
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_SECRET": "bench",
            "LEDGERWAY_ZOHO_BOOKS_DATA_CENTERS": json.dumps(
                {"us": {"accounts": self.upstream_url, "api": self.upstream_url}}
            ),
            "LEDGERWAY_ZOHO_BOOKS_LIMITS": json.dumps(
                {"minute": 10_000_000, "concurrent": 10_000, "day": 100_000_000}
            ),
        }
        self.gateway = Measured("gateway", ledgerway("serve", "--port", str(first + 2)), folder, environment)
        self.start_seconds = self.gateway.ready_in(f"{self.gateway_url}/readyz")
        self.start_memory = self.gateway.memory()
        made = subprocess.run(
            ledgerway("keys", "create", "--environment", "bench", "--mode", "test"),
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        self.headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        body = {
            "tenant_id": "bench",
            "integration": "zohobooks",
            "credentials": {"refresh_token": "1000.bench.refresh", "location": "us"},
        }
        answer = httpx.post(
            f"{self.gateway_url}/integrated-account", json=body, headers=self.headers, timeout=30
        )
        answer.raise_for_status()
        self.account = answer.json()["id"]

    def stop(self) -> None:
        for server in (self.gateway, self.bare, self._upstream):
            server.stop()
