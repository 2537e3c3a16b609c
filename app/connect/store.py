"""Queries on link tokens and outstanding OAuth redirects. Each call is one short statement or two."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.environments import Environment
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount
from app.models.link_tokens import LinkToken, OAuthState


def digest(secret: str) -> bytes:
    """How link tokens, states and cookies are stored: they are 256-bit random, so one hash is enough."""
    return hashlib.sha256(secret.encode()).digest()


async def link_by_token(session: AsyncSession, token: str) -> LinkToken | None:
    return await session.scalar(select(LinkToken).where(LinkToken.token_hash == digest(token)))


async def link_by_id(session: AsyncSession, link_id: str) -> LinkToken | None:
    return await session.get(LinkToken, link_id)


async def link_by_cookie(session: AsyncSession, cookie: str) -> LinkToken | None:
    """The newest link this browser started."""
    return await session.scalar(
        select(LinkToken)
        .where(LinkToken.cookie_hash == digest(cookie))
        .order_by(LinkToken.created_at.desc())
        .limit(1)
    )


async def environment_name(session: AsyncSession, environment_id: str) -> str:
    return (
        await session.scalar(select(Environment.name).where(Environment.id == environment_id))
    ) or environment_id


async def start(session: AsyncSession, link_id: str, cookie: str, most_starts: int, now: datetime) -> bool:
    """Count one more start and bind the link to this browser. False when it may not start (again)."""
    started = await session.execute(
        update(LinkToken)
        .where(
            LinkToken.id == link_id,
            LinkToken.state.in_(("new", "started", "choosing", "failed")),
            LinkToken.starts < most_starts,
            LinkToken.expires_at > now,
        )
        .values(state="started", starts=LinkToken.starts + 1, cookie_hash=digest(cookie))
    )
    return started.rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]


async def take_state(session: AsyncSession, state: str) -> OAuthState | None:
    """The redirect a state parameter belongs to, removed: whoever comes second finds nothing."""
    return await session.scalar(
        delete(OAuthState).where(OAuthState.state_hash == digest(state)).returning(OAuthState)
    )


async def drop_stale_states(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(OAuthState).where(OAuthState.expires_at < now))


async def offer_choice(
    session: AsyncSession, link_id: str, grant_id: str, organizations: Sequence[dict[str, object]]
) -> None:
    await session.execute(
        update(LinkToken)
        .where(LinkToken.id == link_id)
        .values(state="choosing", grant_id=grant_id, organizations=list(organizations))
    )


async def consume(
    session: AsyncSession, link_id: str, grant_id: str, account_ids: list[str], now: datetime
) -> bool:
    """End the link's life together with the accounts it made. False when another request was first."""
    consumed = await session.execute(
        update(LinkToken)
        .where(LinkToken.id == link_id, LinkToken.state.in_(("started", "choosing")))
        .values(
            state="consumed", grant_id=grant_id, account_ids=account_ids, consumed_at=now, last_error=None
        )
    )
    return consumed.rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]


async def fail(session: AsyncSession, link_id: str, code: str) -> None:
    await session.execute(
        update(LinkToken)
        .where(LinkToken.id == link_id, LinkToken.state != "consumed")
        .values(state="failed", last_error=code)
    )


async def account_of_tenant(
    session: AsyncSession,
    environment_id: str,
    tenant_id: str,
    integration: str,
    location: str,
    organization_id: str,
) -> IntegratedAccount | None:
    return await session.scalar(
        select(IntegratedAccount).where(
            IntegratedAccount.environment_id == environment_id,
            IntegratedAccount.tenant_id == tenant_id,
            IntegratedAccount.integration == integration,
            IntegratedAccount.location == location,
            IntegratedAccount.organization_id == organization_id,
        )
    )


async def accounts_of_grant(session: AsyncSession, grant_id: str) -> Sequence[IntegratedAccount]:
    return (
        await session.scalars(select(IntegratedAccount).where(IntegratedAccount.grant_id == grant_id))
    ).all()


async def grant(session: AsyncSession, grant_id: str) -> Grant | None:
    return await session.get(Grant, grant_id)


async def count_accounts(session: AsyncSession, grant_id: str) -> int:
    return (
        await session.scalar(
            select(func.count()).select_from(IntegratedAccount).where(IntegratedAccount.grant_id == grant_id)
        )
    ) or 0
