"""Writes whose answer is lost: found, sent again, or reported. Judged by the provider's own books."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from tests.flows.conftest import Admin
from tests.support.product import Product

pytestmark = pytest.mark.slow
BOOKS = "/unified/accounting"


@pytest.fixture(scope="module")
def product(hasty: Product) -> Product:
    return hasty


@pytest.fixture(scope="module")
def shop(product: Product) -> Iterator[httpx.Client]:
    with product.client() as api:
        api.headers["X-Integrated-Account-Id"] = product.connect()[0]["id"]
        yield api


@pytest.fixture
def admin(product: Product) -> Iterator[Admin]:
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as client:
        yield client
        client.did("DELETE", "/faults")


@pytest.fixture(scope="module")
def customer(shop: httpx.Client) -> str:
    return shop.post(f"{BOOKS}/contacts", json={"name": "Acme"}).json()["id"]


def until(ask: Callable[[], httpx.Response], done: Callable[[httpx.Response], bool]) -> httpx.Response:
    for _ in range(300):
        answer = ask()
        if done(answer):
            return answer
        time.sleep(0.1)
    raise AssertionError(f"never came to it: {answer.status_code} {answer.text}")


def settled(answer: httpx.Response) -> bool:
    return answer.status_code != 409


def given_up(answer: httpx.Response) -> bool:
    told = answer.json()
    return told["state"] == "unknown" and told["next_check_at"] is None


def invoice(customer: str, reference: str | None, **more: Any) -> dict[str, Any]:
    lines = [{"name": "Tea", "unit_price": "2.50", "quantity": 4}]
    return {"contact": customer, "reference": reference, "line_items": lines, **more}


def posts(admin: Admin, mark: int, path: str = "/invoices$") -> int:
    return len(admin.calls(after=mark, method="POST", path=path))


def fault(admin: Admin, kind: str, **more: Any) -> None:
    more = {"method": "POST", "path": "/invoices$", **more}
    assert admin.post("/faults", json={"kind": kind, **more}).is_success


def with_reference(shop: httpx.Client, reference: str) -> list[Any]:
    return shop.get(f"{BOOKS}/invoices", params={"reference": reference}).json()["result"]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "copied"}], ids=["no key", "key"])
def test_what_was_found_is_in_the_copies_and_told_once(
    shop: httpx.Client, admin: Admin, customer: str, key: dict[str, str]
) -> None:
    account = shop.headers["X-Integrated-Account-Id"]
    body = {"integrated_account_id": account, "resources": ["invoices"], "cadence": None}
    job = shop.post("/sync-job", json=body).json()["id"]

    def ended() -> None:
        runs = partial(shop.get, "/sync-job-run", params={"sync_job_id": job})
        until(runs, lambda answer: all(run["state"] == "completed" for run in answer.json()["result"]))

    ended()
    fault(admin, "commit_then_drop")
    reference = f"copied-{len(key)}"
    lost = shop.post(f"{BOOKS}/invoices", json=invoice(customer, reference), headers=key)
    assert lost.json()["code"] == "outcome_unknown", lost.text

    def copies() -> httpx.Response:
        return shop.get(f"{BOOKS}/invoices", params={"source": "synced", "reference": reference})

    found = until(copies, lambda answer: bool(answer.json()["result"]))
    [copy] = found.json()["result"]
    assert copy["is_partial"] is False
    assert shop.post("/sync-job-run", json={"sync_job_id": job, "mode": "full"}).status_code == 202
    ended()
    told = shop.get("/changes", params={"integrated_account_id": account, "limit": 200}).json()["result"]
    mine = [(each["change"], each["via"], each["origin"]) for each in told if each["id"] == copy["id"]]
    origin = {"request_id": lost.headers["x-request-id"], "source_event": None}
    assert mine == [("created", "write", origin)]
    assert shop.delete(f"/sync-job/{job}").status_code == 204


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "one-voice"}], ids=["no key", "key"])
def test_every_place_says_the_same_of_a_retry(
    shop: httpx.Client, admin: Admin, customer: str, key: dict[str, str]
) -> None:
    fault(admin, "commit_then_drop")
    lost = shop.post(f"{BOOKS}/invoices", json=invoice(customer, f"voice-{len(key)}"), headers=key)
    told, write_id = lost.json(), lost.headers["ledgerway-write-id"]
    assert (told["code"], told["executed"], told["retryable"]) == ("outcome_unknown", "unknown", bool(key))
    assert (told["write_id"], told["next"]["path"]) == (write_id, f"/write/{write_id}")
    assert shop.get(f"/write/{write_id}").json()["retryable"] is bool(key)

    def logged() -> httpx.Response:
        return shop.get("/log", params={"request_id": lost.headers["x-request-id"], "operation": "create"})

    entries = until(logged, lambda answer: bool(answer.json()["result"])).json()["result"]
    asked = [entry for entry in entries if entry["route"]]
    assert [(entry["retry_is_safe"], entry["retryable"]) for entry in asked] == [(bool(key), bool(key))]
    until(lambda: shop.get(f"/write/{write_id}"), lambda answer: answer.json()["state"] == "done")


def test_a_refused_write_is_found_by_its_key(shop: httpx.Client) -> None:
    key, body = {"Idempotency-Key": "ord-2"}, {"name": "Order 2", "type": "customer"}
    assert shop.post(f"{BOOKS}/contacts", json=body).status_code == 201
    unique = {"match_on": "name", "on_match": "error"}
    refused = shop.post(f"{BOOKS}/contacts", json=body, params=unique, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_exists")
    again = shop.post(f"{BOOKS}/contacts", json={**body, "name": "Order 2b"}, params=unique, headers=key)
    assert again.status_code == 201, again.text
    found = shop.get("/write", params={"idempotency_key": "ord-2"}).json()["result"]
    assert [(row["state"], row["executed"], row["error_code"]) for row in found] == [
        ("done", "yes", None),
        ("released", "no", "already_exists"),
    ]
    assert {row["idempotency_key"] for row in found} == {"ord-2"}


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset_after", "garbage"])
def test_what_was_made_is_found(shop: httpx.Client, admin: Admin, customer: str, kind: str) -> None:
    fault(admin, kind)
    mark, key, body = admin.last(), {"Idempotency-Key": f"found-{kind}"}, invoice(customer, f"found-{kind}")
    lost = shop.post(f"{BOOKS}/invoices", json={**body, "status": "authorised"}, headers=key)
    assert (lost.status_code, lost.json()["code"]) == (502, "outcome_unknown"), lost.text
    assert (lost.json()["executed"], lost.headers["ledgerway-outcome"]) == ("unknown", "unknown")

    def again() -> httpx.Response:
        return shop.post(f"{BOOKS}/invoices", json={**body, "status": "authorised"}, headers=key)

    found = until(again, settled)
    assert (found.status_code, found.headers["ledgerway-outcome"]) == (201, "replayed"), found.text
    assert found.json()["status"] == "authorised"  # what came after the lost answer was done too
    assert [row["id"] for row in with_reference(shop, f"found-{kind}")] == [found.json()["id"]]
    assert posts(admin, mark) == 1
    told = shop.get(f"/write/{lost.headers['ledgerway-write-id']}").json()
    assert (told["state"], told["executed"], told["retryable"]) == ("done", "yes", True)


def test_what_is_made_after_the_connection_ended_is_found(
    shop: httpx.Client, admin: Admin, customer: str
) -> None:
    fault(admin, "commit_late", seconds=1.0)
    mark, key, body = admin.last(), {"Idempotency-Key": "late-1"}, invoice(customer, "late-1")
    assert shop.post(f"{BOOKS}/invoices", json=body, headers=key).json()["code"] == "outcome_unknown"
    found = until(lambda: shop.post(f"{BOOKS}/invoices", json=body, headers=key), settled)
    assert found.status_code == 201, found.text
    assert [row["id"] for row in with_reference(shop, "late-1")] == [found.json()["id"]]
    assert posts(admin, mark) == 1


def test_the_same_document_under_another_key_is_asked_about(shop: httpx.Client, customer: str) -> None:
    body = invoice(customer, "twice-1")
    made = shop.post(f"{BOOKS}/invoices", json=body, headers={"Idempotency-Key": "twice-1"}).json()["id"]
    for headers in ({"Idempotency-Key": "twice-2"}, {}):
        second = shop.post(f"{BOOKS}/invoices", json=body, headers=headers)
        assert (second.status_code, second.json()["code"]) == (409, "possible_duplicate"), second.text
        assert second.json()["existing"] == {"resource": "invoices", "id": made}
        assert (second.json()["executed"], second.json()["retryable"]) == ("no", False)
    dearer = [{"name": "Tea", "unit_price": "2.50", "quantity": 5}]
    assert shop.post(f"{BOOKS}/invoices", json={**body, "line_items": dearer}).status_code == 201
    meant = {"allow_duplicate": "true"}
    assert shop.post(f"{BOOKS}/invoices", json=body, params=meant).status_code == 201
    for row in with_reference(shop, "twice-1"):
        assert shop.delete(f"{BOOKS}/invoices/{row['id']}").status_code == 200
    assert shop.post(f"{BOOKS}/invoices", json=body).status_code == 201


def test_what_was_not_made_is_sent_once_more(shop: httpx.Client, admin: Admin, customer: str) -> None:
    fault(admin, "reset_before")
    mark, key, body = admin.last(), {"Idempotency-Key": "again-1"}, invoice(customer, "again-1")
    assert shop.post(f"{BOOKS}/invoices", json=body, headers=key).json()["code"] == "outcome_unknown"
    waiting = shop.post(f"{BOOKS}/invoices", json=body, headers=key)
    being_looked_for = "idempotency_in_progress"
    assert waiting.json()["code"] in ("outcome_pending", being_looked_for)
    assert waiting.json()["retryable"]
    assert int(waiting.headers["retry-after"]) >= 1
    made = until(lambda: shop.post(f"{BOOKS}/invoices", json=body, headers=key), settled)
    assert made.status_code == 201, made.text
    assert [row["id"] for row in with_reference(shop, "again-1")] == [made.json()["id"]]
    assert posts(admin, mark) == 2


def test_what_cannot_be_found_out_is_left_to_a_person(
    shop: httpx.Client, admin: Admin, customer: str
) -> None:
    """Without a reference there is one way of looking only: nothing is sent again."""
    fault(admin, "reset_before", times=2)
    body = invoice(customer, None, memo=None)
    ids: list[str] = []
    for number in (1, 2):
        key = {"Idempotency-Key": f"person-{number}"}
        lost = shop.post(f"{BOOKS}/invoices", json=body, headers=key)
        ids.append(lost.headers["ledgerway-write-id"])
    for write_id in ids:
        until(partial(shop.get, f"/write/{write_id}"), given_up)
        told = shop.get(f"/write/{write_id}").json()
        assert (told["state"], told["retryable"]) == ("unknown", False)
    resolve = f"/write/{ids[0]}/resolve"
    assert shop.post(resolve, json={"outcome": "executed"}).json()["code"] == "parameter_missing"
    wrong = shop.post(resolve, json={"outcome": "executed", "remote_id": "999"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")
    made = shop.post(f"{BOOKS}/invoices", json=invoice(customer, "by-hand")).json()
    said = shop.post(resolve, json={"outcome": "executed", "remote_id": made["id"]})
    assert (said.json()["state"], said.json()["record_id"]) == ("done", made["id"]), said.text
    replayed = shop.post(f"{BOOKS}/invoices", json=body, headers={"Idempotency-Key": "person-1"})
    assert (replayed.status_code, replayed.json()["id"]) == (201, made["id"])
    assert shop.post(resolve, json={"outcome": "executed"}).status_code == 409
    freed = shop.post(f"/write/{ids[1]}/resolve", json={"outcome": "not_executed"})
    assert (freed.json()["state"], freed.json()["retryable"]) == ("released", True)
    sent = shop.post(f"{BOOKS}/invoices", json=body, headers={"Idempotency-Key": "person-2"})
    assert (sent.status_code, sent.headers["ledgerway-outcome"]) == (201, "created")


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset_before"])
def test_changes_actions_and_deletions_end_well(
    shop: httpx.Client, admin: Admin, customer: str, kind: str
) -> None:
    made = shop.post(f"{BOOKS}/invoices", json=invoice(customer, f"change-{kind}")).json()["id"]
    for method, path, body, more in (
        ("PATCH", made, {"customer_note": "Thanks"}, {"method": "PUT", "path": f"/invoices/{made}$"}),
        ("POST", f"{made}/authorise", None, {"path": "/status/sent$"}),
        ("POST", f"{made}/void", None, {"path": "/status/void$"}),
        ("DELETE", made, None, {"method": "DELETE", "path": f"/invoices/{made}$"}),
    ):
        fault(admin, kind, **more)
        key = {"Idempotency-Key": f"{kind}-{path}"}

        def ask(method: str = method, path: str = path, body: Any = body, key: Any = key) -> httpx.Response:
            return shop.request(method, f"{BOOKS}/invoices/{path}", json=body, headers=key)

        assert ask().json()["code"] == "outcome_unknown", path
        answer = until(ask, settled)
        assert answer.status_code == 200, answer.text
    assert shop.get(f"{BOOKS}/invoices/{made}").status_code == 404


def test_a_payment_is_found_by_its_reference(shop: httpx.Client, admin: Admin, customer: str) -> None:
    body = invoice(customer, "paid", status="authorised")
    bill = shop.post(f"{BOOKS}/invoices", json=body).json()["id"]
    payment = {
        "contact": customer,
        "reference": "wire-7",
        "total_amount": "5.00",
        "allocations": [{"type": "invoice", "id": bill, "amount": "5.00"}],
    }
    fault(admin, "commit_then_drop", path="/customerpayments$")
    mark, key = admin.last(), {"Idempotency-Key": "paid-1"}

    def ask() -> httpx.Response:
        return shop.post(f"{BOOKS}/payments", json=payment, headers=key)

    assert ask().json()["code"] == "outcome_unknown"
    found = until(ask, settled)
    assert (found.status_code, found.json()["reference"]) == (201, "wire-7"), found.text
    assert posts(admin, mark, "/customerpayments$") == 1
    rows = shop.get(f"{BOOKS}/payments").json()["result"]
    assert [row["id"] for row in rows] == [found.json()["id"]]
    assert shop.get(f"{BOOKS}/invoices/{bill}").json()["balance"] == 5


def test_a_mail_is_never_sent_again(shop: httpx.Client, admin: Admin, customer: str) -> None:
    body = invoice(customer, "mail", status="authorised")
    made = shop.post(f"{BOOKS}/invoices", json=body).json()["id"]
    fault(admin, "reset_before", path="/email$")
    mark, key = admin.last(), {"Idempotency-Key": "mail-1"}
    path = f"{BOOKS}/invoices/{made}/email"
    to = {"to": ["ada@acme.example"]}
    lost = shop.post(path, json=to, headers=key)
    assert lost.json()["code"] == "outcome_unknown", lost.text
    write = f"/write/{lost.headers['ledgerway-write-id']}"
    until(lambda: shop.get(write), given_up)
    again = shop.post(path, json=to, headers=key)
    assert (again.status_code, again.json()["retryable"]) == (409, False)
    assert posts(admin, mark, "/email$") == 1
