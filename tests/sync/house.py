"""The sync room without processes: runs go from slice to slice, the provider is the sandbox's ledger in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import select

from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.secrets import keyring
from app.core.secrets.vault import Vault
from app.core.secrets.wrapping import LocalWrapper
from app.gateway.problems import problem_of
from app.gateway.runs import Run
from app.keys.audit import Actor
from app.keys.data_keys import DataKeyRows
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.sync.schemas import SyncJobRunRequest, SyncJobRunView, run_view
from app.sync.service import Sync
from app.sync.slices import Slices
from connectors.kit.faults import Fault
from connectors.zoho_books import CONNECTOR
from tests.inbound.conftest import ACCOUNT, NOON
from tests.support.twin import Twin

ACTOR = Actor("api_key", "key_1")
MOST_SLICES = 200


class Moved(Clock):
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@dataclass
class Gateway:
    """Asks the ledger, unless a resource has a failure."""

    twin: Twin
    failing: dict[str, BaseException] = field(default_factory=dict[str, BaseException])
    asked: list[str] = field(default_factory=list[str])

    async def perform(self, run: Run, flow: Any) -> Any:
        name = run.resource.rpartition("/")[2]
        self.asked.append(name)
        run.meter.calls += 1
        if name in self.failing:
            raise self.failing[name]
        try:
            return self.twin.run(flow)
        except Fault as fault:
            raise problem_of(fault, CONNECTOR, "no", retryable=False) from None


class Killed(BaseException):
    """A process that ended: nobody catches it, and nothing is noted."""


def account() -> Any:
    organization = SimpleNamespace(id="927270289", name="Acme Books", time_zone="UTC", currency="USD")
    return SimpleNamespace(
        id=ACCOUNT,
        environment_id="env_1",
        tenant_id="t",
        status="active",
        connector=CONNECTOR,
        organization=organization,
        data_center=SimpleNamespace(web="https://books.example"),
    )


class Accounts:
    async def load(self, environment_id: str, account_id: str) -> Any:
        return account()

    async def visible(self, principal: Any, account_id: str) -> Any:
        return account()

    usable = visible

    def connector(self, integration: str) -> Any:
        return CONNECTOR


@dataclass
class House:
    """`queued`: the slices that were queued, with the seconds they wait."""

    database: Database
    twin: Twin = field(default_factory=lambda: Twin("furnished"))
    clock: Moved = field(default_factory=Moved)
    queued: list[tuple[str, int, float]] = field(default_factory=list[tuple[str, int, float]])
    alive: bool = True
    closing: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self.gateway = Gateway(self.twin)
        self.vault = Vault(
            self.database, LocalWrapper(keyring.generate(NOON)), DataKeyRows(), cast(Clock, self.clock)
        )
        accounts = cast(Any, Accounts())

        async def handover(session: Any, run: SyncRun, wait: float) -> None:
            self.queued.append((run.id, run.slice, wait))

        async def is_alive(run: SyncRun) -> bool:
            return self.alive

        async def uncovered(session: Any, job: SyncJob) -> None:
            pass

        gateway = cast(Any, self.gateway)
        self.slices = Slices(self.database, self.clock, accounts, gateway, self.vault, handover, self.closing)
        self.sync = Sync(self.database, self.clock, accounts, cast(Any, None), handover, is_alive, uncovered)
        self.principal = cast(Any, SimpleNamespace(environment_id="env_1"))

    async def job(self, *resources: str, **more: Any) -> SyncJob:
        """A job that runs only when asked for."""
        at = {"created_at": self.clock.at, "updated_at": self.clock.at}
        job = SyncJob(
            id="syj_1",
            environment_id="env_1",
            account_id=ACCOUNT,
            resources=[f"accounting/{name}" for name in resources],
            hydrate=[],
            **at,
            **more,
        )
        async with self.database.write() as session:
            session.add(job)
        return job

    async def start(self, mode: Any = "delta", **more: Any) -> SyncRun:
        wanted = SyncJobRunRequest(sync_job_id="syj_1", mode=mode, **more)
        return await self.sync.start(self.principal, ACTOR, wanted)

    async def ended(self, run: SyncRun) -> SyncJobRunView:
        """The run at its end, seen as the API shows it. Waits are skipped, though the clock moves."""
        for _ in range(MOST_SLICES):
            now = await self.run_of(run)
            if now.state not in ("queued", "running"):
                return run_view(now, None)
            if now.resume_at is not None:
                self.clock.at = max(self.clock.at, now.resume_at)
            await self.slices.run(now.id, now.slice)
        raise AssertionError(f"the run does not end: {(await self.run_of(run)).state}")

    async def run_of(self, run: SyncRun) -> SyncRun:
        async with self.database.read() as session:
            return await session.get_one(SyncRun, run.id)

    async def strays(self) -> int:
        """Much later somebody looks for slices nobody has."""
        self.clock.at += timedelta(minutes=10)
        return await self.database.transact(lambda session: self.sync.strays(session, self.clock.at, 25))

    async def rows(self, kind: Any, **narrow: Any) -> list[Any]:
        async with self.database.read() as session:
            return list(await session.scalars(select(kind).filter_by(**narrow)))


def trouble(code: str, origin: str = "provider") -> Problem:
    return Problem(code, "It went wrong.", origin=origin)
