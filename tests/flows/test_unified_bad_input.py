"""What bad input gets: a problem that names the place, before anything is sent to the provider."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.flows.company import Company

JSON = {"content-type": "application/json"}
LINE = {"name": "Tea", "unit_price": 1}


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="empty")


@pytest.mark.parametrize(
    "method, path", [("POST", "contacts"), ("PATCH", "invoices/1"), ("POST", "payments/1/apply")]
)
@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "A"', b"{'name': 'A'}", b'{"name": "A",}', b'{"name": "A", "name": "B"}', b'{"a": {"b": 1, "b": 2}}',
        b'{"total_amount": NaN}', b'{"total_amount": -Infinity}', b'{"total_amount": 1e}', b'{"total_amount": 01}',
        b"\xef\xbb\xbf{}", b'{"name": "\xff"}', b'{"name": "\\ud800"}', b'{"name": "a\\u0000b"}', b"null null",
        b'{"total_amount": 12345678901234567890}', b"[" * 65 + b"]" * 65, b'{"n": 1' + b"0" * 70 + b".5}",
        b'{"n": 1e999}',
    ],
)  # fmt: skip
def test_text_that_is_no_plain_json(company: Company, method: str, path: str, content: bytes) -> None:
    company.refused(method, path, 400, "malformed_json", content=content, headers=JSON)


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"1", b"null", b"true"])
def test_json_that_is_no_object(company: Company, content: bytes) -> None:
    company.refused("POST", "contacts", 422, "validation_failed", "", content=content, headers=JSON)


def test_an_empty_body(company: Company) -> None:
    company.refused("POST", "contacts", 400, "malformed_json", content=b"", headers=JSON)


def test_other_kinds_of_bodies(company: Company) -> None:
    company.refused("POST", "contacts", 415, "unsupported_media_type", data={"name": "A"})
    made = company.call(
        "POST", "contacts", content=b'{"name": "As text"}', headers={"content-type": "text/plain"}
    )
    assert made.status_code == 201


def test_a_body_beyond_all_measure(company: Company) -> None:
    content = json.dumps({"name": "x" * 3_000_000, "memo": "y" * 30_000_000}).encode()
    # The connection may be closed while the body is still on its way.
    with suppress(httpx.WriteError, httpx.RemoteProtocolError):
        company.refused("POST", "contacts", 413, "body_too_large", content=content, headers=JSON)


def test_headers_and_addresses_beyond_all_measure(company: Company) -> None:
    mark = company.admin.last()
    answer = company.call("GET", "contacts", headers={"x-filler": "x" * 100_000})
    assert answer.status_code in (400, 431)
    answer = company.call("GET", "contacts", params={"search": "x" * 60_000})
    assert answer.status_code in (400, 414, 422)
    assert company.calls(mark) == []


@pytest.mark.parametrize(
    ("path", "part", "code", "pointer"),
    [
        ("contacts", {"name": None}, "required", "/name"),
        ("contacts", {"name": "  "}, "required", "/name"),
        ("contacts", {"name": 7}, "wrong_type", "/name"),
        ("contacts", {"nam": "A"}, "unknown_field", "/nam"),
        ("contacts", {"receivable_balance": 1}, "read_only", "/receivable_balance"),
        ("contacts", {"type": "friend"}, "enum_value", "/type"),
        ("contacts", {"is_vendor": "yes"}, "wrong_type", "/is_vendor"),
        ("contacts", {"credit_limit": "1,000"}, "precision", "/credit_limit"),
        ("contacts", {"credit_limit": "1e3"}, "precision", "/credit_limit"),
        ("contacts", {"credit_limit": "NaN"}, "precision", "/credit_limit"),
        ("contacts", {"credit_limit": True}, "wrong_type", "/credit_limit"),
        ("contacts", {"credit_limit": -1}, "wrong_type", "/credit_limit"),
        ("contacts", {"credit_limit": "0.0000001"}, "precision", "/credit_limit"),
        ("contacts", {"emails": "a@b.example"}, "wrong_type", "/emails"),
        ("contacts", {"addresses": [{"city": "X"}]}, "required", "/addresses/0/type"),
        ("contacts", {"addresses": [{"type": "home"}]}, "enum_value", "/addresses/0/type"),
        ("contacts", {"addresses": [{"type": "billing", "town": "X"}]}, "unknown_field", "/addresses/0/town"),
        ("contacts", {"payment_terms": {"days": 1.5}}, "wrong_type", "/payment_terms/days"),
        ("items", {"unit_price": None}, "required", "/unit_price"),
        ("items", {"unit_price": 1234567890123456789}, "precision", "/unit_price"),
        ("items", {"opening_quantity": "many"}, "precision", "/opening_quantity"),
        ("invoices", {"line_items": []}, "required", "/line_items"),
        ("invoices", {"line_items": [{}]}, "required", "/line_items/0/item"),
        ("invoices", {"line_items": [{"name": "Tea"}]}, "required", "/line_items/0/unit_price"),
        ("invoices", {"line_items": [{**LINE, "sub_total": 1}]}, "read_only", "/line_items/0/sub_total"),
        ("invoices", {"line_items": [{**LINE, "discount_amount": 1, "discount_percentage": 1}]}, "wrong_type",
         "/line_items/0/discount_percentage"),
        ("invoices", {"issue_date": "2026-02-30"}, "wrong_type", "/issue_date"),
        ("invoices", {"issue_date": "2026-03-01T00:00:00Z"}, "wrong_type", "/issue_date"),
        ("invoices", {"status": "paid"}, "enum_value", "/status"),
        ("invoices", {"contact": {}}, "wrong_type", "/contact"),
        ("invoices", {"contact": ["1"]}, "wrong_type", "/contact"),
        ("invoices", {"balance": 0}, "read_only", "/balance"),
        ("accounts", {"type": "piggy_bank"}, "enum_value", "/type"),
        ("tax_rates", {"total_tax_rate": "high"}, "precision", "/total_tax_rate"),
        ("currencies", {"code": None}, "required", "/code"),
        ("payments", {"unapplied_amount": 1}, "read_only", "/unapplied_amount"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be(company: Company, path: str, part: Any, code: str, pointer: str) -> None:
    whole: dict[str, dict[str, Any]] = {
        "contacts": {"name": "Well"}, "items": {"name": "Well", "unit_price": 1},
        "invoices": {"contact": "1", "line_items": [LINE]}, "accounts": {"name": "Well", "type": "expense"},
        "tax_rates": {"name": "Well", "total_tax_rate": 1}, "currencies": {"code": "EUR"},
        "payments": {"contact": "1", "total_amount": 1},
    }  # fmt: skip
    problem = company.refused("POST", path, 422, "validation_failed", json={**whole[path], **part})
    assert (code, pointer) in [(error["code"], error["pointer"]) for error in problem["errors"]], problem[
        "errors"
    ]


def test_everything_wrong_is_told_at_once(company: Company) -> None:
    body = {
        "totl": 1,
        "status": "paid",
        "issue_date": "soon",
        "line_items": [{"name": "Tea", "quantity": "x"}],
    }
    problem = company.refused("POST", "invoices", 422, "validation_failed", json=body)
    told = {error["pointer"]: error for error in problem["errors"]}
    assert told.keys() >= {"/totl", "/status", "/issue_date", "/line_items/0/quantity", "/contact"}
    assert told["/status"]["allowed"] and told["/contact"]["code"] == "required"
    near = company.refused("POST", "contacts", 422, "validation_failed", json={"name": "A", "web_site": "x"})
    assert near["errors"][0]["did_you_mean"] == "website"


def test_methods_and_places_that_are_not_there(company: Company) -> None:
    for method, path, status, code in (
        ("PUT", "contacts/1", 405, "method_not_allowed"),
        ("DELETE", "contacts", 405, "method_not_allowed"),
        ("POST", "company_info", 405, "method_not_allowed"),
        ("DELETE", "/unified/user-directory/users", 405, "method_not_allowed"),
        ("GET", "contact", 404, "not_found"),
        ("GET", "contacts/1/2/3", 404, "not_found"),
        ("GET", "/unified/bookkeeping/contacts", 404, "not_found"),
        ("GET", "contacts/1/pdf", 404, "not_found"),
    ):
        problem = company.refused(method, path, status, code)
        assert status == 404 or problem["allowed"]


def test_headers_that_cannot_be(company: Company) -> None:
    body: dict[str, Any] = {"json": {"name": "Well"}}
    for headers, status, code in (
        ({"Ledgerway-Timeout": "soon"}, 400, "parameter_invalid"),
        ({"Ledgerway-Timeout": "0"}, 400, "parameter_invalid"),
        ({"Idempotency-Key": "k" * 300}, 400, "idempotency_key_invalid"),
        ({"Authorization": "Bearer nonsense"}, 401, "unauthenticated"),
    ):
        company.refused("POST", "contacts", status, code, headers=headers, **body)
    company.refused(
        "GET", "contacts", 400, "duplicate_parameter", params={"integrated_account_id": "acc_other"}
    )
    with httpx.Client(base_url=company.api.base_url, trust_env=False) as bare:
        bare.headers["Authorization"] = company.api.headers["Authorization"]
        answer = bare.get("/unified/accounting/contacts")
        assert (answer.status_code, answer.json()["code"]) == (400, "parameter_missing")
        answer = bare.get("/unified/accounting/contacts", params={"integrated_account_id": "acc_other"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_what_callers_may_rely_on(company: Company) -> None:
    """Duplicate slashes, a trailing slash, the account by query, lists in four forms."""
    at = {"integrated_account_id": company.account_id}
    with httpx.Client(base_url=company.api.base_url, trust_env=False) as bare:
        bare.headers["Authorization"] = company.api.headers["Authorization"]
        for path in ("/unified/accounting/contacts/", "//unified//accounting/contacts"):
            assert bare.get(f"{bare.base_url}".rstrip("/") + path, params=at).status_code == 200, path
    company.create("contacts", name="One row")
    for query in (
        "fields[]=id&fields[]=name",
        "fields[0]=id&fields[1]=name",
        "fields=id&fields=name",
        "fields=id,name",
    ):
        row = company.good(company.call("GET", f"contacts?{query}"))["result"][0]
        assert row.keys() == {"id", "name"}, query
    assert company.get("contacts", next_cursor="", limit=1000)["limit"] == 200
