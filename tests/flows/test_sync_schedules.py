"""A hundred seeded schedules through the whole product: after two quiet runs the copy is the truth."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import select

from app.core.database import Database
from app.models.synced_records import SyncedRecord
from tests.flows.company import Company
from tests.flows.conftest import AMPLE, NO_LIMITS, Admin
from tests.flows.schedules import PAGE, Schedule, differences
from tests.support.product import Product, Sandbox

SCHEDULES = 100
SMALL = json.dumps({**json.loads(NO_LIMITS), "access_tokens": None})


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("schedules")
    sandbox = Sandbox(folder, ("--seed", "empty", "--limits", SMALL))
    extra = {
        "LEDGERWAY_KEY_RATE": "1000000/10",
        "LEDGERWAY_CLOCK_FACTOR": "0.2",
        "LEDGERWAY_ACCESS_LOG": "false",
    }
    with Product(folder, sandbox, limits=AMPLE, extra=extra).running() as made:
        yield made


def company_of(admin: Admin, api: httpx.Client, number: int) -> Company:
    home = {"dc": "us", "name": f"Company {number}", "page": PAGE}
    organization = admin.did("POST", "/organizations", **home)["organization_id"]
    email = f"owner{number}@us.example"
    admin.did("POST", "/users", dc="us", first_name="Owner", email=email, organizations=[organization])
    grant = admin.did("POST", "/grants", user=email)
    credentials = {"refresh_token": grant["refresh_token"], "location": "us"}
    body = {"tenant_id": email, "integration": "zohobooks", "credentials": credentials}
    account = api.post("/integrated-account", json=body)
    assert account.status_code == 201, account.text
    return Company(api, admin, account.json()["id"], organization)


def run(api: httpx.Client, schedules: list[Schedule], mode: str) -> None:
    """A run of every schedule's job, to its end."""
    for each in schedules:
        begun = api.post("/sync-job-run", json={"sync_job_id": each.job, "mode": mode})
        assert begun.status_code == 202, begun.text
    ended(api, schedules)


def ended(api: httpx.Client, schedules: list[Schedule]) -> None:
    until = time.monotonic() + 240
    for each in schedules:
        while True:
            last = api.get("/sync-job-run", params={"sync_job_id": each.job, "limit": 1}).json()["result"][0]
            if last["state"] not in ("queued", "running"):
                break
            assert time.monotonic() < until, last
            time.sleep(0.1)
        assert last["state"] == "completed" and last["error"] is None, (each.seed, last)
        assert last["totals"]["quarantined"] == 0, (each.seed, last)


def told(api: httpx.Client, account: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The records as somebody knows them who followed the change feed from its beginning."""
    known: dict[tuple[str, str], Mapping[str, Any]] = {}
    asked: dict[str, Any] = {"integrated_account_id": account, "limit": 200}
    while True:
        page = api.get("/changes", params=asked).json()
        for change in page["result"]:
            at = change["resource"], change["id"]
            assert (change["change"] == "created") == (at not in known), change
            if change["change"] == "deleted":
                del known[at]
            else:
                known[at] = change["record"]
        if not page["has_more"]:
            return known
        asked["next_cursor"] = page["next_cursor"]


async def stored(url: str) -> dict[str, dict[tuple[str, str], Mapping[str, Any]]]:
    """The synced store: by account, what it takes to be there."""
    database = Database(url)
    kept: dict[str, dict[tuple[str, str], Mapping[str, Any]]] = {}
    async with database.read() as session:
        for row in await session.scalars(select(SyncedRecord).where(SyncedRecord.deleted_at.is_(None))):
            kept.setdefault(row.account_id, {})[row.resource, row.id] = row.record
    await database.close()
    return kept


@pytest.mark.slow
def test_after_two_quiet_runs_the_copy_is_the_truth(product: Product) -> None:
    with (
        product.client() as api,
        Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as admin,
    ):
        schedules = [Schedule(seed, company_of(admin, api, seed)) for seed in range(SCHEDULES)]
        for each in schedules:
            each.begin()
            each.stage()
            body = {
                "integrated_account_id": each.company.account_id,
                "resources": each.kinds,
                "cadence": None,
            }
            job = api.post("/sync-job", json={**body, "sweep_cadence": None})
            assert job.status_code == 201, job.text
            each.job = job.json()["id"]
        ended(api, schedules)
        admin.did("DELETE", "/faults")
        for each in schedules:
            each.stage()
        run(api, schedules, "delta")
        happened = len([each for each in admin.calls(server="books") if each["fault"]])
        admin.did("DELETE", "/faults")
        assert happened > 4 * SCHEDULES
        run(api, schedules, "delta")
        run(api, schedules, "full")
        kept = anyio.run(stored, product.environment()["LEDGERWAY_DATABASE_URL"])
        wrong = [
            problem
            for each in schedules
            for copy, where in (
                (told(api, each.company.account_id), "feed"),
                (kept[each.company.account_id], "store"),
            )
            for problem in differences(each, copy, where)
        ]
    assert wrong == []
