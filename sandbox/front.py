"""The Books API of one data centre, up to the door of an organisation's ledger.

Checks come in the provider's order: token, limits, route, organisation, scope; the ledger does the rest.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import available_timezones

import msgspec

from .bodies import decode
from .books import Answer, Refused, organization_detail, organization_row, scope_needed
from .books.money import CURRENCIES
from .grants import Access, fingerprint
from .journal import Entry, guarded_body
from .people import Organization, User
from .wire import Received, Reply
from .world import World

PREFIX = re.compile(r"^/(?:books|api)/v3(?=/|$)")
ORGANIZATION_HEADER = "x-com-zoho-books-organizationid"
AREA_ALL = "zohobooks.fullaccess.all"

NO_CACHE = {
    "server": "ZGS",
    "cache-control": "no-store, no-cache, must-revalidate, max-age=0, post-check=0, pre-check=0",
    "pragma": "no-cache",
}
ALLOW_COLLECTION = "OPTIONS, DELETE, POST, GET, PUT"
ALLOW_RECORD = "OPTIONS, GET"

BAD_TOKEN = Refused(
    14,
    "The request could not be authenticated as the authentication value you entered is invalid. "
    "Enter a valid authentication value and try again.",
    401,
)
UNAUTHORIZED = Refused(57, "You are not authorized to perform this operation", 401)
NO_ROUTE = Refused(5, "Invalid URL Passed", 404)
NO_ORGANIZATION = Refused(9017, "This user is not associated with any organization.")
DEACTIVATED = Refused(6018, "You have been deactivated in this organization. Contact your administrator.")

OWN_PATH = re.compile(r"^/organizations(?:/(\d+))?$")
"""What no single ledger can answer."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


def allows(granted: tuple[str, ...], needed: str) -> bool:
    """Whether scopes cover an operation: exactly, by its area's ALL, or by full access."""
    have = {scope.lower() for scope in granted}
    area = needed.rpartition(".")[0]
    return not have.isdisjoint((needed.lower(), f"{area}.ALL".lower(), AREA_ALL))


