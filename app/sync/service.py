"""Jobs and runs: made, changed, started, paused, stopped; and what is due."""

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Account, Accounts
from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.keys.audit import Actor
from app.models.integrated_accounts import IntegratedAccount
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.sync import audited, cadence, progress
from app.sync.cadence import BadCadence
from app.sync.choosing import hydrated_of, resources_of
from app.sync.coverage import coverage
from app.sync.destinations.service import Destinations
from app.sync.schemas import Cadence, SyncedResource, SyncJobChange, SyncJobRequest, SyncJobRunRequest
from app.sync.slices import Handover
from app.synced import store
from app.synced.store import Owner
from app.synced.units import syncable, units_of
from app.webhooks.catalogue import Happening
from connectors.kit.connector import Connector
from connectors.kit.faults import FieldError

ACTIVE = ("queued", "running", "paused")
_RUNNABLE = "active"
IsAlive = Callable[[SyncRun], Awaitable[bool]]
"""Whether the slice of a run still waits or runs somewhere."""
Uncovered = Callable[[AsyncSession, SyncJob], Awaitable[None]]
"""Has it looked after that a job covers less than before, in the caller's transaction."""

_STRAY = timedelta(seconds=60)
_BUSY_AGAIN = timedelta(seconds=15)

Act = Literal["pause", "resume", "stop"]
_FROM: dict[Act, tuple[str, ...]] = {
    "pause": ("queued", "running"),
    "resume": ("paused",),
    "stop": ACTIVE,
}
_TO: dict[Act, str] = {"pause": "paused", "resume": "queued", "stop": "stopped"}


