"""A verified grant becomes integrated accounts; what it supersedes is shredded and revoked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.accounts import alarms, guardian
from app.accounts.clients import OAuthClients
from app.accounts.credentials import Credentials, print_of, user_print
from app.accounts.happenings import change_of, tell
from app.accounts.service import Accounts
from app.connect import store
from app.core.clock import Clock
from app.core.database import Database
from app.core.ids import new_id
from app.core.instants import storage_now
from app.core.secrets import Lifted, Secret, SecretUnavailable
from app.gateway.engine import Gateway
from app.keys.audit import Actor, record
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount
from app.webhooks.catalogue import Happening
from connectors.kit.auth import DataCenter, Token
from connectors.kit.connector import Connector, Organization
from connectors.kit.faults import Fault, Kind

T = TypeVar("T")

_log = get_logger("ledgerway.connect")

_AGAIN = 3
_UNDECIDED = timedelta(hours=2)  # the cookie of a choice lives one hour


@dataclass(frozen=True, slots=True)
class Superseded:
    """A refresh token nobody uses any more, still to be revoked at the provider."""

    environment_id: str
    connector: Connector
    location: str
    refresh_token: Secret | Lifted


@dataclass(frozen=True, slots=True)
class Verified:
    """A token answer the provider proved: what it reaches, and a print of whose it is, when that is known."""

    token: Token
    refresh_token: str
    reached: tuple[Organization, ...]
    user: str | None = None
    grant_id: str = field(default_factory=lambda: new_id("gra"))
    """Of the grant that is made for it, if it gets one of its own."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The grant of a verified token, accounts that work again by it, and the token it replaced, to be revoked."""

    grant: Grant
    healed: Sequence[str] = ()
    superseded: Sequence[Superseded] = ()


@dataclass(slots=True)
class Adopted:
    """Accounts asked for, others that moved along, and what is to be revoked after the transaction."""

    ids: list[str]
    moved: list[str] = field(default_factory=list[str])
    superseded: list[Superseded] = field(default_factory=list[Superseded])


class GrantGone(Exception):
    """The grant ended before an account could use it."""


class KeyWanted(Exception):
    """Tokens cannot be sealed in this transaction: their grant's key is not at hand."""

    def __init__(self, environment_id: str, grant_id: str) -> None:
        super().__init__(grant_id)
        self.environment_id = environment_id
        self.grant_id = grant_id


