"""What a slice asks of the provider, without a transaction open."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from sqlalchemy import select

from app.accounts.contexts import context_of
from app.accounts.service import Account
from app.core import json
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.secrets.vault import Vault
from app.gateway.engine import Gateway, Lane, Run
from app.models.sync_runs import SyncRun
from app.models.synced_records import QuarantinedRecord, SyncedRecord
from app.sync import quarantine
from app.synced.differences import Sight, sight_of
from app.synced.store import Owner
from app.synced.units import Unit
from connectors.kit.faults import Conflict, Rejected
from connectors.kit.http import Flow
from connectors.kit.operations import Page
from connectors.kit.resource import Resource

T = TypeVar("T")

_CALL = 60.0
_AT_ONCE = 4


class Asker(Protocol):
    """For whom the provider is asked, and which list. `name` stands in the call log."""

    account: Account
    calls: int

    @property
    def name(self) -> str: ...

    @property
    def unit(self) -> Unit: ...


@dataclass(slots=True)
class Turn:
    """A run in this slice: its row as last committed, and what it runs on."""

    run: SyncRun
    account: Account
    hydrate: frozenset[str]
    calls: int = 0
    until: float = 0.0
    pending: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        return self.run.id

    @property
    def unit(self) -> Unit:
        return Unit.of(self.run.plan[0])

    @property
    def part(self) -> Resource:
        return self.unit.part(self.account.connector)

    @property
    def owner(self) -> Owner:
        return Owner(self.account.environment_id, self.account.id, self.account.tenant_id)


class Source:
    """Pages and records of the accounts that are synced, in the lane of background work."""

    def __init__(self, database: Database, clock: Clock, gateway: Gateway, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._gateway = gateway
        self._vault = vault

    async def ask(self, turn: Asker, operation: str, flow: Flow[T]) -> T:
        run = Run(
            account=turn.account,
            lane=Lane.SYNC,
            deadline=self._clock.monotonic() + _CALL,
            request_id=turn.name,
            key_id="",
            resource=turn.unit.path,
            operation=operation,
        )
        try:
            return await self._gateway.perform(run, flow)
        finally:
            turn.calls += run.meter.calls

    async def find(self, turn: Asker, id: str) -> Sight | None:
        """The record itself, None when it is gone."""
        context = context_of(turn.account, self._clock.now())
        part = turn.unit.part(turn.account.connector)
        try:
            return sight_of(await self.ask(turn, "get", part.get(id, context)), part)
        except Problem as problem:
            if problem.code == "not_found":
                return None
            raise

    async def in_full(self, turn: Turn, sights: Sequence[Sight]) -> list[Sight]:
        """Rows that changed since they were last seen, read one by one; those that went meanwhile are left out."""
        async with self._database.read() as session:
            rows = await session.execute(
                select(SyncedRecord.id, SyncedRecord.print).where(
                    SyncedRecord.account_id == turn.account.id,
                    SyncedRecord.resource == turn.unit.resource,
                    SyncedRecord.id.in_([sight.id for sight in sights]),
                    SyncedRecord.deleted_at.is_(None),
                )
            )
            known = {row.id: row.print for row in rows}
        gate = asyncio.Semaphore(_AT_ONCE)

        async def whole(sight: Sight) -> Sight | None:
            if known.get(sight.id) == sight.print:
                return sight
            async with gate:
                found = await self.find(turn, sight.id)
            return None if found is None else replace(found, print=sight.print)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(whole(sight)) for sight in sights]
        except* (Problem, Rejected, Conflict) as failed:
            raise failed.exceptions[0] from None
        return [found for task in tasks if (found := task.result()) is not None]

    async def set_aside(self, turn: Turn, page: Page) -> list[QuarantinedRecord]:
        """What could not be read, each row once, sealed."""
        owner, unit, now = turn.owner, turn.unit, self._clock.now()
        sealed = quarantine.sealed_as(owner.environment_id, owner.account_id)
        rows: dict[str, QuarantinedRecord] = {}
        for native, reason in page.unreadable:
            mark = quarantine.mark_of(native, turn.part.id_key)
            rows[mark] = QuarantinedRecord(
                id=new_id("qua"),
                environment_id=owner.environment_id,
                account_id=owner.account_id,
                run_id=turn.run.id,
                unit=unit.name,
                reason=reason,
                native=await self._vault.seal(sealed, json.encode(native)),
                created_at=now,
                mark=mark,
                last_seen_at=now,
            )
        return list(rows.values())
