"""A provider's hooks at the real product: what they lead to, and what others than the provider cannot do with them."""

import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from tests.flows.company import Company
from tests.flows.test_sync import customer, feed, job_of, run
from tests.flows.test_webhooks import Receiver, receiver
from tests.support.product import Product

__all__ = ["receiver"]

SIGNATURE = "X-Zoho-Webhook-Signature"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Endpoint:
    """Where the provider posts, and what a person entered there as secret."""

    company: Company
    base: str
    path: str
    secret: str

    def post(
        self, content: bytes, signature: str | None = None, media: str = "application/json"
    ) -> httpx.Response:
        """Signed with the secret, unless otherwise said."""
        signed = hmac.digest(self.secret.encode(), content, hashlib.sha256).hex()
        headers = {"Content-Type": media, SIGNATURE: signed if signature is None else signature}
        with httpx.Client(base_url=self.base, timeout=60, trust_env=False) as client:
            return client.post(self.path, content=content, headers=headers)

    def tell(self, **body: Any) -> None:
        answer = self.post(json.dumps(body).encode())
        assert (answer.status_code, answer.json()) == (202, {"status": "accepted"}), answer.text

    @property
    def state(self) -> dict[str, Any]:
        return self.company.get(f"/integrated-account/{self.company.account_id}/inbound")


@pytest.fixture
def refusing(connected: Callable[..., Company], ample: Product) -> Callable[..., Endpoint]:
    """Connects an organisation whose provider lets no hooks be installed: they are entered by hand."""

    def opened(*resources: str) -> Endpoint:
        company = connected()
        if resources:
            job_of(company, resources=list(resources))
        shut(company)
        told = company.good(company.call("POST", f"/integrated-account/{company.account_id}/inbound"))
        company.admin.did("DELETE", "/faults")
        path = urlsplit(told["manual"]["url"]).path
        return Endpoint(company, ample.bases[0], path, told["manual"]["secret"])

    return opened


def shut(company: Company) -> None:
    """The provider's settings are not to be written."""
    whose, path = company.organization_id, "/settings/(webhooks|workflows)"
    fault = {"kind": "status", "status": 401, "times": -1, "path": path, "organization_id": whose}
    assert company.admin.post("/faults", json=fault).is_success


def wait_for(seen: Callable[[], Any], seconds: float = 60) -> Any:
    """What `seen` finds at last."""
    until = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.1)
    return found


def idle(endpoint: Endpoint, reads: int, mark: int) -> None:
    """The provider was asked for single records so often, and not again in the next turn."""
    wait_for(lambda: len(looks(endpoint.company, mark)) >= reads)
    time.sleep(2.5)  # nothing to wait for: that nothing comes
    assert len(looks(endpoint.company, mark)) == reads


def looks(company: Company, mark: int) -> list[str]:
    return [call["path"] for call in company.calls(mark) if call["path"].rpartition("/")[2].isdigit()]


def test_where_the_provider_refuses_a_person_is_told_what_to_do_and_polling_goes_on(
    connected: Callable[..., Company],
) -> None:
    company = connected()
    inbound = f"/integrated-account/{company.account_id}/inbound"
    company.refused("POST", inbound, 409, "invalid_transition")
    job, _ = job_of(company, resources=["contacts", "payments", "tax_rates"])
    shut(company)
    first = company.good(company.call("POST", inbound))
    modes = {(each["resource"], each["side"]): (each["mode"], each["reason"]) for each in first["resources"]}
    refusal = "You are not authorized to perform this operation"
    assert modes == {
        ("contacts", None): ("manual", refusal),
        ("payments", "invoice"): ("manual", refusal),
        ("payments", "bill"): ("manual", refusal),
        ("tax_rates", None): ("polling", None),
    }
    manual = first["manual"]
    assert len(manual["secret"]) == 40 and manual["secret"].isalnum()
    assert any(manual["url"] in step for step in manual["steps"])
    again = company.good(company.call("POST", inbound))["manual"]
    assert again == {**manual, "secret": None}, "the secret is shown once"
    shown = company.get(inbound)
    assert (
        shown["is_installed"]
        and shown["manual"] is None
        and manual["secret"] not in json.dumps(shown, default=str)
    )
    coverage = {each["resource"]: each["mode"] for each in company.get(f"/sync-job/{job['id']}")["coverage"]}
    assert coverage == {"contacts": "manual", "payments": "manual", "tax_rates": "polling"}
    customer(company, "Found by polling")
    assert run(company, job)["totals"]["created"] == 1


