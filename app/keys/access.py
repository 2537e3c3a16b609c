"""Authentication of requests, for FastAPI routes and for raw ASGI applications."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from fastapi import Request
from structlog.stdlib import get_logger

from app.core import reach
from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.log import note
from app.core.once import Once
from app.core.secrets import Ring
from app.keys import format as key_format
from app.keys import store, tokens
from app.keys.audit import Actor, record
from app.keys.crowd import Crowd
from app.keys.format import KeyText
from app.keys.stamps import Stamps
from app.keys.store import KnownKey
from app.models.api_keys import ApiKey
from unified_models import MODELS

_log = get_logger("ledgerway.access")
_BELIEVED = 5.0  # seconds a key is believed without looking at its row: so soon a revocation is seen
_REMEMBERED = 10_000
_DATA = frozenset({model for model, _ in MODELS} | {"proxy"})


@dataclass(frozen=True, slots=True)
class _Held:
    key: KnownKey
    until: float


@dataclass(frozen=True, slots=True)
class _Proved:
    """A key text that was verified against exactly this row."""

    key: KnownKey
    principal: Principal


class Access:
    """Turns credentials into a Principal, and lets its task reach that environment.

    Rows are remembered for at most five seconds.
    """

    def __init__(self, database: Database, keyring: Ring, clock: Clock, in_flight: int | None = 64) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._proved: dict[bytes, _Proved] = {}
        self._look = Once[str, KnownKey | None]()
        self._stamps = Stamps(database, clock, ApiKey)
        self._moving: set[asyncio.Task[None]] = set()
        self.crowd = Crowd(in_flight)

    async def authenticate(self, header: str | None, client_ip: str | None) -> Principal:
        """The principal of an `Authorization: Bearer …` header: an API key or an account token.

        Problem unauthenticated, key_revoked, key_expired (401), ip_not_allowed (403).
        """
        scheme, _, secret = (header or "").strip().partition(" ")
        if not header:
            raise _refused("unauthenticated", "Send an API key: Authorization: Bearer lw_…")
        if scheme.casefold() != "bearer" or not secret.strip():
            raise _refused("unauthenticated", "The Authorization header must be: Bearer lw_…")
        return await self.authenticate_secret(secret.strip(), client_ip)

    async def authenticate_secret(self, secret: str, client_ip: str | None) -> Principal:
        """The same for the bare key or token, wherever a native client carried it."""
        if secret.startswith(tokens.PREFIX):
            return await self._by_token(secret, client_ip)
        proof = hashlib.sha256(secret.encode()).digest()
        proved = self._proved.get(proof)
        if proved is None or self._row(proved.key.kid) is not proved.key:
            proved = await self._prove(secret, proof)
        self._check_in_force(proved.key, client_ip)
        note(key_id=proved.key.id)
        reach.within(proved.principal.environment_id)
        return proved.principal

    async def _prove(self, secret: str, proof: bytes) -> _Proved:
        """Verify a key text against its row, and remember that as long as the row is believed."""
        text = key_format.read(secret)
        if text is None:
            raise _refused("unauthenticated", "This is not an API key of this gateway.")
        key = await self._key(text.kid)
        if not self._fits(key, text) or key is None:
            raise _refused("unauthenticated", "This is not an API key of this gateway.", key)
        principal = Principal(
            key.environment_id,
            key.environment,
            key.mode,
            key.id,
            key.scopes,
            key.account_ids,
            key.tenant_ids,
            kid=key.kid,
        )
        if len(self._proved) >= _REMEMBERED:
            self._proved.clear()
        proved = self._proved[proof] = _Proved(key, principal)
        if key.pepper_id != self._keyring.primary:
            task = asyncio.create_task(self._move(key, text), name=f"pepper-{key.id}")
            self._moving.add(task)
            task.add_done_callback(self._moving.discard)
        return proved

    def mint(self, principal: Principal, account_id: str) -> str:
        """A token (lwt_…) for one account, valid 15 minutes, with the data scopes the principal holds.

        The caller has checked that the principal may see the account.
        """
        scopes = tokens.data_scopes(principal, _DATA)
        return tokens.mint(self._keyring, principal.kid, account_id, scopes, self._clock.now())

    async def issue(self, principal: Principal, account_id: str, actor: Actor) -> str:
        """`mint`, for somebody: who asked for it is in the audit log."""
        async with self._database.write() as session:
            await record(
                session,
                self._clock.now(),
                principal.environment_id,
                actor,
                "account_token.created",
                account_id,
            )
        return self.mint(principal, account_id)

    def forget(self, kid: str) -> None:
        """Drops a key from this process's memory."""
        self._held.pop(kid, None)

    async def settle(self) -> None:
        """Returns when the uses noted so far are stored. For the end of a process."""
        await asyncio.gather(self._stamps.settle(), *self._moving)

    async def _by_token(self, text: str, client_ip: str | None) -> Principal:
        token = tokens.read(self._keyring, text, self._clock.now())
        key = await self._key(token.kid) if token is not None else None
        if token is None or key is None:
            raise _refused("unauthenticated", "This account token is not valid, or no longer.")
        self._check_in_force(key, client_ip)
        reach.within(key.environment_id)
        return Principal(
            key.environment_id,
            key.environment,
            key.mode,
            key.id,
            token.scopes,
            frozenset({token.account_id}),
            key.tenant_ids,
            kid=key.kid,
            token=True,
        )

    def _row(self, kid: str) -> KnownKey | None:
        """The row in memory, while it is believed."""
        held = self._held.get(kid)
        return held.key if held is not None and held.until > self._clock.monotonic() else None

    async def _key(self, kid: str) -> KnownKey | None:
        return self._row(kid) or await self._look.do(kid, lambda: self._read(kid))

    async def _read(self, kid: str) -> KnownKey | None:
        with reach.everywhere():
            async with self._database.read() as session:
                key = await store.known(session, kid)
        if key is None:
            self._held.pop(kid, None)
            return None
        if len(self._held) >= _REMEMBERED:
            self._held.clear()
        self._held[kid] = _Held(key, self._clock.monotonic() + _BELIEVED)
        return key

    def _fits(self, key: KnownKey | None, text: KeyText) -> bool:
        """Whether the text is the stored key's. Takes as long when there is no such key."""
        pepper_id = key.pepper_id if key is not None else self._keyring.primary
        given = key_format.digest(text, self._keyring, pepper_id)
        stored = key.digest if key is not None else bytes(len(given))
        return hmac.compare_digest(given, stored) and key is not None and key.mode == text.mode

    async def _move(self, key: KnownKey, text: KeyText) -> None:
        """Store the digest under the primary pepper, so that the old one can be retired. The next use repeats it."""
        pepper_id = self._keyring.primary
        digest = key_format.digest(text, self._keyring, pepper_id)
        try:
            with reach.everywhere():
                async with self._database.write() as session:
                    await store.replace_digest(session, key, digest, pepper_id)
        except Exception as error:
            _log.warning("pepper_not_moved", key_id=key.id, error=type(error).__name__)

    def _check_in_force(self, key: KnownKey, client_ip: str | None) -> None:
        if key.revoked_at is not None:
            raise _refused("key_revoked", "This API key was revoked.", key)
        if key.expires_at is not None and key.expires_at <= self._clock.now():
            raise _refused("key_expired", "This API key has expired.", key)
        if key.networks is not None:
            address = _address(client_ip)
            if address is None or not any(address in network for network in key.networks):
                raise _about(
                    Problem("ip_not_allowed", "This API key may not be used from this address."), key
                )
        self._stamps.note(key.id)


