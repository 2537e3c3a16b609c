"""Queries on link tokens and outstanding OAuth redirects. Each call is one short statement or two."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import reach
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


async def start(
    session: AsyncSession, link_id: str, cookie: str, most_starts: int, recent: Sequence[str], now: datetime
) -> bool:
    """Count one more start and bind the link to this browser. False when it may not start (again).

    `recent` are the starts before it within the minute.
    """
    started = await session.execute(
        update(LinkToken)
        .where(
            LinkToken.id == link_id,
            LinkToken.state.in_(("new", "started", "choosing", "failed")),
            LinkToken.starts < most_starts,
            LinkToken.expires_at > now,
        )
        .values(
            state="started",
            starts=LinkToken.starts + 1,
            recent_starts=[*recent, now.isoformat()],
            cookie_hash=digest(cookie),
        )
    )
    return started.rowcount == 1  # pyright: ignore[reportAttributeAccessIssue]


async def take_state(session: AsyncSession, state: str) -> OAuthState | None:
    """The redirect a state parameter belongs to, removed: whoever comes second finds nothing."""
    return await session.scalar(
        delete(OAuthState).where(OAuthState.state_hash == digest(state)).returning(OAuthState)
    )


async def drop_stale_states(session: AsyncSession, now: datetime) -> None:
    await session.execute(delete(OAuthState).where(OAuthState.expires_at < now))


async def drop_old_links(session: AsyncSession, before: datetime, at_most: int) -> None:
    """Forget links that ended before an instant; those whose grant still waits for its choice stay."""
    old = select(LinkToken.id).where(LinkToken.expires_at < before, LinkToken.state != "choosing")
    await session.execute(delete(LinkToken).where(LinkToken.id.in_(old.limit(at_most))))


async def offer_choice(
    session: AsyncSession,
    link: LinkToken,
    cookie_hash: bytes,
    grant_id: str,
    organizations: Sequence[dict[str, object]],
) -> bool:
    """The customer is to choose. False when the link was used or started anew meanwhile."""
    return await _advanced(
        session,
        _at(link, cookie_hash, "started"),
        state="choosing",
        grant_id=grant_id,
        organizations=list(organizations),
    )


async def consume(
    session: AsyncSession, link: LinkToken, cookie_hash: bytes, state: str, grant_id: str, now: datetime
) -> bool:
    """End the link's life, to be followed by `made`. False when it is not in `state` any more.

    Comes first in its transaction: whoever is second waits here and then finds the link used.
    """
    return await _advanced(
        session,
        _at(link, cookie_hash, state),
        state="consumed",
        grant_id=grant_id,
        consumed_at=now,
        last_error=None,
    )


async def made(session: AsyncSession, link_id: str, account_ids: list[str]) -> None:
    """Note the accounts a consumed link led to."""
    await session.execute(update(LinkToken).where(LinkToken.id == link_id).values(account_ids=account_ids))


async def fail(session: AsyncSession, link: LinkToken, cookie_hash: bytes, code: str) -> None:
    """Note why a sign-in failed, unless the link was started anew or used since."""
    await _advanced(session, _at(link, cookie_hash, "started"), state="failed", last_error=code)


def _at(link: LinkToken, cookie_hash: bytes, state: str) -> tuple[ColumnElement[bool], ...]:
    return LinkToken.id == link.id, LinkToken.state == state, LinkToken.cookie_hash == cookie_hash


async def _advanced(session: AsyncSession, where: tuple[ColumnElement[bool], ...], **values: object) -> bool:
    done = await session.execute(
        update(LinkToken)
        .where(*where)
        .values(**values)
        .returning(LinkToken.id)
        .execution_options(synchronize_session=False)
    )
    return done.scalar_one_or_none() is not None


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
    """The grant, locked until the transaction ends: accounts join and leave it one at a time."""
    await session.flush()
    return await session.get(Grant, grant_id, with_for_update=True, populate_existing=True)


async def grant_of_token(
    session: AsyncSession, environment_id: str, integration: str, location: str, refresh_print: bytes
) -> Grant | None:
    """The environment's living grant with this very refresh token, locked."""
    return await session.scalar(
        select(Grant)
        .where(
            Grant.environment_id == environment_id,
            Grant.integration == integration,
            Grant.location == location,
            Grant.refresh_print == refresh_print,
            Grant.status != "revoked",
        )
        .order_by(Grant.created_at)
        .limit(1)
        .with_for_update()
    )


async def grant_of_user(
    session: AsyncSession, environment_id: str, integration: str, location: str, provider_user: str
) -> Grant | None:
    """The grant a provider's user gave this environment last and accounts use, locked."""
    return await session.scalar(
        select(Grant)
        .where(
            Grant.environment_id == environment_id,
            Grant.integration == integration,
            Grant.location == location,
            Grant.provider_user == provider_user,
            Grant.status.in_(("active", "needs_reauth")),
        )
        .order_by(Grant.created_at.desc(), Grant.id)
        .limit(1)
        .with_for_update()
    )


async def is_held_elsewhere(session: AsyncSession, known: Grant) -> bool:
    """Whether another grant, in whatever environment, has the same refresh token."""
    query = select(Grant.id).where(Grant.refresh_print == known.refresh_print, Grant.id != known.id)
    async with reach.widened(session):
        return (await session.scalar(query.limit(1))) is not None


async def pending_grants(session: AsyncSession, before: datetime, most: int) -> Sequence[str]:
    """Grants that have waited for a choice since before then."""
    return (
        await session.scalars(
            select(Grant.id)
            .where(Grant.status == "pending", Grant.updated_at < before)
            .order_by(Grant.updated_at)
            .limit(most)
        )
    ).all()


async def count_accounts(session: AsyncSession, grant_id: str) -> int:
    return (
        await session.scalar(
            select(func.count()).select_from(IntegratedAccount).where(IntegratedAccount.grant_id == grant_id)
        )
    ) or 0
