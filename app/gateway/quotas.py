"""Where budgets are kept: one row per organisation, changed under its lock, judged by one clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import reach
from app.core.clock import Clock
from app.core.database import Database
from app.core.instants import storage_now
from app.core.json import instant
from app.gateway.budget import Budget, Notice
from app.models.integrated_accounts import IntegratedAccount
from app.models.quota import Quota
from app.webhooks import outbox
from app.webhooks.catalogue import Happening

T = TypeVar("T")

_EVENTS = {"warning": Happening.QUOTA_WARNING, "exhausted": Happening.QUOTA_EXHAUSTED}


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
        with reach.everywhere():
            return await self._changed(organization, step)

    async def _changed(self, organization: str, step: Callable[[Budget, float], T]) -> T:
        async with self._database.write() as session:
            row = await self._locked(session, organization)
            now = (await storage_now(session, self._clock)).timestamp()
            budget = Budget.read(row.state)
            result = step(budget, now)
            row.state = budget.document()
            row.updated_at = self._clock.now()
            for notice in budget.notices:
                await self._tell(session, organization, notice)
            return result

    async def _tell(self, session: AsyncSession, organization: str, notice: Notice) -> None:
        """An event for every account of the organisation, whoever's call it was."""
        integration, location, organization_id = organization.split(":", 2)
        query = select(IntegratedAccount).where(
            IntegratedAccount.integration == integration,
            IntegratedAccount.location == location,
            IntegratedAccount.organization_id == organization_id,
        )
        # in one order everywhere: appends to two environments must not wait for each other
        for row in await session.scalars(
            query.order_by(IntegratedAccount.environment_id, IntegratedAccount.id)
        ):
            payload = {
                "integrated_account_id": row.id,
                "tenant_id": row.tenant_id,
                "environment_id": row.environment_id,
                "integration": integration,
                "organization_id": organization_id,
                "window": "day",
                "limit": notice.limit,
                "used": notice.used,
                "remaining": max(0, notice.limit - notice.used),
                "reset_at": instant(datetime.fromtimestamp(notice.reset, UTC)),
            }
            now = self._clock.now()
            await outbox.record(session, now, row.environment_id, row.id, _EVENTS[notice.what], payload)

    async def _locked(self, session: AsyncSession, organization: str) -> Quota:
        query = select(Quota).where(Quota.organization == organization).with_for_update()
        row = (await session.execute(query)).scalar_one_or_none()
        if row is not None:
            return row
        insert = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(Quota)
        values = {"organization": organization, "state": {}, "updated_at": self._clock.now()}
        await session.execute(insert.values(values).on_conflict_do_nothing())
        return (await session.execute(query)).scalar_one()
