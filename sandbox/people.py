"""Who is known to the sandbox: OAuth clients, users, and organisations with their ledgers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from .books import Books, Firing, Profile, Refused
from .datacenters import LOCATIONS
from .limits import Limits, Meter

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True)
class Client:
    """A registered application. With no `redirect_uris` it may return to anything on loopback.

    `secrets` overrides `secret` per data centre; in a location outside `data_centers` the client is unknown.
    """

    client_id: str
    secret: str
    name: str = "An application"
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    redirect_uris: tuple[str, ...] = ()
    data_centers: tuple[str, ...] = LOCATIONS

    def secret_at(self, location: str) -> str:
        return self.secrets.get(location, self.secret)

    def may_return_to(self, uri: str) -> bool:
        if self.redirect_uris:
            return uri in self.redirect_uris
        try:
            parts = urlsplit(uri)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.hostname in LOOPBACK


@dataclass(slots=True)
class User:
    """A person with an account in one data centre. `deactivated` lists organisations that locked him out."""

    user_id: str
    location: str
    first_name: str
    last_name: str
    email: str
    organizations: list[str] = field(default_factory=list[str])
    deactivated: set[str] = field(default_factory=set[str])

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def identity(self) -> dict[str, str]:
        """What a ledger records about who acted."""
        return {"user_id": self.user_id, "name": self.name, "email": self.email}


class Organization:
    """A company: its profile, its call budget, and its ledger, which is made when first needed.

    `fire` takes the webhooks its ledger fires, after the organisation's id.
    """

    def __init__(
        self,
        location: str,
        profile: Profile,
        limits: Limits,
        now: Callable[[], datetime],
        seed: str,
        rows: int | None,
        fire: Callable[[str, Firing], None],
        page: int | None = None,
    ) -> None:
        self.location = location
        self.profile = profile
        self.meter = Meter(limits, profile.time_zone)
        self._now = now
        self._seed = seed
        self._rows = rows
        self._page = page
        self._fire = partial(fire, profile.organization_id)

    @property
    def id(self) -> str:
        return self.profile.organization_id

    @cached_property
    def books(self) -> Books:
        try:
            return Books(self.profile, self._now, self._seed, self._rows, self._fire, self._page)
        except Refused as refused:  # or the caller would be told it was his fault
            raise RuntimeError(f"{self.profile.name} cannot be furnished") from refused

    def rename(self, profile: Profile) -> None:
        """Show another profile from now on; the ledger keeps what it holds."""
        self.profile = profile
        self.meter.move(profile.time_zone)
        ledger = self.books.ledger
        self.books.profile = ledger.profile = profile
        ledger.zone = ZoneInfo(profile.time_zone)
