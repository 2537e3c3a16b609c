"""The token of an endpoint's path, and what its provider signs with."""

import hashlib
import secrets

from app.core.ids import BASE62
from app.core.secrets.envelope import Context
from app.models.inbound import InboundEndpoint

_SECRET = 40


def new_secret() -> str:
    """Letters and digits: some providers take no others, nor more than 50."""
    return "".join(secrets.choice(BASE62) for _ in range(_SECRET))


def digest(token: str) -> bytes:
    """What a token is found by."""
    return hashlib.sha256(token.encode()).digest()


def sealed_as(endpoint: InboundEndpoint, column: str) -> Context:
    """What the blob of a column is bound to."""
    owner = f"account:{endpoint.account_id}"
    return Context(
        endpoint.environment_id, owner, "inbound.secret", f"inbound_endpoints.{column}:{endpoint.id}"
    )
