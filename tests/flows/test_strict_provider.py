"""The gateway in front of a provider built from the specification alone: every operation, nothing it refuses.

Reports are in no specification: the sandbox alone knows them.
"""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.kit.attachments import Attachments
from connectors.kit.resource import Resource
from connectors.zoho_books import CONNECTOR
from tests.connectors.zoho_books.contract import bodies, deviations
from tests.connectors.zoho_books.contract.driving import AMENDED, STATUSES, added
from tests.support.product import Product
from tests.support.specification import Specification
from tests.support.strict_server import StrictServer

RESOURCES = {key: each for key, each in CONNECTOR.resources.items() if key[1] != "reports"}
NAMES = sorted(f"{model}/{name}" for model, name in RESOURCES)
NO_LIMITS = {"minute": 1_000_000, "concurrent": 8, "day": 1_000_000}
ORGANIZATION = "10234695"
PLAIN = ("name", "memo", "customer_note", "description")
"""Fields to change, the first a resource has."""


@pytest.fixture(scope="module")
def strict(specs: Path) -> Iterator[StrictServer]:
    specification = Specification(specs / "zoho-books-openapi")
    recorded = deviations.recordings(specs)
    server = StrictServer(
        specification, lambda each: deviations.rule(specification, recorded, each) is not None
    )
    server.amended = {**AMENDED, "organization_id": ORGANIZATION, "transaction_lock_status": "disabled"}
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def api(strict: StrictServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    gateway = Product(tmp_path_factory.mktemp("product"), strict, limits=NO_LIMITS)
    try:
        with gateway.start().client() as client:
            credentials = {"refresh_token": "1000.strict.refresh", "location": "us"}
            body = {"tenant_id": "strict", "integration": "zohobooks", "credentials": credentials}
            account = client.post("/integrated-account", json=body)
            assert account.status_code == 201, account.text
            client.headers["X-Integrated-Account-Id"] = account.json()["id"]
            yield client
    finally:
        gateway.stop()


class Caller:
    """Calls one resource on one side, and keeps what was not answered well."""

    def __init__(self, api: httpx.Client, strict: StrictServer, name: str, resource: Resource) -> None:
        self.api, self.strict, self.base = api, strict, f"/unified/{name}"
        self.resource = resource
        self.failed: list[str] = []

    def call(self, method: str, path: str = "", body: Any = None, **more: Any) -> httpx.Response:
        if body is not None:
            more["content"] = json.dumps(body, default=_plain)
            more["headers"] = {"Content-Type": "application/json"}
        answer = self.api.request(method, f"{self.base}{path}", **more)
        if not answer.is_success:
            self.failed.append(f"{method} {self.base}{path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def tried(self, path: str, said: Sequence[Any]) -> None:
        """An action, with the first of the bodies that fits, from the first status it starts from."""
        known = len(self.failed)
        for body, status in product(said, STATUSES):
            self.strict.amended["status"] = self.strict.added["status"] = status
            answer = self.call("POST", path, body)
            if answer.is_success:
                del self.failed[known:]
            if answer.is_success or answer.status_code not in (409, 422):
                break
        self.strict.amended["status"] = "sent"
        self.strict.added.pop("status")


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation(api: httpx.Client, strict: StrictServer, name: str) -> None:
    model, _, short = name.partition("/")
    resource = RESOURCES[model, short]
    strict.violations.clear()
    caller = Caller(api, strict, name, resource)
    for word, side in resource.sides.items() or (("", resource),):
        strict.added, strict.empty = (
            added(side),
            tuple(each.path for each in resource.parts if each is not side),
        )
        if isinstance(side, Attachments):
            _files(caller, side)
        else:
            _operations(caller, side, {resource.by: word} if resource.by else {})
    assert strict.violations == []
    assert caller.failed == []


def _operations(caller: Caller, side: Resource, chosen: dict[str, str]) -> None:
    rows = caller.call("GET", params=chosen).json().get("result") or [{}]
    id = rows[0].get("id") or bodies.ID
    for column in side.columns:
        caller.call("GET", params={**chosen, f"sort_by[{column}]": "asc"})
    if side.search is not None:
        caller.call("GET", params={**chosen, "search": "tea"})
    if "get" in side.methods:
        caller.call("GET", f"/{id}")
    if "create" in side.methods:
        for body in bodies.LEAST[side.path]:
            caller.call("POST", "", {**body, **chosen})
    if "update" in side.methods:
        changes = dict(bodies.update_bodies(side))
        body = next((changes[name] for name in PLAIN if name in changes), *list(changes.values())[:1])
        caller.call("PATCH", f"/{id}", body)
    for name in side.lists:
        caller.call("GET", f"/{id}/{name}")
    if side.pdf is not None:
        assert caller.call("GET", f"/{id}/pdf").content == b"%PDF-1.4"
    for name, action in side.actions.items():
        caller.tried(f"/{id}/{name}", bodies.action_bodies(action.fields))
    if "delete" in side.methods:
        caller.call("DELETE", f"/{id}")


def _files(caller: Caller, side: Attachments) -> None:
    for each in side.parents.values():
        caller.base = f"/unified/accounting/{each.resource}/{bodies.ID}/attachments"
        caller.call("GET")
        caller.call("POST", files={"file": ("receipt.pdf", b"%PDF-1.4", "application/pdf")})
        if each.resource not in ("expenses", "journal_entries"):  # the files have no path for these
            assert caller.call("GET", f"/{bodies.ID}/content").content == b"%PDF-1.4"
            caller.call("DELETE", f"/{bodies.ID}")
