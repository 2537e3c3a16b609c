"""An account's turn: what hints name is read again, and what the API says counts, not what the hint said."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.accounts.service import Account, Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.jobs.service import Jobs
from app.models.inbound import Hint, Reread
from app.sync.endings import Ending, ending_of
from app.sync.resting import Rests
from app.sync.source import Source
from app.synced import hints, store
from app.synced.store import Owner
from app.synced.units import Unit
from connectors.kit.faults import Conflict, Rejected

_log = get_logger("ledgerway.sync")

SLICE = 20.0
_AT_ONCE = 20
_LONGEST_WAIT = 300.0
_RECONNECTED = 3600.0
_MOST_FAILURES = 24
_STRAY = timedelta(seconds=60)
_BUSY = Ending("later", "rate_limited", "A run of the account is under way.", 15.0)

Begin = Callable[[AsyncSession, Account, str, datetime], Awaitable[bool]]
"""Begins a delta of a resource, in the caller's transaction; False while a run of the account is under way."""


@dataclass(slots=True)
class Reading:
    """One hint that is followed."""

    account: Account
    unit: Unit
    name: str
    calls: int = 0


class Rereads:
    """Follows hints. When `closing` says so, the turn ends at the next hint."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        source: Source,
        jobs: Jobs,
        begin: Begin,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._source = source
        self._jobs = jobs
        self._begin = begin
        self._rests = Rests()

    async def run(self, environment_id: str, account_id: str, number: int) -> None:
        """Turn `number` of an account; nothing happens when another one is due."""
        failures = await self._take(account_id, number)
        if failures is None:
            return
        until = self._clock.monotonic() + SLICE
        wait = 0.0
        while not wait and not self._jobs.stopping and self._clock.monotonic() < until:
            async with self._database.read() as session:
                waiting = await hints.waiting(session, account_id, self._clock.now(), _AT_ONCE)
            if not waiting and await self._database.transact(
                lambda session: hints.ended(session, self._jobs, account_id, number, self._clock.now())
            ):
                return
            for hint in waiting:
                if await self._rest(hint):
                    continue
                ending = await self._follow(environment_id, hint)
                if ending is not None:
                    failures += not ending.is_quota
                    wait = ending.retry_after or min(_LONGEST_WAIT, 2.0 ** min(failures, 10))
                    break
                failures = 0
                if self._jobs.stopping:
                    break
        await self._database.transact(
            lambda session: self._hand_over(session, account_id, number, wait, failures)
        )

    async def strays(self, session: AsyncSession, now: datetime, limit: int) -> int:
        """Turns whose job nobody has any more get a new one, in the caller's transaction; how many."""
        rows = await session.scalars(
            select(Reread)
            .where(Reread.state != "idle", Reread.due_at < now - _STRAY)
            .order_by(Reread.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = 0
        for turn in rows:
            job = await self._jobs.get(hints.job_id(turn))
            turn.due_at = now
            if job is None or job.state not in ("delayed", "queued", "running"):
                await hints.queue(session, self._jobs, turn, now, 0.0)
                found += 1
        return found

    async def _take(self, account_id: str, number: int) -> int | None:
        """How many turns failed before; None when it is not this one's turn."""
        async with self._database.write() as session:
            return await session.scalar(
                update(Reread)
                .where(Reread.account_id == account_id, Reread.turn == number, Reread.state != "idle")
                .values(state="running", due_at=self._clock.now())
                .returning(Reread.failures)
            )

    async def _rest(self, hint: Hint) -> bool:
        """Whether the record is not to be read yet; the hint waits."""
        left = self._rests.left(hint, self._clock.monotonic())
        if left:
            until = self._clock.now() + timedelta(seconds=left)
            await self._database.transact(lambda session: hints.put_off(session, hint, until))
        return left > 0

    async def _follow(self, environment_id: str, hint: Hint) -> Ending | None:
        """None when it is done with; else why this is not the moment."""
        news = False
        try:
            account = await self._accounts.load(environment_id, hint.account_id)
            if hint.record_id:
                news = await self._read(account, Unit.named(hint.unit), hint)
            elif not await self._database.transact(lambda session: self._whole(session, account, hint)):
                return _BUSY
            self._rests.note(hint, self._clock.monotonic(), news=news)
            return None
        except KeyError:  # the connector has it no more
            ending = Ending("skip", "not_found", "There is no such resource.")
        except Exception as error:
            if not isinstance(error, Problem | Rejected | Conflict):
                _log.error("reread_failed", account=hint.account_id, unit=hint.unit, exc_info=error)
            ending = ending_of(error)
        _log.info("hint_stumbled", account=hint.account_id, unit=hint.unit, code=ending.code)
        if ending.word == "end":  # nothing will be heard of this account before somebody reconnects it
            return replace(ending, retry_after=_RECONNECTED)
        if ending.is_quota:
            return ending
        if ending.word == "skip":
            self._rests.note(hint, self._clock.monotonic(), news=False)
        gives_up = ending.word == "skip" or hint.failures + 1 >= _MOST_FAILURES
        await self._database.transact(lambda session: self._put_off(session, hint, gives_up))
        return None if ending.word == "skip" else ending

    async def _read(self, account: Account, unit: Unit, hint: Hint) -> bool:
        """The record as it is now, or that it is gone; whether that is news."""
        reading = Reading(account, unit, f"hint:{unit.resource}:{hint.record_id}")
        asked_at = self._clock.now()
        sight = await self._source.find(reading, hint.record_id)
        owner = Owner(account.environment_id, account.id, account.tenant_id)

        async def commit(session: AsyncSession) -> bool:
            now = self._clock.now()
            if sight is None:
                counts = await store.bury(session, owner, unit, [hint.record_id], "inbound", now)
            else:
                counts = await store.see(session, owner, unit, [sight], "inbound", now, asked_at=asked_at)
            await _done(session, hint)
            return counts.news > 0

        return await self._database.transact(commit)

    async def _whole(self, session: AsyncSession, account: Account, hint: Hint) -> bool:
        if not await self._begin(session, account, Unit.named(hint.unit).path, self._clock.now()):
            return False
        await _done(session, hint)
        return True

    async def _put_off(self, session: AsyncSession, hint: Hint, gives_up: bool) -> None:
        """Others first; what is never answered is left to polling."""
        if gives_up:
            await _done(session, hint)
            return
        key = (hint.account_id, hint.unit, hint.record_id)
        row = await session.get(Hint, key, with_for_update=True, populate_existing=True)
        if row is not None:
            row.failures, row.said_at = row.failures + 1, self._clock.now()

    async def _hand_over(
        self, session: AsyncSession, account_id: str, number: int, wait: float, failures: int
    ) -> None:
        """What is left is for the next turn."""
        turn = await session.get(Reread, account_id, with_for_update=True, populate_existing=True)
        if turn is not None and turn.turn == number:
            turn.failures = failures
            await hints.queue(session, self._jobs, turn, self._clock.now(), wait)


async def _done(session: AsyncSession, hint: Hint) -> None:
    """Forgets a hint, unless it was said again meanwhile, or followed by another turn and then said anew."""
    await session.execute(
        delete(Hint).where(
            Hint.account_id == hint.account_id,
            Hint.unit == hint.unit,
            Hint.record_id == hint.record_id,
            Hint.asked == hint.asked,
            Hint.said_at == hint.said_at,
        )
    )
