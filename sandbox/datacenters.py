"""The eight data centres, and what a company there looks like by default."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Home:
    """Defaults of a data centre's organisations. `digits` is how long an organisation id is there."""

    location: str
    country: str
    country_code: str
    edition: str
    currency_code: str
    time_zone: str
    digits: int
    listed: bool = True  # serverinfo leaves one data centre out


HOMES: Mapping[str, Home] = {
    home.location: home
    for home in (
        Home("us", "U.S.A", "US", "us", "USD", "America/New_York", 9),
        Home("eu", "Germany", "DE", "global", "EUR", "Europe/Berlin", 11),
        Home("in", "India", "IN", "india", "INR", "Asia/Kolkata", 11),
        Home("au", "Australia", "AU", "australia", "AUD", "Australia/Sydney", 10),
        Home("jp", "Japan", "JP", "global", "JPY", "Asia/Tokyo", 11),
        Home("ca", "Canada", "CA", "canada", "CAD", "America/Toronto", 12),
        Home("cn", "China", "CN", "global", "CNY", "Asia/Shanghai", 11, listed=False),
        Home("sa", "Saudi Arabia", "SA", "saudi", "SAR", "Asia/Riyadh", 11),
    )
}
LOCATIONS = tuple(HOMES)


@dataclass(frozen=True, slots=True)
class Sites:
    """Where the data centres listen. Each origin serves both an accounts server and the Books API."""

    host: str
    port: int

    def origin(self, location: str) -> str:
        return f"http://{self.host}:{self.port + LOCATIONS.index(location)}"

    @property
    def admin(self) -> str:
        return f"http://{self.host}:{self.port + len(LOCATIONS)}"

    def location(self, port: int) -> str | None:
        """The data centre listening on a port; None is the admin API."""
        index = port - self.port
        return LOCATIONS[index] if index < len(LOCATIONS) else None

    def table(self) -> dict[str, dict[str, str]]:
        """As a client's data-centre setting."""
        return {at: {"accounts": self.origin(at), "api": self.origin(at)} for at in LOCATIONS}
