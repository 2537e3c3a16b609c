"""Webhooks of the real product, at a receiver of the test's own."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.flows.conftest import NO_LIMITS
from tests.support.product import Product, Sandbox


@dataclass
class Got:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)

    def signed_with(self, secret: str) -> bool:
        """Whether the reference verifier of Standard Webhooks accepts it."""
        try:
            Webhook(secret).verify(self.body, self.headers)
        except WebhookVerificationError:
            return False
        return True


@dataclass
class Receiver:
    """`statuses` by path; 200 where nothing is said."""

    origin: str = ""
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    got: list[Got] = field(default_factory=list[Got])

    def at(self, path: str) -> list[Got]:
        return [one for one in self.got if one.path == path]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.got.append(Got(self.path, headers, body))
            self.send_response(made.statuses.get(self.path, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("webhooks")
    sandbox = Sandbox(folder, ("--seed", "empty", "--limits", NO_LIMITS))
    made = Product(folder, sandbox, extra={"LEDGERWAY_EGRESS_ALLOW": "127.0.0.0/8"})
    with made.running():
        yield made


@pytest.fixture(scope="module")
def api(product: Product) -> Iterator[httpx.Client]:
    with product.client() as client:
        yield client


def until(found: Callable[[], Any], seconds: float = 90) -> Any:
    """What is found, once it is."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return value


