"""One clock for what several processes compare: the database's, where there is one."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock


async def storage_now(session: AsyncSession, clock: Clock) -> datetime:
    """The current instant by PostgreSQL's clock; by the machine's on SQLite, which lives on one machine."""
    if session.get_bind().dialect.name == "sqlite":
        return clock.now()
    found: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return found.astimezone(UTC)
