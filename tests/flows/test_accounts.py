"""Accounts without a browser: import, several companies of one grant, the end of an account."""

from typing import Any

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product, walk


def import_body(grant: dict[str, Any], tenant: str, **more: Any) -> dict[str, Any]:
    return {
        "tenant_id": tenant,
        "integration": "zohobooks",
        "credentials": {"refresh_token": grant["refresh_token"], "location": grant["location"]},
        **more,
    }


@pytest.fixture
def grant(admin: Admin) -> dict[str, Any]:
    return admin.did("POST", "/grants", user="sam@us.example")


def test_an_existing_grant_is_imported(api: httpx.Client, admin: Admin) -> None:
    grant = admin.did("POST", "/grants", user="lena@eu.example")
    answer = api.post("/integrated-account", json=import_body(grant, "imported"))
    assert answer.status_code == 201, answer.text
    account = answer.json()
    assert account["status"] == "active" and account["location"] == "eu"
    assert grant["refresh_token"] not in answer.text
    listed = api.get("/unified/accounting/company_info", params={"integrated_account_id": account["id"]})
    assert listed.status_code == 200, listed.text


def test_with_several_organisations_one_must_be_named(api: httpx.Client, grant: dict[str, Any]) -> None:
    answer = api.post("/integrated-account", json=import_body(grant, "several"))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/organization_id"
    assert len(error["allowed"]) == 2


def test_a_dead_refresh_token_stores_nothing(api: httpx.Client) -> None:
    body = import_body({"refresh_token": "1000.dead.beef", "location": "us"}, "dead")
    answer = api.post("/integrated-account", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "credentials_rejected")
    assert "1000.dead.beef" not in answer.text
    assert api.get("/integrated-account", params={"tenant_id": "dead"}).json()["result"] == []


def test_an_unknown_region_lists_the_known_ones(api: httpx.Client, grant: dict[str, Any]) -> None:
    answer = api.post("/integrated-account", json=import_body(grant | {"location": "mars"}, "mars"))
    assert answer.status_code == 422
    assert set(answer.json()["errors"][0]["allowed"]) >= {"us", "eu", "in", "au", "jp", "ca", "cn", "sa"}


def test_one_grant_two_organisations_and_the_end_of_one(
    api: httpx.Client, admin: Admin, grant: dict[str, Any]
) -> None:
    first_id, second_id = grant["organizations"]
    answer = api.post("/integrated-account", json=import_body(grant, "pair", organization_id=first_id))
    assert answer.status_code == 201, answer.text
    first = answer.json()
    body = {"tenant_id": "pair", "same_grant_as": first["id"], "organization_id": second_id}
    answer = api.post("/integrated-account", json=body)
    assert answer.status_code == 201, answer.text
    second = answer.json()
    assert second["organization"]["id"] == second_id

    mark = admin.last()
    assert api.delete(f"/integrated-account/{first['id']}").json() == {"id": first["id"]}
    assert admin.calls(after=mark, path="revoke") == []
    assert api.get(f"/integrated-account/{first['id']}").status_code == 404
    listed = api.get("/unified/accounting/contacts", params={"integrated_account_id": second["id"]})
    assert listed.status_code == 200, listed.text

    assert api.delete(f"/integrated-account/{second['id']}").status_code == 200
    assert [call["outcome"] for call in admin.calls(after=mark, path="revoke")] != []
    dead = api.post("/integrated-account", json=import_body(grant, "pair", organization_id=first_id))
    assert dead.json()["code"] == "credentials_rejected"


def test_an_account_token_reaches_one_account_only(product: Product, api: httpx.Client) -> None:
    [mine] = product.connect("token-mine")
    [other] = product.connect("token-other", user="lena@eu.example")
    token = api.post("/integrated-account/token", json={"integrated_account_id": mine["id"]}).json()
    with product.client(token["integrated_account_token"]) as bearer:
        assert bearer.get("/unified/accounting/contacts").status_code == 200
        assert bearer.get("/proxy/contacts").status_code == 200
        foreign = bearer.get("/unified/accounting/contacts", params={"integrated_account_id": other["id"]})
        assert foreign.status_code == 404
        assert bearer.post("/link-token", json={"tenant_id": "x"}).status_code == 403
        assert bearer.get("/integrated-account").status_code == 403


def test_credentials_are_renewed_on_request(product: Product, api: httpx.Client, admin: Admin) -> None:
    [account] = product.connect("renews", user="jack@au.example")
    mark = admin.last()
    assert api.post("/integrated-account/refresh-credentials", json={"id": account["id"]}).json() == {
        "success": True
    }
    [call] = [
        call
        for call in admin.calls(after=mark, server="accounts")
        if call.get("grant_type") == "refresh_token"
    ]
    assert call["outcome"] == "ok"


def test_a_silently_revoked_grant_asks_for_a_new_connection(
    product: Product, api: httpx.Client, admin: Admin
) -> None:
    [account] = product.connect("revoked", user="yuki@jp.example")
    admin.did("DELETE", "/grants", user="yuki@jp.example")
    answer = api.get("/unified/accounting/contacts", params={"integrated_account_id": account["id"]})
    assert (answer.status_code, answer.json()["code"]) == (424, "needs_reauth")
    told = answer.json()
    assert told["account"]["id"] == account["id"] and told["account"]["tenant_id"] == "revoked"
    assert told["next"]["path"] == "/link-token"
    assert product.accounts("revoked")[0]["status"] == "needs_reauth"
    page = walk(product.link(None, integrated_account_id=account["id"]), user="yuki@jp.example")
    assert page.data["result"] == "success"
    assert (
        api.get("/unified/accounting/contacts", params={"integrated_account_id": account["id"]}).status_code
        == 200
    )


def test_a_share_of_the_calls_is_left_to_other_programs(product: Product, api: httpx.Client) -> None:
    account = product.connect("sharing")[0]
    assert account["quota_share"] == 1.0
    path = f"/integrated-account/{account['id']}"
    whole = api.get(f"{path}/quota").json()
    for wrong in (0, 0.001, 1.5, "half"):
        assert api.patch(path, json={"quota_share": wrong}).status_code == 422
    changed = api.patch(path, json={"quota_share": 0.5, "context": {"why": "the shop asks, too"}}).json()
    assert (changed["quota_share"], changed["context"]) == (0.5, {"why": "the shop asks, too"})
    assert api.patch(path, json={"context": {"why": None}}).json()["quota_share"] == 0.5
    half = api.get(f"{path}/quota").json()
    assert half["day"]["limit"] == whole["day"]["limit"]
    used = whole["day"]["limit"] // 2 - half["day"]["remaining"]
    assert 0 <= used < 20, "what connecting took"
    assert half["minute"]["remaining"] <= 49 < whole["minute"]["remaining"]
    assert api.patch(path, json={"quota_share": None}).json()["quota_share"] == 1.0
