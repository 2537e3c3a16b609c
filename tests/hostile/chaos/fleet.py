"""Four gateways on one database, a provider, and companies of our own making at that provider."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.flows.conftest import NO_LIMITS
from tests.support import postgres
from tests.support.product import Product, Sandbox

PROCESSES = 4
_AMPLE = {"minute": 1_000_000, "concurrent": 50, "day": 1_000_000}
# A lease lasts 2 s and a lost write is settled in 6 s, instead of 20 s and 3 minutes.
_FAST = {
    "LEDGERWAY_CLOCK_FACTOR": "0.1",
    "LEDGERWAY_WRITE_SETTLE_SECONDS": "60",
    "LEDGERWAY_KEY_IN_FLIGHT": "1000",
}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Firm:
    """A connected company with one customer."""

    account_id: str
    organization_id: str
    contact_id: str = ""


@dataclass
class Fleet:
    """`doomed` is the process that things happen to."""

    database: str
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="ledgerway-chaos-")))
    doomed: int = PROCESSES - 1
    _going: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def start(self) -> "Fleet":
        self.folder.chmod(0o711)
        self._cluster = self.folder / "cluster"
        self._cluster.mkdir(mode=0o711)
        self.sandbox = Sandbox(self.folder, ("--seed", "empty", "--limits", NO_LIMITS))
        await asyncio.to_thread(self.sandbox.start)
        url = ""
        if self.database == "postgresql":
            base = await asyncio.to_thread(postgres.make, self._cluster)
            url = await asyncio.to_thread(postgres.create_database, base)
        self.product = Product(self.folder, self.sandbox, url, _AMPLE, processes=PROCESSES, extra=_FAST)
        await asyncio.to_thread(self.product.start)
        many = httpx.Limits(max_connections=None)
        self.admin = httpx.AsyncClient(base_url=self.sandbox.admin, timeout=60, trust_env=False)
        self.api = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self.product.key}"}, timeout=30, limits=many, trust_env=False
        )
        return self

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that ends with the fleet, if not before."""
        task = asyncio.create_task(work)
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return task

    async def stop(self) -> None:
        for task in self._going:
            task.cancel()
        if hasattr(self, "_replacing"):  # a process that is being started is stopped too
            await asyncio.wait([self._replacing])
        for client in ("api", "admin"):
            if hasattr(self, client):
                await getattr(self, client).aclose()
        for part in ("product", "sandbox"):
            if hasattr(self, part):
                await asyncio.to_thread(getattr(self, part).stop)
        if self.database == "postgresql":
            await asyncio.to_thread(postgres.remove, self._cluster)
        shutil.rmtree(self.folder, ignore_errors=True)

    async def arrange(self, method: str, path: str, /, **body: Any) -> Any:
        """Something at the provider, by its admin API."""
        answer = await self.admin.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def firm(self, *, customer: bool = True) -> Firm:
        """A new company, connected."""
        number = next(_numbers)
        made = await self.arrange("POST", "/organizations", dc="us", name=f"Company {number}")
        organization, email = made["organization_id"], f"owner{number}@chaos.example"
        await self.arrange(
            "POST", "/users", dc="us", first_name="Owner", email=email, organizations=[organization]
        )
        grant = await self.arrange("POST", "/grants", user=email)
        credentials = {"refresh_token": grant["refresh_token"], "location": "us"}
        account = await self._made(
            "/integrated-account", tenant_id=email, integration="zohobooks", credentials=credentials
        )
        if not customer:
            return Firm(account, organization)
        path = f"/unified/accounting/contacts?integrated_account_id={account}"
        return Firm(account, organization, await self._made(path, name="Harbour Coffee"))

    async def is_connected(self, firm: Firm) -> bool:
        answer = await self.api.get(f"{self.product.bases[0]}/integrated-account/{firm.account_id}")
        return answer.is_success and answer.json()["status"] == "active"

    async def invoices(self, firm: Firm) -> list[Any]:
        """What the provider's own ledger holds."""
        truth = await self.admin.get(f"/organizations/{firm.organization_id}/truth")
        return list(truth.json()["invoices"].values())

    async def last_call(self) -> int:
        return (await self.admin.get("/journal", params={"method": "NONE"})).json()["last"]

    async def token_calls(self, after: int) -> list[Any]:
        asked = {"after": after, "server": "accounts", "path": "/token$"}
        return (await self.admin.get("/journal", params=asked)).json()["calls"]

    async def restart_database(self) -> None:
        await asyncio.to_thread(postgres.restart, self._cluster)

    async def replace(self, **environment: str) -> None:
        """The doomed process is killed, if it lives, and started anew."""
        self._replacing = asyncio.create_task(
            asyncio.to_thread(lambda: self.product.crash(self.doomed, **environment))
        )
        await asyncio.shield(self._replacing)

    async def revive(self) -> None:
        """The doomed process runs."""
        if not self.product.server(self.doomed).is_running:
            await self.replace()

    def signal(self, number: int) -> None:
        self.product.server(self.doomed).signal(number)

    async def ended(self, seconds: float) -> bool:
        """Whether the doomed process has ended, at the latest after so many seconds."""
        server = self.product.server(self.doomed)
        for _ in range(int(seconds * 20)):
            if not server.is_running:
                return True
            await asyncio.sleep(0.05)
        return False

    async def _made(self, path: str, **body: Any) -> str:
        answer = await self.api.post(f"{self.product.bases[0]}{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]
