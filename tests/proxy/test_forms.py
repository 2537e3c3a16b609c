"""Form bodies that name the organisation in ways only some servers read, through the whole product."""

import gzip
from typing import Any

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product

OTHER = "999999999"
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"


@pytest.fixture(scope="module")
def at(product: Product) -> dict[str, str]:
    return {"integrated_account_id": product.connect("forms")[0]["id"]}


def part(disposition: str, value: str = OTHER) -> bytes:
    return f"--x\r\nContent-Disposition: {disposition}\r\n\r\n{value}\r\n--x--\r\n".encode()


def refused(answer: httpx.Response, *codes: str) -> None:
    assert answer.json()["code"] in codes, answer.text


@pytest.mark.parametrize(
    "query",
    [
        f"organization_id={OTHER}", f"Organization%5FId={OTHER}", f"organization_id[]={OTHER}",
        f"+organization_id={OTHER}", f"x=1;organization_id={OTHER}",
        f"organization_id[0]={OTHER}", "organization_id=", "organization_id",
    ],
)  # fmt: skip
def test_in_the_query(api: httpx.Client, admin: Admin, at: dict[str, str], query: str) -> None:
    mark = admin.last()
    answer = api.get(
        f"/proxy/contacts?{query}", headers={"X-Integrated-Account-Id": at["integrated_account_id"]}
    )
    refused(answer, "parameter_reserved")
    assert admin.calls(after=mark) == []


@pytest.mark.parametrize(
    ("media", "body", "code"),
    [
        (FORM, f"organization_id={OTHER}", "parameter_reserved"),
        (FORM, f"a=1&Organization_ID%20={OTHER}", "parameter_reserved"),
        (FORM, f"organization_id[]={OTHER}", "parameter_reserved"),
        (f"{FORM}; charset=utf-16", "a=1", "unsupported_media_type"),
        (f"application/json, {FORM}", f"organization_id={OTHER}", "unsupported_media_type"),
        (FORM.upper(), f"organization_id={OTHER}", "parameter_reserved"),
        (MULTIPART, part('form-data; name="organization_id"'), "parameter_reserved"),
        (MULTIPART, part("form-data; name=organization_id"), "parameter_reserved"),
        (MULTIPART, part('FORM-DATA;NAME = "Organization_Id" ; x=y'), "parameter_reserved"),
        (MULTIPART, part('form-data; x=y;\r\n name="organization_id"'), "parameter_reserved"),
        (MULTIPART, part("form-data; name*=utf-8''organization%5Fid"), "parameter_reserved"),
        (MULTIPART, part("form-data; name*0=organization; name*1=_id"), "parameter_reserved"),
        (MULTIPART, part('form-data; name="organization\\_id"'), "parameter_reserved"),
        (MULTIPART, part('form-data; name="organization%5Fid"'), "parameter_reserved"),
        (MULTIPART, part('form-data; name="organization_id[]"'), "parameter_reserved"),
        (MULTIPART, part('form-data; name="=?utf-8?B?b3JnYW5pemF0aW9uX2lk?="'), "parameter_reserved"),
        (MULTIPART, part('form-data; name="a"; name="organization_id"'), "parameter_reserved"),
    ],
)
def test_in_the_body(
    api: httpx.Client, admin: Admin, at: dict[str, str], media: str, body: str | bytes, code: str
) -> None:
    mark = admin.last()
    content = body.encode() if isinstance(body, str) else body
    answer = api.post("/proxy/contacts", params=at, content=content, headers={"Content-Type": media})
    refused(answer, code)
    assert admin.calls(after=mark) == []


@pytest.mark.parametrize("media", [FORM, MULTIPART])
def test_compressed_forms_cannot_be_checked(api: httpx.Client, at: dict[str, str], media: str) -> None:
    headers = {"Content-Type": media, "Content-Encoding": "gzip"}
    refused(
        api.post("/proxy/contacts", params=at, content=gzip.compress(b"x=1"), headers=headers),
        "unsupported_encoding",
    )


def test_two_content_types(api: httpx.Client, at: dict[str, str]) -> None:
    twice = [("Content-Type", "application/json"), ("Content-Type", FORM)]
    answer = api.post("/proxy/contacts", params=at, content=f"organization_id={OTHER}", headers=twice)
    refused(answer, "unsupported_media_type")


def test_late_in_a_long_body(api: httpx.Client, admin: Admin, at: dict[str, str]) -> None:
    """By then a part of it is on its way: the provider never sees its end."""
    mark = admin.last()
    file = part('form-data; name="attachment"; filename="a.bin"', "x" * 3_000_000).removesuffix(b"--x--\r\n")
    content = file + part('form-data; name="organization_id"')
    answer = api.post(
        "/proxy/expenses/1/attachment", params=at, content=content, headers={"Content-Type": MULTIPART}
    )
    refused(answer, "parameter_reserved")
    assert [call for call in admin.calls(after=mark) if call["executed"]] == []


def test_what_only_looks_like_it_passes(api: httpx.Client, at: dict[str, str]) -> None:
    """A file may well contain such words."""
    invoice = api.get("/proxy/invoices", params=at | {"per_page": "1"}).json()["invoices"][0]["invoice_id"]
    content = b"%PDF-1.4 <input name=\"organization_id\">\r\nContent-Disposition: attachment; filename*=utf-8''a\r\n"
    answer = api.post(
        f"/proxy/invoices/{invoice}/attachment",
        params=at,
        files={"attachment": ("organization_id.pdf", content, "application/pdf")},
    )
    assert answer.status_code in (200, 201), answer.text


def test_headers_that_name_it_with_underscores(api: httpx.Client, admin: Admin, at: dict[str, Any]) -> None:
    mark = admin.last()
    sent = {"X_com_zoho_books_organizationid": OTHER, "X-COM-ZOHO-inventory-ORGANIZATIONID": OTHER,
            "X-Original-URL": "/x", "X-Rewrite-URL": "/x", "X_Forwarded_For": "1.2.3.4"}  # fmt: skip
    assert api.get("/proxy/contacts", params=at, headers=sent).status_code == 200
    [call] = admin.calls(after=mark, server="books")
    crossed = {name.casefold().replace("_", "-") for name in call["headers"]}
    assert not crossed & {name.casefold().replace("_", "-") for name in sent}
    assert OTHER not in str(call)


def test_the_providers_redirects_and_cookies_stay_there(
    api: httpx.Client, admin: Admin, at: dict[str, str], product: Product
) -> None:
    mark = admin.last()
    target = f"{product.bases[0]}/livez"
    assert admin.post("/faults", json={"kind": "redirect", "location": target, "path": "contacts"}).is_success
    answer = api.get("/proxy/contacts", params=at)
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_unexpected_redirect")
    assert "location" not in answer.headers
    assert len(admin.calls(after=mark, server="books")) == 1
    cookies = {"Set-Cookie": "a=b", "Set-Cookie2": "c=d", "Connection": "X-Hop", "X-Hop": "1", "X-Kept": "1"}
    fault = {"kind": "status", "status": 400, "headers": cookies, "path": "contacts"}
    assert admin.post("/faults", json=fault).is_success
    answer = api.get("/proxy/contacts", params=at)
    assert answer.status_code == 400 and answer.headers["x-kept"] == "1"
    assert not {"set-cookie", "set-cookie2", "x-hop"} & set(answer.headers)
