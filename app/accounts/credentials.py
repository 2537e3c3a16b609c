"""Grant tokens, sealed: the only place where provider tokens are encrypted and decrypted."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts import store
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Context, KeyWrapper, Lifted, OpenKey, Reason, SecretUnavailable, Vault
from app.keys.data_keys import DataKeyRows
from app.models.grants import Grant


class Credentials:
    """Seals and opens grant tokens. One data key per grant; blobs are bound to grant and generation.

    `vault` seals other secrets in the same way.
    """

    def __init__(self, database: Database, wrapper: KeyWrapper, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.vault = Vault(database, wrapper, DataKeyRows(), clock)

    async def key(self, environment_id: str, grant_id: str) -> OpenKey:
        """What `store_tokens` seals a grant's tokens with. To be had before its transaction. SecretUnavailable."""
        return await self.vault.key(environment_id, owner_of(grant_id))

    def key_at_hand(self, environment_id: str, grant_id: str) -> OpenKey | None:
        """The same without awaiting anything."""
        return self.vault.at_hand(environment_id, owner_of(grant_id))

    async def store_tokens(
        self,
        session: AsyncSession,
        key: OpenKey,
        grant: Grant,
        access: str,
        expires_at: datetime,
        refresh: str,
        *,
        lease_owner: str | None = None,
    ) -> bool:
        """Replaces the tokens of `grant` and counts its generation up, releasing the lease.

        The write happens only if the row still has `grant.generation` (and, when given, the lease of
        `lease_owner`): False means another refresh won and nothing was stored.
        """
        generation = grant.generation + 1
        # both are sealed anew: a blob of an earlier generation put back into the row does not open
        values: dict[str, Any] = {
            "generation": generation,
            "access_blob": key.seal(_access(grant, generation), access),
            "access_expires_at": expires_at,
            "refresh_blob": key.seal(_refresh(grant, generation), refresh),
            "refresh_print": print_of(refresh),
            "updated_at": self._clock.now(),
        }
        if not await store.replace_tokens(session, grant, lease_owner, values):
            return False
        for name, value in (values | {"lease_owner": None, "lease_until": None}).items():
            set_committed_value(grant, name, value)
        return True

    async def open_access(self, grant_id: str) -> tuple[str, int, datetime] | None:
        """(access token, its generation, expiry) as stored, expired or not; None when there is none."""
        async with self._database.read() as session:
            row = await store.tokens_row(session, grant_id)
        if row is None:
            return None
        environment_id, generation, blob, expires_at = row
        token = await self.vault.open(blob, _context(environment_id, grant_id, "access", generation))
        return token.reveal().decode(), generation, expires_at

    async def open_refresh(self, grant: Grant) -> str:
        """The refresh token of a loaded row. SecretUnavailable when there is none or it cannot be opened."""
        blob, context = _sealed_refresh(grant)
        return (await self.vault.open(blob, context)).reveal().decode()

    async def lift_refresh(self, session: AsyncSession, grant: Grant) -> Lifted:
        """The same to be opened by `vault` after the transaction, which may shred it."""
        return await self.vault.lift(session, *_sealed_refresh(grant))

    async def shred(self, session: AsyncSession, grant: Grant) -> None:
        """Deletes the grant's tokens and its data key: older copies of the blobs cannot be read either."""
        grant.access_blob = grant.refresh_blob = grant.refresh_print = grant.access_expires_at = None
        grant.generation += 1
        await session.flush()
        await self.vault.shred(session, grant.environment_id, owner_of(grant.id))


def print_of(refresh_token: str) -> bytes:
    """What tells a refresh token apart without holding it: they are random, so one hash is enough."""
    return hashlib.sha256(b"ledgerway/refresh/" + refresh_token.encode()).digest()


def user_print(integration: str, location: str, name: str) -> str:
    """What tells one user of a provider from another without naming them."""
    return hashlib.sha256(f"ledgerway/user/{integration}/{location}/{name}".encode()).hexdigest()


def owner_of(grant_id: str) -> str:
    """Under which name a grant's data key is kept."""
    return f"grant:{grant_id}"


def _access(grant: Grant, generation: int) -> Context:
    return _context(grant.environment_id, grant.id, "access", generation)


def _sealed_refresh(grant: Grant) -> tuple[bytes, Context]:
    if grant.refresh_blob is None:
        raise SecretUnavailable(Reason.UNKNOWN_KEY)
    return grant.refresh_blob, _refresh(grant, grant.generation)


def _refresh(grant: Grant, generation: int) -> Context:
    return _context(grant.environment_id, grant.id, "refresh", generation)


def _context(environment_id: str, grant_id: str, token: str, generation: int) -> Context:
    return Context(
        environment_id, owner_of(grant_id), f"oauth.{token}", f"grants.{token}_blob", generation=generation
    )