def require(principal: Principal, scope: str) -> None:
    """Problem insufficient_scope (403, names the scope) unless the principal holds `scope`."""
    if not principal.allows(scope):
        raise Problem(
            "insufficient_scope",
            f"This needs the scope {scope}.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            scope=scope,
        )


async def authenticated(request: Request) -> Principal:
    """A FastAPI dependency: the authenticated principal; the route checks scopes itself with `require`."""
    access: Access = request.app.state.access
    principal = await access.authenticate(request.headers.get("authorization"), client_ip(request))
    return _let_in(request, access, principal)


async def authenticated_by(request: Request, secret: str) -> Principal:
    """The same for a bare key or token, wherever a native client carried it."""
    access: Access = request.app.state.access
    principal = await access.authenticate_secret(secret, client_ip(request))
    return _let_in(request, access, principal)


def _let_in(request: Request, access: Access, principal: Principal) -> Principal:
    request.scope.setdefault("state", {})["caller"] = (principal.environment_id, principal.key_id)
    request.app.state.rates.key(request.scope, principal.key_id)
    access.crowd.enter(request.scope, principal.key_id)
    return principal


def client_ip(request: Request) -> str | None:
    """The caller's address, as the server sees it."""
    client: tuple[str, int] | None = request.scope.get("client")
    return client[0] if client else None


def requires(scope: str) -> Callable[[Request], Awaitable[Principal]]:
    """A FastAPI dependency: the authenticated principal, which holds `scope`.

    `principal: Annotated[Principal, Depends(requires("connections:read"))]`
    """

    async def dependency(request: Request) -> Principal:
        principal = await authenticated(request)
        require(principal, scope)
        return principal

    return dependency


def requires_all(scope: str) -> Callable[[Request], Awaitable[Principal]]:
    """As `requires`, for what belongs to the whole environment: keys limited to accounts or tenants are refused."""
    held = requires(scope)

    async def dependency(request: Request) -> Principal:
        principal = await held(request)
        if principal.limited:
            raise Problem("insufficient_scope", "This key is limited to some accounts or tenants.")
        return principal

    return dependency


def _refused(code: str, detail: str, key: KnownKey | None = None) -> Problem:
    return _about(Problem(code, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}), key)


def _about(problem: Problem, key: KnownKey | None) -> Problem:
    """The problem, for `app.keys.refusals` with the key that was turned away."""
    problem.caller = None if key is None else (key.environment_id, key.id)
    return problem


def _address(client_ip: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address((client_ip or "").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
