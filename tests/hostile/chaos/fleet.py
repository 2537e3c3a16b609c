"""Four gateways on one database, a provider, and companies of our own making at that provider."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from app.core import reach
from app.core.database import Database
from app.demo.browser import WalkFailed
from tests.flows.conftest import NO_LIMITS
from tests.support import postgres
from tests.support.product import Product, Sandbox, walk

PROCESSES = 4
_AMPLE = {"minute": 1_000_000, "concurrent": 50, "day": 1_000_000}
# A lease lasts 2 s and a lost write is settled in 6 s, instead of 20 s and 3 minutes.
_FAST = {
    "LEDGERWAY_CLOCK_FACTOR": "0.1",
    "LEDGERWAY_WRITE_SETTLE_SECONDS": "60",
}
_HALVES = (
    "SELECT id FROM integrated_accounts WHERE id NOT IN (SELECT account_id FROM events WHERE account_id IS NOT NULL)",
    "SELECT account_id FROM events WHERE account_id NOT IN (SELECT id FROM integrated_accounts)",
)
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
            url = await asyncio.to_thread(postgres.create_database, base, "template1")
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

    async def person(self) -> str:
        """The owner of a new company, which is not connected yet."""
        number = next(_numbers)
        made = await self.arrange("POST", "/organizations", dc="us", name=f"Company {number}")
        email = f"owner{number}@chaos.example"
        await self.arrange(
            "POST",
            "/users",
            dc="us",
            first_name="Owner",
            email=email,
            organizations=[made["organization_id"]],
        )
        return email

    async def grant(self) -> dict[str, Any]:
        """What an import of a new company's account asks for."""
        email = await self.person()
        grant = await self.arrange("POST", "/grants", user=email)
        credentials = {"refresh_token": grant["refresh_token"], "location": "us"}
        return {"tenant_id": email, "integration": "zohobooks", "credentials": credentials}

    async def adopt(self, grant: dict[str, Any], first: int) -> None:
        """Import it, by another process where the `first` one dies."""
        for turn in range(60):
            base = self.product.bases[(first + turn) % PROCESSES]
            with suppress(httpx.TransportError):
                if (await self.api.post(f"{base}/integrated-account", json=grant)).is_success:
                    return
            await asyncio.sleep(0.3)

    async def connect(self, email: str) -> bool:
        """Whether a person who follows a new link with a browser arrives."""

        def browse() -> bool:
            try:
                return walk(self.product.link(email), user=email).data.get("result") == "success"
            except (httpx.TransportError, WalkFailed):
                return False

        return await asyncio.to_thread(browse)

    async def accounts_of(self, email: str) -> list[Firm]:
        found = await self.api.get(f"{self.base}/integrated-account", params={"tenant_id": email})
        return [Firm(each["id"], each["organization"]["id"]) for each in found.json()["result"]]

    async def unmatched(self) -> list[str]:
        """Accounts without an event and events without an account, by the database."""
        database = Database(self.product.environment()["LEDGERWAY_DATABASE_URL"])
        told: list[str] = []
        with reach.everywhere():
            async with database.read() as session:
                for half in _HALVES:
                    told += [f"{id} is only half stored" for id in await session.scalars(text(half))]
        await database.close()
        return told

    async def firm(self, *, customer: bool = True, marked: bool = False) -> Firm:
        """A new company, connected; with a customer, and with its creates marked in a unique field."""
        account = await self._made("/integrated-account", **await self.grant())
        read = await self.api.get(f"{self.base}/integrated-account/{account}")
        organization = read.json()["organization"]["id"]
        if not customer:
            return Firm(account, organization)
        if marked:
            path = f"/organizations/{organization}/custom-fields"
            await self.arrange("POST", path, entity="invoice", label="lw_ref", unique=True, in_rows=True)
            switch = f"{self.base}/integrated-account/{account}/upsert"
            answer = await self.api.post(switch, json={"resources": ["invoices"]})
            assert answer.is_success, answer.text
        path = f"/unified/accounting/contacts?integrated_account_id={account}"
        return Firm(account, organization, await self._made(path, name="Harbour Coffee"))

    @property
    def base(self) -> str:
        """A process that lives."""
        return self.product.bases[1 if self.doomed == 0 else 0]

    async def is_connected(self, firm: Firm) -> bool:
        answer = await self.api.get(f"{self.base}/integrated-account/{firm.account_id}")
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
        answer = await self.api.post(f"{self.base}{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]
