"""The journal and the rest of the admin API."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import sandbox
from sandbox.admin import ROUTES
from sandbox.faults import KINDS
from sandbox.grants import fingerprint
from sandbox.hooks import HOOK_KINDS
from sandbox.options import CLIENT_SECRET

from .conftest import Caller, Walker


def calls(admin: httpx.Client, **narrow: str | int) -> list[dict[str, object]]:
    return admin.get("/journal", params=narrow).json()["calls"]


def test_journal_of_a_login_shows_no_secret(admin: httpx.Client, walker: Walker) -> None:
    answer = walker.login("asha@in.example")
    walker.refresh("in", answer["refresh_token"])
    entries = calls(admin)
    assert [(entry["dc"], entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("us", "GET", "/oauth/v2/auth", 200),
        ("us", "POST", "/oauth/v2/auth", 302),
        ("in", "GET", "/oauth/v2/auth", 200),
        ("in", "POST", "/oauth/v2/auth", 302),
        ("in", "POST", "/oauth/v2/token", 200),
        ("in", "POST", "/oauth/v2/token", 200),
    ]
    exchange, refresh = entries[-2:]
    assert (exchange["grant_type"], exchange["outcome"]) == ("authorization_code", "ok")
    assert (refresh["grant_type"], refresh["outcome"]) == ("refresh_token", "ok")
    assert refresh["grant"] == exchange["grant"] == fingerprint(answer["refresh_token"])
    text = admin.get("/journal").text + admin.get("/state").text
    assert not [
        secret
        for secret in (answer["access_token"], answer["refresh_token"], CLIENT_SECRET)
        if secret in text
    ]


def test_secrets_in_a_query_are_fingerprints(admin: httpx.Client, walker: Walker) -> None:
    query = {"grant_type": "refresh_token", "refresh_token": "1000.secret", "client_secret": "hush"}
    walker.web.post(walker.origin("us") + "/oauth/v2/token", params=query, headers={"cookie": "a=hush"})
    (entry,) = calls(admin)
    assert entry["outcome"] == "invalid_client"
    assert "1000.secret" not in str(entry)
    assert "hush" not in str(entry)


def test_journal_of_a_call(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    mine("POST", "/contacts", json={"contact_name": "Acme"}, params={"x": "1"})
    (entry,) = calls(admin)
    wanted = {
        "dc": "us",
        "server": "books",
        "method": "POST",
        "path": "/books/v3/contacts",
        "query": [["organization_id", mine.organization_id], ["x", "1"]],
        "body": {"contact_name": "Acme"},
        "organization_id": mine.organization_id,
        "token": fingerprint(mine.grant["access_token"]),
        "status": 201,
        "code": 0,
        "executed": True,
        "fault": "",
    }
    assert {name: entry[name] for name in wanted} == wanted
    assert str(entry["at"]).endswith("Z")
    assert mine.grant["access_token"] not in str(entry)


def test_journal_is_narrowed_and_cleared(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    us, eu = caller(), caller("lena@eu.example")
    us("GET", "/contacts")
    eu("GET", "/contacts")
    us("POST", "/contacts", json={"contact_name": "A"})
    ids = [entry["id"] for entry in calls(admin)]
    assert ids == sorted(ids)
    assert len(calls(admin, dc="eu")) == 1
    assert len(calls(admin, method="POST")) == 1
    assert len(calls(admin, path="contacts$")) == 3
    assert len(calls(admin, server="accounts")) == 0
    assert len(calls(admin, after=int(str(ids[1])))) == 1
    last = admin.delete("/journal").json()["last"]
    assert calls(admin) == []
    us("GET", "/contacts")
    assert [entry["id"] for entry in calls(admin)] == [last + 1]


def test_tokens_expire_at_will(admin: httpx.Client, caller: Callable[..., Caller], walker: Walker) -> None:
    dana, sam = caller(), caller("sam@us.example")
    assert admin.post("/tokens/expire", json={"user": "dana@us.example"}).json() == {"expired": 1}
    assert dana("GET", "/contacts").json()["code"] == 57
    assert sam("GET", "/contacts").json()["code"] == 0
    assert "access_token" in walker.refresh("us", dana.grant["refresh_token"])


def test_silent_revocation(admin: httpx.Client, caller: Callable[..., Caller], walker: Walker) -> None:
    mine = caller()
    body = {"refresh_token": mine.grant["refresh_token"], "keep_access": True}
    assert admin.request("DELETE", "/grants", json=body).json() == {"deleted": 1}
    assert mine("GET", "/contacts").status_code == 200
    assert walker.refresh("us", mine.grant["refresh_token"]) == {"error": "invalid_code"}
    other = caller()
    assert admin.delete("/grants").json() == {"deleted": 1}
    assert other("GET", "/contacts").status_code == 401


def test_grant_with_few_scopes(caller: Callable[..., Caller], walker: Walker) -> None:
    mine = caller(scopes=["ZohoBooks.contacts.READ"])
    assert walker.refresh("us", mine.grant["refresh_token"])["scope"] == "ZohoBooks.contacts.READ"


def test_clock(admin: httpx.Client) -> None:
    frozen = admin.post("/clock", json={"set": "2026-06-09T13:00:00-04:00", "freeze": True}).json()
    assert frozen["frozen"] is True
    assert frozen["now"].startswith("2026-06-09T17:00:00")
    later = admin.post("/clock", json={"advance": 3600}).json()
    assert later["now"].startswith("2026-06-09T18:00:00")
    assert admin.get("/clock").json() == later
    assert admin.post("/clock", json={"freeze": False}).json()["frozen"] is False
    assert admin.post("/clock", json={"set": "2026-06-09T13:00:00"}).status_code == 400


def test_seeding(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    user = {"dc": "ca", "first_name": "Zoé", "email": "zoe@shop.example"}
    made = admin.post("/users", json=user).json()
    company = {"dc": "ca", "name": "Zoé Inc", "users": ["zoe@shop.example"], "plan_name": "Free"}
    organization = admin.post("/organizations", json={**company, "seed": "empty"}).json()
    assert (organization["currency_code"], organization["limits"]["concurrent"]) == ("CAD", 10)
    zoe = caller(made["user_id"])
    assert zoe.grant["organizations"] == [organization["organization_id"]]
    assert zoe.grant["location"] == "ca"
    zoe("POST", "/contacts", json={"contact_name": "Acme"})
    truth = admin.get(f"/organizations/{zoe.organization_id}/truth").json()
    assert "Acme" in str(truth["contacts"])
    admin.patch(f"/users/{made['user_id']}", json={"organizations": []})
    assert zoe("GET", "/contacts").json()["code"] == 6041


def test_acting_as_people_do(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    path = f"/organizations/{mine.organization_id}/calls"
    body = {"method": "POST", "path": "/contacts", "body": {"contact_name": "Acme"}}
    assert admin.post(path, json=body).json()["status"] == 201
    assert calls(admin) == []
    assert mine("GET", "/contacts").headers["x-rate-limit-remaining"] == "4999"


def test_custom_fields(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    path = f"/organizations/{mine.organization_id}/custom-fields"
    made = admin.post(path, json={"entity": "contact", "label": "Shop Id", "unique": True})
    assert made.json()["api_name"] == "cf_shop_id"
    body = {"contact_name": "A", "custom_fields": [{"api_name": "cf_shop_id", "value": "7"}]}
    contact = mine("POST", "/contacts", json=body).json()["contact"]
    assert contact["custom_field_hash"]["cf_shop_id"] == "7"
    assert admin.post(path, json={"entity": "contact", "label": "Shop Id"}).status_code == 400


def test_reset_starts_over(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    before = caller()
    before("POST", "/contacts", json={"contact_name": "Acme"})
    admin.post("/faults", json={"kind": "html"})
    admin.put("/latency", json={"every": 1})
    state = admin.post("/reset").json()
    assert (state["grants"], state["faults"], state["latency"]["every"]) == ([], [], 0)
    assert before("GET", "/contacts").json()["code"] == 14
    after = caller()
    assert after.grant["organizations"] == before.grant["organizations"]
    assert after("GET", "/contacts").json()["contacts"] == []


def test_latency_of_the_token_endpoint_alone(
    admin: httpx.Client, caller: Callable[..., Caller], walker: Walker
) -> None:
    admin.put("/latency", json={"token": 5})
    mine = caller()
    assert mine("GET", "/contacts", timeout=3).status_code == 200
    walker.web.timeout = 0.2
    with pytest.raises(httpx.ReadTimeout):
        walker.refresh("us", mine.grant["refresh_token"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"dc": "uk", "first_name": "A"}),
        ("POST", "/users", {"dc": "us"}),
        ("POST", "/users", {"dc": "us", "first_name": "Dana"}),
        ("POST", "/organizations", {"dc": "us", "name": "A", "colour": "red"}),
        ("POST", "/grants", {"user": "nobody"}),
        ("PUT", "/organizations/1/limits", {"minute": 1}),
        ("PUT", "/limits", {"hour": 1}),
        ("PUT", "/limits", {"minute": "many"}),
        ("PUT", "/limits", {"minute": -1}),
        ("PUT", "/limits", {"code_seconds": None}),
        ("POST", "/clients", {"client_id": "x"}),
        ("PUT", "/latency", {"moon": 1}),
        ("POST", "/clock", []),
    ],
)
def test_nonsense_is_refused(admin: httpx.Client, method: str, path: str, body: object) -> None:
    answer = admin.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_index_and_readme_name_everything(admin: httpx.Client) -> None:
    index = admin.get("/").json()
    assert all(index["routes"].values())
    readme = (Path(sandbox.__file__).parent / "README.md").read_text()
    assert not [
        path for _, path in ROUTES if path.replace("{id}", "{id") not in readme and path not in readme
    ]
    assert not [kind for kind in (*KINDS, *HOOK_KINDS) if f"`{kind}`" not in readme]
