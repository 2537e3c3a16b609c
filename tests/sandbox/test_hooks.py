"""Webhooks as they arrive: bodies, signatures, deliveries."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from .conftest import Caller
from .receiver import SECRET, Automated, pairs, receiving, verifies


@pytest.fixture
def automated(caller: Callable[..., Caller], admin: httpx.Client) -> Iterator[Automated]:
    with receiving() as receiver:
        yield Automated(caller(), admin, receiver)


def test_a_signed_webhook_arrives(automated: Automated) -> None:
    webhook_id = automated.rule("contact", secret=SECRET)
    contact = automated.contact("Zoë")
    (arrival,) = automated.receiver.first()
    assert verifies(arrival)
    assert arrival.method == "POST"
    assert set(arrival.json) == {"contact"}
    assert arrival.json["contact"] == automated.ok("GET", f"/contacts/{contact}")["contact"]
    (row,) = automated.settled()
    assert row["url"] == automated.receiver.url
    assert (row["entity"], row["event"], row["record_id"], row["webhook_id"]) == (
        "contact", "add", contact, webhook_id,
    )  # fmt: skip
    assert (row["status"], row["attempts"], row["http_status"]) == ("delivered", 1, 200)
    assert automated.deliveries(record_id=contact, status="delivered", event="add") == [row]
    assert automated.deliveries(entity="invoice") == automated.deliveries(after=str(row["id"])) == []


def test_parameters_and_headers(automated: Automated) -> None:
    automated.rule(
        "contact",
        url=f"{automated.receiver.url}?zeta=1&alpha=two%20words",
        method="PUT",
        secret=SECRET,
        headers=[{"param_name": "X-Event", "param_value": "contact"}],
        query_parameters=[{"param_name": "key", "param_value": "a&b"}],
        entity_parameters=[{"param_name": "id", "param_value": "${CONTACT.CONTACT_ID}"}],
        additional_parameters=[{"param_name": "extra", "param_value": "é"}],
    )
    contact = automated.contact()
    (arrival,) = automated.receiver.first()
    assert arrival.method == "PUT"
    assert arrival.headers["x-event"] == "contact"
    query = dict(pairs(arrival.target.partition("?")[2]))
    assert query == {"zeta": "1", "alpha": "two words", "key": "a&b", "id": contact, "extra": "é"}
    assert verifies(arrival)
    assert set(arrival.json) == {"contact"}


def test_a_form_has_a_field_for_every_key(automated: Automated) -> None:
    more = [{"param_name": "event", "param_value": "contact"}]
    form = "application/x-www-form-urlencoded"
    automated.rule("contact", body_type=form, secret=SECRET, additional_parameters=more)
    contact = automated.contact("Zoë & Co")
    (arrival,) = automated.receiver.first()
    shown = automated.ok("GET", f"/contacts/{contact}")["contact"]
    assert set(arrival.form) == {*shown, "event"}
    assert (arrival.form["contact_name"], arrival.form["event"]) == ("Zoë & Co", "contact")
    assert json.loads(arrival.form["billing_address"]) == shown["billing_address"]
    assert verifies(arrival)


def test_the_old_form(automated: Automated) -> None:
    form = [{"param_name": "JSONString", "param_value": "${JSONString}"}]
    automated.rule("contact", body_type="application/x-www-form-urlencoded", form_data=form, secret=SECRET)
    contact = automated.contact()
    (arrival,) = automated.receiver.first()
    assert set(arrival.form) == {"JSONString"}
    assert json.loads(arrival.form["JSONString"])["contact"]["contact_id"] == contact
    assert verifies(arrival)


def test_raw_bodies(automated: Automated) -> None:
    raw = '{"id": "${CONTACT.CONTACT_ID}", "name": "${CONTACT.CONTACT_NAME}", "nothing": "${CONTACT.WEIGHT}"}'
    automated.rule("contact", body_type="application/json", raw_data=raw)
    contact = automated.contact('Say "Hi"')
    (arrival,) = automated.receiver.first()
    assert arrival.json == {"id": contact, "name": 'Say "Hi"', "nothing": ""}
    assert "x-zoho-webhook-signature" not in arrival.headers


def test_changes_by_people_fire_too(automated: Automated) -> None:
    automated.rule("contact")
    body = {"method": "POST", "path": "/contacts", "body": {"contact_name": "By hand"}}
    automated.admits(f"{automated.at}/calls", body)
    (arrival,) = automated.receiver.first()
    assert arrival.json["contact"]["contact_name"] == "By hand"


def test_one_attempt_unless_more_are_asked_for(automated: Automated) -> None:
    automated.rule("contact")
    automated.receiver.statuses = [500, 500, 503]
    automated.contact("One")
    (row,) = automated.settled()
    assert (row["status"], row["attempts"], row["http_status"]) == ("failed", 1, 500)
    allowed = automated.admits(f"{automated.at}/automation", {"retries": [0, 0, 0]}, "PUT")
    assert (allowed["retries"], allowed["rules"]) == ([0, 0, 0], 200)
    automated.contact("Two")
    row = automated.settled(2)[1]
    assert (row["status"], row["attempts"], row["http_status"]) == ("delivered", 3, 200)


def test_nobody_listens(automated: Automated) -> None:
    automated.rule("contact", url="http://127.0.0.1:1/")
    automated.contact()
    (row,) = automated.settled()
    assert (row["status"], row["http_status"]) == ("failed", None)
    assert "Connect" in row["error"]


@pytest.mark.parametrize(
    "url", ["https://hooks.example/in", "http://127.0.0.1.hooks.example/", "http://10.0.0.1/"]
)
def test_only_loopback_is_called(automated: Automated, url: str) -> None:
    automated.rule("contact", url=url)
    automated.contact()
    (row,) = automated.deliveries()
    assert (row["status"], row["attempts"]) == ("refused", 0)
    assert "loopback" in row["error"]


def test_a_day_has_its_number(automated: Automated) -> None:
    automated.admits(f"{automated.at}/automation", {"webhooks_per_day": 1}, "PUT")
    automated.rule("contact")
    automated.contact("One")
    automated.contact("Two")
    assert [row["status"] for row in automated.settled(2)] == ["delivered", "over_quota"]


def test_fired_by_hand(automated: Automated) -> None:
    contact = automated.contact()
    webhook_id = automated.rule("contact")
    path, body = f"{automated.at}/hooks", {"webhook_id": webhook_id, "record_id": contact}
    automated.admits(path, body)
    (arrival,) = automated.receiver.first()
    assert arrival.json["contact"]["contact_name"] == "Acme"
    automated.ok("DELETE", f"/contacts/{contact}")
    automated.admits(path, body)
    assert automated.receiver.first(2)[1].json == {"contact": {"contact_id": contact}}
    assert automated.admin.post(path, json=body | {"webhook_id": "1"}).status_code == 400


def test_closed_settings(automated: Automated, caller: Callable[..., Caller]) -> None:
    path = f"{automated.at}/automation"
    for reason, answer in (("plan", (400, 107053)), ("scope", (401, 57))):
        automated.admits(path, {"refuses": reason}, "PUT")
        refused = automated.mine("GET", "/settings/webhooks")
        assert (refused.status_code, refused.json()["code"]) == answer
    automated.admits(path, {"refuses": ""}, "PUT")
    assert automated.mine("GET", "/settings/webhooks").status_code == 200
    reader = caller(scopes=["ZohoBooks.settings.READ"])
    assert reader("GET", "/settings/webhooks").status_code == 200
    refused = reader("POST", "/settings/webhooks", json={})
    assert (refused.status_code, refused.json()["code"]) == (401, 57)


def test_secrets_stay_out_of_the_journal(automated: Automated) -> None:
    automated.rule("contact", secret=SECRET)
    assert SECRET not in automated.admin.get("/journal").text
