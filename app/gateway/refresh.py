"""One refresh per token generation across processes: a timed lease, a fencing generation, no transaction held
while the accounts server is awaited."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog
from sqlalchemy import or_, select, update

from app.accounts.credentials import Credentials
from app.accounts.service import Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.secrets import SecretUnavailable
from app.gateway.instants import storage_now
from app.models.grants import Grant
from connectors.kit.auth import Client, DataCenter, Form, Refusal, Token, TokenRefused
from connectors.kit.connector import Connector
from connectors.kit.faults import Fault
from connectors.kit.http import Json

_log = structlog.get_logger("ledgerway.tokens")

LEASE = timedelta(seconds=20)
ENDPOINT_SECONDS = 12.0
_PROBE = 60.0
_CONFIG = 60.0
_GUARD = 0.8  # of the provider's own limit of token calls

Post: TypeAlias = Callable[[Form, float], Awaitable[tuple[int, Json]]]
Doors: TypeAlias = Callable[[str, Connector, str], Awaitable[tuple[DataCenter, Client] | None]]
"""(environment id, connector, location) → its data centre with settings applied, and the OAuth client."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """We called and stored a new token."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another process has the lease, or the row has moved on: read it again."""


@dataclass(frozen=True, slots=True)
class Refused:
    """No new token for at least `seconds`."""

    refusal: Refusal
    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Claim:
    grant: Grant
    owner: str
    attempts: int


