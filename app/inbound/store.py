"""Queries of inbound endpoints and what arrived at them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.inbound import InboundDelivery, InboundEndpoint, InboundHook

REMEMBERED = timedelta(hours=24)
"""For how long the same body counts as repeated."""

MOST = 20_000
"""Bodies remembered of one endpoint; one that is forgotten sooner counts as new again."""

_TRIMMED_EVERY = 1_000


async def by_token(session: AsyncSession, token_hash: bytes) -> InboundEndpoint | None:
    return await session.scalar(select(InboundEndpoint).where(InboundEndpoint.token_hash == token_hash))


async def of_account(session: AsyncSession, account_id: str) -> InboundEndpoint | None:
    return await session.scalar(select(InboundEndpoint).where(InboundEndpoint.account_id == account_id))


async def is_new(session: AsyncSession, endpoint: InboundEndpoint, digest: bytes, now: datetime) -> bool:
    """Whether a body comes for the first time within a day; from now on it does not."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(InboundDelivery).values(
        endpoint_id=endpoint.id, digest=digest, environment_id=endpoint.environment_id, at=now
    )
    row = row.on_conflict_do_update(
        index_elements=["endpoint_id", "digest"],
        set_={"at": now},
        where=InboundDelivery.at <= now - REMEMBERED,
    )
    return (await session.execute(row.returning(InboundDelivery.at))).scalar_one_or_none() is not None


async def count(
    session: AsyncSession, endpoint: InboundEndpoint, now: datetime, *, repeated: bool, ignored: bool
) -> None:
    """One more correctly signed hook."""
    received = await session.scalar(
        update(InboundEndpoint)
        .where(InboundEndpoint.id == endpoint.id)
        .values(
            received=InboundEndpoint.received + 1,
            repeated=InboundEndpoint.repeated + int(repeated),
            ignored=InboundEndpoint.ignored + int(ignored),
            last_delivery_at=now,
        )
        .returning(InboundEndpoint.received)
    )
    if received and received % _TRIMMED_EVERY == 0:
        await _trim(session, endpoint.id)


async def arrived(
    session: AsyncSession,
    endpoint: InboundEndpoint,
    hooks: Mapping[str, InboundHook],
    units: Collection[str],
    now: datetime,
) -> None:
    """Hooks of these units work, also those nobody told us of."""
    for unit in units:
        row = hooks.get(unit)
        if row is None:
            row = InboundHook(
                account_id=endpoint.account_id,
                unit=unit,
                environment_id=endpoint.environment_id,
                arranged_at=now,
            )
            session.add(row)
        row.verified_at = row.verified_at or now
        row.last_delivery_at = now


async def arranged(
    session: AsyncSession,
    endpoint: InboundEndpoint,
    refusals: Mapping[str, str | None],
    now: datetime,
) -> None:
    """What became of each unit's hook; nothing more is known of the others."""
    rows = await session.scalars(select(InboundHook).where(InboundHook.account_id == endpoint.account_id))
    known = {row.unit: row for row in rows}
    for unit, refused in refusals.items():
        row = known.pop(unit, None)
        if row is None:
            row = InboundHook(
                account_id=endpoint.account_id,
                unit=unit,
                environment_id=endpoint.environment_id,
                arranged_at=now,
            )
            session.add(row)
        row.refused = refused
    for row in known.values():
        await session.delete(row)


async def forget(session: AsyncSession, now: datetime, limit: int) -> int:
    """Bodies that may come again, at most so many; how many."""
    old = (
        select(InboundDelivery.endpoint_id, InboundDelivery.digest)
        .where(InboundDelivery.at <= now - REMEMBERED)
        .limit(limit)
    )
    keys = tuple_(InboundDelivery.endpoint_id, InboundDelivery.digest)
    gone = await session.execute(
        delete(InboundDelivery).where(keys.in_(old)).returning(InboundDelivery.endpoint_id)
    )
    return len(gone.all())


async def _trim(session: AsyncSession, endpoint_id: str) -> None:
    """All but the newest are forgotten."""
    edge = await session.scalar(
        select(InboundDelivery.at)
        .where(InboundDelivery.endpoint_id == endpoint_id)
        .order_by(InboundDelivery.at.desc())
        .offset(MOST)
        .limit(1)
    )
    if edge is not None:
        await session.execute(
            delete(InboundDelivery).where(
                InboundDelivery.endpoint_id == endpoint_id, InboundDelivery.at <= edge
            )
        )
