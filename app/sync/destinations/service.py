"""The destinations of jobs: chosen, tried, changed, looked at."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Account
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.secrets import OpenKey, Vault
from app.models.sync_destinations import SyncDestination
from app.models.sync_jobs import SyncJob
from app.sync.destinations import store
from app.sync.destinations.columns import models_of
from app.sync.destinations.places import Chosen, Places, chosen, owner_of, sealed_as
from app.sync.destinations.schemas import DestinationRequest, DestinationView, view
from app.sync.destinations.unusable import Unusable
from connectors.kit.faults import FieldError


@dataclass(frozen=True, slots=True)
class Tried:
    """A destination that could be used, and what seals its secret if it has one."""

    made: Chosen
    key: OpenKey | None


class Destinations:
    """What jobs and the API want of destinations."""

    def __init__(self, database: Database, vault: Vault, places: Places) -> None:
        self._database = database
        self._vault = vault
        self._places = places

    async def tried(
        self, wanted: DestinationRequest | None, account: Account, resources: Iterable[str]
    ) -> Tried | None:
        """What a request chose, after it was used once. Problem validation_failed, with the reason."""
        if wanted is None:
            return None
        names = {path.partition("/")[2] for path in resources}
        models = {name: one for name, one in models_of(account.connector).items() if name in names}
        try:
            made = chosen(wanted)
            async with self._places.opened(made.type, made.settings, made.secret, models) as place:
                await place.try_out()
        except Unusable as unusable:
            error = FieldError("wrong_type", f"/destination/{unusable.member}", str(unusable))
            raise Problem("validation_failed", str(unusable), errors=[error]) from None
        key = await self._vault.key(account.environment_id, owner_of(account.id)) if made.secret else None
        return Tried(made, key)

    async def attach(self, session: AsyncSession, job: SyncJob, tried: Tried | None, now: datetime) -> None:
        """In the caller's transaction: from now on the job's records go there, and nowhere else.

        The same place by another way goes on where it is; another place gets everything.
        """
        row = await session.scalar(select(SyncDestination).where(SyncDestination.job_id == job.id))
        if row is not None and (tried is None or not _is_at(row, tried.made)):
            await session.delete(row)
            await session.flush()
            row = None
        if tried is None:
            return
        made = tried.made
        if row is None:
            row = SyncDestination(
                id=new_id("dst"),
                environment_id=job.environment_id,
                account_id=job.account_id,
                job_id=job.id,
                type=made.type,
                settings=made.settings,
                created_at=now,
            )
            session.add(row)
        row.settings, row.error, row.failures = made.settings, None, 0
        row.sealed = None if tried.key is None else tried.key.seal(sealed_as(row), made.secret.reveal())
        _begin(row, now)

    async def rewind(self, session: AsyncSession, job: SyncJob, now: datetime) -> None:
        """The job has resources it had not: their records lie behind the position, so everything goes again."""
        row = await session.scalar(select(SyncDestination).where(SyncDestination.job_id == job.id))
        if row is not None:
            row.position = 0
            _begin(row, now)

    async def views(self, job_ids: Iterable[str]) -> dict[str, DestinationView]:
        """The destinations of jobs that have one."""
        async with self._database.read() as session:
            rows = await session.scalars(
                select(SyncDestination).where(SyncDestination.job_id.in_(list(job_ids)))
            )
            return {row.job_id: view(row) for row in rows}

    async def view(self, job_id: str) -> DestinationView | None:
        """The same for one, with how much waits."""
        async with self._database.read() as session:
            row = await session.scalar(select(SyncDestination).where(SyncDestination.job_id == job_id))
            job = None if row is None else await session.get(SyncJob, job_id)
            if row is None or job is None:
                return None
            return view(
                row, await store.waiting(session, row, [path.partition("/")[2] for path in job.resources])
            )


def _begin(row: SyncDestination, now: datetime) -> None:
    """A delivery under way ends at its next batch; the next one is due."""
    row.lease, row.turn, row.due_at = None, row.turn + 1, now


def _is_at(row: SyncDestination, made: Chosen) -> bool:
    return row.type == made.type and Chosen(row.type, row.settings, made.secret).same_place == made.same_place
