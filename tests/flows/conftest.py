"""The product as it is deployed: a sandbox process and a gateway process, one pair per test file."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.product import Product, Sandbox


class Admin(httpx.Client):
    """The sandbox's admin API."""

    def did(self, method: str, path: str, **members: Any) -> Any:
        answer = self.request(method, path, json=members)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def calls(self, **narrow: Any) -> list[dict[str, Any]]:
        return self.get("/journal", params=narrow).json()["calls"]

    def last(self) -> int:
        return self.get("/journal").json()["last"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    started = Sandbox(tmp_path_factory.mktemp("sandbox"))
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture(scope="module")
def product(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    started = Product(tmp_path_factory.mktemp("product"), sandbox)
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture
def admin(sandbox: Sandbox) -> Iterator[Admin]:
    with Admin(base_url=sandbox.admin, timeout=30, trust_env=False) as client:
        yield client
        client.did("DELETE", "/faults")


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    with product.client() as client:
        yield client
