"""Queries on integrated accounts and grants. What belongs to an environment is only found with its id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import reach
from app.core.auth import Principal
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount


async def account(session: AsyncSession, environment_id: str, account_id: str) -> IntegratedAccount | None:
    return await session.scalar(
        select(IntegratedAccount).where(
            IntegratedAccount.environment_id == environment_id, IntegratedAccount.id == account_id
        )
    )


async def grant(session: AsyncSession, environment_id: str, grant_id: str) -> Grant | None:
    return await session.scalar(
        select(Grant).where(Grant.environment_id == environment_id, Grant.id == grant_id)
    )


async def accounts_of_grant(session: AsyncSession, grant_id: str) -> Sequence[IntegratedAccount]:
    return (
        await session.scalars(
            select(IntegratedAccount)
            .where(IntegratedAccount.grant_id == grant_id)
            .order_by(IntegratedAccount.id)
        )
    ).all()


async def known_grants(session: AsyncSession, integration: str, location: str, provider_user: str) -> int:
    """Living refresh tokens of a provider's user that this gateway knows, in whatever environment."""
    query = select(func.count(Grant.refresh_print.distinct())).where(
        Grant.provider_user == provider_user,
        Grant.integration == integration,
        Grant.location == location,
        Grant.status.in_(("pending", "active")),
    )
    async with reach.widened(session):
        return (await session.execute(query)).scalar_one()


async def replace_tokens(
    session: AsyncSession, grant: Grant, lease_owner: str | None, values: dict[str, Any]
) -> bool:
    """Writes `values` only if the row still has the generation of `grant` and, when given, this lease."""
    statement = update(Grant).where(Grant.id == grant.id, Grant.generation == grant.generation)
    if lease_owner is not None:
        statement = statement.where(Grant.lease_owner == lease_owner)
    done = await session.execute(
        statement.values(**values, lease_owner=None, lease_until=None)
        .returning(Grant.id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar_one_or_none() is not None


async def tokens_row(session: AsyncSession, grant_id: str) -> tuple[str, int, bytes, datetime] | None:
    """(environment, generation, access blob, expiry) of a grant that has an access token."""
    found = (
        await session.execute(
            select(Grant.environment_id, Grant.generation, Grant.access_blob, Grant.access_expires_at).where(
                Grant.id == grant_id
            )
        )
    ).one_or_none()
    if found is None:
        return None
    environment_id, generation, blob, expires_at = found
    if blob is None or expires_at is None:
        return None
    return environment_id, generation, blob, expires_at


async def page(
    session: AsyncSession,
    principal: Principal,
    limit: int,
    after: tuple[datetime, str] | None,
    *,
    tenant_id: str | None,
    status: str | None,
    integration: str | None,
) -> Sequence[IntegratedAccount]:
    """Accounts the principal may see, newest first, older than the (created_at, id) in `after`."""
    query = select(IntegratedAccount).where(IntegratedAccount.environment_id == principal.environment_id)
    if principal.account_ids is not None:
        query = query.where(IntegratedAccount.id.in_(principal.account_ids))
    if principal.tenant_ids is not None:
        query = query.where(IntegratedAccount.tenant_id.in_(principal.tenant_ids))
    exact = {"tenant_id": tenant_id, "status": status, "integration": integration}
    query = query.filter_by(**{name: value for name, value in exact.items() if value is not None})
    if after is not None:
        query = query.where(tuple_(IntegratedAccount.created_at, IntegratedAccount.id) < tuple_(*after))
    newest = query.order_by(IntegratedAccount.created_at.desc(), IntegratedAccount.id.desc())
    return (await session.scalars(newest.limit(limit))).all()
