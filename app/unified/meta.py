"""`GET …/meta`: what a resource is and allows with this account's connector."""

from typing import Any

from app.synced.units import syncable
from app.unified.copies import offer
from app.unified.matching import matchable
from app.unified.schemas import schema_of
from connectors.kit.connector import Connector
from connectors.kit.resource import Resource


def describe(connector: Connector, model: str, resource: Resource) -> dict[str, Any]:
    """Schemas, and everything the connector's rows say: fields, filters, sort keys, actions, scopes, cost.

    `synced` is what lists offer with source=synced.
    """
    return {
        "model": model,
        "resource": resource.name,
        "integration": connector.slug,
        "schema": schema_of(resource.model, "read"),
        "create_schema": schema_of(resource.model, "create") if "create" in resource.methods else None,
        "update_schema": schema_of(resource.model, "update") if "update" in resource.methods else None,
        **resource.describe(),
        "checks": connector.guard.cost.get(resource.name, {}) if connector.guard is not None else {},
        "match_on": list(matchable(resource)),
        "synced": _synced(resource) if f"{model}/{resource.name}" in syncable(connector) else None,
    }


def _synced(resource: Resource) -> dict[str, Any]:
    offered = offer(resource)
    filters = {name: sorted(ops) for name, ops in sorted(offered.filters.items())}
    return {"filters": filters, "sort": sorted(offered.sorts)}
