"""The unified API against the sandbox: a shop's day, from the first customer to the paid invoice."""

import time
from typing import Any

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product

AT = "/unified/accounting"


@pytest.fixture(scope="module")
def account(product: Product) -> str:
    return product.connect("shop")[0]["id"]


@pytest.fixture
def shop(product: Product, account: str) -> Any:
    with product.client() as client:
        client.params = {"integrated_account_id": account}
        yield client


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    assert answer.headers["ledgerway-outcome"] == "created"
    assert answer.headers["ledgerway-write-id"].startswith("wri_")
    return answer.json()


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def customer(product: Product, account: str) -> dict[str, Any]:
    with product.client() as client:
        body = {
            "name": "Birch & Daughters",
            "emails": ["birch@example.com"],
            "addresses": [{"type": "billing", "city": "Oslo"}],
        }
        return made(client.post(f"{AT}/contacts", params={"integrated_account_id": account}, json=body))


def invoice_of(shop: httpx.Client, customer: dict[str, Any], **more: Any) -> dict[str, Any]:
    line = {"name": "Consulting", "quantity": 3, "unit_price": "33.35"}
    body = {"contact": {"id": customer["id"]}, "line_items": [line], **more}
    return made(shop.post(f"{AT}/invoices", json=body))


def test_from_draft_to_paid(shop: httpx.Client, admin: Admin, customer: dict[str, Any]) -> None:
    mark = admin.last()
    draft = invoice_of(shop, customer, reference="order-7", total_amount="100.05")
    assert (draft["status"], draft["total_amount"], draft["balance"]) == ("draft", 100.05, 100.05)
    assert draft["contact"]["name"] == "Birch & Daughters" and draft["is_partial"] is False
    live = done(shop.post(f"{AT}/invoices/{draft['id']}/authorise"))
    assert live["status"] == "authorised"
    assert admin.calls(after=mark, path="email") == []
    half = {"type": "invoice", "id": draft["id"], "amount": "50.05"}
    paid = made(shop.post(f"{AT}/payments", json={"total_amount": "50.05", "allocations": [half]}))
    assert paid["payment_for"] == "invoice" and paid["contact"]["id"] == customer["id"]
    assert done(shop.get(f"{AT}/invoices/{draft['id']}"))["status"] == "partially_paid"
    rest = {"type": "invoice", "id": draft["id"], "amount": 50}
    made(
        shop.post(
            f"{AT}/payments", json={"total_amount": 50, "allocations": [rest], "payment_method": "cash"}
        )
    )
    settled = done(shop.get(f"{AT}/invoices/{draft['id']}"))
    assert (settled["status"], settled["balance"]) == ("paid", 0)
    pdf = shop.get(f"{AT}/invoices/{draft['id']}/pdf")
    assert pdf.content.startswith(b"%PDF") and pdf.headers["content-type"] == "application/pdf"


def test_a_version_guards_a_change(shop: httpx.Client, customer: dict[str, Any]) -> None:
    draft = invoice_of(shop, customer)
    read = shop.get(f"{AT}/invoices/{draft['id']}")
    assert read.json()["etag"] == draft["etag"]
    guarded = {"If-Match": read.headers["etag"]}
    changed = shop.patch(f"{AT}/invoices/{draft['id']}", json={"customer_note": "hello"}, headers=guarded)
    assert done(changed)["customer_note"] == "hello"
    late = shop.patch(f"{AT}/invoices/{draft['id']}", json={"customer_note": "late"}, headers=guarded)
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    assert done(shop.get(f"{AT}/invoices/{draft['id']}"))["customer_note"] == "hello"


def test_lines_are_not_removed_by_accident(shop: httpx.Client, customer: dict[str, Any]) -> None:
    draft = invoice_of(shop, customer)
    new = {"line_items": [{"name": "Other", "unit_price": 1}]}
    refused = shop.patch(f"{AT}/invoices/{draft['id']}", json=new)
    assert (refused.status_code, refused.json()["code"]) == (422, "would_remove_lines")
    changed = shop.patch(f"{AT}/invoices/{draft['id']}", params={"replace_lines": "true"}, json=new)
    assert [line["name"] for line in done(changed)["line_items"]] == ["Other"]


