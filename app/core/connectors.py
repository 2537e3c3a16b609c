"""What an operator sets for a connector, checked against what its connector says of itself."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from app.core.settings import PREFIX, Settings, SettingsError, is_loopback, origin_of
from connectors.kit.auth import Client, DataCenter
from connectors.kit.connector import Connector
from connectors.kit.limits import Budget, Limits
from connectors.kit.registry import load

_LOCATION = re.compile(r"[a-z][a-z0-9_]{0,15}")


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """`client_secrets` (by location) go before `client_secret`; what is not set is None."""

    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    data_centers: Mapping[str, DataCenter] | None = None
    limits: Limits | None = None

    def client(self, location: str) -> Client | None:
        """The OAuth client for one data centre; None when id or secret is missing."""
        secret = self.client_secrets.get(location, self.client_secret)
        return Client(self.client_id, secret) if self.client_id and secret else None

    def overlay(self, table: Mapping[str, DataCenter]) -> dict[str, DataCenter]:
        """The connector's data centres with the operator's on top; the first is where a connection starts.

        That is the table's first, or when others were set without it, the first of those.
        """
        own = dict(self.data_centers or {})
        merged = {**table, **own}
        if not own or next(iter(table), None) in own:
            return merged
        return {**own, **{name: center for name, center in merged.items() if name not in own}}

    def budget(self, budget: Budget, plan: str | None) -> Limits:
        """What an organisation on `plan` may call."""
        return self.limits or budget.of(plan)


def connector_settings(
    settings: Settings, prefix: str, connector: Connector | None = None
) -> ConnectorSettings:
    """The settings LEDGERWAY_<prefix>_…; `connector` is found by its prefix when not given.

    SettingsError naming the variable, never its value, when one cannot be read or the mode does not allow it.
    """
    connector = connector or next((one for one in load() if one.settings_prefix == prefix), None)
    base = f"{PREFIX}{prefix}_"
    secrets = {
        name.removeprefix(f"{base}CLIENT_SECRET_").lower(): value
        for name, value in os.environ.items()
        if name.startswith(f"{base}CLIENT_SECRET_") and value
    }
    return ConnectorSettings(
        client_id=os.environ.get(f"{base}CLIENT_ID") or None,
        client_secret=os.environ.get(f"{base}CLIENT_SECRET") or None,
        client_secrets=secrets,
        data_centers=_data_centers(settings, f"{base}DATA_CENTERS", connector),
        limits=_limits(settings, f"{base}LIMITS"),
    )


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{name} is not a JSON object")
    return value


def _limits(settings: Settings, name: str) -> Limits | None:
    text = os.environ.get(name)
    if not text:
        return None
    if not settings.development:
        raise SettingsError(f"{name} is for development; in production the provider's own limits hold")
    value = _object(name, text)
    figures: dict[str, int] = {}
    for part in ("minute", "concurrent", "day"):
        figure = value.pop(part, None)
        if not isinstance(figure, int) or isinstance(figure, bool) or figure < 1:
            raise SettingsError(f'{name} needs "{part}", a whole number above 0')
        figures[part] = figure
    if value:
        raise SettingsError(f"{name} has the unknown member {next(iter(value))!r}")
    return Limits(figures["minute"], figures["concurrent"], figures["day"])


def _data_centers(
    settings: Settings, name: str, connector: Connector | None
) -> Mapping[str, DataCenter] | None:
    text = os.environ.get(name)
    if not text:
        return None
    out: dict[str, DataCenter] = {}
    for location, value in _object(name, text).items():
        if not _LOCATION.fullmatch(location):
            raise SettingsError(f"{name}: {location!r} is not a location (lower-case letters and digits)")
        if not isinstance(value, dict) or not {"accounts", "api"} <= value.keys() <= {
            "accounts",
            "api",
            "web",
        }:
            raise SettingsError(f'{name}: {location} needs "accounts" and "api", and may have "web"')
        doors = {
            door: _origin(settings, f"{name}: {location}.{door}", url, connector)
            for door, url in value.items()
        }
        center = DataCenter(location, doors["accounts"], doors["api"], doors.get("web", ""))
        known = connector.auth.data_centers.get(location) if connector else None
        if known is not None and not settings.development and known != center:
            raise SettingsError(
                f"{name}: {location} is built in; production takes only additional data centres"
            )
        out[location] = center
    if not out:
        raise SettingsError(f"{name} names no data centre")
    return out


def _origin(settings: Settings, name: str, url: Any, connector: Connector | None) -> str:
    if not isinstance(url, str):
        raise SettingsError(f"{name} is not a text")
    try:
        origin = origin_of(url)
    except ValueError as error:
        raise SettingsError(f"{name} {error}") from None
    parts = urlsplit(origin)
    host = (parts.hostname or "").rstrip(".")
    if settings.development and is_loopback(host):
        return origin
    suffixes = tuple(suffix.lstrip(".").casefold() for suffix in (connector.auth.hosts if connector else ()))
    if parts.scheme != "https":
        raise SettingsError(f"{name} must be https" + (" or on loopback" if settings.development else ""))
    if not any(host == suffix or host.endswith(f".{suffix}") for suffix in suffixes):
        allowed = ", ".join(suffixes) or "none"
        raise SettingsError(f"{name} is not a host of the provider (allowed: {allowed})")
    return origin
