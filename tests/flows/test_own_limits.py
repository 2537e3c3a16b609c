"""Our own limits over every door of the product: they refuse before the provider hears anything."""

from collections.abc import Iterator

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product, Sandbox

RATES = {"LEDGERWAY_KEY_RATE": "30/600", "LEDGERWAY_ACCOUNT_RATE": "3/600"}


@pytest.fixture(scope="module")
def product(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    started = Product(tmp_path_factory.mktemp("product"), sandbox, extra=RATES)
    try:
        yield started.start()
    finally:
        started.stop()


def violated(answer: httpx.Response, policy: str) -> None:
    told = answer.json()
    assert (answer.status_code, told["code"], told["executed"]) == (429, "rate_limited", "no"), answer.text
    assert told["violated-policies"] == [policy]
    assert 0 < int(answer.headers["retry-after"]) == told["retry_after"] <= 600
    assert f'"{policy}";r=0;t={told["retry_after"]}' in answer.headers["ratelimit"]


def test_an_account_over_all_doors(product: Product, admin: Admin) -> None:
    account = product.connect("limited")[0]["id"]
    doors = (
        f"/proxy/settings/currencies?integrated_account_id={account}",
        f"/native/zohobooks/{account}/books/v3/settings/currencies",
        f"/unified/accounting/currencies?integrated_account_id={account}",
    )
    with product.client() as api, product.client(product.create_key("tests")) as colleague:
        for door in doors:
            answer = api.get(door)
            assert answer.status_code == 200, answer.text
        assert answer.headers["ratelimit-policy"] == (
            '"key";q=30;w=600, "account";q=3;w=600, "minute";q=100;w=60, "day";q=5000;w=86400'
        )
        mark = admin.last()
        for client in (api, colleague):
            for door in doors:
                violated(client.get(door), "account")
        assert api.get(f"/integrated-account/{account}").status_code == 200
        assert admin.calls(after=mark) == []


def test_a_key_wherever_it_is_used(product: Product) -> None:
    with product.client(product.create_key("tests")) as api, product.client() as other:
        for left in reversed(range(30)):
            answer = api.get(
                ("/integrated-account", "/proxy/contacts", "/unified/accounting/nothing")[left % 3]
            )
            assert answer.status_code in (200, 400, 404)
            assert answer.headers["ratelimit"].startswith(f'"key";r={left};t=')
        for path in ("/integrated-account", "/proxy/contacts", "/log"):
            violated(api.get(path), "key")
        assert other.get("/integrated-account").status_code == 200
        assert httpx.get(f"{product.bases[0]}/ping", trust_env=False).status_code == 200
