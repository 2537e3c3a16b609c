"""`GET …/meta`: what a resource is and allows with this account's connector."""

from typing import Any

from app.unified.matching import matchable
from app.unified.schemas import schema_of
from connectors.kit.connector import Connector
from connectors.kit.resource import Resource


def describe(connector: Connector, model: str, resource: Resource) -> dict[str, Any]:
    """Schemas, and everything the connector's rows say: fields, filters, sort keys, actions, scopes, cost."""
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
    }
