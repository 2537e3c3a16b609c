"""`make abuse`: callers who leave, and callers who never finish, at full size; what it did to the others.

8,000 requests are sent and cut off, most while the provider is at work for them; then the same gateway has to
answer fifty at once, hold no transaction open and as few files as before. 300 requests are begun and never
ended, 60 bodies stall; they have to be cut in time while a well-behaved caller is served as ever.
"""

import asyncio
import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx

from tests.flows.conftest import NO_LIMITS
from tests.support import postgres
from tests.support.product import Product, Sandbox

CANCELLED, HALF_SENT, STALLED = 8000, 300, 60
KEYS = 8
AT_ONCE = 400  # fifty of each key
_AMPLE = {"minute": 10_000_000, "concurrent": 64, "day": 10_000_000}
_READS = (
    "/proxy/contacts",
    "/proxy/settings/currencies",
    "/unified/accounting/invoices",
    "/unified/accounting/contacts?expand[]=attachments",
    "/integrated-account",
    "/log",
)


@dataclass
class Site:
    """A gateway whose provider takes `latency` seconds, an account of it, and keys for eight callers."""

    product: Product
    account: str
    keys: list[str]

    @property
    def place(self) -> tuple[str, int]:
        base = urlsplit(self.product.bases[0])
        return str(base.hostname), int(base.port or 80)

    def head(self, method: str, path: str, number: int = 0) -> bytes:
        key = self.keys[number % len(self.keys)]
        return (
            f"{method} {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {key}\r\n"
            f"X-Integrated-Account-Id: {self.account}\r\n"
        ).encode()

    def provider(self, **seconds: float) -> None:
        """How long the provider takes from now on."""
        httpx.put(f"{self.product.sandbox.admin}/latency", json=seconds, trust_env=False).raise_for_status()

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.product.bases[0],
            headers={"Authorization": f"Bearer {self.keys[0]}", "X-Integrated-Account-Id": self.account},
            limits=httpx.Limits(max_connections=None),
            timeout=60,
            trust_env=False,
        )

    def files(self) -> int:
        """How many files and sockets the gateway holds."""
        return len(os.listdir(f"/proc/{self.product.server(0).pid}/fd"))


def opened(stack: ExitStack, folder: Path, database_url: str, keys: int = KEYS) -> Site:
    """A site that ends with `stack`."""
    sandbox = Sandbox(folder, ("--rows", "3", "--limits", NO_LIMITS))
    product = Product(folder, sandbox, database_url, _AMPLE)
    stack.enter_context(product.running())
    account = product.connect()[0]["id"]
    return Site(product, account, [product.key, *(product.create_key("tests") for _ in range(keys - 1))])


async def cancel(site: Site, count: int, longest: float = 0.3) -> Counter[str]:
    """`count` reads, each cut off within `longest` seconds; whether an answer had begun."""
    gate, told = asyncio.Semaphore(min(AT_ONCE, 50 * len(site.keys))), Counter[str]()

    async def one(number: int) -> None:
        path = _READS[number % len(_READS)]
        async with gate:
            reader, writer = await asyncio.open_connection(*site.place)
            writer.write(site.head("GET", path, number) + b"\r\n")
            try:
                said = await asyncio.wait_for(reader.read(12), random.uniform(0.0, longest))
                told[said[9:12].decode() or "closed"] += 1
            except TimeoutError:
                told["cut off"] += 1
            writer.transport.abort()

    await asyncio.gather(*(one(number) for number in range(count)))
    return told


async def fifty(site: Site) -> Counter[int]:
    """The statuses of fifty requests at once."""
    async with site.client() as client:
        paths = ("/proxy/contacts", "/unified/accounting/invoices")
        answers = await asyncio.gather(*(client.get(paths[number % 2]) for number in range(50)))
    return Counter(answer.status_code for answer in answers)


async def idle_in_transaction(url: str) -> int:
    """Sessions of the database that hold a transaction open and do nothing."""
    connection = await asyncpg.connect(url)
    try:
        asked = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%' "
            "AND application_name <> 'ledgerway-jobs'"  # one process holds a lock there for as long as it leads
        )
        return int(await connection.fetchval(asked))
    finally:
        await connection.close()


