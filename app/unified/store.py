"""Queries on the intents of writes. Every one names the environment and the account."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.writes import Write


async def by_key(
    session: AsyncSession, environment_id: str, account_id: str, method: str, path: str, key: str
) -> Write | None:
    """The write an Idempotency-Key stands for."""
    return await session.scalar(
        select(Write).where(
            Write.environment_id == environment_id,
            Write.account_id == account_id,
            Write.method == method,
            Write.path == path,
            Write.idempotency_key == key,
        )
    )


async def same_since(
    session: AsyncSession, environment_id: str, account_id: str, path: str, fingerprint: str, since: datetime
) -> Write | None:
    """An identical write that was, or may have been, carried out since then."""
    return await session.scalar(
        select(Write)
        .where(
            Write.environment_id == environment_id,
            Write.account_id == account_id,
            Write.path == path,
            Write.fingerprint == fingerprint,
            Write.created_at > since,
            Write.state.in_(("executing", "done", "unknown")),
        )
        .limit(1)
    )


async def by_id(session: AsyncSession, environment_id: str, account_id: str, write_id: str) -> Write | None:
    return await session.scalar(
        select(Write).where(
            Write.environment_id == environment_id, Write.account_id == account_id, Write.id == write_id
        )
    )
