"""Everything the sandbox holds, and the people it starts with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from .books import Profile
from .clock import Clock
from .datacenters import HOMES, Sites
from .faults import Faults
from .grants import Grants, Rules
from .hooks import Hooks
from .journal import Journal
from .limits import Limits
from .options import CLIENT_ID, CLIENT_SECRET, Options
from .people import Client, Organization, User

PEOPLE = (
    ("us", "Dana", "Miller", ("Northwind Trading",)),
    ("us", "Sam", "Carter", ("Carter Design Studio", "Carter Holdings")),
    ("us", "Noor", "Haddad", ()),
    ("eu", "Lena", "Vogel", ("Vogel Werkzeuge",)),
    ("in", "Asha", "Rao", ("Rao Textiles",)),
    ("au", "Jack", "Wilson", ("Wilson Surf Supply",)),
    ("jp", "Yuki", "Tanaka", ("Tanaka Tools",)),
    ("ca", "Marie", "Tremblay", ("Tremblay Maple",)),
    ("cn", "Li", "Wei", ("Wei Electronics",)),
    ("sa", "Omar", "Faris", ("Faris Logistics",)),
)


def checked(limits: Mapping[str, Any]) -> dict[str, Any]:
    """The limits, if all are known by name and are whole numbers or None. Raises ValueError otherwise."""
    known = [limit.name for kind in (Limits, Rules) for limit in fields(kind)]
    for name, value in limits.items():
        if name not in known:
            raise ValueError(f"there is no limit {name}; there are {', '.join(known)}")
        if value is None and not name.endswith("_seconds"):
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name} is a whole number or null")
    return dict(limits)


@dataclass(slots=True)
class Latency:
    """Seconds every call waits before it is handled; `token` and `books` replace `every`."""

    every: float = 0.0
    token: float | None = None
    books: float | None = None

    def of(self, endpoint: str) -> float:
        particular = {"token": self.token, "books": self.books}.get(endpoint)
        return self.every if particular is None else particular


@dataclass(slots=True)
class World:
    """The state behind all data centres. One event loop reads and changes it; there are no locks."""

    sites: Sites
    options: Options = field(default_factory=Options)
    clock: Clock = field(default_factory=Clock)
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    latency: Latency = field(default_factory=Latency)
    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    users: dict[str, User] = field(default_factory=dict[str, User])
    organizations: dict[str, Organization] = field(default_factory=dict[str, Organization])
    grants: Grants = field(init=False)
    hooks: Hooks = field(init=False)
    limits: dict[str, Any] = field(init=False)
    seed: str = field(init=False)
    rows: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.limits = checked(self.options.limits)
        self.seed, self.rows = self.options.seed, self.options.rows
        self.hooks = Hooks(lambda: self.clock.stamp())
        self.start_over()

    def start_over(self) -> None:
        """Forget all that happened and settle the default people again. Limits stay as they are."""
        self.clock, self.journal = Clock(), Journal()
        self.faults, self.latency = Faults(), Latency()
        self.hooks.clear()
        self.clients, self.users, self.organizations = {}, {}, {}
        self.grants = Grants(self._now, Rules().but(self.limits))
        self.add_client(Client(CLIENT_ID, CLIENT_SECRET, "Sandbox client"))
        for location, first, last, companies in PEOPLE:
            user = self.add_user(location, first, last)
            for name in companies:
                self.add_organization(location, name, (user,))

    def add_client(self, client: Client) -> Client:
        self.clients[client.client_id] = client
        return client

    def add_user(self, location: str, first_name: str, last_name: str = "", email: str = "") -> User:
        """A new user without organisations. Raises ValueError for an e-mail that is taken."""
        email = email or f"{first_name.lower()}@{location}.example"
        if self.user(email):
            raise ValueError(f"{email} is taken")
        number = 60_000_001 + len(self.users)
        user = User(str(number), location, first_name, last_name, email)
        self.users[user.user_id] = user
        return user

    def add_organization(
        self,
        location: str,
        name: str,
        users: Iterable[User] = (),
        *,
        seed: str | None = None,
        rows: int | None = None,
        page: int | None = None,
        **details: Any,
    ) -> Organization:
        """A new organisation; `details` are fields of `Profile`, the rest as usual in that data centre.

        Raises ValueError for a field there is none of.
        """
        home, users = HOMES[location], tuple(users)
        unknown = set(details) - {known.name for known in fields(Profile)}
        if unknown:
            raise ValueError(f"an organisation has no {', '.join(sorted(unknown))}")
        owner: dict[str, Any] = {"contact_name": users[0].name, "email": users[0].email} if users else {}
        of_place: dict[str, Any] = {
            "organization_id": str(600_897_100_001 + 7_919_000 * len(self.organizations))[: home.digits],
            "name": name,
            "currency_code": home.currency_code,
            "time_zone": home.time_zone,
            "country": home.country,
            "country_code": home.country_code,
            "edition": home.edition,
            "is_default": bool(users) and not users[0].organizations,
        }  # fmt: skip
        profile = Profile(**{**of_place, **owner, **details})
        if profile.organization_id in self.organizations:
            raise ValueError(f"organisation {profile.organization_id} exists")
        limits = Limits.of_plan(profile.plan_name).but(self.limits)
        organization = Organization(
            location,
            profile,
            limits,
            self._now,
            self.seed if seed is None else seed,
            self.rows if rows is None else rows,
            self.hooks.submit,
            page,
        )
        self.organizations[organization.id] = organization
        for user in users:
            user.organizations.append(organization.id)
        return organization

    def user(self, name: str) -> User | None:
        """By id or e-mail."""
        found = self.users.get(name)
        return found or next((user for user in self.users.values() if user.email == name), None)

    def organization_at(self, location: str, organization_id: str) -> Organization | None:
        found = self.organizations.get(organization_id)
        return found if found and found.location == location else None

    def limit(self, changes: Mapping[str, Any]) -> None:
        """Change limits everywhere, for what is there and for what will come. Raises ValueError for nonsense."""
        changes = checked(changes)
        self.limits.update(changes)
        self.grants.rules = self.grants.rules.but(changes)
        for organization in self.organizations.values():
            organization.meter.limits = organization.meter.limits.but(changes)

    def _now(self) -> datetime:
        return self.clock()
