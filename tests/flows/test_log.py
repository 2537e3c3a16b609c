"""`/log` tells of every request what its caller was answered, about which record and why."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flows.company import Company

LINES = [{"name": "Advice", "quantity": 1, "unit_price": "10"}]


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected()


def told(company: Company, answer: httpx.Response) -> dict[str, Any]:
    """The one entry of a request, once it is written."""
    asked = {"request_id": answer.headers["x-request-id"]}
    end = time.monotonic() + 30
    while time.monotonic() < end:
        entries = company.api.get("/log", params=asked).json()["result"]
        if entries:
            assert len(entries) == 1, entries
            return entries[0]
        time.sleep(0.1)
    raise AssertionError("the request is not in the log")


def check(company: Company, answer: httpx.Response, **expected: Any) -> dict[str, Any]:
    """Its entry, which says what its caller was answered and what is expected."""
    entry = told(company, answer)
    assert entry["status"] == answer.status_code, entry
    if answer.status_code >= 400:
        problem = answer.json()
        names = {"error": "code", "error_detail": "detail", "executed": "executed", "retryable": "retryable"}
        expected = {name: problem[member] for name, member in names.items()} | expected
    assert {name: entry[name] for name in expected} == expected
    return entry


def found(company: Company, **narrow: Any) -> list[str]:
    entries = company.get("/log", integrated_account_id=company.account_id, limit=200, **narrow)["result"]
    return [entry["request_id"] for entry in entries]


def test_what_was_written(company: Company) -> None:
    made = company.call("POST", "contacts", json={"name": "Made", "type": "customer"})
    id = made.json()["id"]
    check(company, made, record_id=id, error=None, executed="yes", retry_is_safe=None, operation="create")
    assert made.headers["x-request-id"] in found(company, status="201")
    assert made.headers["x-request-id"] in found(company, resource="contacts", record_id=id)
    assert made.headers["x-request-id"] in found(company, resource="accounting/contacts")
    assert found(company, resource="ontacts") == []
    stale = company.call("PATCH", f"contacts/{id}", json={"name": "New"}, headers={"If-Match": '"x"'})
    assert stale.status_code == 412
    entry = check(company, stale, record_id=id, executed="no", retry_is_safe=True, operation="update")
    assert entry["provider_calls"] == 1
    assert found(company, status="412") == [stale.headers["x-request-id"]]
    changed = company.call("PATCH", f"contacts/{id}", json={"name": "New"})
    check(company, changed, record_id=id, error=None)
    key = {"Idempotency-Key": "made-once"}
    first, again = (
        company.call("POST", "contacts", json={"name": "Once", "type": "customer"}, headers=key)
        for _ in range(2)
    )
    check(company, first, record_id=first.json()["id"], executed="yes")
    check(company, again, record_id=first.json()["id"], provider_calls=0)
    gone = company.call("DELETE", f"contacts/{id}")
    check(company, gone, record_id=id, error=None)


def test_what_was_read(company: Company) -> None:
    id = company.create("contacts", name="Read", type="customer")["id"]
    listed = company.call("GET", "contacts", params={"limit": 2})
    check(company, listed, result_count=len(listed.json()["result"]), record_id=None)
    assert listed.json()["result"]
    check(company, company.call("GET", f"contacts/{id}"), record_id=id, result_count=None)
    check(company, company.call("GET", "contacts/404404"), record_id="404404", retry_is_safe=True)
    invoice = company.create("invoices", contact={"id": id}, line_items=LINES)
    check(company, company.call("GET", f"invoices/{invoice['id']}/pdf"), record_id=invoice["id"])
    streamed = company.call("GET", "contacts", params={"truto_response_format": "stream"})
    check(company, streamed, result_count=len(streamed.text.splitlines()))
    check(company, company.call("GET", "contacts", params={"source": "synced"}), provider_calls=0)


def test_why_it_was_refused(company: Company) -> None:
    company.create("contacts", name="Known", type="customer", emails=[{"email": "k@known.example"}])
    body = {"name": "Known", "type": "vendor", "emails": [{"email": "k@known.example"}]}
    matching = {"match_on": "email", "on_match": "return"}
    conflict = company.call("POST", "contacts", params=matching, json=body)
    assert conflict.json()["code"] == "type_conflict"
    check(company, conflict, executed="no", retry_is_safe=True)
    known = company.call(
        "POST", "contacts", params={**matching, "on_match": "error"}, json={**body, "type": "customer"}
    )
    assert known.json()["code"] == "already_exists"
    check(company, known)
    contact = {"id": known.json()["existing"]["id"]}
    wrong = company.call("POST", "invoices", json={"contact": contact, "line_items": LINES, "colour": "red"})
    assert wrong.json()["code"] == "validation_failed"
    check(company, wrong, provider_calls=0, retry_is_safe=True)
    check(company, company.call("GET", "contacts", params={"colour": "red"}), provider_calls=0)
    check(company, company.call("GET", "elephants"), resource="accounting/elephants")
    nobody = company.call("GET", "contacts", headers={"X-Integrated-Account-Id": "acc_unknown"})
    check(company, nobody, integrated_account_id=None)
    invoice = {"contact": contact, "line_items": LINES, "reference": "order-1"}
    company.create("invoices", **invoice)
    double = company.call("POST", "invoices", json=invoice, headers={"Idempotency-Key": "order-1-again"})
    assert double.json()["code"] == "possible_duplicate"
    check(company, double, retry_is_safe=True)
    key = {"Idempotency-Key": "reused"}
    company.call("POST", "contacts", json={"name": "One", "type": "customer"}, headers=key)
    reused = company.call("POST", "contacts", json={"name": "Two", "type": "customer"}, headers=key)
    assert reused.json()["code"] == "idempotency_key_reused"
    check(company, reused, provider_calls=0)


def test_a_preview_writes_nothing(company: Company) -> None:
    body = {"name": "Shown", "type": "customer"}
    check(company, company.call("POST", "contacts", params={"preview": "true"}, json=body), executed="no")


def test_raw_calls(company: Company) -> None:
    made = company.call("POST", "/proxy/contacts", json={"contact_name": "Raw"})
    entry = check(company, made, executed="yes", error=None, retry_is_safe=None)
    assert (entry["resource"], entry["method"], entry["native_path"]) == ("proxy", "POST", "/contacts")
    path = f"/contacts/{made.json()['contact']['contact_id']}"
    check(company, company.call("GET", f"/proxy{path}"), native_path=path, executed="yes")
    refused = company.call("POST", "/proxy/contacts", json={"contact_name": ""})
    entry = told(company, refused)
    assert (entry["status"], entry["executed"], entry["retry_is_safe"]) == (400, "no", True)
    reserved = company.call("GET", "/proxy/contacts", params={"organization_id": "1"})
    check(company, reserved, provider_calls=0, native_path="/contacts")
    other = company.call("POST", "/proxy/organizations", json={})
    check(company, other, native_path="/organizations")
    key = {"Idempotency-Key": "raw"}
    for _ in range(2):
        check(company, company.call("POST", "/proxy/contacts", json={"contact_name": "Keyed"}, headers=key))
    check(company, company.call("POST", "/proxy/contacts", json={"contact_name": "Other"}, headers=key))
