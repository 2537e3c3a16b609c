"""The consent page and the way back to the application."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from .conftest import REDIRECT, Walker, form_fields


def test_callback_names_the_data_centre(walker: Walker, origin: Callable[[str], str], specs: Path) -> None:
    callback = walker.consent("dana@us.example")
    recorded = json.loads((specs / "zoho-books-recordings/oauth.callback.1.json").read_text())
    assert set(callback) == set(recorded["response"]["body"]["query"])
    assert callback["location"] == "us"
    assert callback["accounts-server"] == origin("us")
    assert callback["state"] == "opaque"


def test_user_of_another_data_centre_is_sent_home(walker: Walker, origin: Callable[[str], str]) -> None:
    callback = walker.consent("asha@in.example")
    assert callback["location"] == "in"
    assert callback["accounts-server"] == origin("in")
    answer = walker.exchange("in", callback["code"])
    assert answer["api_domain"] == origin("in")


def test_home_page_has_the_user_ticked(walker: Walker) -> None:
    fields = form_fields(walker.ask("us").text) | {"user": "lena@eu.example"}
    sent = walker.web.post(f"{walker.origin('us')}/oauth/v2/auth", data=fields)
    assert sent.headers["location"].startswith(walker.origin("eu") + "/oauth/v2/auth?")
    home = walker.web.get(sent.headers["location"])
    assert form_fields(home.text)["user"] == "lena@eu.example"


def test_page_is_html_for_phones_with_one_form(walker: Walker) -> None:
    page = walker.ask("jp")
    assert page.headers["content-type"].startswith("text/html")
    assert "width=device-width" in page.text
    assert form_fields(page.text)["user"] == "yuki@jp.example"


def test_page_escapes_what_it_is_given(walker: Walker) -> None:
    page = walker.ask(state='"><script>alert(1)</script>')
    assert "<script>" not in page.text
    assert form_fields(page.text)["state"] == '"><script>alert(1)</script>'


def test_no_button_is_accepting(walker: Walker) -> None:
    fields = form_fields(walker.ask().text)
    sent = walker.web.post(f"{walker.origin('us')}/oauth/v2/auth", data=fields)
    assert "code=1000." in sent.headers["location"]


def test_denial(walker: Walker) -> None:
    assert walker.consent("dana@us.example", "deny") == {"error": "access_denied", "state": "opaque"}


def test_state_comes_back_only_if_sent(walker: Walker) -> None:
    assert "state" not in walker.consent("dana@us.example", state="")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "1000.NOBODY"}, "invalid_client"),
        ({"redirect_uri": "https://elsewhere.example/callback"}, "invalid_redirect_uri"),
        ({"response_type": "token"}, "invalid_response_type"),
        ({"scope": "ZohoBooks.nonsense.READ"}, "invalid_scope"),
        ({"scope": "ZohoBooks.invoices.READ ZohoBooks.contacts.READ"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ],
)
def test_wrong_request_gets_a_page_and_no_redirect(
    walker: Walker, changes: dict[str, str], error: str
) -> None:
    page = walker.ask(**changes)
    assert page.status_code == 400
    assert f"error: {error}" in page.text
    assert "<form" not in page.text


def test_redirect_uri_keeps_its_query(walker: Walker) -> None:
    fields = form_fields(walker.ask(redirect_uri=REDIRECT + "?a=1").text)
    sent = walker.web.post(f"{walker.origin('us')}/oauth/v2/auth", data=fields)
    assert sent.headers["location"].startswith(REDIRECT + "?a=1&code=")


def test_registered_redirect_uri_is_exact(walker: Walker, admin: httpx.Client) -> None:
    uris = ["https://app.example/cb"]
    admin.post("/clients", json={"client_id": "1000.APP", "secret": "s", "redirect_uris": uris})
    assert walker.ask(client_id="1000.APP", redirect_uri=uris[0]).status_code == 200
    assert walker.ask(client_id="1000.APP", redirect_uri=REDIRECT).status_code == 400


def test_client_unknown_where_not_enabled(walker: Walker, admin: httpx.Client) -> None:
    admin.post("/clients", json={"client_id": "1000.US", "secret": "s", "data_centers": ["us"]})
    assert walker.ask("us", client_id="1000.US").status_code == 200
    assert "error: invalid_client" in walker.ask("eu", client_id="1000.US").text


@pytest.mark.parametrize("method", ["S256", "plain"])
def test_pkce(walker: Walker, method: str) -> None:
    verifier = "v" * 50
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    challenge = digest if method == "S256" else verifier
    sent = {"code_challenge": challenge, "code_challenge_method": method}
    code = walker.consent("dana@us.example", **sent)["code"]
    assert walker.exchange("us", code) == {"error": "invalid_code"}
    assert walker.exchange("us", code, code_verifier="w" * 50) == {"error": "invalid_code"}
    assert "access_token" in walker.exchange("us", code, code_verifier=verifier)


def test_pace_of_codes_when_asked_for(walker: Walker, admin: httpx.Client) -> None:
    admin.post("/clock", json={"freeze": True})
    admin.put("/limits", json={"codes_per_minute": 2})
    for _ in range(2):
        walker.consent("dana@us.example")
    fields = form_fields(walker.ask().text)
    refused = walker.web.post(f"{walker.origin('us')}/oauth/v2/auth", data=fields)
    assert refused.status_code == 400
    admin.put("/limits", json={"codes_per_minute": None})
    assert "code" in walker.consent("dana@us.example")
