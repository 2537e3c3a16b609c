"""Copies of a customer's books: in a database of the customer's own, and in files; against what the feed tells."""

import json
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.company import exact
from tests.flows.conftest import AMPLE, FAST, NO_LIMITS, Admin
from tests.flows.copies import PASSWORD, Copy, connected, job_of, post, settled, until
from tests.support import postgres
from tests.support.product import Product, Sandbox

pytestmark = pytest.mark.slow
Rows = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def product(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("copied")
    (folder / "exports").mkdir()
    url = ""
    if request.param == "postgresql":
        url = postgres.create_database(request.getfixturevalue("postgres_cluster"))
    sandbox = Sandbox(folder, ("--limits", NO_LIMITS))
    product = Product(
        folder, sandbox, url, AMPLE, extra={**FAST, "LEDGERWAY_EXPORT_FOLDER": str(folder / "exports")}
    )
    try:
        with product.running():
            yield product
    finally:
        if url:
            postgres.drop_database(url)


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    """Calls for an account of its own."""
    yield from connected(product)


@pytest.fixture
def admin(product: Product) -> Iterator[Admin]:
    with Admin(base_url=product.sandbox.admin, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def copy(postgres_cluster: str) -> Iterator[Copy]:
    made = Copy(postgres_cluster)
    yield made
    made.drop()


def run(api: httpx.Client, job: dict[str, Any], mode: str = "delta") -> dict[str, Any]:
    started = post(api, "/sync-job-run", {"sync_job_id": job["id"], "mode": mode}, 202)
    return until(
        lambda: (seen := api.get(f"/sync-job-run/{started['id']}").json())["state"] == "completed" and seen
    )


def truth(api: httpx.Client) -> tuple[Rows, set[tuple[str, str]]]:
    """The account's records as the feed leaves them, and those that are gone."""
    records: Rows = {}
    gone: set[tuple[str, str]] = set()
    asked: dict[str, Any] = {"integrated_account_id": api.headers["X-Integrated-Account-Id"], "limit": 200}
    while True:
        page = exact(api.get("/changes", params=asked))
        for change in page["result"]:
            key = change["resource"], change["id"]
            gone.discard(key)
            if change["record"] is None:
                gone.add(key)
                del records[key]
            else:
                records[key] = change["record"]
        if not page["has_more"]:
            return records, gone
        asked["next_cursor"] = page["next_cursor"]


def equal(told: Any, stored: Any) -> bool:
    """Whether a column holds a record's value: an instant may be written another way."""
    if isinstance(told, str) and isinstance(stored, str) and told != stored:
        return told.removesuffix("Z") == stored.removesuffix("+00:00")
    return told == stored


def is_copied(api: httpx.Client, copy: Copy, schema: str = "ledgerway") -> None:
    records, gone = truth(api)
    account = api.headers["X-Integrated-Account-Id"]
    assert len(records) > 20
    stored: Rows = {}
    for resource in {key[0] for key in records}:
        stored |= {(resource, id): row for id, row in copy.rows(resource, schema).items()}
    assert {key for key, row in stored.items() if row["deleted_at"] is None} == set(records)
    assert {key for key, row in stored.items() if row["deleted_at"] is not None} == gone
    for key, record in records.items():
        row = stored[key]
        assert row["integrated_account_id"] == account
        for name, value in record.items():
            assert equal(value, row[name]), (key, name, value, row[name])


def test_a_database_gets_everything_and_every_change(api: httpx.Client, admin: Admin, copy: Copy) -> None:
    job = job_of(api, {"type": "postgresql", "url": copy.url})
    at = job["destination"]
    assert at["schema"] == "ledgerway" and at["url"].startswith(f"postgresql://{copy.role}@127.0.0.1:")
    assert PASSWORD not in api.get(f"/sync-job/{job['id']}").text
    assert PASSWORD not in api.get("/sync-job").text
    settled(api, job)
    is_copied(api, copy)
    books = "/unified/accounting"
    made = post(api, f"{books}/contacts", {"name": "New", "is_customer": True})
    other = next(iter(id for id in copy.rows("items")))
    assert api.patch(f"{books}/items/{other}", json={"name": "Another name"}).is_success
    seen = run(api, job)
    assert seen["destination"]["type"] == "postgresql"
    settled(api, job)
    is_copied(api, copy)
    assert copy.rows("items")[other]["name"] == "Another name" and made["id"] in copy.rows("contacts")
    assert api.delete(f"{books}/contacts/{made['id']}").is_success
    run(api, job, "full")
    settled(api, job)
    is_copied(api, copy)
    gone = copy.rows("contacts")[made["id"]]
    assert gone["deleted_at"] is not None and gone["name"] == "New"


def test_tables_are_evolved_by_adding_only(api: httpx.Client, copy: Copy) -> None:
    copy.do("CREATE SCHEMA mine", f"GRANT ALL ON SCHEMA mine TO {copy.role}")
    job = job_of(api, {"type": "postgresql", "url": copy.url, "schema": "mine"}, ["items"])
    settled(api, job)
    copy.as_root(
        "ALTER TABLE mine.items ADD COLUMN theirs text DEFAULT 'kept'",
        "ALTER TABLE mine.items ALTER COLUMN unit_price TYPE text",
        "ALTER TABLE mine.items DROP COLUMN name",
    )
    more = api.patch(f"/sync-job/{job['id']}", json={"resources": ["items", "contacts"]})
    assert more.is_success, more.text
    run(api, job)
    done = settled(api, job)
    rows = copy.rows("items", "mine")
    records, _ = truth(api)
    assert {row["theirs"] for row in rows.values()} == {"kept"}
    for (resource, id), record in records.items():
        assert copy.rows(resource, "mine")[id]["name"] == record["name"]
    assert all(isinstance(row["unit_price"], str) for row in rows.values() if row["unit_price"] is not None)
    assert done["destination"]["delivered"] >= len(rows) * 2, (
        "everything went again when a resource was added"
    )


@pytest.mark.parametrize(
    ("breaks", "mends", "code"),
    [
        ("ALTER ROLE {role} NOLOGIN", "ALTER ROLE {role} LOGIN", "refused"),
        ("REVOKE ALL ON ledgerway.items FROM {role}", "GRANT ALL ON ledgerway.items TO {role}", "denied"),
        ("ALTER TABLE ledgerway.items ADD CHECK (id IS NULL) NOT VALID",
         "ALTER TABLE ledgerway.items DROP CONSTRAINT items_id_check", "data"),
    ],
)  # fmt: skip
def test_a_destination_that_breaks_is_tried_again_until_it_is_back(
    api: httpx.Client, admin: Admin, copy: Copy, breaks: str, mends: str, code: str
) -> None:
    job = job_of(api, {"type": "postgresql", "url": copy.url}, ["items", "contacts", "accounts"])
    settled(api, job)
    copy.as_root(breaks.format(role=copy.role))
    made = post(
        api,
        "/unified/accounting/items",
        {"name": f"While it was away {time.monotonic()}", "unit_price": "1.50"},
    )
    done = run(api, job)
    assert done["state"] == "completed" and done["error"] is None

    def failing() -> Any:
        at = api.get(f"/sync-job-run/{done['id']}").json()["destination"]
        return at if at["state"] == "failing" else None

    at = until(failing)
    assert at["error"]["code"] == code and at["error"]["since"] and at["retry_at"] and at["waiting"] == 1
    copy.as_root(mends.format(role=copy.role))
    back = settled(api, job)["destination"]
    assert back["error"] is None and back["retry_at"] is None
    assert made["id"] in copy.rows("items")
    is_copied(api, copy)


def test_a_killed_delivery_is_finished_and_doubles_nothing(
    api: httpx.Client, product: Product, copy: Copy
) -> None:
    job = job_of(api, None)
    [first] = api.get("/sync-job-run", params={"sync_job_id": job["id"]}).json()["result"]
    until(lambda: api.get(f"/sync-job-run/{first['id']}").json()["state"] == "completed")
    product.crash(0, LEDGERWAY_FAILPOINTS="destination.after_write")
    wanted = {"destination": {"type": "postgresql", "url": copy.url}}
    assert api.patch(f"/sync-job/{job['id']}", json=wanted).is_success
    until(lambda: product.server(0).exit_code is not None)
    assert product.server(0).exit_code == -signal.SIGKILL
    product.crash(0)
    settled(api, job)
    is_copied(api, copy)


def test_files_replayed_in_the_order_of_sequences_are_the_records(
    api: httpx.Client, admin: Admin, product: Product
) -> None:
    job = job_of(api, {"type": "files", "path": "acme/books"})
    assert job["destination"]["path"] == "acme/books" and job["destination"]["format"] == "ndjson"
    settled(api, job)
    made = post(api, "/unified/accounting/contacts", {"name": "Short-lived", "is_customer": True})
    run(api, job)
    settled(api, job)
    assert api.delete(f"/unified/accounting/contacts/{made['id']}").is_success
    run(api, job, "full")
    settled(api, job)
    folder = product.folder / "exports" / "acme" / "books" / api.headers["X-Integrated-Account-Id"]
    assert replayed(folder) == truth(api)
    assert not [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".ndjson"]


def replayed(folder: Path) -> tuple[Rows, set[tuple[str, str]]]:
    lines = [
        json.loads(line, parse_float=Decimal, parse_int=Decimal)
        for path in folder.rglob("*.ndjson")
        for line in path.read_text().splitlines()
    ]
    last = {(line["resource"], line["id"]): line for line in sorted(lines, key=lambda line: line["sequence"])}
    gone = {key for key, line in last.items() if line["deleted_at"] is not None}
    return {key: line["record"] for key, line in last.items() if key not in gone}, gone


def test_a_job_that_ends_takes_its_destination_with_it(api: httpx.Client, copy: Copy) -> None:
    job = job_of(api, {"type": "postgresql", "url": copy.url}, ["items"])
    settled(api, job)
    away = api.patch(f"/sync-job/{job['id']}", json={"destination": None})
    assert away.is_success and away.json()["destination"] is None
    told = api.get("/audit", params={"target": job["id"]}).json()["result"][::-1]
    assert [entry["action"] for entry in told] == ["sync_job.created", "sync_job.changed"]
    at = told[0]["detail"]["destination"]
    assert (at["type"], at["host"]) == ("postgresql", "127.0.0.1")
    assert told[1]["detail"]["changed"] == ["destination"] and "destination" not in told[1]["detail"]
    assert PASSWORD not in str(told) and copy.url not in str(told)
    assert copy.rows("items"), "what is there stays there"
    again = api.patch(f"/sync-job/{job['id']}", json={"destination": {"type": "postgresql", "url": copy.url}})
    assert again.is_success
    settled(api, job)
    assert api.delete(f"/sync-job/{job['id']}").status_code == 204
    account = api.headers["X-Integrated-Account-Id"]
    job_of(api, {"type": "postgresql", "url": copy.url}, ["items"])
    assert api.delete(f"/integrated-account/{account}", params={"purge": True}).is_success
