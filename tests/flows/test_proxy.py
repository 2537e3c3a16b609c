"""The raw door and the native base URL, against a provider that speaks its own protocol."""

import base64
from typing import Any

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product, Sandbox


@pytest.fixture(scope="module")
def account(product: Product) -> dict[str, Any]:
    return product.connect("proxied")[0]


@pytest.fixture
def at(account: dict[str, Any]) -> dict[str, str]:
    return {"integrated_account_id": account["id"]}


def direct(
    sandbox: Sandbox, admin: Admin, account: dict[str, Any], path: str, **query: str
) -> httpx.Response:
    """The same call without the gateway, as the same user."""
    grant = admin.did("POST", "/grants", user="dana@us.example")
    return httpx.get(
        f"{sandbox.origin()}/books/v3{path}",
        params={"organization_id": account["organization"]["id"], **query},
        headers={"Authorization": f"Zoho-oauthtoken {grant['access_token']}"},
        trust_env=False,
    )


def test_answers_come_back_byte_for_byte(
    api: httpx.Client, admin: Admin, sandbox: Sandbox, account: dict[str, Any], at: dict[str, str]
) -> None:
    through = api.get("/proxy/invoices", params=at | {"per_page": "3", "sort_column": "date"})
    straight = direct(sandbox, admin, account, "/invoices", per_page="3", sort_column="date")
    assert through.status_code == 200
    assert through.content == straight.content
    assert through.headers["content-type"] == straight.headers["content-type"]
    assert "set-cookie" not in through.headers


def test_a_pdf_comes_through(api: httpx.Client, at: dict[str, str]) -> None:
    invoice = api.get("/proxy/invoices", params=at | {"per_page": "1"}).json()["invoices"][0]
    pdf = api.get(f"/proxy/invoices/{invoice['invoice_id']}", params=at | {"accept": "pdf"})
    assert pdf.headers["content-type"].startswith("application/pdf")
    assert pdf.content.startswith(b"%PDF") and pdf.content.rstrip().endswith(b"%%EOF")


def test_errors_of_the_provider_come_through_as_they_are(api: httpx.Client, at: dict[str, str]) -> None:
    answer = api.get("/proxy/invoices/999999", params=at)
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "message"}


def test_native_writes_in_every_body_the_provider_takes(
    api: httpx.Client, admin: Admin, at: dict[str, str]
) -> None:
    for number, body in enumerate(
        ({"json": {"contact_name": "Native 0"}}, {"data": {"JSONString": '{"contact_name":"Native 1"}'}},
         {"content": b'{"contact_name":"Native 2"}', "headers": {"content-type": "text/plain"}})
    ):  # fmt: skip
        answer = api.post("/proxy/contacts", params=at, **body)
        assert answer.status_code == 201, answer.text
        contact = answer.json()["contact"]
        assert contact["contact_name"] == f"Native {number}"
        changed = api.put(f"/proxy/contacts/{contact['contact_id']}/", params=at, json={"notes": "kept"})
        assert changed.json()["contact"]["notes"] == "kept"
        assert api.delete(f"/proxy/contacts/{contact['contact_id']}", params=at).status_code == 200


def test_the_caller_cannot_name_another_organisation(
    api: httpx.Client, admin: Admin, at: dict[str, str]
) -> None:
    mark = admin.last()
    for query in ({"organization_id": "999"}, {"organization_id": ["1", "2"]}):
        answer = api.get("/proxy/invoices", params=at | query)
        assert (answer.status_code, answer.json()["code"]) == (400, "parameter_reserved")
    for method, path in (("GET", "/proxy/organizations/999"), ("POST", "/proxy/organizations")):
        refused = api.request(method, path, params=at)
        assert (refused.status_code, refused.json()["code"]) == (403, "native_call_refused")
    form = api.post("/proxy/contacts", params=at, data={"organization_id": "999", "JSONString": "{}"})
    assert form.status_code == 400
    assert admin.calls(after=mark) == []


