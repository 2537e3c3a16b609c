"""Which OAuth client speaks for an environment: its own if it stored one, else the operator's."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import alarms
from app.core.clock import Clock
from app.core.connectors import ConnectorSettings, connector_settings
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.secrets import Context, Vault
from app.core.settings import Settings
from app.keys.audit import Actor, record
from app.models.oauth_clients import OAuthClient
from connectors.kit.auth import Client
from connectors.kit.connector import Connector


class OAuthClients:
    """Finds, stores and removes OAuth clients. Secrets are sealed under the environment's data key."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        settings: Settings,
        connectors: Sequence[Connector],
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._fallback: Mapping[str, ConnectorSettings] = {
            one.slug: connector_settings(settings, one.settings_prefix, one) for one in connectors
        }

    async def find(self, environment_id: str, connector: Connector, location: str) -> Client | None:
        """The client for a data centre: the environment's for it, the environment's for any, the settings'."""
        async with self._database.read() as session:
            rows = await session.scalars(
                select(OAuthClient).where(
                    OAuthClient.environment_id == environment_id,
                    OAuthClient.integration == connector.slug,
                    OAuthClient.location.in_(("", location)),
                )
            )
            found = sorted(rows, key=lambda row: row.location, reverse=True)
        if found:
            secret = await self._vault.open(found[0].secret_blob, _context(found[0]))
            return Client(found[0].client_id, secret.reveal().decode())
        return self._fallback[connector.slug].client(location)

    async def client(self, environment_id: str, connector: Connector, location: str) -> Client:
        """As `find`. Problem connection_state_conflict when there is none."""
        found = await self.find(environment_id, connector, location)
        if found is None:
            raise Problem(
                "connection_state_conflict",
                f"No OAuth client is set up for {connector.slug}: set LEDGERWAY_{connector.settings_prefix}_"
                "CLIENT_ID and _CLIENT_SECRET, or POST /environment-integration.",
            )
        return found

    async def stored(self, environment_id: str) -> Sequence[OAuthClient]:
        """The clients an environment stored."""
        async with self._database.read() as session:
            return (
                await session.scalars(
                    select(OAuthClient)
                    .where(OAuthClient.environment_id == environment_id)
                    .order_by(OAuthClient.integration, OAuthClient.location)
                )
            ).all()

    async def get(self, environment_id: str, row_id: str) -> OAuthClient:
        """One of them. Problem not_found."""
        async with self._database.read() as session:
            return await _row(session, environment_id, row_id)

    async def add(
        self,
        environment_id: str,
        integration: str,
        location: str,
        client_id: str,
        secret: str,
        actor: Actor,
        request_id: str | None,
    ) -> OAuthClient:
        """Stores a client. Problem already_exists when there is one for the same data centre."""
        now = self._clock.now()
        row = OAuthClient(
            id=new_id("int"),
            environment_id=environment_id,
            integration=integration,
            location=location,
            client_id=client_id,
            secret_blob=b"",
            created_at=now,
            updated_at=now,
        )
        row.secret_blob = await self._vault.seal(_context(row), secret)
        try:
            async with self._database.write() as session:
                session.add(row)
                await self._note(session, row, "created", actor, request_id)
        except IntegrityError:
            raise Problem(
                "already_exists", "There is a client for this integration and data centre already."
            ) from None
        return row

    async def change(
        self,
        environment_id: str,
        row_id: str,
        client_id: str | None,
        secret: str | None,
        actor: Actor,
        request_id: str | None,
    ) -> OAuthClient:
        """Replaces what is given. Problem not_found."""
        key = None if secret is None else await self._vault.key(environment_id, _owner(environment_id))
        async with self._database.write() as session:
            row = await _row(session, environment_id, row_id)
            row.client_id = client_id or row.client_id
            if key is not None and secret is not None:
                row.generation += 1
                row.secret_blob = key.seal(_context(row), secret)
            row.updated_at = self._clock.now()
            await self._note(session, row, "updated", actor, request_id)
        return row

    async def remove(self, environment_id: str, row_id: str, actor: Actor, request_id: str | None) -> None:
        """Deletes a client; the settings' stands in for it again. Problem not_found."""
        async with self._database.write() as session:
            row = await _row(session, environment_id, row_id)
            await session.delete(row)
            await self._note(session, row, "deleted", actor, request_id)

    async def _note(
        self, session: AsyncSession, row: OAuthClient, verb: str, actor: Actor, request_id: str | None
    ) -> None:
        await alarms.try_again(session, row.environment_id, row.integration, self._clock.now())
        await record(
            session, self._clock.now(), row.environment_id, actor, f"environment_integration.{verb}", row.id,
            request_id=request_id,
            detail={"integration": row.integration, "location": row.location, "client_id": row.client_id},
        )  # fmt: skip


async def _row(session: AsyncSession, environment_id: str, row_id: str) -> OAuthClient:
    row = await session.scalar(
        select(OAuthClient).where(OAuthClient.environment_id == environment_id, OAuthClient.id == row_id)
    )
    if row is None:
        raise Problem("not_found", "There is no such environment integration.")
    return row


def _context(row: OAuthClient) -> Context:
    return Context(
        row.environment_id,
        _owner(row.environment_id),
        "oauth.client_secret",
        f"oauth_clients.secret_blob/{row.id}",
        row.generation,
    )


def _owner(environment_id: str) -> str:
    return f"environment:{environment_id}"
