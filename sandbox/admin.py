"""The admin API: look at everything, change anything, arrange misfortunes. Loopback only, no authentication.

Bodies and answers are JSON; a request that makes no sense is 400 `{"error": why}`. README.md has the table.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .books import Allowances, Call, Refused
from .datacenters import LOCATIONS
from .faults import KINDS
from .grants import Grant
from .hooks import HOOK_KINDS
from .options import CLIENT_ID
from .people import Client, Organization, User
from .state import client_state, fault_state, organization_state, state, user_state
from .world import Latency, World, checked

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(decimal_format="number").encode

Body: TypeAlias = dict[str, Any]
Action: TypeAlias = Callable[["Admin", Request, Body], Any]

HOOKS_NARROWED_BY = {"organization_id", "entity", "event", "record_id", "webhook_id", "status"}
FULL_ACCESS = ("ZohoBooks.fullaccess.all", "AaaServer.profile.READ")


class Admin:
    """What the admin API can do; every method is one route, described by its docstring."""

    def __init__(self, world: World) -> None:
        self._world = world

    def index(self, request: Request, body: Body) -> Any:
        """This list, and the kinds of faults."""
        routes = {f"{method} {path}": action.__doc__ for (method, path), action in ROUTES.items()}
        faults = {name: kind.doc for name, kind in KINDS.items()}
        return {"routes": routes, "faults": faults, "faults of webhooks": dict(HOOK_KINDS)}

    def show_state(self, request: Request, body: Body) -> Any:
        """Clock, data centres, clients, users, organisations with usage, grants, faults, latency, limits."""
        return state(self._world)

    def reset(self, request: Request, body: Body) -> Any:
        """Forget everything and settle the default people again; `seed`, `rows` change the furnishing."""
        world = self._world
        world.seed, world.rows = body.get("seed", world.seed), body.get("rows", world.rows)
        world.start_over()
        return state(world)

    def journal(self, request: Request, body: Body) -> Any:
        """Calls received; `after` (an id), `dc`, `server`, `method`, `path` (regexp) narrow it."""
        asked = dict(request.query_params)
        after = int(asked.pop("after", "0"))
        if unknown := asked.keys() - {"dc", "server", "method", "path"}:
            raise ValueError(f"the journal cannot be narrowed by {', '.join(sorted(unknown))}")
        calls = [entry.as_dict() for entry in self._world.journal.matching(after=after, **asked)]
        return {"calls": calls, "last": self._world.journal.last}

    def clear_journal(self, request: Request, body: Body) -> Any:
        """Empty the journal; ids go on counting."""
        self._world.journal.clear()
        return {"last": self._world.journal.last}

    def show_clock(self, request: Request, body: Body) -> Any:
        """The sandbox's time."""
        return {"now": self._world.clock.stamp(), "frozen": self._world.clock.is_frozen}

    def move_clock(self, request: Request, body: Body) -> Any:
        """`advance` by seconds, `set` to an instant with offset, `freeze` true or false."""
        clock = self._world.clock
        if unknown := body.keys() - {"advance", "set", "freeze"}:
            raise ValueError(f"the clock knows no {', '.join(sorted(unknown))}")
        if "set" in body:
            instant = datetime.fromisoformat(body["set"])
            if instant.tzinfo is None:
                raise ValueError("set needs an offset")
            clock.set(instant)
        clock.advance(float(body.get("advance", 0)))
        if "freeze" in body:
            clock.freeze(bool(body["freeze"]))
        return self.show_clock(request, body)

    def add_client(self, request: Request, body: Body) -> Any:
        """Register an OAuth client: `client_id`, `secret`, `name`, `secrets` per location, `redirect_uris`,
        `data_centers` where it is known. Without redirect URIs any on loopback will do."""
        lists = {name: tuple(body[name]) for name in ("redirect_uris", "data_centers") if name in body}
        details: dict[str, Any] = body | lists
        return client_state(self._world.add_client(Client(**details)))

    def add_user(self, request: Request, body: Body) -> Any:
        """A user: `dc`, `first_name`, `last_name`, `email`, and `organizations`, a list of ids."""
        user = self._world.add_user(
            _location(body), body["first_name"], body.get("last_name", ""), body.get("email", "")
        )
        user.organizations.extend(
            self._organization(organization_id).id for organization_id in body.get("organizations", ())
        )
        return user_state(user)

    def change_user(self, request: Request, body: Body) -> Any:
        """Replace a user's `organizations`, or the list that locked him out (`deactivated`)."""
        user = self._user(request.path_params["id"])
        if "organizations" in body:
            user.organizations[:] = [self._organization(name).id for name in body["organizations"]]
        user.deactivated = set(body.get("deactivated", user.deactivated))
        return user_state(user)

    def add_organization(self, request: Request, body: Body) -> Any:
        """An organisation: `dc`, `name`, `users` (ids or e-mails), `seed`, `rows`, `page` (most rows of a
        list's page), and any profile field."""
        details = {name: value for name, value in body.items() if name not in ("dc", "name", "users")}
        users = [self._user(name) for name in body.get("users", ())]
        organization = self._world.add_organization(_location(body), body["name"], users, **details)
        return organization_state(organization, self._world.clock())

    def truth(self, request: Request, body: Body) -> Any:
        """Everything an organisation's ledger holds."""
        return self._organization(request.path_params["id"]).books.truth()

    def act(self, request: Request, body: Body) -> Any:
        """Call an organisation's ledger (`method`, `path` below /books/v3, `query`, `body`) outside of
        OAuth, limits, faults and journal, as its people do in the browser, or did `late` seconds ago."""
        organization = self._organization(request.path_params["id"])
        query = tuple((name, str(value)) for name, value in body.get("query", {}).items())
        members = (user for user in self._world.users.values() if organization.id in user.organizations)
        identity = next((user.identity for user in members), {})
        call = Call(body.get("method", "GET"), body["path"], query, {}, body.get("body"), user=identity)
        answer = organization.books.act(call, float(body.get("late", 0)))
        return {"status": answer.status, "body": answer.body}

    def define_field(self, request: Request, body: Body) -> Any:
        """A custom field: `entity` ("invoice", …), `label`, `data_type`, `options`, `unique`, `in_rows`."""
        details: dict[str, Any] = body | {"options": tuple(body.get("options", ()))}
        return self._organization(request.path_params["id"]).books.define_custom_field(**details)

    def mark_viewed(self, request: Request, body: Body) -> Any:
        """The customer opens the invoice `invoice_id`."""
        self._organization(request.path_params["id"]).books.mark_viewed(body["invoice_id"])
        return {"viewed": body["invoice_id"]}

    def limit_one(self, request: Request, body: Body) -> Any:
        """One organisation's `minute`, `day`, `concurrent`; null lifts a limit."""
        organization = self._organization(request.path_params["id"])
        organization.meter.limits = organization.meter.limits.but(checked(body))
        return organization_state(organization, self._world.clock())

    def limit_all(self, request: Request, body: Body) -> Any:
        """The same for all organisations, and the accounts servers' rules (`access_tokens`, …)."""
        self._world.limit(body)
        return self._world.limits

    def add_grant(self, request: Request, body: Body) -> Any:
        """Consent without a page: `user`, `client_id`, `scopes` (a list; everything by default). Answers
        the refresh token, a live access token and where they are good."""
        world, user = self._world, self._user(body["user"])
        client_id = body.get("client_id", CLIENT_ID)
        scopes = tuple(body.get("scopes", FULL_ACCESS))
        grant = world.grants.create(user.location, client_id, user.user_id, scopes, offline=True)
        access = world.grants.issue(grant)
        origin = world.sites.origin(user.location)
        return {
            "refresh_token": grant.refresh_token,
            "access_token": access.token,
            "location": user.location,
            "accounts": origin,
            "api_domain": origin,
            "organizations": list(user.organizations),
        }

    def drop_grants(self, request: Request, body: Body) -> Any:
        """Silently delete refresh tokens: all, or those of `user`, `client_id`, `refresh_token`. Access
        tokens go with them unless `keep_access`."""
        chosen = [grant for grant in self._world.grants if self._is_meant(grant, body)]
        self._world.grants.forget(chosen, keep_access=bool(body.get("keep_access", False)))
        return {"deleted": len(chosen)}

    def expire_tokens(self, request: Request, body: Body) -> Any:
        """End all access tokens now, or those of `user`, `client_id`, `refresh_token`."""
        return {"expired": self._world.grants.expire_all(lambda grant: self._is_meant(grant, body))}

    def show_faults(self, request: Request, body: Body) -> Any:
        """What is due."""
        return {"faults": [fault_state(fault) for fault in self._world.faults]}

    def add_fault(self, request: Request, body: Body) -> Any:
        """Arrange a misfortune: `kind`; which calls: `times`, `skip`, `method`, `path`, `query`, `content`,
        `dc`, `endpoint`, `organization_id`; `executed`; and the options of the kind."""
        return fault_state(self._world.faults.arrange(**body))

    def clear_faults(self, request: Request, body: Body) -> Any:
        """Call all off, or the one with `id`."""
        return {"cleared": self._world.faults.clear(int(body["id"]) if "id" in body else None)}

    def automate(self, request: Request, body: Body) -> Any:
        """What an organisation may automate: `rules`, `rules_per_module`, `webhooks_per_day` (null lifts one);
        `refuses` ("plan", "scope") closes the settings; `retries`, seconds before each further attempt."""
        books = self._organization(request.path_params["id"]).books
        books.allow(Allowances(**{**asdict(books.ledger.allowances), **body}))
        return asdict(books.ledger.allowances)

    def fire(self, request: Request, body: Body) -> Any:
        """Fire the webhook `webhook_id` for the record `record_id`, also for one that is deleted."""
        organization = self._organization(request.path_params["id"])
        organization.books.fire_by_hand(body["webhook_id"], body["record_id"])
        return {"fired": body["record_id"]}

    def show_hooks(self, request: Request, body: Body) -> Any:
        """Webhooks fired and what became of them; `after` (an id), `organization_id`, `entity`, `event`,
        `record_id`, `webhook_id`, `status` narrow it."""
        asked = dict(request.query_params)
        after = int(asked.pop("after", "0"))
        if unknown := asked.keys() - HOOKS_NARROWED_BY:
            raise ValueError(f"webhooks cannot be narrowed by {', '.join(sorted(unknown))}")
        found = [each for each in list(self._world.hooks.deliveries) if each.id > after]
        shown = [
            each.as_dict()
            for each in found
            if all(getattr(each, name) == value for name, value in asked.items())
        ]
        return {"deliveries": shown, "last": found[-1].id if found else after}

    def clear_hooks(self, request: Request, body: Body) -> Any:
        """Forget what was fired, what was to be sent, and the faults of webhooks."""
        self._world.hooks.clear()
        return {"deliveries": []}

    def show_hook_faults(self, request: Request, body: Body) -> Any:
        """What is due to befall webhooks."""
        return {"faults": [asdict(fault) for fault in self._world.hooks.faults]}

    def add_hook_fault(self, request: Request, body: Body) -> Any:
        """Arrange a misfortune of webhooks: `kind`; which: `times`, `skip`, `organization_id`, `entity`; and
        `count` or `seconds`."""
        return asdict(self._world.hooks.arrange(**body))

    def clear_hook_faults(self, request: Request, body: Body) -> Any:
        """Call all off, or the one with `id`."""
        return {"cleared": self._world.hooks.call_off(int(body["id"]) if "id" in body else None)}

    def slow_down(self, request: Request, body: Body) -> Any:
        """Seconds every call waits: `every`, or only `token`, `books`."""
        self._world.latency = Latency(**{name: float(seconds) for name, seconds in body.items()})
        return state(self._world)["latency"]

    def _is_meant(self, grant: Grant, body: Body) -> bool:
        user = self._user(body["user"]).user_id if "user" in body else grant.user_id
        client_id = body.get("client_id", grant.client_id)
        refresh_token = body.get("refresh_token", grant.refresh_token)
        return (user, client_id, refresh_token) == (grant.user_id, grant.client_id, grant.refresh_token)

    def _user(self, name: str) -> User:
        user = self._world.user(name)
        if user is None:
            raise ValueError(f"no user {name}")
        return user

    def _organization(self, organization_id: str) -> Organization:
        found = self._world.organizations.get(organization_id)
        if found is None:
            raise ValueError(f"no organisation {organization_id}")
        return found


