"""Two of everything at the same moment: one link makes one set of accounts, and nothing is left behind."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.demo.browser import Browser
from tests.flows.conftest import Admin
from tests.support.product import Product

USER, ELSEWHERE = "sam@us.example", {"Sec-Fetch-Site": "cross-site"}


class Visit:
    """A browser that went through the provider and holds what it was sent back with."""

    def __init__(self, product: Product, url: str, user: str = USER, decision: str = "accept") -> None:
        self.base = product.bases[0]
        with Browser(stop_at=f"{self.base}/oauth/callback") as browser:
            page = browser.submit(browser.open(url))
            self.callback = browser.submit(page, button=("decision", decision), user=user).url
            self.cookies = browser.cookies

    def get(self, url: str) -> httpx.Response:
        return httpx.get(url, cookies=self.cookies, trust_env=False, timeout=60)

    def post(
        self, path: str, fields: dict[str, Any], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return httpx.post(
            f"{self.base}{path}",
            data=fields,
            headers=headers,
            cookies=self.cookies,
            trust_env=False,
            timeout=60,
        )

    def form(self) -> tuple[str, list[str]]:
        """The csrf token and the organisations of the choice."""
        html = self.get(f"{self.base}/connect-account/organizations").text
        values = [part.split('"')[0] for part in html.split('value="')[1:]]
        return values[0], values[1:]


def ends(answers: list[httpx.Response]) -> list[str]:
    """How each page ended: success, or the code."""
    return sorted(
        "success" if 'data-result="success"' in one.text else one.text.split('data-code="')[1].split('"')[0]
        for one in answers
    )


def at_once(calls: list[Any]) -> list[httpx.Response]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return [running.result() for running in [threads.submit(*call) for call in calls]]


def test_a_callback_that_comes_six_times(product: Product) -> None:
    visit = Visit(product, product.link("six"), "dana@us.example")
    assert ends(at_once([(visit.get, visit.callback)] * 6)) == ["oauth_state_invalid"] * 5 + ["success"]
    assert len(product.accounts("six")) == 1


def test_two_browsers_on_one_link(product: Product, admin: Admin) -> None:
    url = product.link("two browsers")
    visits = [Visit(product, url, "dana@us.example") for _ in range(2)]
    answers = at_once([(visit.get, visit.callback) for visit in visits])
    assert ends(answers) == ["link_token_used", "success"]
    assert len(product.accounts("two browsers")) == 1
    until = time.monotonic() + 30
    while len(admin.living("dana@us.example")) > 1:
        assert time.monotonic() < until, "what the slower one was granted ends"
        time.sleep(0.1)
    assert len(admin.living("dana@us.example")) == 1


def test_six_choices_at_once(product: Product) -> None:
    visit = Visit(product, product.link("six choices", companies="many"))
    visit.get(visit.callback)
    csrf, ids = visit.form()
    choices = [{"csrf": csrf, "organization_id": ids[: 1 + number % 2]} for number in range(6)]
    answers = at_once([(visit.post, "/connect-account/organizations", choice) for choice in choices])
    assert ends(answers) == ["link_token_used"] * 5 + ["success"]
    [winner] = [answer for answer in answers if answer.status_code == 200]
    accounts = {account["id"] for account in product.accounts("six choices")}
    assert accounts == set(winner.text.split('integrated-account-id="')[1].split('"')[0].split(","))


def test_a_slower_browser_cannot_undo_a_finished_link(product: Product) -> None:
    url = product.link("undone")
    slow = Visit(product, url)
    quick = Visit(product, url, "dana@us.example")
    assert ends([quick.get(quick.callback)]) == ["success"]
    assert ends([slow.get(slow.callback)]) == ["link_token_used"]
    assert ends([quick.get(url)]) == ["link_token_used"]


def test_who_declines_does_not_stop_the_other(product: Product) -> None:
    url = product.link("declined by another")
    declines = Visit(product, url, decision="deny")
    accepts = Visit(product, url, "dana@us.example")
    assert ends([declines.get(declines.callback)]) == ["consent_denied"]
    assert ends([accepts.get(accepts.callback)]) == ["success"]


@pytest.mark.parametrize("picked", [[], ["999"], ["999", "first"], ["first", "second"]])
def test_what_was_not_offered_cannot_be_chosen(product: Product, picked: list[str]) -> None:
    visit = Visit(product, product.link("picky"))
    visit.get(visit.callback)
    csrf, ids = visit.form()
    chosen = [{"first": ids[0], "second": ids[1]}.get(one, one) for one in picked]
    page = visit.post("/connect-account/organizations", {"csrf": csrf, "organization_id": chosen})
    assert (page.status_code, ends([page])) == (422, ["nothing_chosen"])
    assert "<form" in page.text, "another try"
    assert product.accounts("picky") == []


def test_forms_from_elsewhere_are_refused(product: Product) -> None:
    visit = Visit(product, product.link("elsewhere"))
    visit.get(visit.callback)
    csrf, ids = visit.form()
    good = {"csrf": csrf, "organization_id": ids[0]}
    path = "/connect-account/organizations"
    for fields, headers in (
        (good, ELSEWHERE),
        (good, {"Sec-Fetch-Site": "same-site"}),
        (good | {"csrf": ""}, None),
        (good | {"csrf": "é"}, None),
        ({"organization_id": ids[0]}, None),
        (good | {f"field{number}": "" for number in range(2000)}, None),
    ):
        page = visit.post(path, fields, headers)
        assert (page.status_code, ends([page])) == (403, ["csrf_failed"])
    other = Visit(product, product.link("another browser"))
    other.get(other.callback)
    assert ends([other.post(path, good)]) == ["csrf_failed"], "the token is this browser's"
    assert ends([visit.post(path, good, {"Sec-Fetch-Site": "same-origin"})]) == ["success"]


def test_starting_again_gives_up_what_was_granted(product: Product, admin: Admin) -> None:
    visit = Visit(product, product.link("restless"))
    visit.get(visit.callback)
    csrf, _ = visit.form()
    before = admin.living(USER)
    again = visit.post("/connect-account/again", {"csrf": csrf})
    assert again.status_code == 303
    assert admin.living(USER) == before, "others use the grant"


def test_starting_again_ends_what_nobody_else_uses(product: Product, admin: Admin) -> None:
    email, names = "restless@us.example", ("Left", "Right")
    made = [admin.did("POST", "/organizations", dc="us", name=name)["organization_id"] for name in names]
    admin.did("POST", "/users", dc="us", first_name="Rae", email=email, organizations=made)
    visit = Visit(product, product.link("restless"), email)
    visit.get(visit.callback)
    csrf, _ = visit.form()
    assert len(admin.living(email)) == 1
    assert visit.post("/connect-account/again", {"csrf": csrf}).status_code == 303
    assert admin.living(email) == []


def test_a_sign_in_that_leads_nowhere_is_revoked(product: Product, admin: Admin) -> None:
    for user, code in (("noor@us.example", "no_organization"), ("sam@us.example", "organization_mismatch")):
        [account] = product.connect("nowhere", user="dana@us.example")
        members = (
            {"tenant": None, "integrated_account_id": account["id"]} if code != "no_organization" else {}
        )
        visit = Visit(product, product.link(**members), user)
        mark = admin.last()
        assert ends([visit.get(visit.callback)]) == [code]
        assert len(admin.calls(after=mark, path="revoke")) == 1


def test_renewing_what_was_deleted_meanwhile(product: Product, api: httpx.Client, admin: Admin) -> None:
    [account] = product.connect("short-lived", user="lena@eu.example")
    url = product.link(tenant=None, integrated_account_id=account["id"])
    visit = Visit(product, url, "lena@eu.example")
    assert api.delete(f"/integrated-account/{account['id']}").status_code == 200
    mark = admin.last()
    for page in (visit.get(visit.callback), visit.get(url)):
        assert (page.status_code, ends([page])) == (410, ["account_gone"])
        assert page.headers["content-type"].startswith("text/html")
    assert len(admin.calls(after=mark, path="revoke")) == 1
    assert product.accounts("short-lived") == []
