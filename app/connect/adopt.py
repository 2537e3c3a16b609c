"""A verified grant becomes integrated accounts; what it supersedes is shredded and revoked."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.accounts.clients import OAuthClients
from app.accounts.credentials import Credentials
from app.accounts.service import Accounts
from app.connect import store
from app.core.clock import Clock
from app.core.database import Database
from app.core.ids import new_id
from app.core.secrets import Secret, SecretUnavailable
from app.gateway.engine import Gateway
from app.keys.audit import Actor, record
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount
from connectors.kit.auth import DataCenter, Token
from connectors.kit.connector import Connector, Organization
from connectors.kit.faults import Fault, Kind

_log = get_logger("ledgerway.connect")


@dataclass(frozen=True, slots=True)
class Superseded:
    """A refresh token nobody uses any more, still to be revoked at the provider."""

    environment_id: str
    connector: Connector
    location: str
    refresh_token: Secret


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

    async def store_grant(
        self, environment_id: str, connector: Connector, location: str, token: Token, refresh_token: str
    ) -> Grant:
        """A new grant with its tokens sealed; it waits as `pending` until an account uses it."""
        now = self._clock.now()
        grant = Grant(
            id=new_id("gra"),
            environment_id=environment_id,
            integration=connector.slug,
            location=location,
            scopes=list(token.scopes),
            status="pending",
            created_at=now,
            updated_at=now,
        )
        async with self._database.write() as session:
            session.add(grant)
            await session.flush()
            expires_at = now + timedelta(seconds=token.expires_in)
            await self._credentials.store_tokens(
                session, grant, token.access_token, expires_at, refresh_token
            )
        return grant

    async def adopt(
        self,
        session: AsyncSession,
        grant_id: str,
        organizations: Sequence[Organization],
        *,
        tenant_id: str,
        context: Mapping[str, Any],
        actor: Actor,
        reconnect: str | None = None,
    ) -> tuple[list[str], list[Superseded]]:
        """Accounts for `organizations` on the grant, inside the caller's transaction: their ids, and what is
        to be revoked afterwards.

        An account this tenant has for the organisation already keeps its id and moves to the grant; so does
        the one being reconnected, and every account that shared its old grant and that the new one reaches.
        """
        grant = await store.grant(session, grant_id)
        if grant is None:
            raise LookupError(grant_id)
        now = self._clock.now()
        grant.status = "active"
        left: set[str] = set()
        ids: list[str] = []
        for organization in organizations:
            row = await store.account_of_tenant(
                session, grant.environment_id, tenant_id, grant.integration, grant.location, organization.id
            )
            action = "integrated_account.reconnected" if row else "integrated_account.created"
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
        superseded: list[Superseded] = []
        for old in sorted(left):
            superseded += await self._leave(session, old, grant, organizations if reconnect else ())
        return ids, superseded

    def _renew(self, row: IntegratedAccount, grant: Grant, organization: Organization) -> None:
        row.grant_id = grant.id
        row.scopes = list(grant.scopes)
        row.organization = asdict(organization)
        row.plan = organization.plan
        row.status = "active"
        row.last_error = None
        row.updated_at = self._clock.now()

    async def _leave(
        self, session: AsyncSession, old_id: str, grant: Grant, reachable: Sequence[Organization]
    ) -> list[Superseded]:
        """Move what still stands on an old grant and is reachable by the new one; retire it when empty."""
        by_id = {organization.id: organization for organization in reachable}
        await session.flush()
        for row in await store.accounts_of_grant(session, old_id):
            if row.organization_id in by_id and row.location == grant.location:
                self._renew(row, grant, by_id[row.organization_id])
        await session.flush()
        return await self.retire(session, old_id)

    async def retire(self, session: AsyncSession, grant_id: str) -> list[Superseded]:
        """Shred a grant no account references; its refresh token, to be revoked after the transaction."""
        grant = await store.grant(session, grant_id)
        if grant is None or await store.count_accounts(session, grant_id):
            return []
        found: list[Superseded] = []
        connector = self._connectors.get(grant.integration)
        if connector is not None and grant.refresh_blob is not None:
            try:
                secret = Secret((await self._credentials.open_refresh(grant)).encode())
                found.append(Superseded(grant.environment_id, connector, grant.location, secret))
            except SecretUnavailable:
                _log.warning("grant_not_revocable", grant_id=grant_id)
        await self._credentials.shred(session, grant)
        grant.status = "revoked"
        grant.updated_at = self._clock.now()
        return found

    async def revoke(self, superseded: Sequence[Superseded]) -> None:
        """Tell the provider that these tokens end. It may not answer; the tokens are shredded here anyway."""
        for one in superseded:
            try:
                client = await self._clients.client(one.environment_id, one.connector, one.location)
                center = self.data_center(one.connector, one.location)
                form = one.connector.auth.revoke(center, client, one.refresh_token.reveal().decode())
                status, _ = await self._gateway.exchange(form)
                _log.info("grant_revoked", integration=one.connector.slug, status=status)
            except (
                Exception
            ) as error:  # the customer's wish to leave never fails because the provider is down
                _log.warning("grant_not_revoked", integration=one.connector.slug, error=type(error).__name__)

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
