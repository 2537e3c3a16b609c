"""The connect flow as customers and their software meet it: to its end, and to every dead end."""

import sqlite3
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.demo.browser import Browser
from tests.flows.conftest import Admin
from tests.support.product import Product, Sandbox, walk

RETURN = "http://127.0.0.1:9/connected"


def test_one_organisation_is_connected_without_a_question(product: Product) -> None:
    [account] = product.connect("one")
    assert account["status"] == "active"
    assert account["location"] == "us"
    assert account["integration"] == "zohobooks"
    assert account["organization"]["name"]
    assert not {"refresh_token", "access_token", "credentials"} & set(str(account))


def test_a_customer_of_another_region_ends_up_in_their_data_centre(product: Product) -> None:
    [account] = product.connect("abroad", user="asha@in.example")
    assert account["location"] == "in"


def test_several_organisations_are_offered_and_one_is_taken(product: Product) -> None:
    page = walk(product.link("sam"), user="sam@us.example")
    assert page.data["result"] == "success"
    [account] = product.accounts("sam")
    assert page.data["integrated-account-id"] == account["id"]


def test_the_result_goes_to_the_callers_url(product: Product) -> None:
    page = walk(product.link("returning", redirect_uri=f"{RETURN}?x=1"), stop_at=RETURN)
    result = parse_qs(urlsplit(page.url).query)
    [account] = product.accounts("returning")
    assert result["x"] == ["1"]
    assert result["result"] == ["success"]
    assert result["integrated_account_id"] == [account["id"]]


def test_a_second_connection_of_the_same_organisation_keeps_the_account(product: Product) -> None:
    [first] = product.connect("twice")
    [second] = product.connect("twice")
    assert second["id"] == first["id"]


def test_reconnecting_keeps_the_id_and_the_old_token_is_revoked(product: Product, admin: Admin) -> None:
    [account] = product.connect("again", user="omar@sa.example")
    page = walk(product.link(None, integrated_account_id=account["id"]), user="omar@sa.example")
    assert page.data["result"] == "success", page.text
    assert page.data["integrated-account-id"] == account["id"]
    assert [one["id"] for one in product.accounts("again")] == [account["id"]]
    assert [call for call in admin.calls(path="revoke", dc="sa") if call["status"] == 200]


def test_an_old_token_ends_also_where_the_provider_reads_the_query_alone(
    product: Product, admin: Admin
) -> None:
    user = "lena@eu.example"
    product.connect("queried", user=user)
    [old] = admin.living(user)
    admin.did("POST", "/faults", kind="unread_body", endpoint="accounts", path="revoke", times=2)
    product.connect("queried", user=user)
    [new] = admin.living(user)
    assert new != old
    calls = admin.calls(path="revoke", dc="eu")
    assert [(bool(call["query"]), call["status"]) for call in calls] == [(False, 400), (True, 200)]


def test_reconnecting_as_somebody_else_changes_nothing(product: Product) -> None:
    [account] = product.connect("steady")
    page = walk(product.link(None, integrated_account_id=account["id"]), user="sam@us.example")
    assert page.data["code"] == "organization_mismatch"
    assert product.accounts("steady")[0]["updated_at"] == account["updated_at"]


def test_declining_says_so_and_offers_another_try(product: Product) -> None:
    url = product.link("declines", redirect_uri=RETURN)
    page = walk_and_keep(url, "deny")
    assert page.data["code"] == "consent_denied"
    assert page.status == 403
    assert f"{RETURN}?result=error" in page.text.replace("&amp;", "&")
    assert product.accounts("declines") == []


def walk_and_keep(url: str, decision: str):
    with Browser() as browser:
        page = browser.submit(browser.open(url))
        [button] = [button for button in page.form.buttons if button[1] == decision]
        return browser.submit(page, button=button)


def test_after_declining_the_same_page_leads_to_success(product: Product) -> None:
    with Browser() as browser:
        page = browser.submit(browser.open(product.link("hesitates")))
        page = browser.submit(page, button=("decision", "deny"))
        page = browser.submit(page)
        page = browser.submit(page, button=("decision", "accept"))
    assert page.data.get("result") == "success", page.text


def test_a_user_without_organisation_is_told_what_to_do(product: Product) -> None:
    page = walk(product.link("empty"), user="noor@us.example")
    assert page.data["code"] == "no_organization"
    assert product.accounts("empty") == []


def test_a_link_works_once(product: Product) -> None:
    url = product.link("once")
    assert walk(url).data["result"] == "success"
    page = walk(url)
    assert page.status == 410
    assert page.data["code"] == "link_token_used"


