"""Creates that carry a mark: lost answers and killed writers make one record, judged by the provider's books."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.demo.processes import Server, free_ports, ledgerway
from tests.flows.conftest import NO_LIMITS, Admin
from tests.flows.test_lost_answers import AMPLE, BOOKS, FAST, invoice, settled, until, with_reference
from tests.support import postgres
from tests.support.product import Product, Sandbox

ENTITIES = {"contacts": "contact", "items": "item", "invoices": "invoice", "estimates": "estimate"}
ENTITIES["sales_orders"] = "salesorder"
MARK = "x-unique-identifier-value"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("upserts")
    url = ""
    if request.param == "postgresql":
        url = postgres.create_database(request.getfixturevalue("postgres_cluster"))
    sandbox = Sandbox(folder, ("--seed", "empty", "--limits", NO_LIMITS))
    product = Product(folder, sandbox, url, AMPLE, extra=FAST)
    try:
        sandbox.start()
        yield product.start()
    finally:
        product.stop()
        sandbox.stop()
        if url:
            postgres.drop_database(url)


@pytest.fixture
def admin(product: Product) -> Iterator[Admin]:
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as client:
        yield client
        client.did("DELETE", "/faults")


@pytest.fixture(scope="module")
def account(product: Product) -> dict[str, Any]:
    return product.connect()[0]


@pytest.fixture(scope="module")
def switch(account: dict[str, Any]) -> str:
    return f"/integrated-account/{account['id']}/upsert"


@pytest.fixture(scope="module")
def shop(product: Product, account: dict[str, Any]) -> Iterator[httpx.Client]:
    with product.client() as api:
        api.headers["X-Integrated-Account-Id"] = account["id"]
        yield api


@pytest.fixture(scope="module")
def customer(shop: httpx.Client) -> str:
    return shop.post(f"{BOOKS}/contacts", json={"name": "Acme"}).json()["id"]


@pytest.fixture(scope="module")
def fields(product: Product, account: dict[str, Any]) -> None:
    """The unique field, as a person makes it."""
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as admin:
        for entity in ENTITIES.values():
            path = f"/organizations/{account['organization']['id']}/custom-fields"
            admin.did("POST", path, entity=entity, label="lw_ref", unique=True, in_rows=entity == "invoice")


@pytest.fixture
def marked(shop: httpx.Client, switch: str, fields: None) -> Iterator[None]:
    done = shop.post(switch, json={"resources": list(ENTITIES)})
    assert done.status_code == 200, done.text
    assert {each["uniqueness"] for each in done.json()["checked"]} == {"unique"}
    yield
    assert shop.delete(switch).json()["upserts"] == {}


def creates(admin: Admin, mark: int, method: str) -> list[dict[str, Any]]:
    return admin.calls(after=mark, method=method, path="/invoices$")


def lose(admin: Admin, kind: str, **more: Any) -> None:
    assert admin.post(
        "/faults", json={"kind": kind, "method": "PUT", "path": "/invoices$", **more}
    ).is_success


def test_without_the_field_a_person_is_told_what_to_do(
    product: Product, shop: httpx.Client, switch: str, account: dict[str, Any]
) -> None:
    missing = shop.post(switch, json={"resources": ["expenses"]})
    assert (missing.status_code, missing.json()["code"]) == (422, "upsert_field_missing")
    [told] = missing.json()["fields"]
    assert (told["resource"], told["found"]) == ("expenses", "missing")
    assert "Expenses" in told["what_to_do"]
    assert told["field"] in told["what_to_do"]
    assert shop.get(f"/integrated-account/{account['id']}").json()["upserts"] == {}
    unknown = shop.post(switch, json={"resources": ["journal_entries"]})
    assert (unknown.status_code, unknown.json()["code"]) == (400, "parameter_invalid")
    command = subprocess.run(
        ledgerway("accounts", "enable-upsert", account["id"], "--resource", "expenses"),
        env={**os.environ, **product.environment()}, capture_output=True, text=True,
    )  # fmt: skip
    assert command.returncode == 1
    assert "Expenses" in command.stderr


def test_a_create_carries_a_mark_nobody_sees(
    shop: httpx.Client, admin: Admin, customer: str, marked: None
) -> None:
    mark = admin.last()
    made = shop.post(
        f"{BOOKS}/invoices", json=invoice(customer, "seen-1"), headers={"Idempotency-Key": "seen-1"}
    )
    assert (made.status_code, made.headers["ledgerway-outcome"]) == (201, "created"), made.text
    assert not made.json()["custom_fields"]
    assert not any(issue["code"] == "not_applied" for issue in made.json().get("issues") or [])
    assert not shop.get(f"{BOOKS}/invoices/{made.json()['id']}").json()["custom_fields"]
    [sent] = creates(admin, mark, "PUT")
    assert len(sent["headers"][MARK]) == 32
    assert creates(admin, mark, "POST") == []
    wrong = invoice(customer, "seen-2", custom_fields=[{"api_name": "cf_lw_ref", "value": "mine"}])
    assert shop.post(f"{BOOKS}/invoices", json=wrong).status_code == 422
    unkeyed = shop.post(f"{BOOKS}/invoices", json=invoice(customer, "seen-3"))
    assert unkeyed.status_code == 201
    assert len(creates(admin, mark, "POST")) == 1


@pytest.mark.parametrize("resource", ["contacts", "items", "estimates", "sales_orders"])
def test_other_resources(
    shop: httpx.Client, admin: Admin, customer: str, marked: None, resource: str
) -> None:
    """Found among the newest where no search knows the field."""
    path = {"sales_orders": "/salesorders$"}.get(resource, f"/{resource}$")
    fault = {"kind": "commit_then_drop", "method": "PUT", "path": path}
    assert admin.post("/faults", json=fault).is_success
    body = {"name": "Marked", "unit_price": 1} if resource == "items" else {"name": "Marked"}
    if resource in ("estimates", "sales_orders"):
        body = invoice(customer, f"other-{resource}")
    mark, key = admin.last(), {"Idempotency-Key": f"other-{resource}"}
    lost = shop.post(f"{BOOKS}/{resource}", json=body, headers=key)
    assert lost.json()["code"] == "outcome_unknown", lost.text
    found = until(lambda: shop.post(f"{BOOKS}/{resource}", json=body, headers=key), settled)
    assert (found.status_code, found.headers["ledgerway-outcome"]) == (201, "replayed"), found.text
    assert len(admin.calls(after=mark, method="PUT", path=path)) == 1


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset_before", "commit_late"])
def test_one_record_after_a_lost_answer(
    shop: httpx.Client, admin: Admin, customer: str, marked: None, kind: str
) -> None:
    lose(admin, kind, **({"seconds": 1.0} if kind == "commit_late" else {}))
    body = invoice(customer, None, status="authorised")  # nothing but the mark tells it from another
    mark, key = admin.last(), {"Idempotency-Key": f"lost-{kind}"}
    lost = shop.post(f"{BOOKS}/invoices", json=body, headers=key)
    assert (lost.status_code, lost.json()["code"]) == (502, "outcome_unknown"), lost.text
    found = until(lambda: shop.post(f"{BOOKS}/invoices", json=body, headers=key), settled)
    assert (found.status_code, found.headers["ledgerway-outcome"]) == (201, "replayed"), found.text
    assert found.json()["status"] == "authorised"
    sent = creates(admin, mark, "PUT")
    assert len({each["headers"][MARK] for each in sent}) == 1
    assert len(sent) == 1 if kind == "commit_then_drop" else len(sent) <= 2
    [value] = {each["headers"][MARK] for each in sent}
    asked = {"path": "/invoices", "query": {"custom_field": value}}
    answer = admin.post(f"/organizations/{organization(shop)}/calls", json=asked).json()
    assert [row["invoice_id"] for row in answer["body"]["invoices"]] == [found.json()["id"]]


def organization(shop: httpx.Client) -> str:
    return shop.get(f"/integrated-account/{shop.headers['x-integrated-account-id']}").json()["organization"][
        "id"
    ]


def test_switched_off_in_between_a_write_keeps_its_mark(
    shop: httpx.Client, admin: Admin, customer: str, switch: str, fields: None
) -> None:
    assert shop.post(switch, json={"resources": ["invoices"]}).status_code == 200
    lose(admin, "reset_before")
    body, key = invoice(customer, "off-1"), {"Idempotency-Key": "off-1"}
    mark = admin.last()
    assert shop.post(f"{BOOKS}/invoices", json=body, headers=key).json()["code"] == "outcome_unknown"
    assert shop.delete(switch, params={"resource": "invoices"}).json()["upserts"] == {}
    made = until(lambda: shop.post(f"{BOOKS}/invoices", json=body, headers=key), settled)
    assert made.status_code == 201, made.text
    assert len({each["headers"][MARK] for each in creates(admin, mark, "PUT")}) == 1
    assert creates(admin, mark, "POST") == []
    plain = shop.post(
        f"{BOOKS}/invoices", json=invoice(customer, "off-2"), headers={"Idempotency-Key": "off-2"}
    )
    assert plain.status_code == 201
    assert len(creates(admin, mark, "POST")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("point", ["write.before_send", "write.after_send"])
def test_one_invoice_when_its_writer_dies(
    product: Product, shop: httpx.Client, admin: Admin, customer: str, marked: None, point: str
) -> None:
    body, key = invoice(customer, point), {"Idempotency-Key": point}
    port = free_ports(1)
    armed = product.environment() | {"LEDGERWAY_FAILPOINTS": point, "LEDGERWAY_WORKER": "false"}
    doomed = Server("doomed", ledgerway("serve", "--port", str(port)), product.folder, armed)
    base, mark = f"http://127.0.0.1:{port}", admin.last()
    try:
        doomed.wait(f"{base}/readyz")
        with pytest.raises(httpx.TransportError):
            shop.post(f"{base}{BOOKS}/invoices", json=body, headers=key)
    finally:
        doomed.stop()
    answer = until(lambda: shop.post(f"{BOOKS}/invoices", json=body, headers=key), settled)
    assert answer.status_code == 201, answer.text
    assert [row["id"] for row in with_reference(shop, point)] == [answer.json()["id"]]
    assert len({each["headers"][MARK] for each in creates(admin, mark, "PUT")}) == 1
    assert creates(admin, mark, "POST") == []


def test_doctor_proves_it_and_leaves_nothing(
    product: Product, shop: httpx.Client, account: dict[str, Any], marked: None
) -> None:
    before = shop.get(f"{BOOKS}/contacts").json()["result"]
    doctor = ledgerway("doctor", "--live-upsert", account["id"])
    ran = subprocess.run(doctor, env={**os.environ, **product.environment()}, capture_output=True, text=True)
    said = ran.stdout.strip()
    assert ran.returncode == 0, said + ran.stderr
    assert sorted(line.split()[1].rstrip(":") for line in said.splitlines()) == sorted(ENTITIES), said
    assert all(line.startswith("ok") and "20 answered, 1 record" in line for line in said.splitlines()), said
    assert len(shop.get(f"{BOOKS}/contacts").json()["result"]) == len(before)
