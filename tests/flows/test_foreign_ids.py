"""Every route, asked for what belongs to another environment: it is not there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.edge import RAW_ROOMS
from app.core.settings import Settings
from app.main import create_app
from tests.support.product import Product, Sandbox
from tests.support.routes import every

BODIES = {
    "/integrated-account/{account_id}": {"context": {"note": "x"}},
    "/environment-integration/{integration_id}": {"client_id": "1000.OURS", "client_secret": "ours"},
}
"""Bodies that would be accepted; where none is listed the id is looked at first."""


EXTRA = {"LEDGERWAY_KEY_RATE": "off", "LEDGERWAY_EGRESS_ALLOW": "127.0.0.0/8"}


@dataclass
class Theirs:
    """What another environment has."""

    account: str
    invoice: str
    key: str
    log: str
    client: str
    write: str
    job: str
    run: str
    webhook: str
    message: str


@pytest.fixture(scope="module")
def product(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Hundreds of routes are asked at once."""
    started = Product(tmp_path_factory.mktemp("product"), sandbox, extra=EXTRA)
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture(scope="module")
def theirs(product: Product) -> Theirs:
    [account] = product.connect("theirs")
    with product.client() as api:
        at = {"integrated_account_id": account["id"]}
        invoice = api.get("/unified/accounting/invoices", params=at).json()["result"][0]["id"]
        key = api.post("/api-key", json={"name": "theirs", "scopes": ["accounting:read"]}).json()["id"]
        stored = api.post(
            "/environment-integration",
            json={"integration": "zohobooks", "client_id": "1000.THEIRS", "client_secret": "not-ours"},
        )
        assert stored.status_code == 201, stored.text
        written = api.post("/unified/accounting/contacts", params=at, json={"name": "Their customer"})
        assert written.status_code == 201, written.text
        write = written.headers["ledgerway-write-id"]
        made = api.post("/sync-job", json={**at, "resources": ["items"], "cadence": None}).json()
        [run] = api.get("/sync-job-run", params={"sync_job_id": made["id"]}).json()["result"]
        webhook = api.post("/webhook", json={"target_url": "http://127.0.0.1:9/theirs"}).json()["id"]
        message = api.post("/webhook/test", json={"id": webhook}).json()["id"]
        log: list[Any] = []
        while not log:
            log = api.get("/log").json()["result"]
    return Theirs(
        account["id"],
        invoice,
        key,
        log[0]["id"],
        stored.json()["id"],
        write,
        made["id"],
        run["id"],
        webhook,
        message,
    )


@pytest.fixture(scope="module")
def stranger(product: Product) -> Iterator[httpx.Client]:
    with product.client(product.create_key("strangers")) as client:
        yield client


@pytest.fixture(scope="module")
def own(product: Product) -> str:
    key = product.create_key("neighbours")
    return product.connect("ours", key, user="lena@eu.example")[0]["id"]


def is_absent(answer: httpx.Response, what: str) -> None:
    assert answer.status_code == 404, f"{what}: {answer.status_code} {answer.text}"
    assert answer.json()["code"] == "not_found", f"{what}: {answer.text}"


def ids(theirs: Theirs) -> dict[str, str]:
    return {
        "account_id": theirs.account,
        "integrated_account_id": theirs.account,
        "id": theirs.invoice,
        "attachment_id": "460000000026049",
        "refund_id": "460000000026050",
        "key_id": theirs.key,
        "entry_id": theirs.log,
        "integration_id": theirs.client,
        "integration": theirs.client,
        "write_id": theirs.write,
        "job_id": theirs.job,
        "run_id": theirs.run,
        "act": "pause",
        "webhook_id": theirs.webhook,
        "message_id": theirs.message,
    }