async def settled(site: Site, files: int, url: str, seconds: float = 30.0) -> tuple[int, int]:
    """Files above `files` and idle transactions, once both are gone or time is up."""
    end = time.monotonic() + seconds
    while True:
        idle = await idle_in_transaction(url) if url else 0
        more = site.files() - files
        if (idle == 0 and more <= 0) or time.monotonic() > end:
            return more, idle
        await asyncio.sleep(0.25)


async def unfinished(site: Site, begun: bytes, dripped: bytes, patience: float) -> tuple[float, bytes]:
    """One request that never ends, a byte a second: after how long it was cut, and what was said."""
    start = time.monotonic()
    reader, writer = await asyncio.open_connection(*site.place)
    writer.write(begun)

    async def drip() -> None:
        while True:
            await asyncio.sleep(1.0)
            writer.write(dripped)

    dripping = asyncio.create_task(drip())
    try:
        said = await asyncio.wait_for(reader.read(), patience)
    except ConnectionResetError:
        said = b""
    finally:
        dripping.cancel()
        writer.transport.abort()
    return time.monotonic() - start, said


async def healthy(site: Site, until: asyncio.Event) -> list[float]:
    """Seconds each request of a well-behaved caller took, one every 20 ms."""
    taken: list[float] = []
    async with site.client() as client:
        while not until.is_set():
            start = time.perf_counter()
            (await client.get("/proxy/settings/currencies")).raise_for_status()
            taken.append(time.perf_counter() - start)
            await asyncio.sleep(0.02)
    return sorted(taken)


async def slow_callers(site: Site, heads: int, bodies: int) -> dict[str, Any]:
    """How long heads and bodies without an end lasted, and what others noticed."""
    done = asyncio.Event()
    others = asyncio.create_task(healthy(site, done))
    head = b"GET /ping HTTP/1.1\r\nHost: gateway\r\nX-Half: "
    body = b"POST /link-token HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n{"
    async with asyncio.TaskGroup() as group:
        cut = [group.create_task(unfinished(site, head, b"a", 60)) for _ in range(heads)]
        stalled = [group.create_task(unfinished(site, body, b" ", 90)) for _ in range(bodies)]
    done.set()
    taken = await others
    told: dict[str, Any] = {
        "healthy requests": len(taken),
        "healthy p50 ms": round(taken[len(taken) // 2] * 1000, 1),
        "healthy p95 ms": round(taken[len(taken) * 95 // 100] * 1000, 1),
        "healthy worst ms": round(taken[-1] * 1000, 1),
    }
    for name, tasks in (("heads", cut), ("bodies", stalled)):
        spans = sorted(task.result()[0] for task in tasks)
        if spans:
            told[f"{name} cut after s"] = [round(spans[0], 2), round(spans[-1], 2)]
            told[f"{name} told 408"] = sum(task.result()[1].startswith(b"HTTP/1.1 408") for task in tasks)
    return told


async def run(site: Site, url: str) -> dict[str, Any]:
    """Everything at full size."""
    site.provider(books=0.2)
    await fifty(site)
    files, begun = site.files(), time.monotonic()
    told: dict[str, Any] = {"cancelled": dict(await cancel(site, CANCELLED))}
    told["seconds"] = round(time.monotonic() - begun, 1)
    told["fifty at once, right after"] = dict(await fifty(site))
    more, idle = await settled(site, files, url)
    told |= {"files more than before": more, "idle in transaction": idle}
    site.provider()
    return told | await slow_callers(site, HALF_SENT, STALLED)


def main() -> None:
    for database in ("sqlite", "postgresql"):
        folder = Path(tempfile.mkdtemp(prefix="ledgerway-abuse-"))
        folder.chmod(0o711)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            url = ""
            if database == "postgresql":
                if postgres.binaries() is None:
                    continue
                cluster = folder / "cluster"
                cluster.mkdir(mode=0o711)
                stack.callback(postgres.remove, cluster)
                url = postgres.create_database(postgres.make(cluster), "template1")
            site = opened(stack, folder, url)
            told = asyncio.run(run(site, url))
            told["errors logged"] = site.product.server(0).log.read_text().count('"level":"error"')
            print(json.dumps({"database": database, **told}, indent=2), flush=True)


if __name__ == "__main__":
    main()