ROUTES: Mapping[tuple[str, str], Action] = {
    ("GET", "/"): Admin.index,
    ("GET", "/state"): Admin.show_state,
    ("POST", "/reset"): Admin.reset,
    ("GET", "/journal"): Admin.journal,
    ("DELETE", "/journal"): Admin.clear_journal,
    ("GET", "/clock"): Admin.show_clock,
    ("POST", "/clock"): Admin.move_clock,
    ("POST", "/clients"): Admin.add_client,
    ("POST", "/users"): Admin.add_user,
    ("PATCH", "/users/{id}"): Admin.change_user,
    ("POST", "/organizations"): Admin.add_organization,
    ("GET", "/organizations/{id}/truth"): Admin.truth,
    ("POST", "/organizations/{id}/calls"): Admin.act,
    ("POST", "/organizations/{id}/custom-fields"): Admin.define_field,
    ("POST", "/organizations/{id}/viewed"): Admin.mark_viewed,
    ("PUT", "/organizations/{id}/limits"): Admin.limit_one,
    ("PUT", "/limits"): Admin.limit_all,
    ("POST", "/grants"): Admin.add_grant,
    ("DELETE", "/grants"): Admin.drop_grants,
    ("POST", "/tokens/expire"): Admin.expire_tokens,
    ("GET", "/faults"): Admin.show_faults,
    ("POST", "/faults"): Admin.add_fault,
    ("DELETE", "/faults"): Admin.clear_faults,
    ("PUT", "/organizations/{id}/automation"): Admin.automate,
    ("POST", "/organizations/{id}/hooks"): Admin.fire,
    ("GET", "/hooks"): Admin.show_hooks,
    ("DELETE", "/hooks"): Admin.clear_hooks,
    ("GET", "/hooks/faults"): Admin.show_hook_faults,
    ("POST", "/hooks/faults"): Admin.add_hook_fault,
    ("DELETE", "/hooks/faults"): Admin.clear_hook_faults,
    ("PUT", "/latency"): Admin.slow_down,
}


def admin_app(world: World) -> Starlette:
    """The ASGI application of the admin port."""
    admin = Admin(world)

    def endpoint(action: Action) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                raw = await request.body()
                body = _decode(raw) if raw.strip() else {}
                if not isinstance(body, dict):
                    raise ValueError("the body is a JSON object")
                if request.method == "DELETE":
                    body = dict(request.query_params) | body
                return _json(action(admin, request, body))
            except KeyError as error:
                return _json({"error": f"{error} is missing or unknown"}, 400)
            except (ValueError, TypeError, Refused) as error:
                return _json({"error": str(error)}, 400)

        return answer

    return Starlette(
        routes=[Route(path, endpoint(action), methods=[method]) for (method, path), action in ROUTES.items()]
    )


def _json(body: Any, status: int = 200) -> Response:
    return Response(_encode(body), status, media_type="application/json")


def _location(body: Body) -> str:
    if body["dc"] not in LOCATIONS:
        raise ValueError(f"dc is one of {', '.join(LOCATIONS)}")
    return body["dc"]