def test_every_route(stranger: httpx.Client, theirs: Theirs, tmp_path: Path) -> None:
    known = ids(theirs) | {"element": theirs.invoice, "attachment": theirs.invoice, "a": theirs.account}
    known |= {"action": "void", "model": "accounting", "resource": "invoices", "rest:path": theirs.invoice}
    settings = {
        "database_url": f"sqlite:///{tmp_path / 'none.db'}",
        "keyring_file": tmp_path / "keyring.json",
    }
    tried = 0
    for one in every(create_app(Settings.model_validate(settings))):
        named = [part[1:-1] for part in one.path.split("/") if part.startswith("{")]
        unified = one.path.startswith("/unified/")
        if one.is_open or one.path.startswith(RAW_ROOMS) or not (named or unified):
            continue
        missing = [name for name in named if name not in known]
        assert not missing, f"{one}: what stands for {missing}?"
        query = {"integrated_account_id": theirs.account} if unified else {}
        body = BODIES.get(one.path, {})
        path = "/".join(known.get(part[1:-1], part) for part in one.path.split("/"))
        answer = stranger.request(one.method, path, params=query, json=body)
        if one.path.startswith("/unified/{") and answer.status_code == 405:
            continue  # a verb that its owner cannot use there either
        if one.method == "OPTIONS":
            assert answer.status_code == 404, one
        else:
            is_absent(answer, str(one))
        tried += 1
    assert tried > 300


def test_every_body_and_parameter_that_names_an_account(stranger: httpx.Client, theirs: Theirs) -> None:
    for path, body in (
        ("/integrated-account/token", {"integrated_account_id": theirs.account}),
        ("/integrated-account/refresh-credentials", {"id": theirs.account}),
        ("/link-token", {"integrated_account_id": theirs.account}),
        ("/sync-job", {"integrated_account_id": theirs.account}),
        ("/sync-job-run", {"sync_job_id": theirs.job}),
        ("/webhook/test", {"id": theirs.webhook}),
        ("/webhook-message/replay", {"webhook_id": theirs.webhook, "since": "2026-01-01T00:00:00Z"}),
        ("/integrated-account", {"tenant_id": "x", "same_grant_as": theirs.account, "organization_id": "1"}),
    ):
        is_absent(stranger.post(path, json=body), path)
    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        for path in (f"/proxy/invoices?integrated_account_id={theirs.account}",
                     f"/native/zohobooks/{theirs.account}/books/v3/invoices"):  # fmt: skip
            answer = stranger.request(verb, path)
            assert answer.status_code == 404, f"{verb} {path}: {answer.status_code} {answer.text}"
    by_header = stranger.get(
        "/unified/accounting/invoices", headers={"X-Integrated-Account-Id": theirs.account}
    )
    is_absent(by_header, "header")
    copies = {"integrated_account_id": theirs.account, "source": "synced"}
    for path in ("items", "items/1"):
        is_absent(stranger.get(f"/unified/accounting/{path}", params=copies), "copies")
    is_absent(stranger.get("/changes", params={"integrated_account_id": theirs.account}), "changes")
    lists = ("/log", "/write", "/integrated-account", "/api-key", "/audit")
    for path in (*lists, "/sync-job", "/sync-job-run", "/webhook", "/webhook-message"):
        listed = stranger.get(path)
        assert listed.status_code == 200, listed.text
        assert theirs.account not in listed.text and theirs.key not in listed.text, path


def test_a_foreign_id_reads_like_an_unknown_one(stranger: httpx.Client, theirs: Theirs) -> None:
    def told(account: str) -> dict[str, Any]:
        answer = stranger.get("/unified/accounting/invoices", params={"integrated_account_id": account})
        return {name: value for name, value in answer.json().items() if name != "request_id"}

    assert told(theirs.account) == told("ia_" + "0" * 26)


def test_records_of_another_organisation(product: Product, theirs: Theirs, own: str) -> None:
    with product.client(product.create_key("neighbours")) as api:
        for verb, path in (
            ("GET", f"/unified/accounting/invoices/{theirs.invoice}"),
            ("PATCH", f"/unified/accounting/invoices/{theirs.invoice}"),
            ("DELETE", f"/unified/accounting/invoices/{theirs.invoice}"),
            ("POST", f"/unified/accounting/invoices/{theirs.invoice}/void"),
            ("GET", f"/unified/accounting/invoices/{theirs.invoice}/pdf"),
        ):
            body = {"customer_note": "x"} if verb == "PATCH" else None
            answer = api.request(verb, path, params={"integrated_account_id": own}, json=body)
            is_absent(answer, f"{verb} {path}")


def test_cursors_of_another_account(product: Product, theirs: Theirs, own: str) -> None:
    with product.client() as api:
        first = api.get(
            "/unified/accounting/invoices", params={"integrated_account_id": theirs.account, "limit": 1}
        ).json()
    with product.client(product.create_key("neighbours")) as api:
        answer = api.get(
            "/unified/accounting/invoices",
            params={"integrated_account_id": own, "limit": 1, "next_cursor": first["next_cursor"]},
        )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
