"""The Books front: order of checks, organisations, and the shapes a request may have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from sandbox.front import allows

from .conftest import Caller


def recorded(specs: Path, name: str) -> dict[str, Any]:
    return json.loads((specs / "zoho-books-recordings" / name).read_text())["response"]


@pytest.mark.parametrize("header", ["", "Zoho-oauthtoken", "Zoho-oauthtoken 1000.a.b", "Token x"])
def test_no_good_token(web: httpx.Client, origin: Callable[[str], str], specs: Path, header: str) -> None:
    headers = {"authorization": header} if header else {}
    answer = web.get(origin("us") + "/books/v3/organizations", headers=headers)
    wanted = recorded(specs, "errors.auth.1.json")
    assert (answer.status_code, answer.json()) == (wanted["status"], wanted["body"])


def test_expired_token_is_57(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    admin.post("/clock", json={"freeze": True})
    mine = caller()
    admin.post("/clock", json={"advance": 3599})
    assert mine("GET", "/organizations", org="").status_code == 200
    admin.post("/clock", json={"advance": 1})
    answer = mine("GET", "/organizations", org="")
    assert (answer.status_code, answer.json()["code"]) == (401, 57)


def test_token_of_another_data_centre_is_unknown(
    web: httpx.Client, origin: Callable[[str], str], caller: Callable[..., Caller]
) -> None:
    answer = web.get(origin("eu") + "/books/v3/organizations", headers=caller().headers)
    assert answer.json()["code"] == 14


def test_bearer_is_accepted(web: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    headers = {"authorization": f"Bearer {mine.grant['access_token']}"}
    assert mine("GET", "/organizations", org="", headers=headers).status_code == 200


def test_order_of_checks(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    narrow = caller(scopes=["ZohoBooks.items.READ"])
    assert narrow("GET", "/no-such-thing", org="1").json()["code"] == 5
    assert narrow("GET", "/contacts", org="1").json()["code"] == 6041
    assert narrow("GET", "/contacts").json()["code"] == 57
    admin.put(f"/organizations/{narrow.organization_id}/limits", json={"minute": 0})
    assert narrow("GET", "/no-such-thing").json()["code"] == 44
    admin.post("/tokens/expire")
    assert narrow("GET", "/contacts").json()["code"] == 57


def test_unknown_route_and_organisation_as_recorded(caller: Callable[..., Caller], specs: Path) -> None:
    mine = caller()
    wanted = recorded(specs, "errors.notfound.1.json")
    answer = mine("GET", "/no-such-thing")
    assert (answer.status_code, answer.json()) == (wanted["status"], wanted["body"])
    wanted = recorded(specs, "errors.org.1.json")
    answer = mine("GET", "/contacts", org="60059694101")
    assert (answer.status_code, answer.json()) == (wanted["status"], wanted["body"])
    assert mine("GET", "/contacts", org="").json()["code"] == 6041


def test_deactivated_user(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    admin.patch("/users/dana@us.example", json={"deactivated": [mine.organization_id]})
    assert mine("GET", "/contacts").json()["code"] == 6018


@pytest.mark.parametrize(
    ("scopes", "needed", "allowed"),
    [
        (("ZohoBooks.fullaccess.all",), "ZohoBooks.invoices.READ", True),
        (("ZohoBooks.invoices.ALL",), "ZohoBooks.invoices.READ", True),
        (("zohobooks.INVOICES.read",), "ZohoBooks.invoices.READ", True),
        (("ZohoBooks.invoices.READ",), "ZohoBooks.invoices.UPDATE", False),
        (("ZohoBooks.contacts.ALL",), "ZohoBooks.invoices.READ", False),
        ((), "ZohoBooks.invoices.READ", False),
    ],
)
def test_scopes(scopes: tuple[str, ...], needed: str, allowed: bool) -> None:
    assert allows(scopes, needed) is allowed


def test_scope_of_each_operation(caller: Callable[..., Caller]) -> None:
    reader = caller(scopes=["ZohoBooks.contacts.READ"])
    assert reader("GET", "/contacts").status_code == 200
    refused = reader("POST", "/contacts", json={"contact_name": "A"})
    assert (refused.status_code, refused.json()["code"]) == (401, 57)
    assert reader("GET", "/organizations", org="").json()["code"] == 57


def test_organisation_in_header(caller: Callable[..., Caller]) -> None:
    mine = caller()
    headers = {"X-com-zoho-books-organizationid": mine.organization_id}
    assert mine("GET", "/contacts", org="", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/books/v3/contacts", "/api/v3/contacts", "/books/v3/contacts/"])
def test_prefixes_and_trailing_slash(caller: Callable[..., Caller], path: str) -> None:
    mine = caller()
    answer = mine.web.get(
        mine.grant["api_domain"] + path,
        params={"organization_id": mine.organization_id},
        headers=mine.headers,
    )
    assert answer.status_code == 200


def test_other_paths_are_404(web: httpx.Client, origin: Callable[[str], str]) -> None:
    assert web.get(origin("us") + "/crm/v3/contacts").status_code == 404
    assert web.get(origin("us") + "/books/v3x/contacts").status_code == 404


NAME = {"contact_name": "Ünïcode & Søn"}


@pytest.mark.parametrize(
    "body",
    [
        {"json": NAME},
        {"data": {"JSONString": json.dumps(NAME)}},
        {"content": json.dumps(NAME), "headers": {"content-type": "text/plain"}},
        {"content": json.dumps(NAME)},
        {"files": {"JSONString": (None, json.dumps(NAME))}},
        {"params": {"JSONString": json.dumps(NAME)}},
    ],
    ids=["json", "form", "text", "untyped", "multipart", "query"],
)
def test_shapes_of_a_body(caller: Callable[..., Caller], body: dict[str, Any]) -> None:
    answer = caller()("POST", "/contacts", **body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["contact"]["contact_name"] == NAME["contact_name"]
    assert answer.headers["location"].startswith("/api/v3/contacts/")


@pytest.mark.parametrize(
    "body",
    [
        {"content": '{"contact_name": '},
        {"content": "[" * 100_000},
        {"data": {"contact_name": "A"}},
        {"files": {"contact_name": (None, "A")}},
        {"content": b"\xff\xfe", "headers": {"content-type": "application/json"}},
        {"content": "no boundary", "headers": {"content-type": "multipart/form-data"}},
    ],
    ids=["cut", "deep", "form", "multipart", "bytes", "boundary"],
)
def test_malformed_bodies(caller: Callable[..., Caller], specs: Path, body: dict[str, Any]) -> None:
    answer = caller()("POST", "/contacts", **body)
    wanted = recorded(specs, "errors.validation.3.json")
    assert (answer.status_code, answer.json()) == (wanted["status"], wanted["body"])


def test_answer_headers_as_recorded(caller: Callable[..., Caller], specs: Path) -> None:
    mine = caller()
    for path, name in (("/contacts", "contacts.list.1.json"), ("/contacts/1", "contacts.get.1.json")):
        answer, wanted = mine("GET", path), recorded(specs, name)["headers"]
        fixed = {
            header: value for header, value in wanted.items() if not header.startswith(("date", "x-rate"))
        }
        assert {header: answer.headers.get(header) for header in fixed} == fixed
        assert {header for header in wanted if header.startswith("x-rate")} <= set(answer.headers)


def test_organizations(caller: Callable[..., Caller], specs: Path) -> None:
    sam = caller("sam@us.example")
    answer = sam("GET", "/organizations", org="").json()
    assert [row["organization_id"] for row in answer["organizations"]] == sam.grant["organizations"]
    wanted = recorded(specs, "organizations.list.1.json")["body"]["organizations"][0]
    assert wanted.keys() <= answer["organizations"][0].keys()
    assert [row["is_default_org"] for row in answer["organizations"]] == [True, False]
    one = sam("GET", f"/organizations/{sam.organization_id}", org="").json()["organization"]
    wanted = recorded(specs, "organizations.get-trimmed.1.json")["body"]["organization"]
    assert wanted.keys() <= one.keys()
    assert sam("GET", "/organizations/60089553909", org="").json()["code"] == 6041


def test_user_without_organisation(caller: Callable[..., Caller]) -> None:
    answer = caller("noor@us.example")("GET", "/organizations", org="")
    assert answer.json()["code"] == 9017


def test_organisation_is_created_and_changed(caller: Callable[..., Caller]) -> None:
    noor = caller("noor@us.example")
    body = {"name": "Haddad & Co", "currency_code": "EUR", "time_zone": "Europe/Paris"}
    made = noor("POST", "/organizations", org="", json=body)
    organization = made.json()["organization"]
    assert made.status_code == 201
    assert body.items() <= organization.items()
    new_id = organization["organization_id"]
    assert noor("GET", "/contacts", org=new_id).status_code == 200
    changed = noor("PUT", f"/organizations/{new_id}", org="", json={"name": "Haddad Ltd"})
    assert changed.json()["organization"]["name"] == "Haddad Ltd"
    assert noor("POST", "/organizations", org="", json={}).json()["code"] == 4
    refused = noor("POST", "/organizations", org="", json={**body, "time_zone": "Mars/North"})
    assert refused.json()["code"] == 2


def test_query_reaches_the_ledger_decoded(caller: Callable[..., Caller]) -> None:
    mine = caller()
    mine("POST", "/contacts", json=NAME)
    url = f"{mine.grant['api_domain']}/books/v3/contacts?organization_id={mine.organization_id}"
    found = mine.web.get(f"{url}&contact_name={quote(NAME['contact_name'])}", headers=mine.headers)
    assert [row["contact_name"] for row in found.json()["contacts"]] == [NAME["contact_name"]]
