"""The accounts server of a data centre: consent, tokens, revocation, and who the user is."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.parse import urlencode, urlsplit

from .datacenters import HOMES
from .grants import Access, Code, Denied, fingerprint
from .journal import Entry
from .pages import consent_page, error_page
from .people import Client, User
from .wire import Received, Reply, json_reply
from .world import World

AREAS = (
    "contacts", "settings", "estimates", "invoices", "customerpayments", "creditnotes", "projects",
    "expenses", "salesorders", "purchaseorders", "bills", "debitnotes", "vendorpayments", "banking",
    "accountants", "reports", "custommodules", "deliverychallans", "fixedasset",
)  # fmt: skip
SCOPE = re.compile(
    rf"ZohoBooks\.(?:fullaccess\.all|(?:{'|'.join(AREAS)})\.(?:CREATE|READ|UPDATE|DELETE|ALL))"
    r"|AaaServer\.profile\.(?:READ|ALL)",
    re.IGNORECASE,
)
PROFILE_SCOPES = frozenset(("aaaserver.profile.read", "aaaserver.profile.all"))

REQUEST_PARAMETERS = (
    "response_type", "client_id", "scope", "redirect_uri", "access_type", "prompt", "state",
    "code_challenge", "code_challenge_method",
)  # fmt: skip

HEADERS = {"cache-control": "no-store", "pragma": "no-cache", "content-language": "en-US", "server": "ZGS"}
NOT_FOUND = {"error": "Invalid URL Passed"}

Handler: TypeAlias = Callable[["Accounts", Received, Entry], Reply]


class Accounts:
    """Answers calls below /oauth in every data centre."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, call: Received, entry: Entry) -> Reply:
        path = call.path.rstrip("/")
        handler = ROUTES.get((call.method, path))
        if handler is None:
            is_known = any(path == known for _, known in ROUTES)
            return json_reply(NOT_FOUND, 405 if is_known else 404, HEADERS)
        entry.executed = True
        return handler(self, call, entry)

    def server_info(self, call: Received, entry: Entry) -> Reply:
        sites = self._world.sites
        locations = {at: sites.origin(at) for at, home in HOMES.items() if home.listed}
        return json_reply({"result": "success", "locations": locations}, headers=HEADERS)

    def consent(self, call: Received, entry: Entry) -> Reply:
        """The page that asks; a wrong request gets a page that explains."""
        try:
            client, scopes = self._request(call)
        except Denied as denied:
            return error_page(call.location, denied)
        asked = call.parameters
        people = sorted(self._world.users.values(), key=lambda user: user.location != call.location)
        named = self._world.user(asked.get("user", ""))
        chosen = named or people[0]
        hidden = {name: asked[name] for name in REQUEST_PARAMETERS if name in asked}
        offline = asked.get("access_type") == "offline"
        return consent_page(call.location, client, scopes, people, chosen, hidden, offline=offline)

    def decide(self, call: Received, entry: Entry) -> Reply:
        """The form's answer: a redirect to the application, or to the data centre where the user lives."""
        world, asked = self._world, call.parameters
        try:
            client, scopes = self._request(call)
            user = world.user(asked.get("user", ""))
            if user is None:
                raise Denied("invalid_user")
            entry.user = user.user_id
            if user.location != call.location:
                return self._send_home(user, asked)
            returned = self._decided(client, scopes, user, asked, call.location)
        except Denied as denied:
            return error_page(call.location, denied)
        if "state" in asked:
            returned["state"] = asked["state"]
        entry.outcome = returned.get("error", "ok")
        return _redirect(asked["redirect_uri"], returned)

    def token(self, call: Received, entry: Entry) -> Reply:
        """The token endpoint. It refuses inside HTTP 200."""
        asked = call.parameters | _basic(call)
        entry.grant_type = asked.get("grant_type", "")
        if "refresh_token" in asked:
            entry.grant = fingerprint(asked["refresh_token"])
        try:
            client = self._client(call.location, asked)
            make = GRANT_TYPES.get(entry.grant_type)
            if make is None:
                raise Denied("unsupported_grant_type")
            access = make(self, call.location, client, asked)
        except Denied as denied:
            entry.outcome = denied.error
            return json_reply(denied.body, denied.status, HEADERS)
        grant = access.grant
        entry.outcome, entry.user, entry.token = "ok", grant.user_id, fingerprint(access.token)
        body: dict[str, str | int] = {"access_token": access.token}
        if entry.grant_type == "authorization_code" and grant.refresh_token:
            body["refresh_token"] = grant.refresh_token
            entry.grant = fingerprint(grant.refresh_token)
        body |= {
            "scope": " ".join(grant.scopes),
            "api_domain": self._world.sites.origin(call.location),
            "token_type": "Bearer",
            "expires_in": self._world.grants.rules.token_seconds,
        }
        return json_reply(body, headers=HEADERS)

    def revoke(self, call: Received, entry: Entry) -> Reply:
        token = call.parameters.get("token", "")
        entry.grant = fingerprint(token)
        try:
            self._world.grants.revoke(call.location, token)
        except Denied as denied:
            entry.outcome = denied.error
            return json_reply({**denied.body, "status": "failure"}, denied.status, HEADERS)
        entry.outcome = "ok"
        return json_reply({"status": "success"}, headers=HEADERS)

    def user_info(self, call: Received, entry: Entry) -> Reply:
        token = call.headers.get("authorization", "").rpartition(" ")[2]
        entry.token = fingerprint(token)
        access, is_live = self._world.grants.access(call.location, token)
        if access is None or not is_live:
            return json_reply({"error": "INVALID_OAUTHTOKEN"}, 401, HEADERS)
        if PROFILE_SCOPES.isdisjoint(scope.lower() for scope in access.grant.scopes):
            return json_reply({"error": "OAUTH_SCOPE_MISMATCH"}, 401, HEADERS)
        user = self._world.users[access.grant.user_id]
        body = {
            "First_Name": user.first_name,
            "Last_Name": user.last_name,
            "Email": user.email,
            "Display_Name": user.name,
            "ZUID": int(user.user_id),
        }
        return json_reply(body, headers=HEADERS)

    def from_code(self, location: str, client: Client, asked: Mapping[str, str]) -> Access:
        return self._world.grants.exchange(
            location,
            client.client_id,
            asked.get("code", ""),
            asked.get("redirect_uri", ""),
            asked.get("code_verifier", ""),
        )

    def from_refresh(self, location: str, client: Client, asked: Mapping[str, str]) -> Access:
        return self._world.grants.refresh(location, client.client_id, asked.get("refresh_token", ""))

    def from_credentials(self, location: str, client: Client, asked: Mapping[str, str]) -> Access:
        """For the organisation of `soid` ("ZohoBooks.<id>"), else for the data centre's first user."""
        organization_id = asked.get("soid", "").rpartition(".")[2]
        users = [user for user in self._world.users.values() if user.location == location]
        if organization_id:
            users = [user for user in users if organization_id in user.organizations]
        if not users:
            raise Denied("invalid_soid")
        scopes = _scopes(asked.get("scope", ""))
        return self._world.grants.directly(location, client.client_id, users[0].user_id, scopes)

    def _client(self, location: str, asked: Mapping[str, str]) -> Client:
        client = self._known(location, asked.get("client_id", ""))
        given, secret = asked.get("client_secret", ""), client.secret_at(location)
        if not secrets.compare_digest(given.encode(), secret.encode()):
            raise Denied("invalid_client_secret")
        return client

    def _known(self, location: str, client_id: str) -> Client:
        client = self._world.clients.get(client_id)
        if client is None or location not in client.data_centers:
            raise Denied("invalid_client")
        return client

    def _request(self, call: Received) -> tuple[Client, tuple[str, ...]]:
        asked = call.parameters
        client = self._known(call.location, asked.get("client_id", ""))
        if not client.may_return_to(asked.get("redirect_uri", "")):
            raise Denied("invalid_redirect_uri")
        if asked.get("response_type") != "code":
            raise Denied("invalid_response_type")
        return client, _scopes(asked.get("scope", ""))

    def _send_home(self, user: User, asked: Mapping[str, str]) -> Reply:
        kept = {name: asked[name] for name in REQUEST_PARAMETERS if name in asked}
        return _redirect(
            f"{self._world.sites.origin(user.location)}/oauth/v2/auth", kept | {"user": user.email}
        )

    def _decided(
        self, client: Client, scopes: tuple[str, ...], user: User, asked: Mapping[str, str], location: str
    ) -> dict[str, str]:
        """What the application is told. Pressing no button counts as accepting, as Enter does."""
        if asked.get("decision", "accept") != "accept":
            return {"error": "access_denied"}
        wanted = Code(
            code="",
            location=location,
            client_id=client.client_id,
            user_id=user.user_id,
            scopes=scopes,
            redirect_uri=asked["redirect_uri"],
            offline=asked.get("access_type") == "offline",
            consent=asked.get("prompt") == "consent",
            challenge=asked.get("code_challenge", ""),
            challenge_method=asked.get("code_challenge_method", "plain"),
            expires=self._world.clock(),
        )
        code = self._world.grants.issue_code(wanted)
        return {"code": code, "location": location, "accounts-server": self._world.sites.origin(location)}


