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
from tests.flows.test_sync import feed, job_of, run
from tests.support.product import Product

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
        with httpx.Client(base_url=self.base, timeout=60, trust_env=False, verify=False) as client:
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


def theirs(company: Company, name: str) -> str:
    """A contact made in the provider's own pages; its id."""
    return company.natively("POST", "/contacts", contact_name=name)["contact"]["contact_id"]


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
    theirs(company, "Found by polling")
    assert run(company, job)["totals"]["created"] == 1


def test_where_the_answers_cannot_be_read_a_person_is_told_what_to_do(
    connected: Callable[..., Company],
) -> None:
    company = connected()
    inbound = f"/integrated-account/{company.account_id}/inbound"
    job_of(company, resources=["contacts"])
    whose, path = company.organization_id, "/settings/(webhooks|workflows)"
    fault = {"kind": "garbage", "times": -1, "path": path, "organization_id": whose}
    assert company.admin.post("/faults", json=fault).is_success
    told = company.good(company.call("POST", inbound))
    [contacts] = told["resources"]
    assert contacts["mode"] == "manual" and "could not be read" in contacts["reason"]
    assert told["manual"]["secret"] and told["manual"]["steps"]
    assert company.call("DELETE", inbound).status_code == 204
    company.admin.did("DELETE", "/faults")


def test_a_hook_leads_to_one_read_and_what_the_api_says_counts(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    _, cursor = feed(company)
    made = theirs(company, "As the provider has it")
    mark = company.admin.last()
    body = {"contact": {"contact_id": made, "contact_name": "As somebody forged it", "notes": "x"}}
    with ThreadPoolExecutor(5) as pool:
        assert len(list(pool.map(lambda _: endpoint.tell(**body), range(5)))) == 5
    idle(endpoint, 1, mark)
    [change], cursor = feed(company, cursor)
    assert (change["id"], change["change"], change["via"]) == (made, "created", "inbound")
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
    made = theirs(company, "Edited a lot")
    mark = company.admin.last()
    for number in range(4):
        endpoint.tell(contact={"contact_id": made, "notes": str(number)})
    idle(endpoint, 1, mark)
    assert endpoint.state["repeated"] == 0


def test_a_hook_that_comes_late_takes_nothing_back(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = theirs(company, "First")
    old = company.truth("contacts", made)
    company.natively("PUT", f"/contacts/{made}", contact_name="Second")
    new = company.truth("contacts", made)
    _, cursor = feed(company)
    for told in (new, old):
        endpoint.tell(contact={"contact_id": made, "contact_name": told["contact_name"]})
        wait_for(lambda: feed(company)[0])
    time.sleep(2.5)
    told, _ = feed(company, cursor)
    assert [change["record"]["name"] for change in told] == ["Second"]


def test_a_record_that_is_gone_is_told_as_deleted(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = theirs(company, "Soon gone")
    endpoint.tell(contact={"contact_id": made})
    wait_for(lambda: feed(company)[0])
    _, cursor = feed(company)
    company.natively("DELETE", f"/contacts/{made}")
    endpoint.tell(contact={"contact_id": made, "contact_name": "Soon gone"})
    [change] = wait_for(lambda: feed(company, cursor)[0])
    assert (change["change"], change["via"], change["record"]) == ("deleted", "inbound", None)
    endpoint.tell(contact={"contact_id": "999999999999999"})  # never heard of
    endpoint.tell(contact={"contact_id": made, "contact_name": "Again"})
    time.sleep(2.5)
    assert len(feed(company, cursor)[0]) == 1


def test_the_hook_of_a_deletion_may_be_byte_for_byte_the_one_before(
    refusing: Callable[..., Endpoint],
) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = theirs(company, "Soon gone")
    body = {"contact": {"contact_id": made, "contact_name": "Soon gone"}}
    endpoint.tell(**body)
    wait_for(lambda: feed(company)[0])
    _, cursor = feed(company)
    company.natively("DELETE", f"/contacts/{made}")
    endpoint.tell(**body)
    [change] = wait_for(lambda: feed(company, cursor)[0])
    assert (change["id"], change["change"], change["via"]) == (made, "deleted", "inbound")
    assert (endpoint.state["received"], endpoint.state["repeated"]) == (2, 1)


def test_forms_are_taken_as_they_come(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = theirs(company, "Café & Söhne")
    fields = {"contact_id": made, "contact_name": "Café & Söhne", "notes": "", "contact_persons": "[]"}
    base = "".join(key + value for key, value in sorted(fields.items()))
    signature = hmac.digest(endpoint.secret.encode(), base.encode(), hashlib.sha256).hex()
    answer = endpoint.post(urlencode(fields).encode(), signature, FORM)
    assert answer.status_code == 202, answer.text
    [change] = wait_for(lambda: feed(company)[0])
    assert (change["id"], change["via"]) == (made, "inbound")


def test_nobody_else_is_believed(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = theirs(company, "Unread")
    body = json.dumps({"contact": {"contact_id": made}}).encode()
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
    made = theirs(company, "Unnamed")
    endpoint.tell(contact={"status": "active"})
    [change] = wait_for(lambda: feed(company)[0])
    assert (change["id"], change["via"]) == (made, "poll")
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
    made = theirs(company, "Flooded")
    mark = company.admin.last()

    def post(number: int) -> int:
        return endpoint.post(json.dumps({"contact": {"contact_id": made, "n": number}}).encode()).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(post, range(400)))
    assert set(statuses) <= {202, 429} and statuses[202] >= 50, statuses
    wait_for(lambda: feed(company)[0])
    time.sleep(2.5)
    assert len(looks(company, mark)) < statuses[202] / 4
    assert len(looks(company, mark)) <= 12, "with nothing new in it, a record is read ever less often"
    assert endpoint.state["received"] == statuses[202]
    too_much = endpoint.post(b"x" * 1_000_001)
    assert (too_much.status_code, too_much.json()["code"]) == (413, "body_too_large")


def test_while_the_provider_is_down_the_hint_waits(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    made = theirs(company, "Later")
    fault = {"kind": "status", "status": 500, "times": 8, "path": f"/contacts/{made}"}
    assert company.admin.post("/faults", json=fault).is_success
    endpoint.tell(contact={"contact_id": made})
    [change] = wait_for(lambda: feed(company)[0])
    assert (change["id"], change["via"]) == (made, "inbound")


def test_hooks_are_taken_back(refusing: Callable[..., Endpoint]) -> None:
    endpoint = refusing("contacts")
    company = endpoint.company
    inbound = f"/integrated-account/{company.account_id}/inbound"
    assert company.call("DELETE", inbound).status_code == 204
    assert endpoint.post(b"{}").status_code == 404
    assert company.get(inbound)["is_installed"] is False
    company.refused("DELETE", inbound, 404, "not_found", reads=None)
