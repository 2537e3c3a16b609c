"""What an account can do, as far as its customer granted it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.unified.capabilities import capabilities
from connectors.zoho_books import CONNECTOR
from connectors.zoho_books.scopes import grants
from tests.flows.company import Company


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="empty")


def connect_with(company: Company, scopes: list[str]) -> str:
    """Another account of the same company, whose grant holds these scopes only."""
    admin = company.admin
    email = f"clerk{len(scopes)}@{company.organization_id}.example"
    admin.did(
        "POST", "/users", dc="us", first_name="Clerk", email=email, organizations=[company.organization_id]
    )
    grant = admin.did("POST", "/grants", user=email, scopes=scopes)
    body = {
        "tenant_id": email, "integration": "zohobooks",
        "credentials": {"refresh_token": grant["refresh_token"], "location": "us"},
    }  # fmt: skip
    return company.good(company.call("POST", "/integrated-account", json=body), 201)["id"]


def told(company: Company, id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    body = company.get(f"/integrated-account/{id}/capabilities")
    return body, {each["resource"]: each for each in body["unified"]}


def test_full_access_lacks_nothing(company: Company) -> None:
    body, by_name = told(company, company.account_id)
    assert body["missing_scopes"] == [] and all(each["missing"] == [] for each in body["unified"])
    assert {(each["model"], each["resource"]) for each in body["unified"]} == set(CONNECTOR.resources)
    assert body["integration"]["name"] == "zohobooks"
    assert body["account"] == {
        "id": company.account_id, "status": "active", "authentication_method": "oauth2", "is_blocked": False,
    }  # fmt: skip
    assert by_name["invoices"]["methods"] == ["list", "get", "create", "update", "delete"]
    assert {"authorise", "void"} <= set(by_name["invoices"]["actions"]) and by_name["invoices"]["pdf"]
    assert "create" not in by_name["company_info"]["methods"]
    meta = company.get(httpx.URL(by_name["contacts"]["docs_url"]).path)
    assert meta["resource"] == "contacts"


def test_what_was_not_granted_is_left_out_and_named(company: Company) -> None:
    scopes = ["ZohoBooks.settings.READ", "ZohoBooks.contacts.READ", "ZohoBooks.invoices.ALL"]
    id = connect_with(company, scopes)
    body, by_name = told(company, id)
    assert sorted(body["scopes"]) == sorted(scopes)
    contacts = by_name["contacts"]
    assert (contacts["methods"], contacts["actions"], contacts["match_on"]) == (["list", "get"], [], [])
    lacks = {each["operation"]: each["scopes"] for each in contacts["missing"]}
    assert lacks["create"] == ["ZohoBooks.contacts.CREATE"] == lacks["activate"]
    assert {"create", "update", "delete"} <= set(by_name["invoices"]["methods"])
    assert by_name["accounts"]["methods"] == []
    assert {"ZohoBooks.contacts.CREATE", "ZohoBooks.accountants.READ"} <= set(body["missing_scopes"])
    headers = {"X-Integrated-Account-Id": id}
    assert company.call("GET", "contacts", headers=headers).status_code == 200
    assert company.call("POST", "contacts", json={"name": "X"}, headers=headers).status_code == 403


def test_an_account_nobody_may_see_is_not_found(company: Company) -> None:
    assert company.call("GET", "/integrated-account/acc_none/capabilities").status_code == 404


@pytest.mark.parametrize(
    ("held", "wanted", "allowed"),
    [
        ("ZohoBooks.contacts.READ", "ZohoBooks.contacts.READ", True),
        ("zohobooks.contacts.all", "ZohoBooks.contacts.DELETE", True),
        ("ZohoBooks.fullaccess.all", "ZohoBooks.bills.CREATE", True),
        ("ZohoBooks.contacts.ALL", "ZohoBooks.bills.READ", False),
        ("ZohoBooks.contacts.READ", "ZohoBooks.contacts.CREATE", False),
    ],
)
def test_a_scope_holds_others(held: str, wanted: str, allowed: bool) -> None:
    assert grants(held, wanted) is allowed


def test_scopes_nobody_told_are_taken_for_granted() -> None:
    account: Any = SimpleNamespace(
        id="a", environment_id="e", status="needs_reauth", scopes=(), connector=CONNECTOR
    )
    view = capabilities(account, "https://gate.example/")
    assert (view.scopes, view.missing_scopes, view.account.is_blocked) == (None, [], True)
    assert view.unified[0].docs_url.startswith("https://gate.example/unified/")