def test_a_hook_leads_to_one_read_and_what_the_api_says_counts(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    _, cursor = feed(company)
    made = customer(company, "As the provider has it")
    mark = company.admin.last()
    body = {"contact": {"contact_id": made["id"], "contact_name": "As somebody forged it", "notes": "x"}}
    for _ in range(5):
        endpoint.tell(**body)
    idle(endpoint, 1, mark)
    [change], cursor = feed(company, cursor)
    assert (change["id"], change["change"], change["via"]) == (made["id"], "created", "inbound")
    assert change["record"]["name"] == "As the provider has it"
    assert change["record"]["is_partial"] is False
    state = endpoint.state
    assert (state["received"], state["repeated"], state["ignored"]) == (5, 4, 0)
    [contacts] = state["resources"]
    assert contacts["mode"] == "hook" and contacts["verified_at"] and contacts["last_delivery_at"]
    assert state["last_delivery_at"]


def test_several_hooks_for_a_record_at_once_are_one_read(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "Edited a lot")
    mark = company.admin.last()
    for number in range(4):
        endpoint.tell(contact={"contact_id": made["id"], "notes": str(number)})
    idle(endpoint, 1, mark)
    assert endpoint.state["repeated"] == 0


def test_a_hook_that_comes_late_takes_nothing_back(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "First")
    old = company.truth("contacts", made["id"])
    company.admin.did("POST", "/clock", seconds=30)
    company.natively("PUT", f"/contacts/{made['id']}", contact_name="Second")
    new = company.truth("contacts", made["id"])
    _, cursor = feed(company)
    for told in (new, old):
        endpoint.tell(contact={"contact_id": made["id"], "contact_name": told["contact_name"]})
        wait_for(lambda: feed(company)[0])
    time.sleep(2.5)
    told, _ = feed(company, cursor)
    assert [change["record"]["name"] for change in told] == ["Second"]


def test_a_record_that_is_gone_is_told_as_deleted(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "Soon gone")
    endpoint.tell(contact={"contact_id": made["id"]})
    wait_for(lambda: feed(company)[0])
    _, cursor = feed(company)
    company.natively("DELETE", f"/contacts/{made['id']}")
    endpoint.tell(contact={"contact_id": made["id"], "contact_name": "Soon gone"})
    [change] = wait_for(lambda: feed(company, cursor)[0])
    assert (change["change"], change["via"], change["record"]) == ("deleted", "inbound", None)
    endpoint.tell(contact={"contact_id": "999999999999999"})  # never heard of
    endpoint.tell(contact={"contact_id": made["id"], "contact_name": "Again"})
    time.sleep(2.5)
    assert len(feed(company, cursor)[0]) == 1


def test_forms_are_taken_as_they_come(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "Café & Söhne")
    fields = {"contact_id": made["id"], "contact_name": made["name"], "notes": "", "contact_persons": "[]"}
    base = "".join(key + value for key, value in sorted(fields.items()))
    signature = hmac.digest(endpoint.secret.encode(), base.encode(), hashlib.sha256).hex()
    answer = endpoint.post(urlencode(fields).encode(), signature, FORM)
    assert answer.status_code == 202, answer.text
    [change] = wait_for(lambda: feed(company)[0])
    assert (change["id"], change["via"]) == (made["id"], "inbound")


def test_nobody_else_is_believed(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "Unread")
    body = json.dumps({"contact": {"contact_id": made["id"]}}).encode()
    good = hmac.digest(endpoint.secret.encode(), body, hashlib.sha256).hex()
    mark = company.admin.last()
    for signature in ("", "0" * 64, good[:-1] + ("0" if good[-1] != "0" else "1"), good[:32]):
        answer = endpoint.post(body, signature)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid"), answer.text
    assert endpoint.post(body + b" ", good).status_code == 401
    altered = Endpoint(company, endpoint.base, endpoint.path + "?contact_id=1", endpoint.secret)
    assert altered.post(body, good).status_code == 401
    time.sleep(2.5)
    assert looks(company, mark) == [] and endpoint.state["received"] == 0
    assert endpoint.state["resources"][0]["mode"] == "manual"


def test_an_unknown_token_is_like_any_unknown_address(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    with httpx.Client(base_url=endpoint.base, trust_env=False) as client:
        unknown = client.post("/no/such/place", json={}).json()
        _, _, integration, token = endpoint.path.split("/")
        for path in (
            f"/inbound/{integration}/inb_{'0' * 26}", f"/inbound/elsewhere/{token}", f"/inbound/{integration}/x",
            f"/inbound/{integration}/{token.upper()}",
        ):  # fmt: skip
            answer = client.post(path, json={})
            told = answer.json()
            for each in ("instance", "request_id"):
                told.pop(each)
                unknown.pop(each, None)
            assert answer.status_code == 404 and told == unknown, answer.text
        assert client.get(endpoint.path).status_code == 405
    by_another_name = Endpoint(
        endpoint.company, endpoint.base, f"/inbound/zoho-books/{token}", endpoint.secret
    )
    assert by_another_name.post(b"{}").status_code == 202


def test_what_no_job_covers_is_counted_and_left(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    mark = endpoint.company.admin.last()
    endpoint.tell(item={"item_id": "1"})
    endpoint.tell(timesheet={"time_entry_id": "1"})
    assert endpoint.post(b"not json").status_code == 202
    time.sleep(2.5)
    state = endpoint.state
    assert (state["received"], state["ignored"]) == (3, 3)
    assert endpoint.company.calls(mark) == []


def test_a_body_that_names_no_record_begins_a_delta(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "Unnamed")
    endpoint.tell(contact={"status": "active"})
    [change] = wait_for(lambda: feed(company)[0])
    assert (change["id"], change["via"]) == (made["id"], "poll")
    kinds = [
        each["kind"]
        for each in company.get("/sync-job-run", integrated_account_id=company.account_id)["result"]
    ]
    assert kinds == ["adhoc", "initial"]


def test_a_flood_is_taken_or_put_off_and_costs_no_more_than_its_records(
    refusing: Callable[..., Endpoint],
) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "Flooded")
    mark = company.admin.last()

    def post(number: int) -> int:
        return endpoint.post(
            json.dumps({"contact": {"contact_id": made["id"], "n": number}}).encode()
        ).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(post, range(400)))
    assert set(statuses) <= {202, 429} and statuses[202] >= 50, statuses
    wait_for(lambda: feed(company)[0])
    time.sleep(2.5)
    assert len(looks(company, mark)) < 20
    assert endpoint.state["received"] == statuses[202]
    too_much = endpoint.post(b"x" * 1_000_001)
    assert (too_much.status_code, too_much.json()["code"]) == (413, "body_too_large")


def test_while_the_provider_is_down_the_hint_waits(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = customer(company, "Later")
    fault = {"kind": "status", "status": 500, "times": 8, "path": f"/contacts/{made['id']}"}
    assert company.admin.post("/faults", json=fault).is_success
    endpoint.tell(contact={"contact_id": made["id"]})
    [change] = wait_for(lambda: feed(company)[0])
    assert (change["id"], change["via"]) == (made["id"], "inbound")


def test_hooks_are_taken_back(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    inbound = f"/integrated-account/{company.account_id}/inbound"
    assert company.call("DELETE", inbound).status_code == 204
    assert endpoint.post(b"{}").status_code == 404
    assert company.get(inbound)["is_installed"] is False
    company.refused("DELETE", inbound, 404, "not_found", reads=None)


# The provider's own hooks


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
    made = company.natively("POST", "/contacts", contact_name="Theirs")["contact"]["contact_id"]
    [change] = wait_for(lambda: feed(company, cursor)[0])
    assert (change["id"], change["change"], change["via"]) == (made, "created", "inbound")
    assert change["origin"] is None and change["record"]["name"] == "Theirs"
    [got] = wait_for(lambda: receiver.at(path))
    assert got.signed_with(secret) and got.told["payload"]["id"] == made
    assert got.told["payload"]["via"] == "inbound"
    assert one.modes() == {"contacts": "hook", "tax_rates": "polling"}
    company.admin.did("POST", "/clock", seconds=30)
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
    ids = [
        company.natively("POST", "/contacts", contact_name=f"Number {number}")["contact"]["contact_id"]
        for number in range(4)
    ]
    wait_for(lambda: len(feed(company, cursor)[0]) >= 4)
    time.sleep(2.5)
    told, _ = feed(company, cursor)
    assert Counter(change["id"] for change in told) == Counter(ids)


def test_a_hook_signed_with_another_secret_verifies_nothing(hooked: Callable[..., Hooked]) -> None:
    one = hooked("contacts")
    company = one.company
    one.install()
    one.misfortune("wrong_signature", times=-1)
    company.natively("POST", "/contacts", contact_name="Forged")
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
    customer(one.company, "Polled")
    assert run(one.company, one.job)["totals"]["created"] == 1
