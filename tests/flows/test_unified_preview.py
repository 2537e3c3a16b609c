"""`preview_token`: a write is sent only while it is still what its preview showed."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.flows.company import Company

LINES = [{"name": "Tea", "unit_price": 1}]


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected(seed="empty")


def preview(company: Company, method: str, path: str, body: Any, **params: Any) -> Any:
    return company.good(company.call(method, path, json=body, params={"preview": "true", **params}))


def send(company: Company, method: str, path: str, body: Any, token: str, **params: Any) -> httpx.Response:
    return company.call(method, path, json=body, params={"preview_token": token, **params})


def stale(answer: httpx.Response) -> Any:
    assert (answer.status_code, answer.json()["code"]) == (409, "preview_stale"), answer.text
    return answer.json()["changed"]


def test_what_was_previewed_is_sent(company: Company) -> None:
    body = {"name": "Ada", "memo": "One"}
    shown = preview(company, "POST", "contacts", body)
    assert shown["expires_at"] and shown["preview_token"]
    made = send(company, "POST", "contacts", body, shown["preview_token"])
    assert made.status_code == 201, made.text
    path, change = f"contacts/{made.json()['id']}", {"memo": "Two"}
    shown = preview(company, "PATCH", path, change)
    assert company.get(path)["memo"] == "One"
    assert send(company, "PATCH", path, change, shown["preview_token"]).json()["memo"] == "Two"


def test_a_target_that_changed_is_not_written(company: Company) -> None:
    made = company.create("contacts", name="Bo")
    path, change = f"contacts/{made['id']}", {"memo": "Mine"}
    token = preview(company, "PATCH", path, change)["preview_token"]
    company.patch(path, {"website": "https://theirs.example"})
    mark = company.admin.last()
    assert stale(send(company, "PATCH", path, change, token)) == ["etag"]
    assert {each["method"] for each in company.calls(mark)} == {"GET"}
    assert company.get(path)["memo"] is None
    invoice = company.create("invoices", contact=made["id"], line_items=LINES)
    path = f"invoices/{invoice['id']}"
    token = preview(company, "POST", f"{path}/authorise", None)["preview_token"]
    company.patch(path, {"customer_note": "Changed"})
    assert stale(send(company, "POST", f"{path}/authorise", None, token)) == ["etag"]
    assert company.get(path)["status"] == "draft"


def test_a_reference_that_leads_elsewhere_is_not_followed(company: Company) -> None:
    one = company.create("contacts", name="Shop")
    body = {"contact": {"name": "Shop"}, "line_items": LINES}
    token = preview(company, "POST", "invoices", body)["preview_token"]
    company.patch(f"contacts/{one['id']}", {"name": "Old shop"})
    company.create("contacts", name="Shop")
    mark = company.admin.last()
    assert stale(send(company, "POST", "invoices", body, token)) == ["steps"]
    assert {each["method"] for each in company.calls(mark)} <= {"GET"}


def test_a_match_that_came_in_between_is_seen(company: Company) -> None:
    body = {"name": "Cy"}
    token = preview(company, "POST", "contacts", body, match_on="name")["preview_token"]
    made = company.create("contacts", name="Cy")
    assert stale(send(company, "POST", "contacts", body, token, match_on="name")) == ["steps"]
    token = preview(company, "POST", "contacts", body, match_on="name")["preview_token"]
    found = send(company, "POST", "contacts", body, token, match_on="name")
    assert (found.status_code, found.json()["id"]) == (200, made["id"])
    company.delete(f"contacts/{made['id']}")
    assert stale(send(company, "POST", "contacts", body, token, match_on="name")) == ["steps"]


def test_a_token_is_of_one_request(company: Company) -> None:
    token = preview(company, "POST", "contacts", {"name": "Di"})["preview_token"]
    assert stale(send(company, "POST", "contacts", {"name": "Other"}, token)) == ["request"]
    item = {"name": "Di", "unit_price": 1}
    assert stale(send(company, "POST", "items", item, token)) == ["request"]
    company.refused(
        "POST",
        "contacts",
        400,
        "parameter_invalid",
        json={"name": "Di"},
        params={"preview_token": token[:-2]},
    )
    assert company.rows("contacts", name="Di") == []


def test_a_preview_tells_what_a_document_comes_to(company: Company) -> None:
    contact = company.create("contacts", name="Ed")["id"]
    tax = company.create("tax_rates", name="VAT", total_tax_rate=20, type="tax")["id"]
    lines = [{"name": "Tea", "unit_price": 10, "quantity": 2, "tax_rate": tax}]
    body: dict[str, Any] = {"contact": contact, "line_items": lines}
    shown = preview(company, "POST", "invoices", body)
    figures = {"sub_total": 20, "total_tax_amount": 4, "total_amount": 24, "currency": "USD"}
    assert {name: shown["totals"][name] for name in figures} == figures
    made = company.create("invoices", **body)
    path = f"invoices/{made['id']}"
    shown = preview(company, "PATCH", path, {"discount_percentage": 10})
    assert (shown["totals"]["discount_amount"], shown["totals"]["total_amount"]) == (2, Decimal("21.6"))
    kept = {"id": made["line_items"][0]["id"], "quantity": 3}
    shown = preview(company, "PATCH", path, {"line_items": [kept]})
    assert shown["totals"]["total_amount"] == 36
    assert company.patch(path, {"line_items": [kept]})["total_amount"] == 36
    odd = company.create("tax_rates", name="Sales", total_tax_rate="7.5", type="tax")["id"]
    pennies = [{"name": "Tea", "unit_price": "1.10", "tax_rate": odd}] * 3
    shown = preview(company, "POST", "invoices", {"contact": contact, "line_items": pennies})
    assert shown["totals"] is None and "rounded" in shown["totals_reason"]
    assert "totals" not in preview(company, "POST", "contacts", {"name": "Flo"})


def test_a_tax_that_changed_makes_a_preview_stale(company: Company) -> None:
    contact = company.create("contacts", name="Gil")["id"]
    tax = company.create("tax_rates", name="Duty", total_tax_rate=10, type="tax")["id"]
    body = {"contact": contact, "line_items": [{"name": "Tea", "unit_price": 10, "tax_rate": tax}]}
    token = preview(company, "POST", "invoices", body)["preview_token"]
    company.patch(f"tax_rates/{tax}", {"total_tax_rate": 12})
    assert stale(send(company, "POST", "invoices", body, token)) == ["steps"]
    token = preview(company, "POST", "invoices", body)["preview_token"]
    made = send(company, "POST", "invoices", body, token)
    assert made.status_code == 201 and made.json()["total_amount"] == 11.2