class Sync:
    """What the API and the clock want of sync."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        destinations: Destinations,
        handover: Handover,
        is_alive: IsAlive,
        uncovered: Uncovered,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self.destinations = destinations
        self._handover = handover
        self._is_alive = is_alive
        self._uncovered = uncovered

    # Jobs

    async def create(self, principal: Principal, actor: Actor, wanted: SyncJobRequest) -> SyncJob:
        """A new job; its first run begins at once. Problem not_found, validation_failed."""
        account = await self._accounts.visible(principal, wanted.integrated_account_id)
        now = self._clock.now()
        resources = resources_of(account.connector, wanted.resources, "resources")
        job = SyncJob(
            id=new_id("syj"),
            environment_id=account.environment_id,
            account_id=account.id,
            resources=resources,
            hydrate=hydrated_of(account.connector, wanted.hydrate, resources),
            cadence=_cadence(wanted.cadence, "cadence", now),
            sweep_cadence=_cadence(wanted.sweep_cadence, "sweep_cadence", now),
            is_active=wanted.is_active,
            created_at=now,
            updated_at=now,
        )
        _schedule(job, now)
        tried = await self.destinations.tried(wanted.destination, account, resources)
        async with self._database.write() as session:
            session.add(job)
            await session.flush()
            await self.destinations.attach(session, job, tried, now)
            await audited.of_job(session, now, actor, "created", job, tried)
            if job.is_active and account.status == _RUNNABLE:
                await self._begin(session, job, account.connector, "initial", now)
        return job

    async def change(self, principal: Principal, actor: Actor, job_id: str, wanted: SyncJobChange) -> SyncJob:
        """The job as it is from now on. A run that is under way goes on as it began."""
        job = await self.job(principal, job_id)
        account = await self._accounts.visible(principal, job.account_id)
        now = self._clock.now()
        given = wanted.model_fields_set
        values: dict[str, Any] = {}
        resources = job.resources
        if "resources" in given:
            resources = values["resources"] = resources_of(account.connector, wanted.resources, "resources")
        if "hydrate" in given or "resources" in given:
            hydrate = (
                wanted.hydrate if "hydrate" in given else [path for path in job.hydrate if path in resources]
            )
            values["hydrate"] = hydrated_of(account.connector, hydrate or False, resources)
        for name in ("cadence", "sweep_cadence"):
            if name in given:
                values[name] = _cadence(getattr(wanted, name), name, now)
        if wanted.is_active is not None:
            values["is_active"] = wanted.is_active
        tried = await self.destinations.tried(wanted.destination, account, resources)
        async with self._database.write() as session:
            row = await session.get(SyncJob, job.id)
            if row is None:
                raise _unknown_job()
            for name, value in values.items():
                setattr(row, name, value)
            row.updated_at, row.version = now, row.version + 1
            _schedule(row, now)
            if "destination" in given:
                await self.destinations.attach(session, row, tried, now)
            if set(resources) - set(job.resources):
                await self.destinations.rewind(session, row, now)
            await audited.of_job(session, now, actor, "changed", row, tried, changed=sorted(given))
            await self._uncovered(session, row)
        return row

    async def delete(self, principal: Principal, actor: Actor, job_id: str) -> None:
        """The job, its runs with it. What was synced stays until the account goes."""
        job = await self.job(principal, job_id)
        async with self._database.write() as session:
            row = await session.get(SyncJob, job.id)
            if row is not None:
                await audited.of_job(session, self._clock.now(), actor, "deleted", row)
                await session.delete(row)
                await self._uncovered(session, row)

    async def job(self, principal: Principal, job_id: str) -> SyncJob:
        """Problem not_found unless the principal may see it."""
        async with self._database.read() as session:
            job = await session.scalar(
                select(SyncJob).where(
                    SyncJob.id == job_id, SyncJob.environment_id == principal.environment_id
                )
            )
        if job is None or not await self._sees(principal, job.account_id):
            raise _unknown_job()
        return job

    async def coverage(self, job: SyncJob) -> list[SyncedResource]:
        """How each of a job's resources is kept current, and how far it is."""
        account = await self._accounts.load(job.environment_id, job.account_id)
        async with self._database.read() as session:
            return await coverage(session, account, job)

    # Runs

    async def start(self, principal: Principal, actor: Actor, wanted: SyncJobRunRequest) -> SyncRun:
        """A run that begins now. Problem sync_already_running, connection_state_conflict."""
        job = await self.job(principal, wanted.sync_job_id)
        account = await self._accounts.usable(principal, job.account_id)
        now = self._clock.now()
        chosen = job.resources
        if wanted.resources is not None:
            chosen = resources_of(account.connector, wanted.resources, "resources", among=job.resources)
        async with self._database.write() as session:
            await store.alone(session, _owner(account))
            running = await _active(session, job.account_id)
            for run in running:
                if run.job_id == job.id or wanted.mode == "full" or run.kind == "full":
                    detail = "A run of this account is under way; wait for it, or stop it."
                    raise Problem("sync_already_running", detail, sync_job_run_id=run.id)
            kind = "full" if wanted.mode == "full" else "adhoc"
            run = await self._begin(session, job, account.connector, kind, now, chosen)
            await audited.of_run(session, now, actor, "started", run, mode=wanted.mode)
            return run

    async def act(self, principal: Principal, actor: Actor, run_id: str, act: Act) -> SyncRun:
        """Pause, resume or stop. Problem invalid_transition when the run's state does not allow it."""
        run = await self.run(principal, run_id)
        now = self._clock.now()
        values: dict[str, Any] = {"state": _TO[act], "touched_at": now, "lease": None, "resume_at": None}
        if act == "stop":
            values["ended_at"] = now
        if act == "resume":
            values["slice"] = SyncRun.slice + 1
            values["failures"] = 0
        async with self._database.write() as session:
            changed = await session.scalar(
                update(SyncRun)
                .where(SyncRun.id == run.id, SyncRun.state.in_(_FROM[act]))
                .values(**values)
                .returning(SyncRun)
            )
            if changed is None:
                allowed = [each for each, states in _FROM.items() if run.state in states]
                detail = f"The run is {run.state}; it can {' or '.join(allowed) or 'only be looked at'}."
                told: dict[str, Any] = {"from": run.state, "allowed": allowed}
                raise Problem("invalid_transition", detail, **told)
            if act == "resume":
                await self._handover(session, changed, 0.0)
            await audited.of_run(session, now, actor, act, changed)
        return changed

    async def run(self, principal: Principal, run_id: str) -> SyncRun:
        """Problem not_found unless the principal may see it."""
        async with self._database.read() as session:
            run = await session.scalar(
                select(SyncRun).where(
                    SyncRun.id == run_id, SyncRun.environment_id == principal.environment_id
                )
            )
        if run is None or not await self._sees(principal, run.account_id):
            raise Problem("not_found", "There is no such run.")
        return run

    async def due(self, session: AsyncSession, now: datetime, limit: int) -> int:
        """Starts what is due, in the caller's transaction; how many jobs that were.

        Jobs of an account that is not active stay due: they begin once it is connected again. Those of an account
        somebody has locked, to begin a run or to store a page, are for the next time.
        """
        statement = (
            select(SyncJob, IntegratedAccount)
            .join(IntegratedAccount, IntegratedAccount.id == SyncJob.account_id)
            .where(SyncJob.due_at <= now, IntegratedAccount.status == _RUNNABLE)
            .order_by(SyncJob.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True, of=[SyncJob, IntegratedAccount])
        )
        rows = (await session.execute(statement)).all()
        for job, account in rows:
            await self._due(session, job, account, now)
        return len(rows)

    async def hinted(self, session: AsyncSession, account: Account, path: str, now: datetime) -> bool:
        """Begins a delta of a resource of which something changed; False while another run is under way."""
        jobs = await session.scalars(
            select(SyncJob).where(SyncJob.account_id == account.id, SyncJob.is_active)
        )
        job = next((job for job in jobs if path in job.resources), None)
        if job is None:
            return True
        await store.alone(session, _owner(account))
        if await _active(session, account.id):
            return False
        await self._begin(session, job, account.connector, "adhoc", now, [path])
        return True

    async def strays(self, session: AsyncSession, now: datetime, limit: int) -> int:
        """Runs whose slice nobody has any more get a new one, in the caller's transaction; how many.

        That counts as a failure: what ended the process may be what is read next.
        """
        rows = await session.scalars(
            select(SyncRun)
            .where(
                SyncRun.state.in_(("queued", "running")),
                SyncRun.touched_at < now - _STRAY,
                (SyncRun.resume_at.is_(None)) | (SyncRun.resume_at < now - _STRAY),
            )
            .order_by(SyncRun.touched_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = 0
        for run in rows:
            run.touched_at = now
            if not await self._is_alive(run):
                run.state, run.slice, run.lease = "queued", run.slice + 1, None
                run.failures += 1
                await session.flush()
                await self._handover(session, run, 0.0)
                found += 1
        return found

    async def _due(
        self, session: AsyncSession, job: SyncJob, account: IntegratedAccount, now: datetime
    ) -> None:
        sweeps = job.next_sweep_at is not None and job.next_sweep_at <= now
        busy = [run for run in await _active(session, account.id) if run.job_id == job.id or sweeps]
        if busy:
            job.due_at = now + _BUSY_AGAIN
            return
        _schedule(job, now, job.next_run_at, job.next_sweep_at)
        connector = self._accounts.connector(account.integration)
        await self._begin(session, job, connector, "full" if sweeps else "delta", now)

    async def _begin(
        self,
        session: AsyncSession,
        job: SyncJob,
        connector: Connector,
        kind: str,
        now: datetime,
        resources: Sequence[str] | None = None,
    ) -> SyncRun:
        paths = resources or job.resources
        offered = set(syncable(connector))
        units = [unit for path in paths if path in offered for unit in units_of(connector, path)]
        run = SyncRun(
            id=new_id("run"),
            environment_id=job.environment_id,
            job_id=job.id,
            account_id=job.account_id,
            kind=kind,
            plan=[{**unit.stored(), "whole": kind == "full"} for unit in units],
            units=len(units),
            created_at=now,
            touched_at=now,
        )
        session.add(run)
        await session.flush()
        await progress.tell_run(session, run, Happening.RUN_CREATED, now)
        await self._handover(session, run, 0.0)
        return run

    async def _sees(self, principal: Principal, account_id: str) -> bool:
        try:
            await self._accounts.visible(principal, account_id)
        except Problem:
            return False
        return True


def _owner(account: Account) -> Owner:
    return Owner(account.environment_id, account.id, account.tenant_id)


async def _active(session: AsyncSession, account_id: str) -> Sequence[SyncRun]:
    """Runs of an account that have not ended; who begins one upon it has locked the account first."""
    rows = await session.scalars(
        select(SyncRun).where(SyncRun.account_id == account_id, SyncRun.state.in_(ACTIVE))
    )
    return rows.all()


def _schedule(
    job: SyncJob, now: datetime, run_at: datetime | None = None, sweep_at: datetime | None = None
) -> None:
    """Sets when the job is due next: times that have passed, or were not set, follow from now."""
    job.next_run_at = _next(job.cadence, now, run_at)
    job.next_sweep_at = _next(job.sweep_cadence, now, sweep_at)
    times = [at for at in (job.next_run_at, job.next_sweep_at) if at is not None]
    job.due_at = min(times) if times and job.is_active else None


def _next(at: dict[str, Any] | None, now: datetime, planned: datetime | None) -> datetime | None:
    if at is None:
        return None
    if planned is not None and planned > now:
        return planned
    return cadence.following(at, now, random.random())  # noqa: S311 — jobs of one interval should not meet


def _cadence(given: Cadence | None, member: str, now: datetime) -> dict[str, Any] | None:
    if given is None:
        return None
    try:
        return cadence.checked(given.model_dump(exclude_none=True), now)
    except BadCadence as bad:
        pointer = f"/{member}/{bad.member}".rstrip("/")
        raise Problem("validation_failed", errors=[FieldError("wrong_type", pointer, f"{bad}.")]) from None


def _unknown_job() -> Problem:
    return Problem("not_found", "There is no such sync job.")