class Adoption:
    """Writes grants and accounts. Nothing here awaits the provider inside a transaction."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        credentials: Credentials,
        accounts: Accounts,
        clients: OAuthClients,
        gateway: Gateway,
        connectors: Sequence[Connector],
    ) -> None:
        self._database = database
        self._clock = clock
        self._credentials = credentials
        self._accounts = accounts
        self._clients = clients
        self._gateway = gateway
        self._connectors = {connector.slug: connector for connector in connectors}

    async def settled(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """`work` in one transaction; again when another request made the same grant or account meanwhile, and when
        it wants a key, which is had first."""
        for _ in range(_AGAIN):
            try:
                return await self._database.transact(work)
            except KeyWanted as wanted:
                await self._credentials.key(wanted.environment_id, wanted.grant_id)
            except IntegrityError as error:
                _log.info("connecting_again", error=type(error.orig).__name__)
        return await self._database.transact(work)

    async def store_grant(
        self,
        session: AsyncSession,
        environment_id: str,
        connector: Connector,
        location: str,
        verified: Verified,
        *,
        replacing: bool = False,
    ) -> Stored:
        """The grant of a refresh token with its tokens sealed: the one that has it already, else a new one.

        A new one is `pending` until an account uses it. With `replacing` the user's grant before this one gets
        the new tokens, unless it may do what they may not: the provider keeps few grants of one user.

        To be called within `settled`.
        """
        now, token, superseded, healed = self._clock.now(), verified.token, list[Superseded](), list[str]()
        grant = await store.grant_of_token(
            session, environment_id, connector.slug, location, print_of(verified.refresh_token)
        )
        known = grant is not None
        if grant is None and replacing and verified.user is not None:
            grant = await store.grant_of_user(
                session, environment_id, connector.slug, location, verified.user
            )
            if grant is not None and _covers(connector, token.scopes, grant.scopes):
                superseded = await self._revocable(session, grant)
                grant.attempts = []
            else:
                grant = None
        await alarms.clear(session, environment_id, connector.slug, location, now)
        if grant is None:
            grant = Grant(
                id=verified.grant_id,
                environment_id=environment_id,
                integration=connector.slug,
                location=location,
                scopes=list(token.scopes),
                status="pending",
                created_at=now,
                updated_at=now,
            )
            session.add(grant)
        else:  # the provider just took it: whatever was held against it is over
            grant.scopes = list(token.scopes) or grant.scopes
            grant.fail_class = grant.last_error = grant.next_attempt_at = None
            if grant.status == "needs_reauth":
                grant.status = "active"
                healed = await self._accounts.grant_became(session, grant.id, "active")
        grant.provider_user = verified.user or grant.provider_user
        await session.flush()
        expires_at = now + timedelta(seconds=token.expires_in)
        key = self._credentials.key_at_hand(environment_id, grant.id)
        if key is None:
            raise KeyWanted(environment_id, grant.id)
        await self._credentials.store_tokens(
            session, key, grant, token.access_token, expires_at, verified.refresh_token
        )
        if not known:
            await guardian.watch(session, grant, connector, now)
        return Stored(grant, healed, superseded)

    async def adopt(
        self,
        session: AsyncSession,
        grant_id: str,
        organizations: Sequence[Organization],
        *,
        tenant_id: str,
        context: Mapping[str, Any],
        actor: Actor,
        reachable: Sequence[Organization] = (),
    ) -> Adopted:
        """Accounts for `organizations` on the grant, inside the caller's transaction. GrantGone.

        An account this tenant has for the organisation already keeps its id and moves to the grant. So do the
        accounts it leaves behind on its old grant, as far as their organisation is `reachable`: the tenant's
        own, and others' that stopped working.
        """
        grant = await store.grant(session, grant_id)
        if grant is None or grant.status == "revoked":
            raise GrantGone(grant_id)
        now = self._clock.now()
        grant.status = "active"
        left: set[str] = set()
        ids: list[str] = []
        for organization in organizations:
            row = await store.account_of_tenant(
                session, grant.environment_id, tenant_id, grant.integration, grant.location, organization.id
            )
            action = "integrated_account.reconnected" if row else "integrated_account.created"
            event = change_of(row.status, "active") if row else Happening.ACCOUNT_CREATED
            if row is None:
                row = IntegratedAccount(
                    id=new_id("acc"),
                    environment_id=grant.environment_id,
                    tenant_id=tenant_id,
                    integration=grant.integration,
                    location=grant.location,
                    organization_id=organization.id,
                    organization={},
                    grant_id=grant.id,
                    scopes=list(grant.scopes),
                    created_at=now,
                    updated_at=now,
                    context=dict(context),
                )
                session.add(row)
            elif row.grant_id != grant.id:
                left.add(row.grant_id)
            self._renew(row, grant, organization)
            if context:
                row.context = {**row.context, **context}
            ids.append(row.id)
            await record(
                session,
                now,
                grant.environment_id,
                actor,
                action,
                row.id,
                detail={
                    "organization_id": organization.id,
                    "location": grant.location,
                    "tenant_id": tenant_id,
                },
            )
            await tell(session, now, row, event)
        adopted = Adopted(ids)
        for old in sorted(left):
            await self._leave(session, old, grant, tenant_id, reachable, adopted)
        return adopted

    def _renew(self, row: IntegratedAccount, grant: Grant, organization: Organization) -> None:
        row.grant_id = grant.id
        row.scopes = list(grant.scopes)
        row.organization = asdict(organization)
        row.plan = organization.plan
        row.status = "active"
        row.last_error = None
        row.updated_at = self._clock.now()

    async def _leave(
        self,
        session: AsyncSession,
        old_id: str,
        grant: Grant,
        tenant_id: str,
        reachable: Sequence[Organization],
        adopted: Adopted,
    ) -> None:
        """Move what is better off on the new grant; retire the old one when nobody is left."""
        by_id = {organization.id: organization for organization in reachable}
        await session.flush()
        for row in await store.accounts_of_grant(session, old_id):
            theirs = row.tenant_id == tenant_id or row.status == "needs_reauth"
            if theirs and row.organization_id in by_id and row.location == grant.location:
                event = change_of(row.status, "active")
                self._renew(row, grant, by_id[row.organization_id])
                await tell(session, row.updated_at, row, event)
                adopted.moved.append(row.id)
        await session.flush()
        adopted.superseded += await self.retire(session, old_id)

    async def retire(self, session: AsyncSession, grant_id: str) -> list[Superseded]:
        """Shred a grant no account references; its refresh token, to be revoked after the transaction.

        A token that another grant holds as well is not revoked.
        """
        grant = await store.grant(session, grant_id)
        if grant is None or grant.status == "revoked" or await store.count_accounts(session, grant_id):
            return []
        found = await self._revocable(session, grant)
        await self._credentials.shred(session, grant)
        grant.status = "revoked"
        grant.updated_at = self._clock.now()
        return found

    async def _revocable(self, session: AsyncSession, grant: Grant) -> list[Superseded]:
        """The grant's refresh token as long as it can be opened, unless another grant holds it as well."""
        connector = self._connectors.get(grant.integration)
        if connector is None or grant.refresh_blob is None or await store.is_held_elsewhere(session, grant):
            return []
        try:
            token = await self._credentials.lift_refresh(session, grant)
        except SecretUnavailable:
            _log.warning("grant_not_revocable", grant_id=grant.id)
            return []
        return [Superseded(grant.environment_id, connector, grant.location, token)]

    async def sweep(self, most: int = 50) -> int:
        """End grants whose customer never chose an organisation: at most `most` of them, oldest first."""
        before = self._clock.now() - _UNDECIDED
        async with self._database.read() as session:
            waiting = await store.pending_grants(session, before, most)
        for grant_id in waiting:
            async with self._database.write() as session:
                superseded = await self.retire(session, grant_id)
            await self.revoke(superseded)
        return len(waiting)

    async def revoke(self, superseded: Sequence[Superseded]) -> None:
        """Tell the provider that these tokens end. It may not answer; the tokens are shredded here anyway."""
        for one in superseded:
            about = {"integration": one.connector.slug, "location": one.location}
            try:
                is_revoked, status = await self._end(one)
            except Exception as error:  # nobody's wish to leave fails because the provider is down
                _log.warning("grant_not_revoked", **about, error=type(error).__name__)
                continue
            log = _log.info if is_revoked else _log.warning
            log("grant_revoked" if is_revoked else "grant_not_revoked", **about, status=status)

    async def _end(self, one: Superseded) -> tuple[bool, int | None]:
        """Whether the provider ended a token by one way or another, and the status of its last answer."""
        client = await self._clients.client(one.environment_id, one.connector, one.location)
        center, auth = self.data_center(one.connector, one.location), one.connector.auth
        status: int | None = None
        kept, vault = one.refresh_token, self._credentials.vault
        token = await vault.opened(kept) if isinstance(kept, Lifted) else kept
        for form in auth.revoke(center, client, token.reveal().decode()):
            try:
                status, body = await self._gateway.exchange(form)
            except Fault as fault:
                if fault.status is None:
                    raise
                status, body = fault.status, None  # a redirect, say: an answer, and no success
            if auth.revoked(status, body):
                return True, status
        return False, status

    def data_center(self, connector: Connector, location: str) -> DataCenter:
        """The data centre a location names, settings applied. KeyError when there is none."""
        return self._accounts.data_centers(connector)[location]

    async def reached(
        self, connector: Connector, location: str, access_token: str
    ) -> tuple[Organization, ...]:
        """The organisations a token reaches. Empty also when the provider says the user has none."""
        try:
            return await self._gateway.organizations(
                connector, self.data_center(connector, location), access_token
            )
        except Fault as fault:
            if fault.kind is Kind.ORGANIZATION:
                return ()
            raise

    async def alarm(self, environment_id: str, connector: Connector, location: str, error: str) -> None:
        """The provider refused the client, whatever was asked for with it."""
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            await alarms.raise_alarm(session, environment_id, connector, location, error, now)

    async def proven(
        self,
        connector: Connector,
        location: str,
        token: Token,
        refresh_token: str,
        reached: tuple[Organization, ...],
    ) -> Verified:
        """A token that reached something, and whose it is."""
        told = None
        if reached:
            center = self.data_center(connector, location)
            told = await self._gateway.consenter(connector, center, token.access_token, reached[0].id)
        user = None if told is None else user_print(connector.slug, location, told)
        return Verified(token, refresh_token, reached, user)


def _covers(connector: Connector, held: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether scopes just granted allow all that others allowed."""
    return bool(held) and all(any(connector.auth.grants(have, want) for have in held) for want in wanted)
