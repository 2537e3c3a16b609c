"""One refresh per token generation across processes: a timed lease, a fencing generation, no transaction held
while the accounts server is awaited."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import structlog
from prometheus_client import Counter
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import alarms
from app.accounts.credentials import Credentials
from app.accounts.service import Accounts
from app.core import reach
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.instants import storage_now
from app.core.metrics import REGISTRY
from app.core.secrets import OpenKey, Reason, SecretUnavailable
from app.models.grants import Grant
from connectors.kit.auth import Client, DataCenter, Form, Refusal, Token, TokenRefused
from connectors.kit.connector import Connector
from connectors.kit.faults import Fault
from connectors.kit.http import Json

_log = structlog.get_logger("ledgerway.tokens")

LEASE = timedelta(seconds=20)
ENDPOINT_SECONDS = 12.0
DELETED = "deleted"
"""The error of a grant that was ended here."""

GUARDED = "too many token calls"
"""The error of a token call we did not make, so that the provider need not refuse it."""

_PROBE = 60.0
_GUARD = 0.8  # of the provider's own limit of token calls
_AT_ONCE = 10  # token calls to one accounts server, over all processes
_TURN = 7_310_021  # any number nobody else locks
_AHEAD_AT_ONCE = 8  # of them for tokens that still work: somebody may be waiting for one that does not

_CALLS = Counter(
    "ledgerway_token_calls", "Token calls by outcome.", ("integration", "outcome"), registry=REGISTRY
)

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

    @property
    def stands(self) -> tuple[ColumnElement[bool], ...]:
        """The row is still the one that was claimed."""
        grant = self.grant
        return (
            Grant.id == grant.id, Grant.generation == grant.generation, Grant.lease_owner == self.owner
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ready:
    """A token call, and what its answer is sealed with: once it is sent, nothing has to be had any more."""

    form: Form = field(repr=False)
    refresh_token: str = field(repr=False)
    key: OpenKey


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
        self,
        grant_id: str,
        generation: int,
        connector: Connector,
        *,
        probe: bool = False,
        ahead: bool = False,
    ) -> Renewed | Refused | Waiting:
        """Renew the token if the row still has `generation` and nobody else is at it.

        `probe` tries a grant already given up once more; `ahead` is for a token that still works.
        """
        most = _AHEAD_AT_ONCE if ahead or probe else _AT_ONCE
        claim = await self._claim(grant_id, generation, connector, probe=probe, most=most)
        if not isinstance(claim, _Claim):
            return claim
        try:
            ready = await self._ready(claim.grant, connector)
        except Exception:  # nothing was sent
            if await self._released(claim):
                raise
            return Waiting()  # a reconnect or a deletion came between: the row says which
        if isinstance(ready, TokenRefused):
            return await self._settle(claim, connector, ready, probe=probe)
        sent_at = self._clock.now()
        outcome = await self._call(ready, connector)
        _CALLS.labels(connector.slug, outcome.refusal if isinstance(outcome, TokenRefused) else "ok").inc()
        if isinstance(outcome, TokenRefused):
            return await self._settle(claim, connector, outcome, probe=probe)
        expires_at = sent_at + timedelta(seconds=outcome.expires_in)
        return await self._store(claim, ready, outcome, expires_at)

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
        """One more try for grants the provider ended a minute ago, until it says yes or no. How many were tried."""
        known = {connector.slug: connector for connector in connectors}
        async with self._database.read() as session:
            query = select(Grant.id, Grant.generation, Grant.integration).where(
                Grant.status == "needs_reauth",
                Grant.next_attempt_at <= await storage_now(session, self._clock),
            )
            due = (await session.execute(query.limit(50))).all()
        for grant_id, generation, integration in due:
            if integration not in known:
                continue
            try:
                await self.refresh(grant_id, generation, known[integration], probe=True)
            except Problem as problem:  # one that cannot be tried keeps none of the others waiting
                _log.warning("grant_not_probed", grant=grant_id, error=problem.code)
        return len(due)

    async def show_alarms(self) -> None:
        """Keep what this process says of refused clients up to date with what others found out."""
        async with self._database.read() as session:
            await alarms.show(session)

    async def _claim(
        self, grant_id: str, generation: int, connector: Connector, *, probe: bool, most: int
    ) -> _Claim | Refused | Waiting:
        owner = new_id("lse")
        allowed, window = connector.auth.refresh_limit
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            grant = await session.get(Grant, grant_id, with_for_update=True)
            if grant is None or grant.status == "revoked" or grant.refresh_blob is None:
                return Refused(Refusal.PERMANENT, DELETED, 0.0)
            if grant.generation != generation or (grant.lease_until is not None and grant.lease_until > now):
                return Waiting()
            if grant.status == "needs_reauth" and not probe:
                return Refused(Refusal.PERMANENT, grant.last_error or "ended", 0.0)
            if grant.next_attempt_at is not None and grant.next_attempt_at > now:
                seconds = (grant.next_attempt_at - now).total_seconds()
                return Refused(_class(grant.fail_class), grant.last_error or "", seconds)
            since = now - timedelta(seconds=window)
            attempts = sorted(at for at in map(datetime.fromisoformat, grant.attempts) if at > since)
            if len(attempts) >= max(1, int(allowed * _GUARD)):
                seconds = (attempts[0] - since).total_seconds()
                return Refused(Refusal.THROTTLE, GUARDED, max(1.0, seconds))
            if await _under_way(session, grant, now) >= most:
                return Refused(Refusal.TRANSIENT, "too many at once", random.uniform(0.3, 0.6))  # noqa: S311
            alarm = await alarms.holding(
                session, grant.environment_id, grant.integration, grant.location, now
            )
            if alarm is not None:
                seconds = (alarm.next_attempt_at - now).total_seconds()
                return Refused(Refusal.CONFIG, alarm.error, max(1.0, seconds))
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

    async def _ready(self, grant: Grant, connector: Connector) -> _Ready | TokenRefused:
        doors = await self._doors(grant.environment_id, connector, grant.location)
        if doors is None:
            return TokenRefused(Refusal.CONFIG, "no_client")
        data_center, client = doors
        try:
            refresh_token = await self._credentials.open_refresh(grant)
        except SecretUnavailable as error:
            if error.reason is Reason.SERVICE:
                raise
            raise Problem("decrypt_failed", "The connection's refresh token cannot be opened.") from None
        key = await self._credentials.key(grant.environment_id, grant.id)
        return _Ready(connector.auth.refresh(data_center, client, refresh_token), refresh_token, key)

    async def _call(self, ready: _Ready, connector: Connector) -> Token | TokenRefused:
        try:
            status, body = await self._post(ready.form, ENDPOINT_SECONDS)
        except Fault as fault:
            return TokenRefused(Refusal.TRANSIENT, fault.kind.value)
        return connector.auth.read(status, body)

    async def _released(self, claim: _Claim) -> bool:
        """The row is as if it had not been claimed. False when it is another's, or another, by now."""
        async with self._database.write() as session:
            statement = update(Grant).where(*claim.stands)
            values = {"lease_owner": None, "lease_until": None, "attempts": claim.grant.attempts}
            done = await session.execute(
                statement.values(values).returning(Grant.id).execution_options(synchronize_session=False)
            )
            return done.scalar_one_or_none() is not None

    async def _store(
        self, claim: _Claim, ready: _Ready, token: Token, expires_at: datetime
    ) -> Renewed | Waiting:
        grant = claim.grant
        changed: list[str] = []
        async with self._database.write() as session:
            stored = await self._credentials.store_tokens(
                session,
                ready.key,
                grant,
                token.access_token,
                expires_at,
                token.refresh_token or ready.refresh_token,
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
            now = await storage_now(session, self._clock)
            await alarms.clear(session, grant.environment_id, grant.integration, grant.location, now)
            if grant.status == "needs_reauth":
                changed = await self._accounts.grant_became(session, grant.id, "active")
        self._accounts.forget(*changed)
        return Renewed()

    async def _settle(
        self, claim: _Claim, connector: Connector, refused: TokenRefused, *, probe: bool
    ) -> Refused | Waiting:
        refusal, grant = refused.refusal, claim.grant
        seconds = _pause(refusal, claim.attempts, connector.auth.refresh_limit[1])
        changed: list[str] = []
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
            elif refusal is Refusal.CONFIG:
                # not the grant's fault: no call is held against it, and the integration's pause is its pause
                values["attempts"] = grant.attempts
                values["next_attempt_at"] = now if grant.status == "needs_reauth" else None
            settled = await session.execute(
                update(Grant)
                .where(*claim.stands)
                .values(**values)
                .returning(Grant.id)
                .execution_options(synchronize_session=False)
            )
            if settled.scalar_one_or_none() is None:
                return Waiting()
            if refusal is Refusal.PERMANENT:
                error = {"code": refused.error[:200], "message": ended(connector)}
                changed = await self._accounts.grant_became(session, grant.id, "needs_reauth", error=error)
            elif refusal is Refusal.CONFIG:
                await alarms.raise_alarm(
                    session, grant.environment_id, connector, grant.location, refused.error, now
                )
        self._accounts.forget(*changed)
        return Refused(refusal, refused.error, seconds)


def ended(connector: Connector) -> str:
    """What is told of a grant the provider ended."""
    return (
        f"{connector.label} no longer accepts this connection: it was withdrawn there, or pushed out by newer "
        "ones. The customer has to reconnect: POST /link-token with this integrated_account_id."
    )


async def _under_way(session: AsyncSession, grant: Grant, now: datetime) -> int:
    """Token calls to the grant's accounts server at this moment. Claims ask one after another."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_TURN)))
    query = select(func.count()).where(
        Grant.lease_until > now, Grant.integration == grant.integration, Grant.location == grant.location
    )
    async with reach.widened(session):
        return (await session.execute(query)).scalar_one()


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
            return alarms.PAUSE.total_seconds()
        case Refusal.THROTTLE:
            return float(window)
        case Refusal.TRANSIENT:
            return min(60.0, 2.0 ** (attempts - 1)) * random.uniform(0.8, 1.2)  # noqa: S311
