"""Creates that carry a mark: lost answers and killed writers make one record, judged by the provider's books."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.demo.processes import free_ports, ledgerway
from tests.flows.conftest import AMPLE, FAST, NO_LIMITS, Admin
from tests.flows.test_lost_answers import BOOKS, invoice, settled, until, with_reference
from tests.support.forked import Gateway
from tests.support.product import Product, Sandbox

ENTITIES = {
    "contacts": ("contact",), "items": ("item",), "invoices": ("invoice",), "estimates": ("estimate",),
    "sales_orders": ("salesorder",), "credit_notes": ("creditnote",), "purchase_orders": ("purchaseorder",),
    "bills": ("bill",), "payments": ("payment", "vendorpayment"), "projects": ("project",),
}  # fmt: skip
"""Resource → where a person makes the field; nobody made it for expenses."""
MARK = "x-unique-identifier-value"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("upserts")
    sandbox = Sandbox(folder, ("--seed", "empty", "--limits", NO_LIMITS))
    product = Product(folder, sandbox, limits=AMPLE, extra=FAST)
    with product.running():
        yield product


@pytest.fixture
def admin(product: Product) -> Iterator[Admin]:
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as client:
        yield client
        client.did("DELETE", "/faults")


@pytest.fixture(scope="module")
def account(product: Product) -> dict[str, Any]:
    return product.connect()[0]


@pytest.fixture(scope="module")
def organization(account: dict[str, Any]) -> str:
    return account["organization"]["id"]


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
        for entity in (entity for entities in ENTITIES.values() for entity in entities):
            path = f"/organizations/{account['organization']['id']}/custom-fields"
            admin.did("POST", path, entity=entity, label="lw_ref", unique=True, in_rows=entity == "invoice")


@pytest.fixture(scope="module")
def marked(shop: httpx.Client, switch: str, fields: None) -> None:
    """From the first test that asks for it on."""
    done = shop.post(switch, json={"resources": list(ENTITIES)})
    assert done.status_code == 200, done.text
    assert {each["found"] for each in done.json()["checked"]} == {"unique"}


def test_by_command_it_is_switched_on_where_the_field_is(
    product: Product, shop: httpx.Client, account: dict[str, Any], fields: None
) -> None:
    told = product.command("accounts", "enable-upsert", account["id"])
    assert "off  expenses: the field is missing, in Expenses" in told
    assert "on   payments: the field is unique, in Payments Made" in told
    assert "Settings, Preferences, Expenses" in told
    shown = shop.get(f"/integrated-account/{account['id']}").json()["upserts"]
    assert shown == dict.fromkeys(ENTITIES, "cf_lw_ref")
    told = product.command("accounts", "disable-upsert", account["id"])
    assert told == "Still marked: nothing"


def creates(admin: Admin, mark: int, method: str) -> list[dict[str, Any]]:
    return admin.calls(after=mark, method=method, path="/invoices$")


def lose(admin: Admin, kind: str, **more: Any) -> None:
    fault = {"kind": kind, "method": "PUT", "path": "/invoices$", **more}
    assert admin.post("/faults", json=fault).is_success


def by_hand(admin: Admin, organization: str, method: str, path: str, **more: Any) -> dict[str, Any]:
    """What somebody at the provider does or sees."""
    asked = {"method": method, "path": path, **more}
    answer = admin.post(f"/organizations/{organization}/calls", json=asked).json()
    assert answer["status"] < 300, answer
    return answer["body"]


def carrying(admin: Admin, organization: str, since: int) -> list[str]:
    """Ids of the provider's invoices with the one mark that was sent since then."""
    [value] = {each["headers"][MARK] for each in creates(admin, since, "PUT")}
    rows = by_hand(admin, organization, "GET", "/invoices", query={"custom_field": value})["invoices"]
    return [row["invoice_id"] for row in rows]


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
    wrong = shop.delete(switch, params={"resource": "journal_entries"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "parameter_invalid")


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


@pytest.mark.parametrize("resource", ["contacts", "items", "sales_orders", "payments"])
def test_other_resources(
    shop: httpx.Client, admin: Admin, customer: str, marked: None, resource: str
) -> None:
    """Found among the newest where no search knows the field."""
    path, body = {
        "contacts": ("/contacts$", {"name": "Marked"}),
        "items": ("/items$", {"name": "Marked", "unit_price": 1}),
        "sales_orders": ("/salesorders$", invoice(customer, "other-1")),
        "payments": (
            "/customerpayments$",
            {"contact": customer, "total_amount": 5, "account": {"name": "Petty Cash"}},
        ),
    }[resource]
    lose(admin, "commit_then_drop", path=path)
    mark, key = admin.last(), {"Idempotency-Key": f"other-{resource}"}
    lost = shop.post(f"{BOOKS}/{resource}", json=body, headers=key)
    assert lost.json()["code"] == "outcome_unknown", lost.text
    found = until(lambda: shop.post(f"{BOOKS}/{resource}", json=body, headers=key), settled)
    assert (found.status_code, found.headers["ledgerway-outcome"]) == (201, "replayed"), found.text
    assert len(admin.calls(after=mark, method="PUT", path=path)) == 1


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset_before", "commit_late"])
def test_one_record_after_a_lost_answer(
    shop: httpx.Client, admin: Admin, customer: str, organization: str, marked: None, kind: str
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
    assert carrying(admin, organization, mark) == [found.json()["id"]]


def test_what_a_person_changes_in_between_stays(
    shop: httpx.Client, admin: Admin, customer: str, organization: str, marked: None
) -> None:
    lose(admin, "commit_then_drop")
    lose(admin, "status", status=503, method="GET", times=-1)  # nobody can look for it yet
    body, key = invoice(customer, None, customer_note="ours"), {"Idempotency-Key": "edited-1"}
    mark = admin.last()
    assert shop.post(f"{BOOKS}/invoices", json=body, headers=key).json()["code"] == "outcome_unknown"
    [id] = carrying(admin, organization, mark)
    by_hand(admin, organization, "PUT", f"/invoices/{id}", body={"notes": "theirs"})
    admin.did("DELETE", "/faults")
    found = until(lambda: shop.post(f"{BOOKS}/invoices", json=body, headers=key), settled)
    assert (found.status_code, found.json()["id"], found.json()["customer_note"]) == (201, id, "theirs")
    assert by_hand(admin, organization, "GET", f"/invoices/{id}")["invoice"]["notes"] == "theirs"
    assert len(creates(admin, mark, "PUT")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("point", ["write.before_send", "write.after_send", "write.before_store"])
def test_one_invoice_when_its_writer_dies(
    product: Product,
    shop: httpx.Client,
    admin: Admin,
    customer: str,
    organization: str,
    marked: None,
    point: str,
) -> None:
    body, key = invoice(customer, point), {"Idempotency-Key": point}
    port = free_ports(1)
    armed = product.environment() | {"LEDGERWAY_FAILPOINTS": point, "LEDGERWAY_WORKER": "false"}
    doomed = Gateway("doomed", ["serve", "--port", str(port)], product.folder, armed)
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
    assert carrying(admin, organization, mark) == [answer.json()["id"]]
    assert len(creates(admin, mark, "PUT")) == 1
    assert creates(admin, mark, "POST") == []


def test_doctor_proves_it_and_leaves_nothing(
    product: Product,
    shop: httpx.Client,
    admin: Admin,
    account: dict[str, Any],
    switch: str,
    marked: None,
) -> None:
    path = f"/organizations/{account['organization']['id']}/custom-fields"
    admin.did("POST", path, entity="expense", label="lw_ref", unique=True)
    everywhere = [*ENTITIES, "expenses"]
    assert shop.post(switch, json={"resources": everywhere}).status_code == 200
    rows = {name: shop.get(f"{BOOKS}/{name}", params={"limit": 200}).json()["result"] for name in everywhere}
    plan, *lines = product.command("doctor", "--live-upsert", account["id"]).splitlines()
    assert "20 upserts of one value at once in each of: Customers and Vendors, " in plan
    assert len(lines) == sum(len(entities) for entities in ENTITIES.values()) + 1
    assert all(line.startswith("ok ") and "20 answered, 1 record," in line for line in lines), lines
    for name, before in rows.items():
        assert len(shop.get(f"{BOOKS}/{name}", params={"limit": 200}).json()["result"]) == len(before), name


def test_doctor_fails_where_the_provider_refuses(
    product: Product, shop: httpx.Client, admin: Admin, account: dict[str, Any], marked: None
) -> None:
    refused = {"status": 400, "code": 4, "message": "Invalid value passed for X-Unique-Identifier-Key"}
    for path in ("/invoices$", "/items$"):
        lose(admin, "status", path=path, times=-1, **refused)
    ran = subprocess.run(
        ledgerway("doctor", "--live-upsert", account["id"]),
        env={**os.environ, **product.environment()}, capture_output=True, text=True,
    )  # fmt: skip
    failed = sorted(line.split(":")[0] for line in ran.stdout.splitlines() if line.startswith("fail"))
    assert (ran.returncode, failed) == (1, ["fail invoices", "fail items"]), ran.stdout
    assert ran.stdout.count("Invalid value passed for X-Unique-Identifier-Key") == 2


def test_switched_off_in_between_a_write_keeps_its_mark(
    shop: httpx.Client, admin: Admin, customer: str, switch: str, marked: None
) -> None:
    lose(admin, "reset_before")
    body, key = invoice(customer, "off-1"), {"Idempotency-Key": "off-1"}
    mark = admin.last()
    assert shop.post(f"{BOOKS}/invoices", json=body, headers=key).json()["code"] == "outcome_unknown"
    assert "invoices" not in shop.delete(switch, params={"resource": "invoices"}).json()["upserts"]
    made = until(lambda: shop.post(f"{BOOKS}/invoices", json=body, headers=key), settled)
    assert made.status_code == 201, made.text
    assert len({each["headers"][MARK] for each in creates(admin, mark, "PUT")}) == 1
    assert creates(admin, mark, "POST") == []
    plain = shop.post(
        f"{BOOKS}/invoices", json=invoice(customer, "off-2"), headers={"Idempotency-Key": "off-2"}
    )
    assert plain.status_code == 201
    assert len(creates(admin, mark, "POST")) == 1
