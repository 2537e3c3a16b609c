"""What is synced by itself: one native list of one resource."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.kit.connector import Connector
from connectors.kit.resource import Resource

UNSYNCED = frozenset({"attachments", "reports"})
"""Resources without a list of records that have an identity of their own."""


@dataclass(frozen=True, slots=True)
class Unit:
    """`whole`: this time it is read from end to end, whatever is known."""

    model: str
    resource: str
    side: str | None = None
    whole: bool = False

    @property
    def path(self) -> str:
        """With its model: "accounting/invoices"."""
        return f"{self.model}/{self.resource}"

    @property
    def name(self) -> str:
        return self.path if self.side is None else f"{self.path}:{self.side}"

    def part(self, connector: Connector) -> Resource:
        """The resource with the native list. KeyError when the connector has it no more."""
        return connector.resources[self.model, self.resource].on(self.side)

    def stored(self) -> dict[str, Any]:
        return {"model": self.model, "resource": self.resource, "side": self.side, "whole": self.whole}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Unit":
        return cls(stored["model"], stored["resource"], stored["side"], stored["whole"])

    @classmethod
    def named(cls, name: str) -> "Unit":
        path, _, side = name.partition(":")
        model, _, resource = path.partition("/")
        return cls(model, resource, side or None)


def units_of(connector: Connector, path: str) -> Iterator[Unit]:
    """The units of a resource: one, or one for each side its plain list goes through. KeyError without it."""
    model, _, name = path.partition("/")
    resource = connector.resources[model, name]
    if not resource.sides:
        yield Unit(model, name)
    for side in resource.plain_sides:
        yield Unit(model, name, side)


def home(connector: Connector, path: str, side: str | None) -> Unit:
    """What copies of one side of a resource are kept as: a side its plain list does not go through has a resource
    of its own. KeyError without the resource."""
    model, _, name = path.partition("/")
    resource = connector.resources[model, name]
    if side is None or side not in resource.sides:
        return Unit(model, name)
    return Unit(model, name, side) if side in resource.plain_sides else Unit(model, resource.sides[side].name)


def homes(connector: Connector, path: str) -> list[Unit]:
    """Every unit that may hold a record with an id of this resource."""
    model, _, name = path.partition("/")
    return [home(connector, path, side) for side in connector.resources[model, name].sides or (None,)]


def syncable(connector: Connector) -> list[str]:
    """The paths of what can be synced."""
    return sorted(
        f"{model}/{name}"
        for (model, name), resource in connector.resources.items()
        if name not in UNSYNCED and all("list" in part.methods for part in resource.parts)
    )