ROUTES: Mapping[tuple[str, str], Handler] = {
    ("GET", "/oauth/serverinfo"): Accounts.server_info,
    ("GET", "/oauth/v2/auth"): Accounts.consent,
    ("POST", "/oauth/v2/auth"): Accounts.decide,
    ("POST", "/oauth/v2/token"): Accounts.token,
    ("POST", "/oauth/v2/token/revoke"): Accounts.revoke,
    ("POST", "/oauth/v2/revoke/token"): Accounts.revoke,
    ("GET", "/oauth/user/info"): Accounts.user_info,
}

GRANT_TYPES: Mapping[str, Callable[[Accounts, str, Client, Mapping[str, str]], Access]] = {
    "authorization_code": Accounts.from_code,
    "refresh_token": Accounts.from_refresh,
    "client_credentials": Accounts.from_credentials,
}


def _scopes(text: str) -> tuple[str, ...]:
    """Comma-separated scopes, all of them known."""
    scopes = tuple(dict.fromkeys(scope.strip() for scope in text.split(",")))
    if not all(SCOPE.fullmatch(scope) for scope in scopes):
        raise Denied("invalid_scope")
    return scopes


def _basic(call: Received) -> dict[str, str]:
    """Client id and secret from HTTP Basic authentication, where it is used."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": client_id, "client_secret": secret}


def _redirect(to: str, parameters: Mapping[str, str]) -> Reply:
    separator = "&" if urlsplit(to).query else "?"
    target = f"{to}{separator}{urlencode(parameters)}"
    return Reply(302, b"", {**HEADERS, "location": target, "referrer-policy": "no-referrer"})
