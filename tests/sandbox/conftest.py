"""One sandbox per module, as new for every test, and a client that can walk through it."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.options import CLIENT_ID, CLIENT_SECRET, Options
from sandbox.running import Sandbox, running

REDIRECT = "http://127.0.0.1:7777/oauth/callback"


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with running(Options(seed="empty")) as sandbox:
        yield sandbox


@pytest.fixture
def admin(served: Sandbox) -> Iterator[httpx.Client]:
    """The admin API of a sandbox that has just started over."""
    with httpx.Client(base_url=served.admin_url, timeout=20) as client:
        client.post("/reset").raise_for_status()
        client.put("/limits", json={"minute": 100, "day": 5000, "concurrent": 10, "access_tokens": 10})
        yield client


@pytest.fixture
def origin(served: Sandbox, admin: httpx.Client) -> Callable[[str], str]:
    return served.sites.origin


@pytest.fixture
def web(admin: httpx.Client) -> Iterator[httpx.Client]:
    """A client that follows nothing by itself."""
    with httpx.Client(timeout=20) as client:
        yield client


class Walker:
    """Somebody in front of the consent page, and the application he lets in."""

    def __init__(self, web: httpx.Client, origin: Callable[[str], str]) -> None:
        self.web = web
        self.origin = origin

    def ask(self, location: str = "us", **changes: str) -> httpx.Response:
        """The consent page, for a usual request with some changes."""
        request = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "scope": "ZohoBooks.fullaccess.all",
            "redirect_uri": REDIRECT,
            "access_type": "offline",
            "prompt": "consent",
            "state": "opaque",
        }
        asked = {name: value for name, value in (request | changes).items() if value}
        return self.web.get(f"{self.origin(location)}/oauth/v2/auth", params=asked)

    def consent(
        self, user: str, decision: str = "accept", location: str = "us", **changes: str
    ) -> dict[str, str]:
        """What the application's callback gets in its query."""
        page = self.ask(location, **changes)
        while page.status_code == 200:
            fields = form_fields(page.text) | {"user": user, "decision": decision}
            page = self.web.post(page.url.join("/oauth/v2/auth"), data=fields)
            if page.has_redirect_location and not page.headers["location"].startswith(REDIRECT):
                page = self.web.get(page.headers["location"])
        assert page.status_code == 302, page.text
        query = parse_qs(urlsplit(page.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    def token(self, location: str, **parameters: str) -> dict[str, Any]:
        """The token endpoint's answer; the client's id and secret are added."""
        form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | parameters
        return self.web.post(f"{self.origin(location)}/oauth/v2/token", data=form).json()

    def exchange(self, location: str, code: str, **changes: str) -> dict[str, Any]:
        usual = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return self.token(location, **(usual | changes))

    def refresh(self, location: str, refresh_token: str) -> dict[str, Any]:
        return self.token(location, grant_type="refresh_token", refresh_token=refresh_token)

    def login(self, user: str, **changes: str) -> dict[str, Any]:
        """Consent and exchange in one go."""
        callback = self.consent(user, **changes)
        return self.exchange(callback["location"], callback["code"])


@pytest.fixture
def walker(web: httpx.Client, origin: Callable[[str], str]) -> Walker:
    return Walker(web, origin)


def form_fields(page: str) -> dict[str, str]:
    """Hidden inputs and ticked radio buttons of the page's only form."""
    from html.parser import HTMLParser

    fields: dict[str, str] = {}
    forms: list[dict[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found = dict(attrs)
            if tag == "form":
                forms.append(found)
            if tag == "input" and (found["type"] == "hidden" or "checked" in found):
                fields[found["name"] or ""] = found["value"] or ""

    Reader().feed(page)
    assert [form["method"] for form in forms] == ["post"]
    return fields


class Caller:
    """An application with a live token, calling Books."""

    def __init__(self, web: httpx.Client, grant: dict[str, Any]) -> None:
        self.web = web
        self.grant = grant
        self.headers = {"authorization": f"Zoho-oauthtoken {grant['access_token']}"}

    @property
    def organization_id(self) -> str:
        return self.grant["organizations"][0]

    def __call__(self, method: str, path: str, *, org: str | None = None, **more: Any) -> httpx.Response:
        query = {"organization_id": self.organization_id if org is None else org} | more.pop("params", {})
        headers = self.headers | more.pop("headers", {})
        url = f"{self.grant['api_domain']}/books/v3{path}"
        asked = {name: value for name, value in query.items() if name != "organization_id" or value}
        return self.web.request(method, url, params=asked, headers=headers, **more)


@pytest.fixture
def caller(admin: httpx.Client, web: httpx.Client) -> Callable[..., Caller]:
    """A caller for a user, with a grant made directly."""

    def make(user: str = "dana@us.example", **details: Any) -> Caller:
        made = admin.post("/grants", json={"user": user, **details})
        assert made.status_code == 200, made.text
        return Caller(web, made.json())

    return make
