"""A process is killed at each point of a write; another one finishes it. Judged by the provider's own books."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.demo.processes import free_ports
from tests.flows.conftest import Admin
from tests.flows.test_lost_answers import BOOKS
from tests.support.forked import Gateway
from tests.support.product import Product

POINTS = (
    "write.before_intent",
    "write.before_send",
    "write.after_send",
    "write.before_store",
    "write.before_reply",
)


@pytest.fixture(scope="module")
def product(hasty: Product) -> Product:
    return hasty


@pytest.fixture(scope="module")
def shop(product: Product) -> Iterator[httpx.Client]:
    with product.client() as api:
        api.headers["X-Integrated-Account-Id"] = product.connect()[0]["id"]
        yield api


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_one_invoice_whenever_its_writer_dies(product: Product, shop: httpx.Client, point: str) -> None:
    contact = shop.post(f"{BOOKS}/contacts", json={"name": f"Acme {point}"}).json()["id"]
    body: dict[str, Any] = {
        "contact": contact, "reference": point, "status": "authorised",
        "line_items": [{"name": "Tea", "unit_price": "2.50", "quantity": 4}],
    }  # fmt: skip
    key = {"Idempotency-Key": point}
    port = free_ports(1)
    armed = product.environment() | {"LEDGERWAY_FAILPOINTS": point, "LEDGERWAY_WORKER": "false"}
    doomed = Gateway("doomed", ["serve", "--port", str(port)], product.folder, armed)
    base = f"http://127.0.0.1:{port}"
    try:
        doomed.wait(f"{base}/readyz")
        with pytest.raises(httpx.TransportError):
            shop.post(f"{base}{BOOKS}/invoices", json=body, headers=key)
    finally:
        doomed.stop()
    answer = shop.post(f"{BOOKS}/invoices", json=body, headers=key)
    for _ in range(400):
        if answer.status_code != 409:
            break
        time.sleep(0.1)
        answer = shop.post(f"{BOOKS}/invoices", json=body, headers=key)
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "authorised"
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as admin:
        made = [
            call for call in admin.calls(method="POST", path="/invoices$")
            if (call.get("body") or {}).get("reference_number") == point
        ]  # fmt: skip
    found = shop.get(f"{BOOKS}/invoices", params={"reference": point}).json()["result"]
    assert [row["id"] for row in found] == [answer.json()["id"]]
    assert len(made) <= 2