class Refresher:
    """Renews the tokens of grants."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        credentials: Credentials,
        accounts: Accounts,
        doors: Doors,
        post: Post,
    ) -> None:
        self._database = database
        self._clock = clock
        self._credentials = credentials
        self._accounts = accounts
        self._doors = doors
        self._post = post

    async def refresh(
        self, grant_id: str, generation: int, connector: Connector, *, probe: bool = False
    ) -> Renewed | Refused | Waiting:
        """Renew the token if the row still has `generation` and nobody else is at it.

        `probe` tries a grant already given up once more.
        """
        claim = await self._claim(grant_id, generation, connector, probe=probe)
        if not isinstance(claim, _Claim):
            return claim
        sent_at = self._clock.now()
        outcome = await self._call(claim.grant, connector)
        if isinstance(outcome, TokenRefused):
            return await self._settle(claim, connector, outcome, probe=probe)
        expires_at = sent_at + timedelta(seconds=outcome.expires_in)
        return await self._store(claim, outcome, expires_at)

    async def generation(self, grant_id: str) -> int | None:
        """The row's generation; None when there is no such grant."""
        async with self._database.read() as session:
            return await session.scalar(select(Grant.generation).where(Grant.id == grant_id))

    async def is_fresh(self, grant_id: str, generation: int, seconds: float) -> bool:
        """Whether some process made this very generation less than `seconds` ago, and none is at the next."""
        async with self._database.read() as session:
            grant = await session.get(Grant, grant_id)
            now = await storage_now(session, self._clock)
        if grant is None or grant.generation != generation:
            return False
        if grant.lease_owner is not None or grant.fail_class is not None:
            return False  # the last token call was not the one that made it
        last = max((datetime.fromisoformat(at) for at in grant.attempts), default=None)
        return last is not None and (now - last).total_seconds() < seconds

    async def probe_due(self, connectors: tuple[Connector, ...]) -> int:
        """One more try for grants the provider ended a minute ago. How many were tried."""
        known = {connector.slug: connector for connector in connectors}
        async with self._database.read() as session:
            query = select(Grant.id, Grant.generation, Grant.integration).where(
                Grant.status == "needs_reauth",
                Grant.fail_class == Refusal.PERMANENT.value,
                Grant.next_attempt_at <= await storage_now(session, self._clock),
            )
            due = (await session.execute(query.limit(50))).all()
        for grant_id, generation, integration in due:
            if integration in known:
                await self.refresh(grant_id, generation, known[integration], probe=True)
        return len(due)

    async def _claim(
        self, grant_id: str, generation: int, connector: Connector, *, probe: bool
    ) -> _Claim | Refused | Waiting:
        owner = new_id("lse")
        most, window = connector.auth.refresh_limit
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            grant = await session.get(Grant, grant_id, with_for_update=True)
            if grant is None or grant.status == "revoked" or grant.refresh_blob is None:
                return Refused(Refusal.PERMANENT, "deleted", 0.0)
            if grant.generation != generation or (grant.lease_until is not None and grant.lease_until > now):
                return Waiting()
            if grant.status == "needs_reauth" and not probe:
                return Refused(Refusal.PERMANENT, grant.last_error or "ended", 0.0)
            if grant.next_attempt_at is not None and grant.next_attempt_at > now:
                seconds = (grant.next_attempt_at - now).total_seconds()
                return Refused(_class(grant.fail_class), grant.last_error or "", seconds)
            since = now - timedelta(seconds=window)
            attempts = sorted(at for at in map(datetime.fromisoformat, grant.attempts) if at > since)
            if len(attempts) >= max(1, int(most * _GUARD)):
                seconds = (attempts[0] - since).total_seconds()
                return Refused(Refusal.THROTTLE, "too many token calls", max(1.0, seconds))
            attempts.append(now)
            claimed = await session.execute(
                update(Grant)
                .where(
                    Grant.id == grant_id,
                    Grant.generation == generation,
                    or_(Grant.lease_until.is_(None), Grant.lease_until <= now),
                )
                .values(
                    lease_owner=owner, lease_until=now + LEASE, attempts=[at.isoformat() for at in attempts]
                )
                .returning(Grant.id)
                .execution_options(synchronize_session=False)
            )
            if claimed.scalar_one_or_none() is None:
                return Waiting()
            session.expunge(grant)
        return _Claim(grant, owner, len(attempts))

    async def _call(self, grant: Grant, connector: Connector) -> Token | TokenRefused:
        doors = await self._doors(grant.environment_id, connector, grant.location)
        if doors is None:
            return TokenRefused(Refusal.CONFIG, "no_client")
        data_center, client = doors
        try:
            refresh_token = await self._credentials.open_refresh(grant)
        except SecretUnavailable:
            raise Problem("decrypt_failed", "The connection's refresh token cannot be opened.") from None
        try:
            status, body = await self._post(
                connector.auth.refresh(data_center, client, refresh_token), ENDPOINT_SECONDS
            )
        except Fault as fault:
            return TokenRefused(Refusal.TRANSIENT, fault.kind.value)
        return connector.auth.read(status, body)

    async def _store(self, claim: _Claim, token: Token, expires_at: datetime) -> Renewed | Waiting:
        grant = claim.grant
        healed = grant.status == "needs_reauth"
        async with self._database.write() as session:
            stored = await self._credentials.store_tokens(
                session,
                grant,
                token.access_token,
                expires_at,
                token.refresh_token,
                lease_owner=claim.owner,
            )
            if not stored:
                return Waiting()  # a reconnect or a deletion came between: its word stands
            await session.execute(
                update(Grant)
                .where(Grant.id == grant.id)
                .values(fail_class=None, last_error=None, next_attempt_at=None, status="active")
                .execution_options(synchronize_session=False)
            )
        if healed:
            await self._accounts.set_grant_status(grant.id, "active")
        return Renewed()

    async def _settle(
        self, claim: _Claim, connector: Connector, refused: TokenRefused, *, probe: bool
    ) -> Refused | Waiting:
        refusal, grant = refused.refusal, claim.grant
        seconds = _pause(refusal, claim.attempts, connector.auth.refresh_limit[1])
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            values: dict[str, Any] = {
                "lease_owner": None,
                "lease_until": None,
                "fail_class": refusal.value,
                "last_error": refused.error[:200],
                "next_attempt_at": now + timedelta(seconds=seconds),
            }
            if refusal is Refusal.PERMANENT:
                values["status"] = "needs_reauth"
                if probe:
                    values["next_attempt_at"] = None  # tried twice: only the customer can help
            settled = await session.execute(
                update(Grant)
                .where(
                    Grant.id == grant.id,
                    Grant.generation == grant.generation,
                    Grant.lease_owner == claim.owner,
                )
                .values(**values)
                .returning(Grant.id)
                .execution_options(synchronize_session=False)
            )
            if settled.scalar_one_or_none() is None:
                return Waiting()
        if refusal is Refusal.PERMANENT:
            error = {"code": refused.error[:200], "message": f"{connector.label} ended the connection."}
            await self._accounts.set_grant_status(grant.id, "needs_reauth", error=error)
        elif refusal is Refusal.CONFIG:
            _log.error(
                "the provider refuses our OAuth client",
                integration=connector.slug,
                location=grant.location,
                error=refused.error[:200],
            )
        return Refused(refusal, refused.error, seconds)


def _class(stored: str | None) -> Refusal:
    try:
        return Refusal(stored or "")
    except ValueError:
        return Refusal.THROTTLE


def _pause(refusal: Refusal, attempts: int, window: int) -> float:
    match refusal:
        case Refusal.PERMANENT:
            return _PROBE
        case Refusal.CONFIG:
            return _CONFIG
        case Refusal.THROTTLE:
            return float(window)
        case Refusal.TRANSIENT:
            return min(60.0, 2.0 ** (attempts - 1)) * random.uniform(0.8, 1.2)  # noqa: S311
