"""The rows of writes nobody saw the end of: who looks for them, when again, and what came out."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import json
from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.ids import new_id
from app.core.instants import storage_now
from app.keys.audit import Actor, record
from app.models.writes import Write
from app.synced.written import Written
from app.unified.looking import DOUBTFUL, EARLIER
from app.unified.progress import Progress
from app.unified.shelf import WriteShelf, journal_of
from app.writes import store
from app.writes.pace import Pace
from app.writes.shelf import RETENTION, give_back_key

AT_ONCE = 8
"""So many writes a process looks for at the same time."""

_MOST_PURGED = 500
_OUTCOMES = {"create": ("created", 201), "delete": ("deleted", 200)}


class Unsettled:
    """Every method is one short transaction, or several. Whoever took a write owns it until one of them lets it go."""

    def __init__(self, database: Database, clock: Clock, shelf: WriteShelf) -> None:
        self._database = database
        self._clock = clock
        self._shelf = shelf

    @property
    def pace(self) -> Pace:
        return self._shelf.pace

    async def due(self) -> list[Write]:
        """Writes to look for now: their time has come, or their owner died after sending. The caller owns them."""
        async with self._database.read() as session:
            if not await store.is_any_due(session, await storage_now(session, self._clock)):
                return []
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            found = await store.due(session, now, AT_ONCE)
            for write in found:
                self._hand_over(write, now)
            return found

    async def take(self, write_id: str, principal: Principal) -> Write | None:
        """An unsettled write, for a person; the caller owns it then."""
        async with self._database.write() as session:
            now = await storage_now(session, self._clock)
            write = await store.undecided(session, write_id, principal)
            if write is not None:
                self._hand_over(write, now)
            return write

    async def decided(self, write: Write, actor: Actor, outcome: str, remote_id: str | None = None) -> None:
        """A person said how it ended: whose word that was, before anything is done on it."""
        async with self._database.write() as session:
            await record(
                session, self._clock.now(), write.environment_id, actor, "write.resolved", write.id,
                detail={
                    "outcome": outcome, "remote_id": remote_id, "integrated_account_id": write.account_id,
                    "resource": write.resource, "written_by": write.key_id,
                },
            )  # fmt: skip

    async def made_by_others(self, write: Write) -> Collection[str]:
        """Ids of records that other writes are known to have made."""
        async with self._database.read() as session:
            return await store.made_since(session, write, write.created_at - DOUBTFUL - EARLIER)

    async def was_followed(self, write: Write) -> bool:
        """Whether another write of its record was sent later: sent again, it would undo what that one did."""
        async with self._database.read() as session:
            return await store.was_followed(session, write)

    async def postpone(
        self, write: Write, seconds: float | None, *, looked: bool = False, error_code: str | None = None
    ) -> None:
        """It stays unknown. Looked for again in so many seconds; None leaves it to a person."""
        async with self._database.write() as session:
            stored = await self._shelf.own(session, write)
            if stored is not None:
                now = await storage_now(session, self._clock)
                stored.state, stored.lease_until = "unknown", now
                stored.checks += looked
                stored.next_check_at = None if seconds is None else now + timedelta(seconds=seconds)
                stored.error_code = error_code or stored.error_code

    async def looked(self, write: Write) -> None:
        """One more look; it stays the owner's."""
        async with self._database.write() as session:
            stored = await self._shelf.own(session, write)
            if stored is not None:
                stored.checks += 1

    async def adopted(self, write: Write, record_id: str | None, written: Written | None = None) -> None:
        """It was done; its answer is lost, and nothing is left to do. `written`: what it is known to have left."""
        record_id, answer = record_id or write.record_id, None
        if write.idempotency_key is not None:
            answer = await self._shelf.sealed_answer(write, b"\n" + json.encode({"id": record_id}))
        async with self._database.write() as session:
            stored = await self._shelf.own(session, write)
            if stored is None:
                return
            now = await storage_now(session, self._clock)
            outcome, status = _OUTCOMES.get(stored.operation, ("updated", 200))
            stored.record_id = record_id
            if stored.idempotency_key is not None:
                stored.answer = answer
            await self._end(
                session, stored, now, "done", outcome=outcome, status=status, error_code=None, written=written
            )

    async def give_back(self, write: Write, progress: Progress, asked: dict[str, Any] | None) -> None:
        """It was not done: the key is free again, or, where something was done before, goes on from there."""
        progress.pending = None
        journal = None
        if progress.has_done:
            journal = await self._shelf.sealed_journal(write, journal_of(progress, asked))
        async with self._database.write() as session:
            stored = await self._shelf.own(session, write)
            if stored is None:
                return
            now = await storage_now(session, self._clock)
            if journal is None:
                give_back_key(stored)
                await self._end(session, stored, now, "released")
                return
            stored.state, stored.lease_until, stored.journal = "partial", now, journal

    async def purge(self) -> int:
        """Forget what is older than a week, but for what nobody knows the end of; how many that were."""
        gone, batch = 0, _MOST_PURGED
        while batch == _MOST_PURGED:
            async with self._database.write() as session:
                now = await storage_now(session, self._clock)
                batch = await store.purge(session, now - RETENTION, _MOST_PURGED)
            gone += batch
        return gone

    def _hand_over(self, write: Write, now: datetime) -> None:
        write.state, write.owner, write.lease_until = "executing", new_id("own"), now + self.pace.lease

    async def _end(
        self,
        session: AsyncSession,
        stored: Write,
        now: datetime,
        state: str,
        *,
        written: Written | None = None,
        **values: Any,
    ) -> None:
        stored.state, stored.settled_at, stored.lease_until = state, now, now
        stored.journal = None
        for name, value in values.items():
            setattr(stored, name, value)
        kept = await self._shelf.kept(session, stored, written)
        if state != "released":
            await self._shelf.audited(session, stored, Actor("api_key", stored.key_id))
        if kept is not None:
            await self._shelf.take_in(session, stored, kept, now)
