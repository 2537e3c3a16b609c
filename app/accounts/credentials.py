"""Grant tokens, sealed: the only place where provider tokens are encrypted and decrypted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Keyring
from app.models.grants import Grant


@dataclass(frozen=True, slots=True)
class Sealed:
    """Both tokens sealed for `generation`."""

    generation: int
    access_blob: bytes
    refresh_blob: bytes


class Credentials:
    """Seals and opens grant tokens. One data key per grant; blobs are bound to grant and generation."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        raise NotImplementedError

    async def store_tokens(
        self,
        session: AsyncSession,
        grant: Grant,
        access: str,
        expires_at: datetime,
        refresh: str | None,
        *,
        lease_owner: str | None = None,
    ) -> bool:
        """Replaces the tokens of `grant` and counts its generation up, releasing the lease.

        `refresh` None keeps the stored refresh token. The write happens only if the row still has
        `grant.generation` (and, when given, the lease of `lease_owner`): False means another refresh won
        and nothing was stored. SecretUnavailable when the old refresh token cannot be opened.
        """
        raise NotImplementedError

    async def open_access(self, grant_id: str) -> tuple[str, int, datetime] | None:
        """(access token, its generation, expiry) as stored, expired or not; None when there is none."""
        raise NotImplementedError

    async def open_refresh(self, grant: Grant) -> str:
        """The refresh token of a loaded row. SecretUnavailable when there is none or it cannot be opened."""
        raise NotImplementedError

    async def shred(self, session: AsyncSession, grant: Grant) -> None:
        """Deletes the grant's tokens and its data key: no backup of the rows can be read any more."""
        raise NotImplementedError
