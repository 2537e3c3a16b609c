"""The token endpoint, revocation and who the user is."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.options import CLIENT_ID, CLIENT_SECRET

from .conftest import Caller, Walker

DANA = "dana@us.example"


def recorded(specs: Path, name: str) -> dict[str, Any]:
    return json.loads((specs / "zoho-books-recordings" / name).read_text())["response"]


def test_token_answers_have_the_recorded_keys(walker: Walker, specs: Path) -> None:
    first = walker.login(DANA)
    assert set(first) == set(recorded(specs, "oauth.token-code.1.json")["body"])
    second = walker.refresh("us", first["refresh_token"])
    assert set(second) == set(recorded(specs, "oauth.token-refresh.1.json")["body"])
    third = walker.token("us", grant_type="client_credentials", scope="ZohoBooks.fullaccess.all")
    assert set(third) == set(recorded(specs, "oauth.token-client-credentials.1.json")["body"])
    for body in (first, second, third):
        assert re.fullmatch(r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}", body["access_token"])
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)


def test_token_answer_headers_are_as_recorded(walker: Walker, specs: Path) -> None:
    answer = walker.web.post(f"{walker.origin('us')}/oauth/v2/token")
    wanted = recorded(specs, "oauth.token-client-credentials.1.json")["headers"]
    assert {name: answer.headers[name] for name in wanted if name != "date"} == {
        name: value for name, value in wanted.items() if name != "date"
    }
    assert not [name for name in answer.headers if name.startswith("x-rate-limit")]


def test_granted_scopes_are_separated_by_spaces(walker: Walker) -> None:
    answer = walker.login(DANA, scope="ZohoBooks.invoices.READ,ZohoBooks.contacts.ALL")
    assert answer["scope"] == "ZohoBooks.invoices.READ ZohoBooks.contacts.ALL"


def test_parameters_may_stand_in_the_query(walker: Walker) -> None:
    refresh_token = walker.login(DANA)["refresh_token"]
    query = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": refresh_token,
    }
    answer = walker.web.post(f"{walker.origin('us')}/oauth/v2/token", params=query)
    assert "access_token" in answer.json()


def test_client_credentials_with_basic_authentication(walker: Walker) -> None:
    answer = walker.web.post(
        f"{walker.origin('eu')}/oauth/v2/token",
        data={"grant_type": "client_credentials", "scope": "ZohoBooks.fullaccess.all"},
        auth=(CLIENT_ID, CLIENT_SECRET),
    ).json()
    assert answer["api_domain"] == walker.origin("eu")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"client_id": "1000.NOBODY"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client_secret"),
        ({"grant_type": "refresh_token", "refresh_token": "1000.a.b"}, "invalid_code"),
        ({"grant_type": "authorization_code", "code": "1000.a.b"}, "invalid_code"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_refusals_are_inside_http_200(walker: Walker, parameters: dict[str, str], error: str) -> None:
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | parameters
    answer = walker.web.post(f"{walker.origin('us')}/oauth/v2/token", data=form)
    assert (answer.status_code, answer.json()) == (200, {"error": error})


def test_code_works_once(walker: Walker) -> None:
    code = walker.consent(DANA)["code"]
    assert "access_token" in walker.exchange("us", code)
    assert walker.exchange("us", code) == {"error": "invalid_code"}


def test_code_lives_two_minutes(walker: Walker, admin: httpx.Client) -> None:
    young, old = walker.consent(DANA)["code"], walker.consent(DANA)["code"]
    admin.post("/clock", json={"advance": 115})
    assert "access_token" in walker.exchange("us", young)
    admin.post("/clock", json={"advance": 6})
    assert walker.exchange("us", old) == {"error": "invalid_code"}


def test_code_is_good_in_one_data_centre(walker: Walker, admin: httpx.Client) -> None:
    code = walker.consent("asha@in.example")["code"]
    assert walker.exchange("us", code) == {"error": "invalid_code"}
    assert "access_token" in walker.exchange("in", code)


def test_redirect_uri_must_be_the_same(walker: Walker) -> None:
    code = walker.consent(DANA)["code"]
    wrong = walker.exchange("us", code, redirect_uri="http://127.0.0.1:7777/other")
    assert wrong == {"error": "invalid_redirect_uri"}


def test_secret_may_differ_per_data_centre(walker: Walker, admin: httpx.Client) -> None:
    admin.post("/clients", json={"client_id": "1000.X", "secret": "one", "secrets": {"in": "two"}})
    code = walker.consent("asha@in.example", client_id="1000.X")["code"]
    wrong = walker.exchange("in", code, client_id="1000.X", client_secret="one")
    assert wrong == {"error": "invalid_client_secret"}
    assert "access_token" in walker.exchange("in", code, client_id="1000.X", client_secret="two")


def test_refresh_token_only_when_due(walker: Walker) -> None:
    assert "refresh_token" not in walker.login(DANA, access_type="", prompt="")
    assert "refresh_token" in walker.login(DANA, prompt="")
    assert "refresh_token" not in walker.login(DANA, prompt="")
    assert "refresh_token" in walker.login(DANA, prompt="consent")
    assert "refresh_token" in walker.login("sam@us.example", prompt="")


def test_twenty_first_refresh_token_ends_the_oldest(walker: Walker, caller: Callable[..., Caller]) -> None:
    tokens = [caller(DANA).grant["refresh_token"] for _ in range(20)]
    assert "access_token" in walker.refresh("us", tokens[0])
    other = caller("sam@us.example").grant["refresh_token"]
    newest = walker.login(DANA)["refresh_token"]
    assert walker.refresh("us", tokens[0]) == {"error": "invalid_code"}
    for token in (tokens[1], tokens[19], newest, other):
        assert "access_token" in walker.refresh("us", token)


def test_ten_access_tokens_in_ten_minutes(walker: Walker, admin: httpx.Client, specs: Path) -> None:
    token = walker.login(DANA)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    for _ in range(10):
        assert "access_token" in walker.token("us", **form)
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    refused = walker.web.post(f"{walker.origin('us')}/oauth/v2/token", data=form | client)
    wanted = recorded(specs, "oauth.error.3.json")
    assert (refused.status_code, refused.json()) == (wanted["status"], wanted["body"])
    admin.post("/clock", json={"advance": 590})
    assert walker.token("us", **form)["error"] == "Access Denied"
    admin.post("/clock", json={"advance": 10})
    assert "access_token" in walker.token("us", **form)


def test_thirty_first_live_access_token_ends_the_oldest(
    walker: Walker, caller: Callable[..., Caller], admin: httpx.Client
) -> None:
    admin.put("/limits", json={"access_tokens": None})
    mine = caller()
    for _ in range(29):
        walker.refresh("us", mine.grant["refresh_token"])
    assert mine("GET", "/organizations", org="").status_code == 200
    walker.refresh("us", mine.grant["refresh_token"])
    assert mine("GET", "/organizations", org="").json()["code"] == 57


def test_refresh_token_is_not_rotated_and_is_known_to_one_client(
    walker: Walker, admin: httpx.Client, caller: Callable[..., Caller]
) -> None:
    admin.post("/clients", json={"client_id": "1000.OTHER", "secret": "s"})
    token = caller().grant["refresh_token"]
    theirs = walker.token(
        "us", grant_type="refresh_token", refresh_token=token, client_id="1000.OTHER", client_secret="s"
    )
    assert theirs == {"error": "invalid_code"}
    assert walker.refresh("eu", token) == {"error": "invalid_code"}
    for _ in range(2):
        assert "refresh_token" not in walker.refresh("us", token)


@pytest.mark.parametrize("path", ["/oauth/v2/token/revoke", "/oauth/v2/revoke/token"])
def test_revoking_a_refresh_token_ends_its_access_tokens(
    walker: Walker, caller: Callable[..., Caller], specs: Path, path: str
) -> None:
    mine = caller()
    url = walker.origin("us") + path
    answer = walker.web.post(
        url, params={"token": mine.grant["refresh_token"]}, auth=(CLIENT_ID, CLIENT_SECRET)
    )
    wanted = recorded(specs, "oauth.revoke.1.json")
    assert (answer.status_code, answer.json()) == (wanted["status"], wanted["body"])
    assert walker.refresh("us", mine.grant["refresh_token"]) == {"error": "invalid_code"}
    assert mine("GET", "/organizations", org="").status_code == 401
    assert walker.web.post(url, params={"token": mine.grant["refresh_token"]}).status_code == 400


def test_revoking_an_access_token_leaves_the_grant(walker: Walker, caller: Callable[..., Caller]) -> None:
    mine = caller()
    token = {"token": mine.grant["access_token"]}
    assert walker.web.post(walker.origin("us") + "/oauth/v2/token/revoke", data=token).status_code == 200
    assert mine("GET", "/organizations", org="").status_code == 401
    assert "access_token" in walker.refresh("us", mine.grant["refresh_token"])


def test_user_info(walker: Walker, caller: Callable[..., Caller]) -> None:
    url = walker.origin("us") + "/oauth/user/info"
    info = walker.web.get(url, headers=caller().headers).json()
    assert info["Email"] == DANA
    assert isinstance(info["ZUID"], int)
    assert set(info) == {"First_Name", "Last_Name", "Email", "Display_Name", "ZUID"}
    books_only = caller(scopes=["ZohoBooks.fullaccess.all"])
    assert walker.web.get(url, headers=books_only.headers).status_code == 401
    assert walker.web.get(url).status_code == 401


def test_server_info_leaves_china_out(walker: Walker, specs: Path) -> None:
    answer = walker.web.get(walker.origin("us") + "/oauth/serverinfo").json()
    wanted = recorded(specs, "oauth.serverinfo.1.json")["body"]
    assert answer["locations"].keys() == wanted["locations"].keys()
    assert answer["locations"]["ca"] == walker.origin("ca")


def test_unknown_and_misused_paths(walker: Walker) -> None:
    assert walker.web.get(walker.origin("us") + "/oauth/v2/token").status_code == 405
    assert walker.web.get(walker.origin("us") + "/oauth/v9/auth").status_code == 404
