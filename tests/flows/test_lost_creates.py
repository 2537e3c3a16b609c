"""A create of every resource whose answer is lost: recognised among the records of its kind, never made twice."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.flows.company import Company
from tests.flows.conftest import AMPLE, FAST, NO_LIMITS, Admin
from tests.flows.records import BODIES, furnish
from tests.flows.test_lost_answers import given_up, until
from tests.support.product import Product, Sandbox

pytestmark = pytest.mark.slow

FOR_A_PERSON = {
    "bank_accounts": "outcome_pending",
    "currencies": "outcome_pending",
    "employees": "outcome_pending",
    "tax_rates": "outcome_pending",
    "tracking_categories": "outcome_pending",
    "transactions": "write_conflict_multiple",
}
"""Their lists tell neither when a record was made nor which is the newest: nobody but a person knows whose it is."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("lost")
    sandbox = Sandbox(folder, ("--seed", "furnished", "--limits", NO_LIMITS))
    with Product(folder, sandbox, "", AMPLE, extra=FAST).running() as product, product.client() as api:
        account = product.connect()[0]
        api.headers["X-Integrated-Account-Id"] = account["id"]
        with Admin(base_url=sandbox.admin, timeout=30, trust_env=False) as admin:
            yield furnish(Company(api, admin, account["id"], account["organization"]["id"]))


@pytest.mark.parametrize("name", sorted(BODIES))
def test_a_lost_create_is_recognised_and_never_made_twice(company: Company, name: str) -> None:
    post = partial(
        company.call, "POST", name, json=BODIES[name](), headers={"Idempotency-Key": f"lost-{name}"}
    )
    company.admin.did("POST", "/faults", kind="commit_then_drop", method="POST")
    mark = company.admin.last()
    lost = post()
    assert lost.json()["code"] == "outcome_unknown", lost.text
    write = partial(company.call, "GET", f"/write/{lost.headers['ledgerway-write-id']}")
    until(write, lambda told: told.json()["state"] == "done" or given_up(told))
    found = post()
    assert [call["method"] for call in company.calls(mark, method="POST")] == ["POST"]
    if name in FOR_A_PERSON:
        assert found.json()["code"] == FOR_A_PERSON[name], found.text
        return
    assert (found.status_code, found.headers["ledgerway-outcome"]) == (201, "replayed"), found.text
    assert company.get(f"{name}/{found.json()['id']}")["id"] == found.json()["id"]