def good(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def made(api: httpx.Client, receiver: Receiver, path: str, **more: Any) -> dict[str, Any]:
    return good(api.post("/webhook", json={"target_url": receiver.origin + path, **more}), 201)


def try_out(api: httpx.Client, webhook: dict[str, Any]) -> dict[str, Any]:
    return good(api.post("/webhook/test", json={"id": webhook["id"]}), 202)


def message(api: httpx.Client, id: str, state: str) -> dict[str, Any]:
    def seen() -> dict[str, Any] | None:
        found = good(api.get(f"/webhook-message/{id}"))
        return found if found["state"] == state else None

    return until(seen)


def test_a_test_event_arrives_signed_at_its_webhook_alone(api: httpx.Client, receiver: Receiver) -> None:
    webhook, _ = made(api, receiver, "/signed"), made(api, receiver, "/other")
    assert webhook["secret"].startswith("whsec_")
    assert good(api.get(f"/webhook/{webhook['id']}"))["secret"] is None
    sent = try_out(api, webhook)
    [got] = until(lambda: receiver.at("/signed"))
    assert got.signed_with(webhook["secret"]) and got.id == sent["event_id"] == got.told["id"]
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 300
    assert got.told["event"] == "test" and got.told["webhook_id"] == webhook["id"]
    seen = message(api, sent["id"], "delivered")
    assert [each["status"] for each in seen["history"]] == [200] and seen["payload"] == got.told["payload"]
    assert receiver.at("/other") == []


def test_what_failed_comes_again_with_the_same_id(api: httpx.Client, receiver: Receiver) -> None:
    webhook = made(api, receiver, "/failing")
    receiver.statuses["/failing"] = 500
    sent = try_out(api, webhook)
    until(lambda: receiver.at("/failing"))
    receiver.statuses["/failing"] = 200
    seen = message(api, sent["id"], "delivered")
    assert [each["status"] for each in seen["history"]] == [500, 200]
    assert {got.id for got in receiver.at("/failing")} == {sent["event_id"]}
    good(api.post(f"/webhook-message/{sent['id']}/replay"), 202)
    until(lambda: len(receiver.at("/failing")) == 3)
    message(api, sent["id"], "delivered")
    body = {"since": seen["created_at"], "webhook_id": webhook["id"], "states": ["delivered"]}
    assert good(api.post("/webhook-message/replay", json=body), 202) == {"messages": 1}
    until(lambda: len(receiver.at("/failing")) == 4)
    assert {got.id for got in receiver.at("/failing")} == {sent["event_id"]}
    listed = good(api.get("/webhook-message", params={"webhook_id": webhook["id"]}))["result"]
    assert [row["id"] for row in listed] == [sent["id"]]


def test_after_a_rotation_both_secrets_sign(api: httpx.Client, receiver: Receiver) -> None:
    webhook = made(api, receiver, "/rotated")
    fresh = good(api.post(f"/webhook/{webhook['id']}/rotate-secret"))["secret"]
    try_out(api, webhook)
    [got] = until(lambda: receiver.at("/rotated"))
    assert fresh != webhook["secret"] and got.signed_with(fresh) and got.signed_with(webhook["secret"])


def test_410_switches_off_and_a_person_on_again(api: httpx.Client, receiver: Receiver) -> None:
    webhook = made(api, receiver, "/gone")
    receiver.statuses["/gone"] = 410
    sent = try_out(api, webhook)
    seen = message(api, sent["id"], "cancelled")
    off = good(api.get(f"/webhook/{webhook['id']}"))
    assert (off["health"], off["is_active"]) == ("disabled", False) and "410" in off["health_detail"]
    refused = api.post("/webhook/test", json={"id": webhook["id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")
    receiver.statuses["/gone"] = 200
    wanted = {"is_active": True, "recover_since": seen["created_at"]}
    on = good(api.patch(f"/webhook/{webhook['id']}", json=wanted))
    assert (on["health"], on["is_active"]) == ("ok", True)
    message(api, sent["id"], "delivered")


def test_names_nothing_is_called_are_refused(api: httpx.Client, receiver: Receiver) -> None:
    webhook = made(api, receiver, "/named")
    at = f"/webhook/{webhook['id']}"
    for member, good_one, wrong, near in (
        ("resources", "contacts", "invoice", "invoices"),
        ("event_types", "record:*", "record:make", None),
        ("changed_fields", "balance", "blance", "balance"),
        ("changed_fields", "status", "etag", None),
    ):
        given = {member: [good_one, wrong]}
        for refused in (
            api.post("/webhook", json={"target_url": receiver.origin, **given}),
            api.patch(at, json=given),
        ):
            assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed"), refused.text
            [error] = refused.json()["errors"]
            assert (error["code"], error["pointer"]) == ("enum_value", f"/{member}/1")
            assert given[member][0] in error["allowed"]
            assert near in (None, error.get("did_you_mean"))
    assert good(api.get(at))["resources"] == []


def test_fields_of_other_resources_are_refused(api: httpx.Client, receiver: Receiver) -> None:
    """A webhook narrowed to them would never be told anything."""
    given: dict[str, Any] = {"resources": ["contacts"], "changed_fields": ["line_items"]}
    refused = api.post("/webhook", json={"target_url": receiver.origin, **given})
    assert refused.status_code == 422 and refused.json()["errors"][0]["pointer"] == "/changed_fields/0"
    webhook = made(api, receiver, "/fields", resources=["contacts"])
    at = f"/webhook/{webhook['id']}"
    assert api.patch(at, json={"changed_fields": ["line_items"]}).status_code == 422
    wide: dict[str, Any] = {"resources": [], "changed_fields": ["line_items", "custom"]}
    assert good(api.patch(at, json=wide))["changed_fields"] == ["line_items", "custom"]


def test_accounts_there_are_not_are_refused(product: Product, api: httpx.Client, receiver: Receiver) -> None:
    key = product.create_key("neighbours")
    theirs = product.connect("theirs", key)[0]["id"]
    with product.client(key) as neighbour:
        own = made(neighbour, receiver, "/own", integrated_account_id=[theirs])
    webhook = made(api, receiver, "/accounts")
    at = f"/webhook/{webhook['id']}"
    told: set[str] = set()
    for wrong in ("acc_none", theirs):
        given = {"integrated_account_id": [wrong]}
        for refused in (
            api.post("/webhook", json={"target_url": receiver.origin, **given}),
            api.patch(at, json=given),
        ):
            assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed"), refused.text
            [error] = refused.json()["errors"]
            assert (error["code"], error["pointer"]) == ("reference_not_found", "/integrated_account_id/0")
            told.add(error["detail"].replace(wrong, "…"))
    assert len(told) == 1 and good(api.get(at))["integrated_account_id"] == []
    with product.client(key) as neighbour:
        assert neighbour.delete(f"/integrated-account/{theirs}").is_success
        kept = {"integrated_account_id": [theirs]}  # as it was read, though the account has gone since
        assert good(neighbour.patch(f"/webhook/{own['id']}", json=kept))["integrated_account_id"] == [theirs]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://10.0.0.1/",
        "https://[::1]:443/",
        "https://user@127.0.0.1/",
        "not a url",
    ],
)
def test_urls_that_lead_inside_are_refused(api: httpx.Client, receiver: Receiver, url: str) -> None:
    if url == "https://[::1]:443/":
        url = "https://169.254.169.254/latest"
    refused = api.post("/webhook", json={"target_url": url})
    assert (refused.status_code, refused.json()["code"]) == (422, "webhook_url_forbidden"), refused.text
    assert refused.json()["errors"][0]["pointer"] == "/target_url"
    webhook = made(api, receiver, "/kept")
    assert api.patch(f"/webhook/{webhook['id']}", json={"target_url": url}).status_code == 422
    good_one = good(api.get(f"/webhook/{webhook['id']}"))
    assert good_one["target_url"] == receiver.origin + "/kept"


def test_unknown_names_of_events_are_refused(api: httpx.Client, receiver: Receiver) -> None:
    refused = api.post(
        "/webhook", json={"target_url": receiver.origin, "event_types": ["record:*", "recrd:*"]}
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/event_types/1")


def test_others_see_nothing(product: Product, api: httpx.Client, receiver: Receiver) -> None:
    webhook = made(api, receiver, "/mine")
    sent = try_out(api, webhook)
    with product.client(product.create_key("another")) as other:
        for method, path in (
            ("GET", f"/webhook/{webhook['id']}"), ("PATCH", f"/webhook/{webhook['id']}"),
            ("DELETE", f"/webhook/{webhook['id']}"), ("POST", f"/webhook/{webhook['id']}/rotate-secret"),
            ("GET", f"/webhook-message/{sent['id']}"), ("POST", f"/webhook-message/{sent['id']}/replay"),
        ):  # fmt: skip
            answer = other.request(method, path, **({"json": {}} if method == "PATCH" else {}))
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
        assert good(other.get("/webhook"))["result"] == []
        assert good(other.get("/webhook-message"))["result"] == []
    assert api.delete(f"/webhook/{webhook['id']}").status_code == 204
    assert api.get(f"/webhook-message/{sent['id']}").status_code == 404


@pytest.mark.slow
def test_a_changed_record_arrives_also_when_its_postman_dies(
    product: Product, api: httpx.Client, receiver: Receiver
) -> None:
    """Killed after the post and before it is noted: it comes again, with the same id."""
    for other in good(api.get("/webhook"))["result"]:  # the first post is to be this test's
        assert api.delete(f"/webhook/{other['id']}").status_code == 204
    account = product.connect()[0]["id"]
    named = {"X-Integrated-Account-Id": account}
    webhook = made(api, receiver, "/records", event_types=["record:*"], resources=["contacts"])
    good(api.post("/unified/accounting/contacts", json={"name": "Acme"}, headers=named), 201)
    with product.client(product.create_key("tests", "--account", account)) as limited:
        assert limited.get("/webhook").json()["code"] == "insufficient_scope"
        assert limited.post("/webhook", json={"target_url": receiver.origin}).status_code == 403
    product.crash(0, LEDGERWAY_FAILPOINTS="hook.after_post")
    body = {
        "integrated_account_id": account,
        "resources": ["contacts"],
        "cadence": None,
        "sweep_cadence": None,
    }
    good(api.post("/sync-job", json=body), 201)
    until(lambda: receiver.at("/records"))
    until(lambda: not product.server(0).is_running)
    product.crash(0)
    until(lambda: len(receiver.at("/records")) >= 2)
    first, second = receiver.at("/records")[:2]
    assert first.id == second.id and first.body == second.body
    assert first.signed_with(webhook["secret"]) and second.signed_with(webhook["secret"])
    told = first.told
    assert told["event"] == "record:created" and told["payload"]["record"]["name"] == "Acme"
    [row] = good(api.get("/webhook-message", params={"webhook_id": webhook["id"]}))["result"]
    message(api, row["id"], "delivered")


@pytest.mark.slow
def test_a_change_in_the_books_arrives_by_itself(
    product: Product, api: httpx.Client, receiver: Receiver
) -> None:
    [account] = product.connect("by itself")
    calls = f"{product.sandbox.admin}/organizations/{account['organization']['id']}/calls"

    def natively(method: str, path: str, name: str) -> Any:
        told = good(httpx.post(calls, json={"method": method, "path": path, "body": {"contact_name": name}}))
        assert told["status"] < 300, told
        return told["body"]["contact"]["contact_id"]

    contact = natively("POST", "/contacts", "Before")
    body = {"integrated_account_id": account["id"], "resources": ["contacts"], "sweep_cadence": None}
    job = good(api.post("/sync-job", json={**body, "cadence": {"interval_seconds": 60}}), 201)["id"]
    runs = {"sync_job_id": job}
    until(lambda: good(api.get("/sync-job-run", params=runs))["result"][-1]["state"] == "completed")
    webhook = made(api, receiver, "/by-itself", event_types=["record:updated"])
    natively("PUT", f"/contacts/{contact}", "After")
    [got] = until(lambda: receiver.at("/by-itself"), 180)
    assert got.signed_with(webhook["secret"])
    change = got.told["payload"]
    assert (change["id"], change["via"], change["previous"]["name"]) == (contact, "poll", "Before")