class BooksFront:
    """Answers calls below /books/v3 and /api/v3."""

    def __init__(self, world: World) -> None:
        self._world = world

    def organization_named(self, call: Received) -> str:
        """The organisation id a call names, wherever it may stand; empty without one."""
        own = OWN_PATH.match(PREFIX.sub("", call.path).rstrip("/"))
        if own and own[1]:
            return own[1]
        return dict(call.query).get("organization_id") or call.headers.get(ORGANIZATION_HEADER, "")

    async def handle(self, call: Received, entry: Entry) -> Reply:
        """Answer one call, after waiting as long as the sandbox was told to."""
        world = self._world
        organization = world.organization_at(call.location, entry.organization_id)
        path = PREFIX.sub("", call.path).rstrip("/") or "/"
        try:
            access = self._authenticate(call, entry)
        except Refused as refused:
            await asyncio.sleep(world.latency.of("books"))
            return self._reply(refused.answer(), path, entry)
        user = world.users[access.grant.user_id]
        known = organization if organization and organization.id in user.organizations else None
        exceeded = known.meter.enter(world.clock()) if known else None
        try:
            if exceeded:
                answer = Refused(exceeded.code, exceeded.message, 429).answer()
            else:
                await asyncio.sleep(world.latency.of("books"))
                answer = await self._admitted(call, path, entry, access, user, known)
        except Refused as refused:
            answer = refused.answer()
        finally:
            if known and not exceeded:
                known.meter.leave()
        reply = self._reply(answer, path, entry)
        if known:
            reply.headers |= known.meter.headers(world.clock())
        return reply

    def rate_headers(self, call: Received, organization_id: str) -> dict[str, str]:
        """The budget headers of whatever organisation a call names."""
        organization = self._world.organization_at(call.location, organization_id)
        return organization.meter.headers(self._world.clock()) if organization else {}

    def _authenticate(self, call: Received, entry: Entry) -> Access:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() not in ("zoho-oauthtoken", "bearer") or not token:
            raise BAD_TOKEN
        entry.token = fingerprint(token)
        access, is_live = self._world.grants.access(call.location, token)
        if access is None:
            raise BAD_TOKEN
        entry.user = access.grant.user_id
        if not is_live:
            raise UNAUTHORIZED
        return access

    async def _admitted(
        self,
        call: Received,
        path: str,
        entry: Entry,
        access: Access,
        user: User,
        organization: Organization | None,
    ) -> Answer:
        own = OWN_PATH.match(path)
        needed = scope_needed(call.method, path)
        if needed is None:
            raise NO_ROUTE
        if organization is None and not (own and not own[1]):
            raise Refused(
                6041,
                f"This user is not associated with the CompanyID/CompanyName:{entry.organization_id}.",
            )
        if organization and organization.id in user.deactivated:
            raise DEACTIVATED
        if not allows(access.grant.scopes, needed):
            raise UNAUTHORIZED
        request = await decode(call, path, user.identity)
        entry.body = guarded_body(request.body)
        entry.executed = True
        if own:
            return self._own(call.method, bool(own[1]), request.body, user, organization)
        assert organization is not None
        return organization.books.handle(request)

    def _own(
        self, method: str, one: bool, body: Any, user: User, organization: Organization | None
    ) -> Answer:
        handler: Callable[[], Answer] = {
            ("GET", False): lambda: self._list(user),
            ("POST", False): lambda: self._create(user, body),
            ("GET", True): lambda: self._show(organization),
            ("PUT", True): lambda: self._change(organization, body),
        }[method, one]
        return handler()

    def _list(self, user: User) -> Answer:
        if not user.organizations:
            raise NO_ORGANIZATION
        rows = [
            organization_row(self._world.organizations[organization_id].profile, user.identity)
            for organization_id in user.organizations
            if organization_id not in user.deactivated
        ]
        return Answer(200, {"code": 0, "message": "success", "organizations": rows})

    def _create(self, user: User, body: Any) -> Answer:
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise Refused(4, "Please enter a valid organization name.")
        details = _profile_fields(body)
        organization = self._world.add_organization(user.location, users=(user,), seed="empty", **details)
        row = organization_detail(organization.profile)
        location = {"location": f"/api/v3/organizations/{organization.id}"}
        message = "The organization has been created."
        return Answer(201, {"code": 0, "message": message, "organization": row}, location)

    def _show(self, organization: Organization | None) -> Answer:
        assert organization is not None
        row = organization_detail(organization.profile)
        return Answer(200, {"code": 0, "message": "success", "organization": row})

    def _change(self, organization: Organization | None, body: Any) -> Answer:
        assert organization is not None
        if isinstance(body, dict):
            changes = _profile_fields(body)
            changes.pop("currency_code", None)  # a base currency stays once the ledger is in it
            organization.rename(replace(organization.profile, **changes))
        row = organization_detail(organization.profile)
        message = "The organization information has been updated."
        return Answer(200, {"code": 0, "message": message, "organization": row})

    def _reply(self, answer: Answer, path: str, entry: Entry) -> Reply:
        headers = {**NO_CACHE, "content-type": answer.media_type}
        particular = {name.lower(): value for name, value in answer.headers.items()}
        if answer.body is None:
            return Reply(answer.status, answer.content or b"", headers | particular)
        entry.code = answer.body.get("code")
        last = path.rpartition("/")[2]
        headers |= {
            "content-disposition": "attachment;",
            "allow": ALLOW_RECORD if last.isdigit() else ALLOW_COLLECTION,
        }
        return Reply(answer.status, _encode(answer.body), headers | particular)


WRITABLE = (
    "name", "currency_code", "time_zone", "language_code", "date_format", "contact_name", "email", "phone",
    "website", "portal_name",
)  # fmt: skip


def _profile_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request body an organisation's profile takes over."""
    given = {name: body[name] for name in WRITABLE if isinstance(body.get(name), str) and body[name].strip()}
    for name, known in (("currency_code", CURRENCIES), ("time_zone", available_timezones())):
        if name in given and given[name] not in known:
            raise Refused(2, f"Invalid value passed for {name}")
    return given
