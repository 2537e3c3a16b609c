"""A key for one tenant or one account, on every route that could show or change another's."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.product import Product

ENVIRONMENT_WIDE = (
    ("GET", "/audit", None),
    ("GET", "/environment-integration", None),
    (
        "POST",
        "/environment-integration",
        {"integration": "zohobooks", "client_id": "x", "client_secret": "y"},
    ),
)


@pytest.fixture(scope="module")
def mine(product: Product) -> dict[str, Any]:
    return product.connect("mine")[0]


@pytest.fixture(scope="module")
def theirs(product: Product, mine: dict[str, Any]) -> dict[str, Any]:
    """Another tenant's account, on the same grant and organisation: only the tenant differs."""
    body = {"tenant_id": "theirs", "same_grant_as": mine["id"], "organization_id": mine["organization"]["id"]}
    with product.client() as api:
        answer = api.post("/integrated-account", json=body)
        assert answer.status_code == 201, answer.text
        api.get("/proxy/contacts", params={"integrated_account_id": answer.json()["id"]})
        return answer.json()


@pytest.fixture(scope="module", params=["tenant", "account", "token"])
def limited(request: pytest.FixtureRequest, product: Product, mine: dict[str, Any]) -> Iterator[httpx.Client]:
    """All scopes, for one tenant, one account, or through an account token."""
    limits: dict[str, Any] = {"integrated_account_ids": [mine["id"]]} if request.param == "account" else {
        "tenant_ids": ["mine"]
    }  # fmt: skip
    with product.client() as api:
        key = api.post("/api-key", json={"name": request.param, **limits}).json()["key"]
    if request.param == "token":
        with product.client(key) as api:
            made = api.post("/integrated-account/token", json={"integrated_account_id": mine["id"]})
            key = made.json()["integrated_account_token"]
    with product.client(key) as api:
        yield api


def absent(answer: httpx.Response) -> bool:
    return answer.status_code in (403, 404) and answer.json()["code"] in ("not_found", "insufficient_scope")


def test_another_tenants_account_is_not_there(
    limited: httpx.Client, mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    other, at = theirs["id"], {"integrated_account_id": theirs["id"]}
    organization = mine["organization"]["id"]
    for method, path, body in (
        ("GET", f"/integrated-account/{other}", None),
        ("PATCH", f"/integrated-account/{other}", {"context": {"a": 1}}),
        ("DELETE", f"/integrated-account/{other}", None),
        ("GET", f"/integrated-account/{other}/quota", None),
        ("POST", "/integrated-account/token", at),
        ("POST", "/integrated-account/refresh-credentials", {"id": other}),
        ("POST", "/link-token", at),
        ("POST", "/link-token", {"tenant_id": "theirs"}),
        ("POST", "/integrated-account", {"tenant_id": "mine", "same_grant_as": other, "organization_id": organization}),
        ("POST", "/integrated-account",
         {"tenant_id": "theirs", "same_grant_as": mine["id"], "organization_id": organization}),
        ("POST", "/integrated-account",
         {"tenant_id": "theirs", "credentials": {"refresh_token": "1000.x", "location": "us"}}),
        ("GET", f"/native/zohobooks/{other}/books/v3/contacts", None),
        ("POST", f"/native/zohobooks/{other}/books/v3/contacts", {}),
        ("GET", f"/proxy/contacts?integrated_account_id={other}", None),
        ("GET", f"/unified/accounting/contacts?integrated_account_id={other}", None),
        ("POST", f"/unified/accounting/contacts?integrated_account_id={other}", {"name": "x"}),
    ):  # fmt: skip
        answer = limited.request(method, path, json=body)
        assert absent(answer), f"{method} {path}: {answer.status_code} {answer.text}"
    by_header = limited.get("/unified/accounting/contacts", headers={"X-Integrated-Account-Id": other})
    assert absent(by_header)


def test_lists_leave_it_out(limited: httpx.Client, theirs: dict[str, Any]) -> None:
    for path in ("/integrated-account", "/integrated-account?tenant_id=theirs", "/log", "/write",
                 f"/log?integrated_account_id={theirs['id']}"):  # fmt: skip
        answer = limited.get(path)
        assert answer.status_code in (200, 403), answer.text
        assert theirs["id"] not in answer.text, path


def test_what_belongs_to_the_environment_is_not_its(limited: httpx.Client) -> None:
    for method, path, body in ENVIRONMENT_WIDE:
        answer = limited.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope"), path


def test_keys_it_did_not_make_are_not_there(product: Product, limited: httpx.Client) -> None:
    with product.client() as api:
        wide = api.post("/api-key", json={"name": "wide"}).json()["id"]
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/revoke")):
        assert absent(limited.request(method, f"/api-key/{wide}{path}"))
    listed = limited.get("/api-key")
    assert wide not in listed.text
    made = limited.post("/api-key", json={"name": "narrow"})
    if made.status_code == 201:
        body = made.json()
        assert body["tenant_ids"] or body["integrated_account_ids"], "as narrow as its maker"
        assert limited.delete(f"/api-key/{body['id']}").status_code == 200
        widened = limited.post(
            "/api-key", json={"tenant_ids": ["mine", "theirs"], "integrated_account_ids": ["acc_x"]}
        )
        assert widened.status_code == 422
    with product.client() as api:
        assert api.get(f"/api-key/{wide}").json()["revoked_at"] is None
