"""Links, webhooks, sync jobs and imports with an Idempotency-Key: made once, their secrets shown again."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.demo.processes import free_ports
from tests.flows.conftest import AMPLE, NO_LIMITS, Admin
from tests.support.forked import Gateway
from tests.support.product import Product, Sandbox

FAST = {"LEDGERWAY_CLOCK_FACTOR": "0.05", "LEDGERWAY_EGRESS_ALLOW": "127.0.0.0/8"}
HOOK = {"target_url": "http://127.0.0.1:9/hook"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("once")
    made = Product(folder, Sandbox(folder, ("--limits", NO_LIMITS)), limits=AMPLE, extra=FAST)
    with made.running():
        yield made


@pytest.fixture(scope="module")
def api(product: Product) -> Iterator[httpx.Client]:
    with product.client() as client:
        yield client


@pytest.fixture(scope="module")
def bodies(product: Product) -> dict[str, dict[str, Any]]:
    """What makes one of each."""
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as admin:
        grant = admin.did("POST", "/grants", user="lena@eu.example")
    account = product.connect("jobs")[0]["id"]
    credentials = {"refresh_token": grant["refresh_token"], "location": "eu"}
    return {
        "/link-token": {"tenant_id": "t-1", "integration": "zohobooks"},
        "/webhook": HOOK,
        "/sync-job": {"integrated_account_id": account, "resources": ["contacts"]},
        "/integrated-account": {
            "tenant_id": "imported",
            "integration": "zohobooks",
            "credentials": credentials,
        },
    }


def count(api: httpx.Client, path: str) -> int:
    """How many there are; links are not listed."""
    return 0 if path == "/link-token" else len(api.get(path).json()["result"])


@pytest.mark.parametrize("path", ["/link-token", "/webhook", "/sync-job", "/integrated-account"])
def test_it_is_made_once(api: httpx.Client, bodies: dict[str, dict[str, Any]], path: str) -> None:
    body, key, before = bodies[path], {"Idempotency-Key": "once", "X-Source-Event": path}, count(api, path)
    first = api.post(path, json=body, headers=key)
    assert (first.status_code, first.headers["ledgerway-outcome"]) == (201, "created"), first.text
    again = api.post(path, json=dict(reversed(body.items())), headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["content-type"] == first.headers["content-type"] == "application/json"
    assert (again.headers["idempotent-replayed"], again.headers["ledgerway-outcome"]) == ("true", "replayed")
    assert count(api, path) == before + (path != "/link-token")
    [told] = api.get("/write", params={"source_event": path}).json()["result"]
    assert (told["id"], told["resource"]) == (first.headers["ledgerway-write-id"], path[1:])
    assert (told["state"], told["executed"], told["integrated_account_id"]) == ("done", "yes", None)
    plain = api.get("/openapi.json").json()["paths"][path]["post"]["parameters"]
    assert "Idempotency-Key" in [each["name"] for each in plain]


def test_another_content_and_what_was_refused(api: httpx.Client) -> None:
    key = {"Idempotency-Key": "contents"}
    body = {"tenant_id": "t-1", "integration": "zohobooks"}
    refused = api.post("/link-token", json={**body, "integration": "none"}, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    assert api.post("/link-token", json=body, headers=key).status_code == 201  # the key was free again
    for other in ({**body, "tenant_id": "t-2"}, {**body, "expires_in": 3600}):
        answer = api.post("/link-token", json=other, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    wrong = api.post("/link-token", json=body, headers={"Idempotency-Key": "a b"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "idempotency_key_invalid")


def test_what_is_kept_is_sealed(product: Product, api: httpx.Client) -> None:
    made = api.post("/webhook", json=HOOK, headers={"Idempotency-Key": "sealed"}).json()
    with sqlite3.connect(product.folder / "ledgerway.db") as database:
        dump = "\n".join(database.iterdump())
    assert made["id"] in dump and made["secret"] not in dump
    assert made["secret"].removeprefix("whsec_").encode().hex() not in dump.lower()


def test_one_keys_secrets_are_not_anothers(product: Product, api: httpx.Client) -> None:
    """Whoever may not make it gets it by no repetition."""
    body = {"tenant_id": "t-1", "integration": "zohobooks"}
    assert api.post("/link-token", json=body, headers={"Idempotency-Key": "mine"}).status_code == 201
    limited = api.post("/api-key", json={"name": "limited", "tenant_ids": ["t-1"]}).json()["key"]
    with product.client(limited) as theirs:
        answer = theirs.post("/link-token", json=body, headers={"Idempotency-Key": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert theirs.post("/link-token", json=body, headers={"Idempotency-Key": "theirs"}).status_code == 201
    reading = api.post("/api-key", json={"name": "reading", "scopes": ["connections:read"]}).json()["key"]
    with product.client(reading) as theirs:
        answer = theirs.post("/link-token", json=body, headers={"Idempotency-Key": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_of_many_at_once_one_is_made(api: httpx.Client) -> None:
    before, key = count(api, "/webhook"), {"Idempotency-Key": "many", "Prefer": "wait=10"}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.post("/webhook", json=HOOK, headers=key), range(10)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert count(api, "/webhook") == before + 1


@pytest.mark.slow
def test_when_its_maker_dies_a_person_decides(product: Product, api: httpx.Client) -> None:
    before, key = count(api, "/webhook"), {"Idempotency-Key": "killed"}
    port = free_ports(1)
    armed = product.environment() | {
        "LEDGERWAY_FAILPOINTS": "write.before_store",
        "LEDGERWAY_WORKER": "false",
    }
    doomed = Gateway("doomed", ["serve", "--port", str(port)], product.folder, armed)
    try:
        doomed.wait(f"http://127.0.0.1:{port}/readyz")
        with pytest.raises(httpx.TransportError):
            api.post(f"http://127.0.0.1:{port}/webhook", json=HOOK, headers=key)
    finally:
        doomed.stop()
    [write] = api.get("/write", params={"idempotency_key": "killed"}).json()["result"]
    while write["state"] != "unknown" or write["next_check_at"] is not None:
        write = api.get(f"/write/{write['id']}").json()
    answer = api.post("/webhook", json=HOOK, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "outcome_pending")
    assert count(api, "/webhook") == before + 1
    said = api.post(f"/write/{write['id']}/resolve", json={"outcome": "not_executed"})
    assert said.json()["state"] == "released", said.text
    assert api.post("/webhook", json=HOOK, headers=key).status_code == 201
