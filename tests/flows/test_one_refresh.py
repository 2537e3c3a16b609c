"""Four processes, a hundred concurrent calls each, one expired token: one refresh, and no call fails."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.product import Product, Sandbox

CALLS = 100
LIFTED = '{"minute": null, "day": null, "concurrent": null}'
GENEROUS = {"minute": 1_000_000, "concurrent": 1000, "day": 1_000_000_000}


@pytest.fixture
def four(database_url: str, tmp_path: Path) -> Iterator[Product]:
    sandbox = Sandbox(tmp_path, ("--rows", "3", "--limits", LIFTED))
    product = Product(tmp_path, sandbox, database_url, GENEROUS, processes=4)
    with product.running():
        yield product


async def burst(product: Product, path: str) -> list[httpx.Response]:
    async with httpx.AsyncClient(
        headers={"Authorization": f"Bearer {product.key}", "Ledgerway-Timeout": "60"},
        timeout=90,
        limits=httpx.Limits(max_connections=len(product.bases) * CALLS),
        trust_env=False,
    ) as client:
        return await asyncio.gather(
            *(client.get(base + path) for base in product.bases for _ in range(CALLS))
        )


@pytest.mark.slow
def test_one_refresh_for_four_hundred_callers(four: Product) -> None:
    account = four.connect()[0]["id"]
    with httpx.Client(base_url=four.sandbox.admin, timeout=30, trust_env=False) as admin:
        admin.put("/latency", json={"token": 1.0}).raise_for_status()
        for path in ("/proxy/settings/currencies", "/proxy/invoices"):
            admin.post("/tokens/expire", json={}).raise_for_status()
            admin.delete("/journal").raise_for_status()
            answers = asyncio.run(burst(four, f"{path}?integrated_account_id={account}"))
            failed = {answer.text for answer in answers if answer.status_code != 200}
            assert not failed, failed
            assert len(answers) == 4 * CALLS
            calls = admin.get("/journal", params={"server": "accounts"}).json()["calls"]
            assert [(call["grant_type"], call["outcome"]) for call in calls] == [("refresh_token", "ok")]
