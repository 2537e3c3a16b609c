"""Where budgets are kept: one row per organisation, changed under its lock, judged by one clock."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
from app.gateway.budget import Budget
from app.gateway.instants import storage_now
from app.models.quota import Quota

T = TypeVar("T")


class Shelf(Protocol):
    """Changes a budget in one short transaction."""

    async def change(self, organization: str, step: Callable[[Budget, float], T]) -> T:
        """What `step(budget, now)` returns, its changes stored; `now` is the storage's epoch seconds."""
        ...


class QuotaShelf:
    """The `quotas` table. PostgreSQL's clock counts there, on SQLite the machine's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def change(self, organization: str, step: Callable[[Budget, float], T]) -> T:
        async with self._database.write() as session:
            row = await self._locked(session, organization)
            now = (await storage_now(session, self._clock)).timestamp()
            budget = Budget.read(row.state)
            result = step(budget, now)
            row.state = budget.document()
            row.updated_at = self._clock.now()
            return result

    async def _locked(self, session: AsyncSession, organization: str) -> Quota:
        query = select(Quota).where(Quota.organization == organization).with_for_update()
        row = (await session.execute(query)).scalar_one_or_none()
        if row is not None:
            return row
        insert = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(Quota)
        values = {"organization": organization, "state": {}, "updated_at": self._clock.now()}
        await session.execute(insert.values(values).on_conflict_do_nothing())
        return (await session.execute(query)).scalar_one()
