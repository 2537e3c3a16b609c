"""The product as it is deployed: a sandbox process and a gateway process, one pair per test file."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.flows.coverage import named_for
from tests.support import postgres
from tests.support.product import Product, Sandbox
from tests.support.witness import PERFORMED

if TYPE_CHECKING:
    from tests.flows.company import Company

AMPLE = {"minute": 1_000_000, "concurrent": 50, "day": 1_000_000}
FAST = {"LEDGERWAY_CLOCK_FACTOR": "0.05", "LEDGERWAY_WRITE_SETTLE_SECONDS": "60"}
NO_LIMITS = json.dumps({"minute": None, "day": None, "concurrent": 50})


class Admin(httpx.Client):
    """The sandbox's admin API."""

    def did(self, method: str, path: str, /, **members: Any) -> Any:
        answer = self.request(method, path, json=members)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def calls(self, **narrow: Any) -> list[dict[str, Any]]:
        return self.get("/journal", params=narrow).json()["calls"]

    def living(self, email: str) -> list[dict[str, Any]]:
        """The grants of a user the provider still honours, oldest first."""
        state = self.get("/state").json()
        [user] = [one["user_id"] for one in state["users"] if one["email"] == email]
        return [grant for grant in state["grants"] if grant["user_id"] == user]

    def last(self) -> int:
        return self.get("/journal").json()["last"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    started = Sandbox(tmp_path_factory.mktemp("sandbox"))
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture(scope="module")
def product(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    started = Product(tmp_path_factory.mktemp("product"), sandbox)
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture
def admin(sandbox: Sandbox) -> Iterator[Admin]:
    with Admin(base_url=sandbox.admin, timeout=30, trust_env=False) as client:
        yield client
        client.did("DELETE", "/faults")


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    with product.client() as client:
        yield client


@pytest.fixture(scope="session")
def ample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product whose provider counts no calls, shared by every test file of a process."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), ("--seed", "empty", "--limits", NO_LIMITS))
    limits = {"minute": 1_000_000, "concurrent": 8, "day": 1_000_000}
    near = {"LEDGERWAY_EGRESS_ALLOW": "127.0.0.0/8"}  # receivers of the tests
    product = Product(tmp_path_factory.mktemp("product"), sandbox, limits=limits, extra=near)
    with product.running():
        yield product


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def hasty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product on each database whose provider counts no calls and whose leases and waits are short; its processes
    may be killed. The sandbox is furnished as the module's `SEED` says, and there are `GATEWAYS` gateways."""
    folder = tmp_path_factory.mktemp("hasty")
    url = ""
    if request.param == "postgresql":
        url = postgres.create_database(request.getfixturevalue("postgres_cluster"))
    seed = getattr(request.module, "SEED", "empty")
    sandbox = Sandbox(folder, ("--seed", seed, "--limits", NO_LIMITS))
    try:
        gateways = getattr(request.module, "GATEWAYS", 1)
        with Product(folder, sandbox, url, AMPLE, gateways, FAST).running() as product:
            yield product
    finally:
        if url:
            postgres.drop_database(url)


@pytest.fixture(scope="module")
def connected(ample: Product) -> Iterator[Callable[..., "Company"]]:
    """Makes an organisation of its own and connects it: `connected(currency_code="JPY", seed="furnished")`."""
    from tests.flows.company import Company

    opened: list[httpx.Client] = []
    admin = Admin(base_url=ample.sandbox.admin, timeout=30, trust_env=False)
    opened.append(admin)

    def connect(dc: str = "us", **profile: Any) -> Company:
        name = f"Company {len(opened)} of {id(opened)}"
        organization = admin.did("POST", "/organizations", dc=dc, name=name, **profile)["organization_id"]
        email = f"{organization}@{dc}.example"
        admin.did("POST", "/users", dc=dc, first_name="Owner", email=email, organizations=[organization])
        grant = admin.did("POST", "/grants", user=email)
        api = ample.client()
        opened.append(api)
        credentials = {"refresh_token": grant["refresh_token"], "location": dc}
        body = {"tenant_id": email, "integration": "zohobooks", "credentials": credentials}
        account = api.post("/integrated-account", json=body)
        assert account.status_code == 201, account.text
        api.headers["X-Integrated-Account-Id"] = account.json()["id"]
        return Company(api, admin, account.json()["id"], organization)

    yield connect
    for client in opened:
        client.close()


@pytest.fixture(autouse=True)
def does_what_it_is_named_for(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that coverage.json names for an operation performs it."""
    yield
    missing = named_for(request.node.nodeid) - PERFORMED[request.node.nodeid]
    assert not missing, f"coverage.json names this test for {sorted(missing)}, which it did not do"
