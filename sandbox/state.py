"""How the sandbox's holdings look in the admin API. Refresh and access tokens appear as fingerprints."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from .faults import Fault
from .grants import Grant, Grants, fingerprint
from .people import Client, Organization, User
from .world import World


def state(world: World) -> dict[str, Any]:
    """Everything but the ledgers."""
    now = world.clock()
    return {
        "clock": {"now": world.clock.stamp(), "frozen": world.clock.is_frozen},
        "data_centers": world.sites.table(),
        "seed": world.seed,
        "rows": world.rows,
        "rules": asdict(world.grants.rules),
        "latency": asdict(world.latency),
        "clients": [client_state(client) for client in world.clients.values()],
        "users": [user_state(user) for user in world.users.values()],
        "organizations": [organization_state(one, now) for one in world.organizations.values()],
        "grants": [grant_state(world.grants, grant) for grant in world.grants],
        "faults": [fault_state(fault) for fault in world.faults],
        "hooks": {
            "kept": len(world.hooks.deliveries),
            "faults": [asdict(fault) for fault in world.hooks.faults],
        },
        "journal": {"last": world.journal.last, "kept": len(world.journal.entries)},
    }


def client_state(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "data_centers": list(client.data_centers),
    }


def user_state(user: User) -> dict[str, Any]:
    return {
        **user.identity,
        "dc": user.location,
        "organizations": list(user.organizations),
        "deactivated": sorted(user.deactivated),
    }


def organization_state(organization: Organization, now: datetime) -> dict[str, Any]:
    profile = organization.profile
    return {
        "organization_id": profile.organization_id,
        "dc": organization.location,
        "name": profile.name,
        "currency_code": profile.currency_code,
        "time_zone": profile.time_zone,
        "plan_name": profile.plan_name,
        "limits": organization.meter.limits.as_dict(),
        "usage": organization.meter.usage(now),
    }


def grant_state(grants: Grants, grant: Grant) -> dict[str, Any]:
    return {
        "grant": fingerprint(grant.refresh_token or ""),
        "dc": grant.location,
        "client_id": grant.client_id,
        "user_id": grant.user_id,
        "scopes": list(grant.scopes),
        "created": grant.created.isoformat(),
        "live_access_tokens": grants.live(grant),
    }


def fault_state(fault: Fault) -> dict[str, Any]:
    return asdict(fault)
