"""Creates that carry a mark of their own, so that sending one again makes no second record."""

import base64
import hashlib
import hmac
from typing import TypeVar

from app.core.secrets import Ring
from app.models.writes import Write
from app.unified.calls import Call
from app.unified.changes import Change
from app.unified.looking import EARLIER, holders
from connectors.kit.http import Flow, Reply
from connectors.kit.operations import Context
from connectors.kit.resource import Resource
from connectors.kit.upserting import Mark, Upsert, upserted

T = TypeVar("T")


def mark_of(call: Call, change: Change, intent: Write) -> Mark | None:
    """The mark of a create whose account and resource have the switch on and whose caller may repeat it."""
    upsert, name = call.account.connector.upsert, call.resource.name
    field = call.account.upserts.get(name)
    if upsert is None or field is None or change.operation != "create" or intent.idempotency_key is None:
        return None
    return upsert.mark(
        name, field, value_of(call.request.app.state.keyring, intent.environment_id, intent.id)
    )


def value_of(ring: Ring, environment_id: str, id: str) -> str:
    """Nobody without the key ring can tell it in advance."""
    told = "\n".join((environment_id, id)).encode()
    mac = hmac.new(ring.signing("upsert")[0], told, hashlib.sha256).digest()
    return base64.b32encode(mac[:20]).decode()


def marking(
    flow: Flow[T], upsert: Upsert, mark: Mark, resource: Resource, ctx: Context, *, again: bool
) -> Flow[T]:
    """`flow`, its create carrying the mark; `again`: it may have been sent before."""

    def made(path: str) -> Flow[Reply | None]:
        part = resource.part_at(path)
        hits = yield from holders(part, mark, ctx, ctx.now - EARLIER)
        return Reply(200, body=part.wrapped(hits[0].native)) if len(hits) == 1 else None

    return upserted(flow, upsert, mark, made if again else None)
