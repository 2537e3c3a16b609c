"""What the audit log holds: every write as it ended, and every change of accounts, jobs and webhooks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.company import Company


@pytest.fixture(scope="module")
def company(connected: Callable[..., Company]) -> Company:
    return connected()


def last(company: Company) -> int:
    return company.get("/audit", limit=1)["result"][0]["sequence"]


def since(company: Company, mark: int) -> list[dict[str, Any]]:
    """The entries after `mark`, oldest first."""
    found = [entry for entry in company.get("/audit", limit=200)["result"] if entry["sequence"] > mark]
    return found[::-1]


def actions(company: Company, mark: int) -> list[str]:
    return [entry["action"] for entry in since(company, mark)]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "raw-1"}], ids=["no key", "key"])
def test_raw_writes(company: Company, key: dict[str, str]) -> None:
    mark, account = last(company), company.account_id
    event = {"X-Source-Event": "evt-1"}
    made = company.call(
        "POST", "/proxy/items", json={"name": f"Tea {key}", "rate": 3}, headers={**key, **event}
    )
    assert (made.status_code, made.headers["ledgerway-outcome"]) == (201, "created")
    path = f"/proxy/items/{made.json()['item']['item_id']}"
    assert company.call("GET", path, params={"a": "b"}).status_code == 200
    assert company.call("DELETE", path, headers=key).headers["ledgerway-outcome"] == "deleted"
    refused = company.call("PUT", f"{path}404", params={"secret": "x"}, json={"name": "Gone"}, headers=key)
    assert refused.status_code >= 400 and "ledgerway-outcome" not in refused.headers
    native = f"/native/zohobooks/{account}/books/v3/items"
    assert company.call("POST", native, json={"name": f"Milk {key}", "rate": 1}, headers=key).is_success
    entries = since(company, mark)
    assert [(each["target"], each["outcome"]) for each in entries] == [
        (f"{account}/proxy/items", "ok"),
        (account + path, "ok"),
        (f"{account}{path}404", "refused"),
        (account + native, "ok"),
    ]
    told = [(each["detail"]["method"], each["detail"]["path"], each["detail"]["status"]) for each in entries]
    assert told == [
        ("POST", "/proxy/items", 201),
        ("DELETE", path, 200),
        ("PUT", f"{path}404", refused.status_code),
        ("POST", native, 201),
    ]
    assert {each["action"] for each in entries} == {"record.forwarded"}
    assert entries[0]["request_id"] == made.headers["x-request-id"]
    assert entries[0]["actor"]["ip"] == "127.0.0.1"
    assert entries[0]["detail"]["source_event"] == "evt-1"
    assert "secret" not in str(entries)


def test_what_a_create_came_to(company: Company) -> None:
    body = {"name": "Found", "type": "customer", "emails": [{"email": "found@found.example"}]}
    mark = last(company)
    company.create("contacts", **body)
    for change, then in (({}, "return"), ({}, "update"), ({"website": "https://found.example"}, "update")):
        matching = {"match_on": "email", "on_match": then}
        assert company.call("POST", "contacts", params=matching, json={**body, **change}).status_code == 200
    assert actions(company, mark) == ["record.created", "record.found", "record.unchanged", "record.updated"]


def test_sync_jobs_and_runs(company: Company) -> None:
    mark = last(company)
    body = {"integrated_account_id": company.account_id, "resources": ["items"], "is_active": False}
    job = company.good(company.call("POST", "/sync-job", json=body, headers={"Idempotency-Key": "j"}), 201)[
        "id"
    ]
    company.patch(f"/sync-job/{job}", {"resources": ["items"], "is_active": True})
    started = company.call("POST", "/sync-job-run", json={"sync_job_id": job, "mode": "full"})
    run = company.good(started, 202)["id"]
    stopped = company.call("POST", f"/sync-job-run/{run}/stop")
    assert company.call("DELETE", f"/sync-job/{job}").status_code == 204
    entries = since(company, mark)
    ours = [(each["action"], each["target"]) for each in entries]
    acted = [("sync_job_run.stopped", run)] if stopped.status_code == 200 else []
    assert ours == [
        ("sync_job.created", job),
        ("sync_job.changed", job),
        ("sync_job_run.started", run),
        *acted,
        ("sync_job.deleted", job),
    ]
    assert entries[0]["detail"]["resources"] == ["items"]
    assert entries[0]["detail"]["integrated_account_id"] == company.account_id
    assert entries[1]["detail"]["changed"] == ["is_active", "resources"]
    assert entries[2]["request_id"] == started.headers["x-request-id"]


def test_accounts_and_their_tokens(company: Company) -> None:
    mark, address = last(company), f"/integrated-account/{company.account_id}"
    company.patch(address, {"quota_share": 0.9, "context": {"shop": "value-of-a-customer"}})
    token = company.call(
        "POST", "/integrated-account/token", json={"integrated_account_id": company.account_id}
    )
    secret = token.json()["integrated_account_token"]
    key = company.api.headers["Authorization"].removeprefix("Bearer ")
    native = f"/native/zohobooks/{company.account_id}/oauth/v2/token"
    assert "access_token" in company.call("POST", native, data={"refresh_token": key}).json()
    entries = since(company, mark)
    assert [(each["action"], each["target"]) for each in entries] == [
        ("integrated_account.changed", company.account_id),
        ("account_token.created", company.account_id),
        ("account_token.created", company.account_id),
    ]
    assert entries[0]["detail"] == {"changed": ["context", "quota_share"], "context": ["shop"]}
    assert secret not in str(entries) and "value-of-a-customer" not in str(entries)
    company.patch(address, {"quota_share": None, "context": {"shop": None}})


def test_webhooks_and_replays(company: Company) -> None:
    mark = last(company)
    body = {"target_url": "http://127.0.0.1:9/none", "event_types": ["test"]}
    made = company.call("POST", "/webhook", json=body, headers={"Idempotency-Key": "hook"})
    hook = company.good(made, 201)["id"]
    assert company.call("POST", "/webhook", json=body, headers={"Idempotency-Key": "hook"}).is_success
    message = company.good(company.call("POST", "/webhook/test", json={"id": hook}), 202)["id"]
    company.good(company.call("POST", f"/webhook-message/{message}/replay"), 202)
    many = {"since": "2020-01-01T00:00:00Z", "webhook_id": hook}
    company.good(company.call("POST", "/webhook-message/replay", json=many), 202)
    assert company.call("DELETE", f"/webhook/{hook}").status_code == 204
    entries = since(company, mark)
    assert [(each["action"], each["target"]) for each in entries] == [
        ("webhook.created", hook),
        ("webhook.tested", hook),
        ("webhook_message.replayed", message),
        ("webhook_message.replayed", hook),
        ("webhook.deleted", hook),
    ]
    assert entries[1]["detail"]["message_id"] == message
    assert entries[0]["actor"]["ip"] == "127.0.0.1"
    assert all(each["request_id"] for each in entries)
