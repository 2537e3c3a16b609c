"""A worker is killed between fetching a page and committing it, or right after; what it began is finished, once."""

import time
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.support.product import Product

SEED = "furnished"
RESOURCES = ["accounts", "bills", "contacts", "credit_notes", "estimates", "invoices", "items", "payments"]
POINTS = ("sync.before_commit=5", "sync.after_commit=2")


@pytest.fixture(scope="module")
def product(hasty: Product) -> Product:
    return hasty


def ended(api: httpx.Client, run: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while True:
        seen = api.get(f"/sync-job-run/{run}").json()
        if seen["state"] not in ("queued", "running"):
            return seen
        assert time.monotonic() < until, seen
        time.sleep(0.1)


def changes(api: httpx.Client, account: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"integrated_account_id": account, "limit": 200}
    while True:
        page = api.get("/changes", params=asked).json()
        found += page["result"]
        if not page["has_more"]:
            return found
        asked["next_cursor"] = page["next_cursor"]


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_every_record_is_told_once_whenever_the_worker_dies(product: Product, point: str) -> None:
    with product.client() as api:
        account = product.connect(f"tenant of {point}")[0]["id"]
        product.crash(0, LEDGERWAY_FAILPOINTS=point)
        made = api.post(
            "/sync-job", json={"integrated_account_id": account, "resources": RESOURCES, "cadence": None}
        )
        assert made.status_code == 201, made.text
        until = time.monotonic() + 60
        while product.server(0).exit_code is None:
            assert time.monotonic() < until, f"nobody came to {point}"
            time.sleep(0.1)
        product.crash(0)
        [run] = api.get("/sync-job-run", params={"sync_job_id": made.json()["id"]}).json()["result"]
        done = ended(api, run["id"])
        assert done["state"] == "completed" and done["error"] is None, done
        told = changes(api, account)
        assert {change["change"] for change in told} == {"created"}
        assert max(Counter((change["resource"], change["id"]) for change in told).values()) == 1
        assert len(told) == done["totals"]["rows"] == done["totals"]["created"] > 20
        sequences = [change["sequence"] for change in told]
        assert sequences == sorted(sequences)
        listed = api.get(
            "/unified/accounting/contacts", params={"integrated_account_id": account, "limit": 200}
        )
        ids = {row["id"] for row in listed.json()["result"]}
        assert ids == {change["id"] for change in told if change["resource"] == "contacts"}