def test_what_belongs_to_the_caller_never_crosses(
    api: httpx.Client, admin: Admin, at: dict[str, str]
) -> None:
    mark = admin.last()
    sent = {"Cookie": "session=secret", "X-com-zoho-books-organizationid": "999", "X-Forwarded-For": "10.0.0.1",
            "X-HTTP-Method-Override": "DELETE", "X-Custom": "kept"}  # fmt: skip
    assert api.get("/proxy/contacts", params=at | {"per_page": "1"}, headers=sent).status_code == 200
    [call] = admin.calls(after=mark, server="books")
    crossed = {name.casefold() for name in call["headers"]}
    assert "x-custom" in crossed
    assert not crossed & {
        "cookie",
        "x-com-zoho-books-organizationid",
        "x-forwarded-for",
        "x-http-method-override",
    }
    assert "integrated_account_id" not in call["query"]


def test_paths_cannot_climb_out(
    api: httpx.Client, product: Product, admin: Admin, at: dict[str, str]
) -> None:
    mark = admin.last()
    for path in ("invoices/%2e%2e/x", "invoices%2f1", "a%5cb", "a;b", "https:%2f%2fevil.example"):
        answer = api.get(f"{product.bases[0]}/proxy/{path}", params=at)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_proxy_path"), path
    assert admin.calls(after=mark) == []


def test_the_callers_deadline_is_kept(api: httpx.Client, admin: Admin, at: dict[str, str]) -> None:
    mark = admin.last()
    for given, status, code in (("soon", 400, "parameter_invalid"), ("1", 504, "deadline_exceeded")):
        answer = api.get("/proxy/contacts", params=at, headers={"Ledgerway-Timeout": given})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert admin.calls(after=mark) == []


def test_an_upload_streams_through(api: httpx.Client, at: dict[str, str]) -> None:
    invoice = api.get("/proxy/invoices", params=at | {"per_page": "1"}).json()["invoices"][0]["invoice_id"]
    content = b"%PDF-1.4\n" + bytes(range(256)) * 4000
    sent = api.post(
        f"/proxy/invoices/{invoice}/attachment",
        params=at,
        files={"attachment": ("a.pdf", content, "application/pdf")},
    )
    assert sent.status_code in (200, 201), sent.text
    back = api.get(f"/proxy/invoices/{invoice}/attachment", params=at)
    assert back.content == content


def test_unmodified_clients_use_the_native_base_url(
    product: Product, account: dict[str, Any], admin: Admin
) -> None:
    base = f"{product.bases[0]}/native/zohobooks/{account['id']}"
    with httpx.Client(trust_env=False) as client:
        basic = base64.b64encode(f"client:{product.key}".encode()).decode()
        for token_call in (
            {"data": {"grant_type": "refresh_token", "refresh_token": product.key, "client_id": "x"}},
            {"params": {"grant_type": "refresh_token", "refresh_token": product.key}},
            {"headers": {"Authorization": f"Basic {basic}"}, "data": {"grant_type": "client_credentials"}},
        ):
            token = client.post(f"{base}/oauth/v2/token", **token_call).json()
            assert token["token_type"] == "Bearer" and token["expires_in"] == 900
            assert token["api_domain"] == base
            own = {"Authorization": f"Zoho-oauthtoken {token['access_token']}"}
            listed = client.get(
                f"{token['api_domain']}/books/v3/invoices/", headers=own, params={"per_page": 1}
            )
            assert listed.status_code == 200, listed.text
            assert listed.json()["invoices"]
        key = {"Authorization": f"Zoho-oauthtoken {product.key}"}
        named = {"organization_id": account["organization"]["id"]}
        assert client.get(f"{base}/books/v3/contacts", headers=key, params=named).status_code == 200
        assert client.get(f"{base}/books/v3/contacts", params={"authtoken": product.key}).status_code == 200
        refused = client.post(f"{base}/oauth/v2/token", data={"refresh_token": "nonsense"})
        assert (refused.status_code, refused.json()) == (200, {"error": "invalid_code"})
        assert client.get(f"{base}/crm/v2/leads", headers=key).status_code == 404
