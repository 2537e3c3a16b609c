"""A customer's own database, and sync jobs that copy books into it."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import httpx

from tests.support import postgres
from tests.support.product import Product

PASSWORD = "canary-of-a-database-password"
RESOURCES = ["accounts", "bills", "contacts", "invoices", "items", "payments"]


def connected(product: Product) -> Iterator[httpx.Client]:
    with product.client() as client:
        client.headers["X-Integrated-Account-Id"] = product.connect(f"copies {time.monotonic()}")[0]["id"]
        yield client


class Copy:
    """The customer's database, as its owner sees it. `url` is what the gateway is told."""

    def __init__(self, cluster: str) -> None:
        self.owner = postgres.create_database(cluster, "template0")
        self._root = cluster.replace("ledgerway@", "postgres@")
        self.name = self.owner.rpartition("/")[2]
        self.role = f"copier_{self.name}"
        self.as_root(f"CREATE ROLE {self.role} LOGIN")
        self.do(f"GRANT CREATE, CONNECT ON DATABASE {self.name} TO {self.role}")
        self.url = self.owner.replace("ledgerway@", f"{self.role}:{PASSWORD}@")

    def do(self, *statements: str) -> list[Any]:
        return self._run(self.owner, statements)

    def as_root(self, *statements: str) -> list[Any]:
        return self._run(f"{self._root}/{self.name}", statements)

    def _run(self, url: str, statements: tuple[str, ...]) -> list[Any]:
        async def run() -> list[Any]:
            connection = await asyncpg.connect(url)
            try:
                rows: list[Any] = []
                for statement in statements:
                    rows = await connection.fetch(statement)
                return rows
            finally:
                await connection.close()

        return asyncio.run(run())

    def rows(self, resource: str, schema: str = "ledgerway") -> dict[str, dict[str, Any]]:
        found = self.as_root(f'SELECT to_jsonb(t)::text FROM "{schema}"."{resource}" t')
        read = (json.loads(text, parse_float=Decimal, parse_int=Decimal) for (text,) in found)
        return {row["id"]: row for row in read}

    def drop(self) -> None:
        postgres.drop_database(self.owner)


def until(done: Callable[[], Any], seconds: float = 240) -> Any:
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, "it never came to it"
        time.sleep(0.1)
    return found


def post(api: httpx.Client, path: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = api.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def job_of(
    api: httpx.Client, destination: dict[str, Any] | None, resources: list[str] = RESOURCES
) -> dict[str, Any]:
    body = {
        "integrated_account_id": api.headers["X-Integrated-Account-Id"],
        "resources": resources,
        "cadence": None,
        "sweep_cadence": None,
        "destination": destination,
    }
    return post(api, "/sync-job", body)


def settled(api: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """The job once no run is under way and its destination has everything."""

    def is_settled() -> dict[str, Any] | None:
        runs = api.get("/sync-job-run", params={"sync_job_id": job["id"]}).json()["result"]
        seen = api.get(f"/sync-job/{job['id']}").json()
        at = seen["destination"]
        over = all(run["state"] == "completed" for run in runs)
        return seen if over and at["state"] == "current" and at["waiting"] == 0 else None

    return until(is_settled)
