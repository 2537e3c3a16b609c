"""Raw writes with an Idempotency-Key: sent once whatever happens. Judged by the provider's own books."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.demo.processes import free_ports
from tests.flows.conftest import Admin
from tests.flows.test_lost_answers import admin, fault, posts, product, shop, until
from tests.support.forked import Gateway
from tests.support.product import Product

__all__ = ["admin", "product", "shop"]
pytestmark = pytest.mark.slow
CONTACTS = "/proxy/contacts"


def named(name: str) -> dict[str, Any]:
    return {"contact_name": name, "contact_type": "customer"}


def sent(admin: Admin, mark: int) -> int:
    """How often a contact was asked of the provider, by whomever."""
    return posts(admin, mark, "/contacts$")


def there(shop: httpx.Client, name: str) -> list[str]:
    found = shop.get(CONTACTS, params={"contact_name": name}).json()["contacts"]
    return [each["contact_id"] for each in found]


@pytest.mark.parametrize("room", ["proxy", "native"])
def test_a_repetition_is_answered_byte_for_byte(
    product: Product, shop: httpx.Client, admin: Admin, room: str
) -> None:
    account = shop.headers["X-Integrated-Account-Id"]
    path = CONTACTS if room == "proxy" else f"/native/zohobooks/{account}/books/v3/contacts"
    key = {"Idempotency-Key": f"twice-{room}", "X-Source-Event": f"evt-{room}"}
    if room == "native":
        key["Authorization"] = f"Zoho-oauthtoken {product.key}"
    body, mark = named(f"Twice {room}"), admin.last()
    first = shop.post(path, json=body, headers=key)
    assert (first.status_code, first.headers["ledgerway-outcome"]) == (201, "created"), first.text
    turned = dict(reversed(body.items()))
    for again in (shop.post(path, json=body, headers=key), shop.post(path + "/", json=turned, headers=key)):
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["content-type"] == first.headers["content-type"]
        assert (again.headers["idempotent-replayed"], again.headers["ledgerway-outcome"]) == (
            "true",
            "replayed",
        )
        assert again.headers["ledgerway-write-id"] == first.headers["ledgerway-write-id"]
    assert sent(admin, mark) == 1
    [told] = shop.get("/write", params={"idempotency_key": f"twice-{room}"}).json()["result"]
    assert (told["id"], told["resource"]) == (first.headers["ledgerway-write-id"], "proxy")
    assert (told["state"], told["executed"], told["source_event"]) == ("done", "yes", f"evt-{room}")
    for other in (
        {"json": named("Other")},
        {"json": body, "params": {"send": "true"}},
        {"data": {"JSONString": "{}"}},
    ):
        refused = shop.post(path, headers=key, **other)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused"), other


def test_every_method_and_body(shop: httpx.Client, admin: Admin) -> None:
    form = {"JSONString": '{"contact_name":"Form"}'}
    key = {"Idempotency-Key": "every"}
    contact = shop.post(CONTACTS, data=form, headers=key).json()["contact"]["contact_id"]
    assert shop.post(CONTACTS, data=form, headers=key).json()["contact"]["contact_id"] == contact
    path = f"{CONTACTS}/{contact}"
    for _ in range(2):
        assert shop.put(path, json={"notes": "kept"}, headers=key).json()["contact"]["notes"] == "kept"
    mark = admin.last()
    gone = [shop.delete(path, headers=key) for _ in range(2)]
    assert [each.status_code for each in gone] == [200, 200]
    assert gone[0].headers["ledgerway-outcome"] == "deleted"
    assert len(admin.calls(after=mark, method="DELETE")) == 1


def test_a_refusal_is_kept_too(shop: httpx.Client, admin: Admin) -> None:
    mark, key = admin.last(), {"Idempotency-Key": "refused"}
    refused = [shop.post(CONTACTS, json={"contact_name": ""}, headers=key) for _ in range(2)]
    assert [each.status_code for each in refused] == [400, 400]
    assert refused[0].content == refused[1].content
    assert "ledgerway-outcome" not in refused[0].headers
    assert sent(admin, mark) == 1
    told = shop.get(f"/write/{refused[0].headers['ledgerway-write-id']}").json()
    assert (told["state"], told["executed"], told["status"]) == ("done", "no", 400)


def test_without_a_key_nothing_is_kept(shop: httpx.Client, admin: Admin) -> None:
    before = shop.get("/write", params={"limit": 1}).json()["result"]
    answer = shop.post(CONTACTS, json=named("Plain"))
    assert answer.status_code == 201 and "ledgerway-write-id" not in answer.headers
    assert shop.get("/write", params={"limit": 1}).json()["result"] == before
    mark = admin.last()
    wrong = shop.post(CONTACTS, json=named("Wrong"), headers={"Idempotency-Key": "a b"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "idempotency_key_invalid")
    assert sent(admin, mark) == 0


def test_of_twenty_at_once_one_is_sent(product: Product, shop: httpx.Client, admin: Admin) -> None:
    fault(admin, "delay", path="/contacts$", seconds=1)
    mark = admin.last()

    def ask(number: int) -> httpx.Response:
        wait = {"Prefer": "wait=10"} if number % 2 else {}
        return shop.post(CONTACTS, json=named("Twenty"), headers={"Idempotency-Key": "twenty", **wait})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.content for each in answers if each.status_code == 201}) == 1
    assert {each.json()["code"] for each in answers if each.status_code == 409} <= {"idempotency_in_progress"}
    assert sum("idempotent-replayed" not in each.headers for each in answers if each.status_code == 201) == 1
    assert sent(admin, mark) == len(there(shop, "Twenty")) == 1


def test_it_goes_on_when_its_caller_leaves(shop: httpx.Client, admin: Admin) -> None:
    fault(admin, "delay", path="/contacts$", seconds=2)
    key = {"Idempotency-Key": "left"}
    with pytest.raises(httpx.ReadTimeout):
        shop.post(CONTACTS, json=named("Left"), headers=key, timeout=1.0)
    answer = until(
        lambda: shop.post(CONTACTS, json=named("Left"), headers=key), lambda each: each.status_code != 409
    )
    assert (answer.status_code, answer.headers["ledgerway-outcome"]) == (201, "replayed"), answer.text
    assert [answer.json()["contact"]["contact_id"]] == there(shop, "Left")


def test_it_is_finished_when_its_process_is_stopped(
    product: Product, shop: httpx.Client, admin: Admin
) -> None:
    port = free_ports(1)
    leaving = Gateway("leaving", ["serve", "--port", str(port)], product.folder, product.environment())
    key, body = {"Idempotency-Key": "stopped"}, named("Stopped")

    def sends() -> httpx.Response:
        return shop.get("/write", params={"idempotency_key": "stopped"})

    try:
        leaving.wait(f"http://127.0.0.1:{port}/readyz")
        fault(admin, "delay", path="/contacts$", seconds=3)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(shop.post, f"http://127.0.0.1:{port}{CONTACTS}", json=body, headers=key)
            until(sends, lambda each: any(row["sent_at"] for row in each.json()["result"]))
            leaving.stop()
            assert first.result().status_code == 201
    finally:
        leaving.stop()
    again = shop.post(CONTACTS, json=body, headers=key)
    assert (again.headers["ledgerway-outcome"], again.content) == ("replayed", first.result().content)
    assert len(there(shop, "Stopped")) == 1


def test_a_body_too_large_to_be_kept_in_mind(shop: httpx.Client, admin: Admin) -> None:
    mark = admin.last()
    parts = (b" " * 1_000_000 for _ in range(26))
    answer = shop.post(
        CONTACTS, content=parts, headers={"Idempotency-Key": "large", "Content-Type": "text/plain"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent(admin, mark) == 0
    assert shop.get("/write", params={"idempotency_key": "large"}).json()["result"] == []


@pytest.mark.parametrize(
    ("kind", "exists"),
    [
        ("commit_then_drop", True),
        ("reset_after", True),
        ("truncated", True),
        ("reset_before", False),
        ("status", False),
    ],
)
def test_what_nobody_saw_is_never_sent_again(
    shop: httpx.Client, admin: Admin, kind: str, exists: bool
) -> None:
    fault(admin, kind, path="/contacts$")
    mark, key, name = admin.last(), {"Idempotency-Key": f"lost-{kind}"}, f"Lost {kind}"
    body = named(name)
    lost = shop.post(CONTACTS, json=body, headers=key)
    assert lost.headers["ledgerway-outcome"] == "unknown"
    if kind == "status":
        assert (lost.status_code, set(lost.json())) == (500, {"code", "message"})  # the provider's own words
    else:
        assert (lost.status_code, lost.json()["code"]) == (502, "outcome_unknown"), lost.text
        assert lost.json()["executed"] == "unknown"
    for _ in range(2):
        again = shop.post(CONTACTS, json=body, headers=key)
        assert (again.status_code, again.json()["code"]) == (409, "outcome_pending"), again.text
        assert (again.json()["executed"], again.json()["retryable"]) == ("unknown", False)
        write_id = lost.headers["ledgerway-write-id"]
        assert again.json()["next"] == {"method": "POST", "path": f"/write/{write_id}/resolve"}
    assert sent(admin, mark) == 1
    assert len(there(shop, name)) == exists
    write = f"/write/{lost.headers['ledgerway-write-id']}"
    told = shop.get(write).json()
    assert (told["state"], told["retryable"]) == ("unknown", False)
    assert (told["method"], told["path"]) == ("POST", "/proxy/contacts")
    person = shop.post("/api-key", json={"name": "person"}).json()
    by_person = {"Authorization": f"Bearer {person['key']}"}
    if exists:
        [id] = there(shop, name)
        said = shop.post(f"{write}/resolve", json={"outcome": "executed", "remote_id": id}, headers=by_person)
        assert (said.json()["state"], said.json()["record_id"]) == ("done", id), said.text
        replayed = shop.post(CONTACTS, json=body, headers=key)
        assert (replayed.status_code, replayed.json()) == (200, {"id": id})
        assert replayed.headers["ledgerway-warning"] == "answer-not-kept"
        assert sent(admin, mark) == 1
    else:
        freed = shop.post(f"{write}/resolve", json={"outcome": "not_executed"}, headers=by_person)
        assert (freed.json()["state"], freed.json()["executed"]) == ("released", "no"), freed.text
        again = shop.post(CONTACTS, json=body, headers=key)
        assert (again.status_code, again.headers["ledgerway-outcome"]) == (201, "created")
        rows = shop.get("/write", params={"idempotency_key": f"lost-{kind}"}).json()["result"]
        assert [row["state"] for row in rows] == ["done", "released"]
        assert {row["idempotency_key"] for row in rows} == {f"lost-{kind}"}
    assert len(there(shop, name)) == 1
    [entry] = shop.get("/audit", params={"target": write.rpartition("/")[2]}).json()["result"]
    assert (entry["action"], entry["actor"]["id"]) == ("write.resolved", person["id"])
    assert entry["detail"]["outcome"] == ("executed" if exists else "not_executed")
    assert entry["detail"]["written_by"] != person["id"]


@pytest.mark.parametrize(
    ("point", "ends"),
    [
        ("write.before_intent", "created"),
        ("write.before_send", "unknown"),
        ("write.after_send", "unknown"),
        ("write.before_store", "unknown"),
        ("write.before_reply", "replayed"),
    ],
)
def test_never_two_whenever_its_sender_dies(
    product: Product, shop: httpx.Client, admin: Admin, point: str, ends: str
) -> None:
    mark, body, key = admin.last(), named(point), {"Idempotency-Key": point}
    port = free_ports(1)
    armed = product.environment() | {"LEDGERWAY_FAILPOINTS": point, "LEDGERWAY_WORKER": "false"}
    doomed = Gateway("doomed", ["serve", "--port", str(port)], product.folder, armed)
    try:
        doomed.wait(f"http://127.0.0.1:{port}/readyz")
        with pytest.raises(httpx.TransportError):
            shop.post(f"http://127.0.0.1:{port}{CONTACTS}", json=body, headers=key)
    finally:
        doomed.stop()

    def ask() -> httpx.Response:
        time.sleep(0.1)
        return shop.post(CONTACTS, json=body, headers=key)

    answer = until(ask, lambda each: each.status_code != 409 or each.json()["code"] == "outcome_pending")
    assert answer.headers["ledgerway-outcome"] == ends, answer.text
    assert sent(admin, mark) <= 1
    if ends == "unknown":
        write, exists = f"/write/{answer.headers['ledgerway-write-id']}", there(shop, point)
        assert until(lambda: shop.get(write), lambda each: each.json()["next_check_at"] is None).is_success
        said = {"outcome": "executed", "remote_id": exists[0]} if exists else {"outcome": "not_executed"}
        until(lambda: shop.post(f"{write}/resolve", json=said), lambda each: each.status_code == 200)
        assert shop.post(CONTACTS, json=body, headers=key).is_success
    assert len(there(shop, point)) == 1
