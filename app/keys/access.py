"""Authentication of requests, for FastAPI routes and for raw ASGI applications."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Keyring


class Access:
    """Turns credentials into a Principal. Positive answers are remembered for at most five seconds."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        raise NotImplementedError

    async def authenticate(self, header: str | None, client_ip: str | None) -> Principal:
        """The principal of an `Authorization: Bearer …` header: an API key or an account token.

        Problem unauthenticated, key_revoked, key_expired (401), ip_not_allowed (403).
        """
        raise NotImplementedError

    async def authenticate_secret(self, secret: str, client_ip: str | None) -> Principal:
        """The same for the bare key or token, wherever a native client carried it."""
        raise NotImplementedError

    def mint(self, principal: Principal, account_id: str) -> str:
        """A token (lwt_…) for one account, valid 15 minutes, with the scopes the principal holds."""
        raise NotImplementedError


def require(principal: Principal, scope: str) -> None:
    """Problem insufficient_scope (403, names the scope) unless the principal holds `scope`."""
    raise NotImplementedError


def requires(scope: str) -> Callable[[Request], Awaitable[Principal]]:
    """A FastAPI dependency: the authenticated principal, which holds `scope`.

    `principal: Annotated[Principal, Depends(requires("connections:read"))]`
    """
    raise NotImplementedError


async def authenticated(request: Request) -> Principal:
    """A FastAPI dependency: the authenticated principal; the route checks scopes itself with `require`."""
    raise NotImplementedError
