"""Zoho's OAuth dialect: URLs, forms, and what every known token answer means."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from connectors.kit.auth import Client, Form, Refusal, Token, TokenRefused
from connectors.zoho_books.auth import DATA_CENTERS, HOSTS, OAUTH

CLIENT = Client("1000.CLIENT", "s3cret&?=")
GOOD = {
    "access_token": "1000.a.b",
    "refresh_token": "1000.c.d",
    "scope": "ZohoBooks.invoices.READ ZohoBooks.settings.READ",
    "api_domain": "https://www.zohoapis.in",
    "token_type": "Bearer",
    "expires_in": 3600,
}


@pytest.mark.parametrize(
    ("location", "accounts", "api"),
    [
        ("us", "https://accounts.zoho.com", "https://www.zohoapis.com"),
        ("eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu"),
        ("in", "https://accounts.zoho.in", "https://www.zohoapis.in"),
        ("au", "https://accounts.zoho.com.au", "https://www.zohoapis.com.au"),
        ("jp", "https://accounts.zoho.jp", "https://www.zohoapis.jp"),
        ("ca", "https://accounts.zohocloud.ca", "https://www.zohoapis.ca"),
        ("cn", "https://accounts.zoho.com.cn", "https://www.zohoapis.com.cn"),
        ("sa", "https://accounts.zoho.sa", "https://www.zohoapis.sa"),
    ],
)
def test_the_eight_data_centers(location: str, accounts: str, api: str) -> None:
    center = DATA_CENTERS[location]
    assert (center.location, center.accounts, center.api) == (location, accounts, api)
    for origin in (accounts, api, center.web):
        host = urlsplit(origin).hostname or ""
        assert any(host == suffix or host.endswith(f".{suffix}") for suffix in HOSTS)


def test_a_connection_starts_in_the_united_states() -> None:
    assert next(iter(OAUTH.data_centers)) == "us"
    assert len(OAUTH.data_centers) == 8


def test_the_recorded_server_list_agrees(specs: Path) -> None:
    recorded = json.loads((specs / "zoho-books-recordings/oauth.serverinfo.1.json").read_text())
    for location, accounts in recorded["response"]["body"]["locations"].items():
        assert DATA_CENTERS[location].accounts == accounts


def test_authorize_asks_for_a_refresh_token_and_sends_pkce() -> None:
    url = OAUTH.authorize_url(
        DATA_CENTERS["us"],
        "1000.C",
        "https://gw.example/oauth/callback?x=1",
        ("A.b.C", "D.e.F"),
        "st&te",
        "chall",
    )
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://accounts.zoho.com/oauth/v2/auth"
    assert dict(parse_qsl(parts.query)) == {
        "response_type": "code",
        "client_id": "1000.C",
        "scope": "A.b.C,D.e.F",
        "redirect_uri": "https://gw.example/oauth/callback?x=1",
        "access_type": "offline",
        "prompt": "consent",
        "state": "st&te",
        "code_challenge": "chall",
        "code_challenge_method": "S256",
    }


FORMS = [
    OAUTH.exchange(DATA_CENTERS["in"], CLIENT, "https://gw.example/cb", "1000.code", "verifier"),
    OAUTH.refresh(DATA_CENTERS["in"], CLIENT, "1000.refresh"),
    *OAUTH.revoke(DATA_CENTERS["in"], CLIENT, "1000.refresh"),
]


@pytest.mark.parametrize("form", FORMS, ids=["exchange", "refresh", "revoke", "revoke by query"])
def test_secrets_stand_in_the_body_never_in_the_url(form: Form) -> None:
    assert urlsplit(form.url).query == ""
    assert form.url.startswith("https://accounts.zoho.in/oauth/v2/token")
    for _, secret in form.fields:
        assert secret not in form.url


def test_forms_hold_what_the_grant_needs() -> None:
    exchange, refresh, revoke, again = (dict(form.fields) for form in FORMS)
    assert exchange == {
        "grant_type": "authorization_code",
        "redirect_uri": "https://gw.example/cb",
        "code": "1000.code",
        "code_verifier": "verifier",
        "client_id": "1000.CLIENT",
        "client_secret": "s3cret&?=",
    }
    assert refresh == {
        "grant_type": "refresh_token",
        "refresh_token": "1000.refresh",
        "client_id": "1000.CLIENT",
        "client_secret": "s3cret&?=",
    }
    assert revoke == again == {"token": "1000.refresh"}
    assert [form.in_query for form in FORMS] == [False, False, False, True], "URLs end up in logs"


@pytest.mark.parametrize(
    ("status", "body", "ended"),
    [
        (200, {"status": "success"}, True),
        (200, {"status": "SUCCESS", "more": 1}, True),
        (200, {"status": "failure", "error": "invalid_token"}, False),
        (200, {"error": "invalid_client"}, False),
        (200, None, False),
        (200, ["success"], False),
        (400, {"status": "success"}, False),
        (503, None, False),
    ],
)
def test_a_token_has_ended_where_the_answer_says_so(status: int, body: object, ended: bool) -> None:
    assert OAUTH.revoked(status, body) is ended


def test_a_full_answer_is_read() -> None:
    assert OAUTH.read(200, GOOD) == Token(
        "1000.a.b",
        3600,
        "1000.c.d",
        ("ZohoBooks.invoices.READ", "ZohoBooks.settings.READ"),
        "https://www.zohoapis.in",
    )


@pytest.mark.parametrize(
    "name", ["oauth.token-code.1", "oauth.token-refresh.1", "oauth.token-client-credentials.1"]
)
def test_recorded_answers_are_read(specs: Path, name: str) -> None:
    body = json.loads((specs / f"zoho-books-recordings/{name}.json").read_text())["response"]["body"]
    token = OAUTH.read(200, body)
    assert isinstance(token, Token)
    assert token.expires_in == 3600
    assert token.scopes == ("ZohoBooks.fullaccess.all",)
    assert token.api_domain == body["api_domain"]
    assert (token.refresh_token is None) == ("refresh_token" not in body)


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"expires_in": "3600"}, 3600),
        ({"expires_in": Decimal("1800.0")}, 1800),
        ({"expires_in": 3_600_000, "expires_in_sec": 3600}, 3600),
        ({"expires_in": 3_600_000}, 3600),
        ({"expires_in_sec": "900"}, 900),
        ({"expires_in": None}, 3600),
        ({"expires_in": "soon"}, 3600),
        ({"expires_in": True}, 3600),
        ({"expires_in": -5}, 3600),
        ({"expires_in": 10**30}, 3600),
        ({"expires_in": "９９"}, 3600),
    ],
)
def test_the_life_of_a_token_is_read_leniently(changes: dict[str, Any], seconds: int) -> None:
    body = {
        name: value for name, value in {**GOOD, "expires_in": None, **changes}.items() if value is not None
    }
    token = OAUTH.read(200, body)
    assert isinstance(token, Token)
    assert token.expires_in == seconds


def test_what_an_answer_may_lack() -> None:
    token = OAUTH.read(200, {"access_token": "1000.a.b"})
    assert token == Token("1000.a.b", 3600, None, (), None)
    assert OAUTH.read(200, {**GOOD, "refresh_token": "", "api_domain": "", "scope": 5}) == Token(
        "1000.a.b", 3600, None, (), None
    )


THROTTLED = "You have made too many requests continuously. Please try again after some time."


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        # This grant is dead.
        (200, {"error": "invalid_code"}, Refusal.PERMANENT),
        (400, {"error": "invalid_grant"}, Refusal.PERMANENT),
        (401, {"error": "invalid_grant"}, Refusal.PERMANENT),
        (401, {"error": "invalid_token"}, Refusal.PERMANENT),
        (400, {"error": "unauthorized_client"}, Refusal.PERMANENT),
        (200, {"error": "INVALID_CODE"}, Refusal.PERMANENT),
        # Our client is wrong.
        (200, {"error": "invalid_client"}, Refusal.CONFIG),
        (200, {"error": "invalid_client_secret"}, Refusal.CONFIG),
        (400, {"error": "invalid_redirect_uri"}, Refusal.CONFIG),
        # Wait.
        (
            400,
            {"error_description": THROTTLED, "error": "Access Denied", "status": "failure"},
            Refusal.THROTTLE,
        ),
        (200, {"error": "Access Denied"}, Refusal.THROTTLE),
        (400, {"error": "invalid_code", "error_description": THROTTLED}, Refusal.THROTTLE),
        (400, {"error": "访问被拒绝", "error_description": "请求过于频繁"}, Refusal.THROTTLE),
        (200, {"error": "general_error"}, Refusal.THROTTLE),
        (200, {"error": {"code": "invalid_code"}}, Refusal.THROTTLE),
        (403, {"message": "no"}, Refusal.THROTTLE),
        (401, {}, Refusal.THROTTLE),
        (429, {"error": "invalid_code"}, Refusal.THROTTLE),
        (429, None, Refusal.THROTTLE),
        # Try again.
        (500, {"error": "invalid_code"}, Refusal.TRANSIENT),
        (502, None, Refusal.TRANSIENT),
        (503, {}, Refusal.TRANSIENT),
        (200, None, Refusal.TRANSIENT),
        (400, None, Refusal.TRANSIENT),
        (200, [], Refusal.TRANSIENT),
        (200, {}, Refusal.TRANSIENT),
        (200, {"access_token": ""}, Refusal.TRANSIENT),
        (200, {"access_token": 5}, Refusal.TRANSIENT),
    ],
)
def test_every_refusal_has_its_class(status: int, body: Any, refusal: Refusal) -> None:
    found = OAUTH.read(status, body)
    assert isinstance(found, TokenRefused)
    assert found.refusal is refusal
    assert found.error


def test_recorded_refusals(specs: Path) -> None:
    for name, refusal in (("oauth.error.1", Refusal.CONFIG), ("oauth.error.3", Refusal.THROTTLE)):
        recorded = json.loads((specs / f"zoho-books-recordings/{name}.json").read_text())["response"]
        found = OAUTH.read(recorded["status"], recorded["body"])
        assert isinstance(found, TokenRefused)
        assert found.refusal is refusal


def test_the_authorization_header() -> None:
    assert OAUTH.authorization("1000.a.b") == "Zoho-oauthtoken 1000.a.b"


def test_scopes_are_zohos_and_writing_includes_reading() -> None:
    assert OAUTH.scopes["*"] == ("ZohoBooks.fullaccess.all",)
    for unified, scopes in OAUTH.scopes.items():
        assert scopes and len(set(scopes)) == len(scopes), unified
        for scope in scopes:
            product, area, verb = scope.split(".")
            assert product == "ZohoBooks" and area.islower()
            assert verb in ("READ", "CREATE", "UPDATE", "DELETE", "all")
        if unified.endswith(":write"):
            assert set(OAUTH.scopes[unified.replace(":write", ":read")]) <= set(scopes)
    assert "ZohoBooks.invoices.CREATE" in OAUTH.scopes["accounting.invoices:write"]
    assert "ZohoBooks.contacts.CREATE" not in OAUTH.scopes["accounting.invoices:write"]
