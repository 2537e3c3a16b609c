"""A provider's own hooks, installed through our API: from a change in its books to a signed webhook of ours."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.flows.company import Company
from tests.flows.test_inbound import theirs, wait_for
from tests.flows.test_sync import feed, job_of, run
from tests.flows.test_webhooks import Receiver, receiver

__all__ = ["receiver"]


@dataclass
class Hooked:
    """An organisation whose hooks are installed, on a plan that has them."""

    company: Company
    job: dict[str, Any]

    @property
    def inbound(self) -> str:
        return f"/integrated-account/{self.company.account_id}/inbound"

    def install(self) -> dict[str, str]:
        """The modes afterwards."""
        told = self.company.good(self.company.call("POST", self.inbound))
        return {each["resource"]: each["mode"] for each in told["resources"]}

    def modes(self) -> dict[str, str]:
        told = self.company.get(f"/sync-job/{self.job['id']}")["coverage"]
        shown = {each["resource"]: each["mode"] for each in self.company.get(self.inbound)["resources"]}
        assert {each["resource"]: each["mode"] for each in told} == shown
        return shown

    def installed(self) -> tuple[list[str], list[str]]:
        """Entities of the webhooks, and entities with rules of the workflows, as the provider has them."""
        hooks = self.company.natively("GET", "/settings/webhooks")["webhooks"]
        rules = self.company.natively("GET", "/settings/workflows")["workflows"]
        return sorted(each["entity"] for each in hooks), sorted(
            f"{each['entity']} {each['rule_type']}" for each in rules if each["is_active"]
        )

    def automation(self, **how: Any) -> None:
        path = f"/organizations/{self.company.organization_id}/automation"
        assert self.company.admin.put(path, json=how).is_success

    def misfortune(self, kind: str, **more: Any) -> None:
        fault = {"kind": kind, "organization_id": self.company.organization_id, **more}
        assert self.company.admin.post("/hooks/faults", json=fault).is_success


@pytest.fixture
def hooked(connected: Callable[..., Company]) -> Callable[..., Hooked]:
    def opened(*resources: str) -> Hooked:
        company = connected()
        return Hooked(company, job_of(company, resources=list(resources))[0])

    return opened


def test_a_change_at_the_provider_comes_by_hook_and_goes_out_signed(
    hooked: Callable[..., Hooked], receiver: Receiver
) -> None:
    one = hooked("contacts", "tax_rates")
    company = one.company
    assert one.install() == {"contacts": "hook_unverified", "tax_rates": "polling"} == one.modes()
    path = f"/of-{company.account_id}"
    told_to = {"target_url": receiver.origin + path, "integrated_account_id": [company.account_id]}
    wanted = {**told_to, "event_types": ["record:*"]}
    secret = company.good(company.call("POST", "/webhook", json=wanted), 201)["secret"]
    _, cursor = feed(company)
    made = theirs(company, "Theirs")
    [change] = wait_for(lambda: feed(company, cursor)[0])
    assert (change["id"], change["change"], change["via"]) == (made, "created", "inbound")
    assert change["origin"] is None and change["record"]["name"] == "Theirs"
    [got] = wait_for(lambda: receiver.at(path))
    assert got.signed_with(secret) and got.told["payload"]["id"] == made
    assert got.told["payload"]["via"] == "inbound"
    assert one.modes() == {"contacts": "hook", "tax_rates": "polling"}
    company.natively("PUT", f"/contacts/{made}", contact_name="Renamed")
    change = wait_for(lambda: feed(company, cursor)[0][1:])[0]
    assert change["change"] == "updated" and change["previous"]["name"] == "Theirs"
    company.natively("DELETE", f"/contacts/{made}")
    change = wait_for(lambda: feed(company, cursor)[0][2:])[0]
    assert (change["id"], change["change"], change["via"]) == (made, "deleted", "inbound")
    assert wait_for(lambda: receiver.at(path)[2:])[0].told["event"] == "record:deleted"


def test_hooks_that_come_twice_or_in_another_order_tell_each_change_once(
    hooked: Callable[..., Hooked],
) -> None:
    one = hooked("contacts")
    company = one.company
    one.install()
    one.misfortune("duplicate", count=3, times=-1, entity="contact")
    one.misfortune("reorder", times=2, seconds=1)
    _, cursor = feed(company)
    ids = [theirs(company, f"Number {number}") for number in range(4)]
    wait_for(lambda: len(feed(company, cursor)[0]) >= 4)
    time.sleep(2.5)
    told, _ = feed(company, cursor)
    assert Counter(change["id"] for change in told) == Counter(ids)


def test_a_hook_signed_with_another_secret_verifies_nothing(hooked: Callable[..., Hooked]) -> None:
    one = hooked("contacts")
    company = one.company
    one.install()
    one.misfortune("wrong_signature", times=-1)
    theirs(company, "Forged")
    whose = {"organization_id": company.organization_id}

    def sent() -> list[dict[str, Any]]:
        deliveries = company.admin.get("/hooks", params=whose).json()["deliveries"]
        return [each for each in deliveries if each["status"] != "waiting"]

    [delivery] = wait_for(sent)
    assert (delivery["status"], delivery["http_status"]) == ("failed", 401)
    assert one.modes() == {"contacts": "hook_unverified"}
    assert run(company, one.job)["totals"]["created"] == 1, "polling is the backstop"


def test_every_kind_of_record_the_provider_can_tell_of_is_installed(hooked: Callable[..., Hooked]) -> None:
    resources = (
        "accounts", "bills", "contacts", "credit_notes", "currencies", "estimates", "expenses", "invoices", "items",
        "journal_entries", "payments", "projects", "purchase_orders", "sales_orders", "sales_receipts", "tax_rates",
        "transactions", "vendor_credits",
    )  # fmt: skip
    one = hooked(*resources)
    modes = one.install()
    polled = {name for name, mode in modes.items() if mode != "hook_unverified"}
    assert (
        polled == {"currencies", "tax_rates"} == {name for name, mode in modes.items() if mode == "polling"}
    )
    assert one.install() == modes, "and nothing twice"
    hooks, rules = one.installed()
    assert len(hooks) == len(set(hooks)) == 17 and len(rules) == 34


def test_hooks_are_repaired_and_go_with_what_they_were_for(hooked: Callable[..., Hooked]) -> None:
    one = hooked("contacts", "invoices")
    company = one.company
    one.install()
    complete = one.installed()
    assert complete == (
        ["contact", "invoice"],
        ["contact add_edit", "contact delete", "invoice add_edit", "invoice delete"],
    )
    rules = company.natively("GET", "/settings/workflows")["workflows"]
    company.natively("DELETE", f"/settings/workflows/{rules[0]['workflow_id']}")
    company.natively("POST", f"/settings/workflows/{rules[1]['workflow_id']}/inactive")
    one.install()
    assert one.installed() == complete
    job = f"/sync-job/{one.job['id']}"
    company.good(company.call("PATCH", job, json={"resources": ["contacts"]}))
    wait_for(lambda: one.installed()[0] == ["contact"])
    assert one.installed()[1] == ["contact add_edit", "contact delete"] and one.modes() == {
        "contacts": "hook_unverified"
    }
    assert company.call("DELETE", f"/integrated-account/{company.account_id}").status_code == 200
    assert one.installed() == ([], [])


def test_a_plan_without_workflows_is_told_and_polling_goes_on(hooked: Callable[..., Hooked]) -> None:
    one = hooked("contacts")
    one.automation(refuses="plan")
    told = one.company.good(one.company.call("POST", one.inbound))
    [contacts] = told["resources"]
    assert contacts["mode"] == "manual" and contacts["reason"]
    assert told["manual"]["secret"] and told["manual"]["steps"]
    theirs(one.company, "Polled")
    assert run(one.company, one.job)["totals"]["created"] == 1
