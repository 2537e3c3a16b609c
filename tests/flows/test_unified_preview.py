"""`preview_token`: a write is sent only while it is still what its preview showed."""

from collections.abc import Callable
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