def test_what_cannot_be_is_refused_without_a_call(
    shop: httpx.Client, admin: Admin, customer: dict[str, Any]
) -> None:
    mark = admin.last()
    line = {"name": "Tea", "unit_price": 1}
    for body, code in (
        ({"line_items": [line]}, "required"),
        ({"contact": customer["id"], "line_items": [line], "totl": 1}, "unknown_field"),
        ({"contact": customer["id"], "line_items": [line], "balance": 1}, "read_only"),
        (
            {"contact": customer["id"], "line_items": [line], "issue_date": "2026-02-01T10:00:00Z"},
            "wrong_type",
        ),
        ({"contact": customer["id"], "line_items": [line], "status": "paid"}, "enum_value"),
        ({"contact": customer["id"], "line_items": [line], "total_amount": 2}, "total_mismatch"),
    ):
        answer = shop.post(f"{AT}/invoices", json=body)
        assert answer.status_code == 422, answer.text
        assert [error["code"] for error in answer.json()["errors"]] == [code], answer.text
    assert [call for call in admin.calls(after=mark, server="books") if call["method"] != "GET"] == []


def test_an_unknown_customer_is_named(shop: httpx.Client) -> None:
    body = {"contact": {"name": "Birch & Daughter"}, "line_items": [{"name": "Tea", "unit_price": 1}]}
    answer = shop.post(f"{AT}/invoices", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "reference_not_found")
    assert answer.json()["errors"][0]["pointer"] == "/contact"


def test_rows_are_completed_within_the_budget(shop: httpx.Client, admin: Admin) -> None:
    mark = admin.last()
    query = {"limit": 20, "expand[]": "line_items", "max_calls": 5}
    page = done(shop.get(f"{AT}/invoices", params=query))
    assert [row["is_partial"] for row in page["result"]] == [False] * 5 + [True] * (page["result_count"] - 5)
    assert all(row["line_items"] for row in page["result"][:5])
    assert page["provider_calls"] == 6 == len(admin.calls(after=mark, server="books"))
    assert page["is_partial_response"] is True and "line_items" in page["absent_fields"]


def test_an_order_is_invoiced_once(shop: httpx.Client, admin: Admin, customer: dict[str, Any]) -> None:
    body = {
        "contact": customer["id"],
        "line_items": [{"name": "Tea", "unit_price": 1}],
        "reference": "order-8",
    }
    key = {"Idempotency-Key": "order-8"}
    mark = admin.last()
    first = shop.post(f"{AT}/invoices", json=body, headers=key)
    again = shop.post(f"{AT}/invoices", json=body, headers=key)
    assert made(first) and again.status_code == 201
    assert again.content == first.content
    assert again.headers["ledgerway-outcome"] == "replayed"
    other = shop.post(f"{AT}/invoices", json={**body, "memo": None}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(admin.calls(after=mark, method="POST", path="/invoices$")) == 1


def test_an_answer_that_was_lost_is_not_asked_for_twice(
    shop: httpx.Client, admin: Admin, customer: dict[str, Any]
) -> None:
    admin.post("/faults", json={"kind": "commit_then_drop", "method": "POST", "path": "/invoices$"})
    body = {
        "contact": customer["id"],
        "line_items": [{"name": "Tea", "unit_price": 1}],
        "reference": "order-9",
    }
    mark = admin.last()
    lost = shop.post(f"{AT}/invoices", json=body, headers={"Idempotency-Key": "order-9"})
    assert (lost.status_code, lost.json()["code"], lost.json()["executed"]) == (
        502,
        "outcome_unknown",
        "unknown",
    )
    again = shop.post(f"{AT}/invoices", json=body, headers={"Idempotency-Key": "order-9"})
    pending = again.json().get("code") in ("outcome_pending", "idempotency_in_progress")
    assert again.status_code == 201 or pending, again.text
    assert len(admin.calls(after=mark, method="POST", path="/invoices$")) == 1


def test_a_write_goes_on_when_its_client_leaves(
    product: Product, account: str, admin: Admin, customer: dict[str, Any]
) -> None:
    admin.post("/faults", json={"kind": "delay", "method": "POST", "path": "/invoices$", "seconds": 1.5})
    body = {
        "contact": customer["id"],
        "line_items": [{"name": "Tea", "unit_price": 1}],
        "reference": "order-10",
    }
    key = {"Idempotency-Key": "order-10"}
    with product.client() as client:
        client.params = {"integrated_account_id": account}
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{AT}/invoices", json=body, headers=key, timeout=0.7)
        for _ in range(40):
            again = client.post(f"{AT}/invoices", json=body, headers={**key, "Prefer": "wait=5"})
            if again.status_code == 201:
                break
            assert again.json()["code"] == "idempotency_in_progress"
            time.sleep(0.1)
        assert again.headers["ledgerway-outcome"] == "replayed"


def test_the_meta_answer_says_what_the_api_does(shop: httpx.Client) -> None:
    for model, name in (("accounting", "invoices"), ("accounting", "contacts"), ("user-directory", "users")):
        meta = done(shop.get(f"/unified/{model}/{name}/meta"))
        assert meta["integration"] == "zohobooks"
        for field in meta["sort"]:
            assert done(shop.get(f"/unified/{model}/{name}", params={f"sort_by[{field}]": "asc", "limit": 1}))