def test_a_link_ends(product: Product) -> None:
    url = product.link("late")
    with closing(sqlite3.connect(product.folder / "ledgerway.db", timeout=30)) as database, database:
        database.execute(
            "UPDATE link_tokens SET expires_at = '2026-01-01 00:00:00.000000' WHERE tenant_id = 'late'"
        )
    page = walk(url)
    assert (page.status, page.data["code"]) == (410, "link_token_expired")
    assert page.data["error-type"] == "invalid_token"


def test_access_that_would_not_last_is_not_kept(product: Product) -> None:
    with Browser() as browser:
        page = browser.submit(browser.open(product.link("fleeting")))
        page = browser.submit(page, button=("decision", "accept"), access_type="online")
    assert (page.status, page.data["code"]) == (422, "oauth_no_refresh_token")
    assert page.forms, "another try is offered"
    assert product.accounts("fleeting") == []


def test_an_unknown_link_is_told_apart(product: Product) -> None:
    page = walk(f"{product.bases[0]}/connect-account?link_token=lwl_nonsense")
    assert (page.status, page.data["error-type"]) == (404, "invalid_token")


def test_a_callback_in_another_browser_is_refused(product: Product) -> None:
    with Browser(stop_at=f"{product.bases[0]}/oauth/callback") as mine:
        page = mine.submit(mine.open(product.link("stolen")))
        page = mine.submit(page, button=("decision", "accept"))
    with Browser() as other:
        page = other.open(page.url)
    assert page.data["code"] == "oauth_state_invalid"
    assert product.accounts("stolen") == []


def test_a_callback_works_once(product: Product) -> None:
    with Browser(stop_at=f"{product.bases[0]}/oauth/callback") as browser:
        page = browser.submit(browser.open(product.link("replayed")))
        callback = browser.submit(page, button=("decision", "accept")).url
        assert browser.open(callback).data["result"] == "success"
        assert browser.open(callback).data["code"] == "oauth_state_invalid"


@pytest.mark.parametrize(
    ("swapped", "code"),
    [
        ({"accounts-server": "https://accounts.evil.example"}, "oauth_issuer_mismatch"),
        ({"location": "mars"}, "region_mismatch"),
        ({"code": "1000.0.0"}, "code_rejected"),
    ],
)
def test_a_tampered_callback_is_refused(product: Product, swapped: dict[str, str], code: str) -> None:
    with httpx.Client(trust_env=False) as client:
        link = client.get(product.link("tampered"))
        csrf, token = field(link.text, "csrf"), field(link.text, "link_token")
        start = client.post(f"{product.bases[0]}/connect-account", data={"csrf": csrf, "link_token": token})
        assert start.status_code == 303
        state = parse_qs(urlsplit(start.headers["location"]).query)["state"][0]
        query = {"state": state, "code": "1000.a.b", "location": "us"} | swapped
        page = client.get(f"{product.bases[0]}/oauth/callback", params=query)
    assert f'data-code="{code}"' in page.text
    assert "evil.example" not in str(page.headers)


def field(html: str, name: str) -> str:
    return html.split(f'name="{name}" value="')[1].split('"')[0]


def test_a_form_without_its_token_is_refused(product: Product) -> None:
    url = product.link("forged")
    token = parse_qs(urlsplit(url).query)["link_token"][0]
    page = httpx.post(f"{product.bases[0]}/connect-account", data={"link_token": token}, trust_env=False)
    assert page.status_code == 403
    assert 'data-code="csrf_failed"' in page.text


def test_pages_may_not_be_framed_or_cached(product: Product) -> None:
    page = httpx.get(product.link("headers"), trust_env=False)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors" in policy and "script-src 'none'" in policy


def test_the_redirect_asks_for_lasting_access_and_proves_itself(product: Product, sandbox: Sandbox) -> None:
    with httpx.Client(trust_env=False) as client:
        link = client.get(product.link("redirect"))
        start = client.post(
            f"{product.bases[0]}/connect-account",
            data={"csrf": field(link.text, "csrf"), "link_token": field(link.text, "link_token")},
        )
    target = urlsplit(start.headers["location"])
    query = {name: value[0] for name, value in parse_qs(target.query).items()}
    assert f"{target.scheme}://{target.netloc}" == sandbox.origin("us")
    assert query["access_type"] == "offline" and query["prompt"] == "consent"
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"{product.bases[0]}/oauth/callback"
    cookie = start.headers["set-cookie"].casefold()
    assert "httponly" in cookie and "samesite=lax" in cookie
