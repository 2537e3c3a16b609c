"""Queries on environments and API keys."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlalchemy import ColumnElement, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.auth import Mode
from app.models.api_keys import ApiKey
from app.models.environments import Environment
from app.models.integrated_accounts import IntegratedAccount


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A stored key with its environment, as authentication needs it."""

    id: str
    kid: str
    environment_id: str
    environment: str
    mode: Mode
    digest: bytes
    pepper_id: str
    scopes: frozenset[str]
    account_ids: frozenset[str] | None
    tenant_ids: frozenset[str] | None
    networks: tuple[IPv4Network | IPv6Network, ...] | None
    expires_at: datetime | None
    revoked_at: datetime | None


async def known(session: AsyncSession, kid: str) -> KnownKey | None:
    """The key with this public part, in whatever environment: this is how a caller's environment is found."""
    found = (
        await session.execute(
            select(ApiKey, Environment)
            .join(Environment, Environment.id == ApiKey.environment_id)
            .where(ApiKey.kid == kid)
        )
    ).one_or_none()
    if found is None:
        return None
    key, environment = found
    return KnownKey(
        id=key.id,
        kid=key.kid,
        environment_id=environment.id,
        environment=environment.name,
        mode="live" if environment.mode == "live" else "test",
        digest=key.digest,
        pepper_id=key.pepper_id,
        scopes=frozenset(key.scopes),
        account_ids=None if key.account_ids is None else frozenset(key.account_ids),
        tenant_ids=None if key.tenant_ids is None else frozenset(key.tenant_ids),
        networks=None if key.networks is None else tuple(ip_network(text) for text in key.networks),
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )


async def replace_digest(session: AsyncSession, key: KnownKey, digest: bytes, pepper_id: str) -> None:
    """The same key text under another pepper; nothing when another process was first."""
    await session.execute(
        update(ApiKey)
        .where(ApiKey.id == key.id, ApiKey.pepper_id == key.pepper_id)
        .values(digest=digest, pepper_id=pepper_id)
    )


async def get(
    session: AsyncSession, environment_id: str, key_id: str, made_by: str | None = None
) -> ApiKey | None:
    query = select(ApiKey).where(ApiKey.environment_id == environment_id, ApiKey.id == key_id)
    return await session.scalar(query.where(_of(made_by)) if made_by else query)


def _of(key_id: str) -> ColumnElement[bool]:
    return or_(ApiKey.created_by == key_id, ApiKey.id == key_id)


async def page(
    session: AsyncSession,
    environment_id: str,
    limit: int,
    after: tuple[datetime, str] | None,
    made_by: str | None = None,
) -> list[ApiKey]:
    """Keys of an environment, newest first, at most `limit`, older than the (created_at, id) in `after`.

    `made_by` narrows to one key and those it made.
    """
    query = select(ApiKey).where(ApiKey.environment_id == environment_id)
    if made_by is not None:
        query = query.where(_of(made_by))
    if after is not None:
        query = query.where(tuple_(ApiKey.created_at, ApiKey.id) < tuple_(*after))
    return list(
        await session.scalars(query.order_by(ApiKey.created_at.desc(), ApiKey.id.desc()).limit(limit))
    )


async def accounts_among(session: AsyncSession, environment_id: str, ids: Collection[str]) -> set[str]:
    """Those of `ids` that are integrated accounts of the environment."""
    if not ids:
        return set()
    account = IntegratedAccount
    mine = account.environment_id == environment_id, account.id.in_(ids)
    return set(await session.scalars(select(account.id).where(*mine)))


async def environment(session: AsyncSession, name: str, mode: Mode) -> Environment | None:
    return await session.scalar(select(Environment).where(Environment.name == name, Environment.mode == mode))


async def environments(session: AsyncSession) -> list[Environment]:
    return list(await session.scalars(select(Environment).order_by(Environment.name, Environment.mode)))
