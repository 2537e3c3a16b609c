"""Creates that carry a mark of their own, so that sending one again makes no second record."""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import TypeVar

from app.core.secrets import Ring
from app.models.writes import Write
from app.unified.calls import Call
from app.unified.changes import Change
from app.unified.looking import EARLIER, holders
from connectors.kit.http import Flow
from connectors.kit.operations import Context
from connectors.kit.resource import Resource
from connectors.kit.upserting import Mark, Upsert, upserted

T = TypeVar("T")


def mark_of(call: Call, change: Change, intent: Write) -> Mark | None:
    """The mark of a create whose account and resource have the switch on and whose caller may repeat it."""
    name = call.account.upserts.get(call.resource.name)
    if name is None or change.operation != "create" or intent.idempotency_key is None:
        return None
    return Mark(name, value_of(call.request.app.state.keyring, intent.environment_id, intent.id))


def value_of(ring: Ring, environment_id: str, id: str) -> str:
    """Nobody without the key ring can tell it in advance."""
    told = "\n".join((environment_id, id)).encode()
    mac = hmac.new(ring.signing("upsert")[0], told, hashlib.sha256).digest()
    return base64.b32encode(mac[:20]).decode()


def marking(
    flow: Flow[T], upsert: Upsert, mark: Mark, resource: Resource, ctx: Context, since: datetime
) -> Flow[T]:
    """`flow`, what it creates in the resource's own collection carrying the mark."""
    side = own_side(resource)
    return upserted(
        flow, upsert, mark, side.path, lambda: holders(side, mark, ctx, since - EARLIER), side.wrapped
    )


def own_side(resource: Resource) -> Resource:
    """The part of a resource that lives where it says itself."""
    return next((part for part in resource.parts if part.path == resource.path), resource)
