"""One refresh token, several accounts: whoever comes or goes, the others keep working."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product, Sandbox, walk


@pytest.fixture
def two(database_url: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[Product]:
    """Two gateways on one database, of each kind."""
    started = Product(tmp_path, sandbox, database_url=database_url, processes=2)
    try:
        yield started.start()
    finally:
        started.stop()


class Owner:
    """A user with organisations of their own, and one grant."""

    def __init__(self, admin: Admin, organizations: int, name: str) -> None:
        self.organizations = [
            admin.did("POST", "/organizations", dc="us", name=f"{name} {n}")["organization_id"]
            for n in range(organizations)
        ]
        self.email = f"{name}@us.example"
        admin.did("POST", "/users", dc="us", first_name=name, email=self.email,
                  organizations=self.organizations)  # fmt: skip
        self.refresh_token: str = admin.did("POST", "/grants", user=self.email)["refresh_token"]

    def brought(self, tenant: str, number: int = 0) -> dict[str, Any]:
        """The body that imports one of the organisations."""
        return {
            "tenant_id": tenant,
            "integration": "zohobooks",
            "credentials": {"refresh_token": self.refresh_token, "location": "us"},
            "organization_id": self.organizations[number],
        }


def imported(api: httpx.Client, body: dict[str, Any]) -> str:
    answer = api.post("/integrated-account", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def works(api: httpx.Client, account: str) -> bool:
    """Whether the provider still renews the account's token."""
    return api.post("/integrated-account/refresh-credentials", json={"id": account}).status_code == 200


def together(product: Product, work: Callable[[httpx.Client, int], httpx.Response], count: int) -> list[Any]:
    """`work` at the same moment from several threads, over both gateways."""
    gate = threading.Barrier(count)

    def one(number: int) -> httpx.Response:
        with product.client(base=number % len(product.bases)) as api:
            gate.wait()
            return work(api, number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def test_importing_again_does_not_end_what_was_imported(
    product: Product, api: httpx.Client, admin: Admin
) -> None:
    owner = Owner(admin, 1, "again")
    first = imported(api, owner.brought("again"))
    assert imported(api, owner.brought("again")) == first
    assert works(api, first)


def test_two_organisations_brought_with_one_token(product: Product, api: httpx.Client, admin: Admin) -> None:
    owner = Owner(admin, 2, "pair")
    first, second = (imported(api, owner.brought("pair", number)) for number in (0, 1))
    mark = admin.last()
    assert api.delete(f"/integrated-account/{first}").status_code == 200
    assert admin.calls(after=mark, path="revoke") == []
    assert works(api, second)
    assert api.delete(f"/integrated-account/{second}").status_code == 200
    assert len(admin.calls(after=mark, path="revoke")) == 1, "the last one turns off the light"


def test_reconnecting_one_heals_the_others_of_its_grant(
    product: Product, api: httpx.Client, admin: Admin
) -> None:
    owner = Owner(admin, 2, "lost")
    first = imported(api, owner.brought("lost"))
    body = {"tenant_id": "lost too", "same_grant_as": first, "organization_id": owner.organizations[1]}
    second = imported(api, body)
    admin.did("DELETE", "/grants", user=owner.email)
    assert not works(api, first) and not works(api, second)
    page = walk(product.link(tenant=None, integrated_account_id=first), user=owner.email)
    assert page.data["result"] == "success", page.text
    for account in (first, second):
        assert api.get(f"/integrated-account/{account}").json()["status"] == "active"
        assert api.get("/proxy/contacts", params={"integrated_account_id": account}).status_code == 200


def test_everything_at_once(two: Product, admin: Admin) -> None:
    """Imports, deletions: at the same moment, over two processes."""
    owner = Owner(admin, 2, f"crowd{two.bases[0][-5:]}")
    answers = together(two, lambda api, _: api.post("/integrated-account", json=owner.brought("crowd")), 4)
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1
    first = answers[0].json()["id"]
    with two.client() as api:
        assert works(api, first)
        second = imported(api, owner.brought("crowd", 1))
        mark = admin.last()
        both = together(two, lambda api, n: api.delete(f"/integrated-account/{(first, second)[n]}"), 2)
        assert [answer.status_code for answer in both] == [200, 200]
        assert len(admin.calls(after=mark, path="revoke")) == 1
        third = imported(api, Owner(admin, 1, f"gone{two.bases[0][-5:]}").brought("crowd"))
        twice = together(two, lambda api, _: api.delete(f"/integrated-account/{third}"), 2)
        assert sorted(answer.status_code for answer in twice) == [200, 404]


def test_deleting_while_a_call_is_under_way(product: Product, api: httpx.Client, admin: Admin) -> None:
    owner = Owner(admin, 1, "busy")
    account = imported(api, owner.brought("busy"))
    assert admin.post("/faults", json={"kind": "delay", "seconds": 1.5, "path": "contacts"}).is_success
    with ThreadPoolExecutor(1) as thread:
        mark = admin.last()
        call = thread.submit(api.get, "/proxy/contacts", params={"integrated_account_id": account})
        while not admin.calls(after=mark, path="contacts") and not call.done():
            pass
        assert api.delete(f"/integrated-account/{account}").status_code == 200
        assert call.result().status_code in (200, 404), call.result().text
    assert api.get("/proxy/contacts", params={"integrated_account_id": account}).status_code == 404
