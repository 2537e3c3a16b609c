"""One slice of a run: pages until its time is over, each committed by itself; then the next slice is queued.

No transaction is open while the provider is awaited. Whoever takes a slice gets a new lease; a process that lost it
commits nothing more.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import case, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.accounts.contexts import context_of
from app.accounts.service import Accounts
from app.core import failpoints
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.secrets.vault import Vault
from app.gateway.engine import Gateway
from app.models.sync_jobs import SyncJob
from app.models.sync_runs import SyncRun
from app.models.synced_records import QuarantinedRecord
from app.sync import passes, progress, quarantine
from app.sync.endings import DIED, Ending, ending_of
from app.sync.feed import KEPT
from app.sync.passes import Position, Way
from app.sync.progress import Fenced
from app.sync.source import Source, Turn
from app.synced import store
from app.synced.differences import Sight, sights_of
from app.synced.store import Counts
from app.webhooks.catalogue import Happening
from connectors.kit.faults import Conflict, Rejected
from connectors.kit.operations import Page

_log = get_logger("ledgerway.sync")
T = TypeVar("T")

SLICE = 20.0
_CHUNK = 20
_MOST_FAILURES = 8
_LONGEST_WAIT = 3600.0
_SHORT = (
    "upstream_paging_unstable",
    "However often the list was read, rows of it came twice: others may be missing until the next complete run.",
)

Handover = Callable[[AsyncSession, SyncRun, float], Awaitable[None]]
"""Queues the run's current slice, so many seconds from now, in the caller's transaction."""


class Slices:
    """Runs slices. When `closing` says so, what runs ends at its next page."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        gateway: Gateway,
        vault: Vault,
        handover: Handover,
        closing: Callable[[], bool],
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._source = Source(database, clock, gateway, vault)
        self._handover = handover
        self._closing = closing

    async def run(self, run_id: str, number: int) -> None:
        """Slice `number` of a run; nothing happens when another one is due, or the run is not."""
        turn = await self._take(run_id, number)
        if turn is None:
            return
        with suppress(Fenced):
            if turn.run.plan and turn.run.failures >= _MOST_FAILURES:
                await self._stumble(turn, DIED)
                return
            try:
                turn.until = self._clock.monotonic() + SLICE
                while turn.run.plan and not self._is_over(turn):
                    await self._step(turn)
            except Fenced:
                raise
            except Exception as error:
                if not isinstance(error, Problem | Rejected | Conflict):
                    _log.error("sync_failed", run=run_id, exc_info=error)
                await self._stumble(turn, ending_of(error))
                return
            await self._hand_over(turn, 0.0)

    def _is_over(self, turn: Turn) -> bool:
        return self._closing() or self._clock.monotonic() >= turn.until

    async def _take(self, run_id: str, number: int) -> Turn | None:
        """Its next holder. Whoever began it and did not come to an end counts as a failure: it may have died of it."""
        now = self._clock.now()
        async with self._database.write() as session:
            run = await session.scalar(
                update(SyncRun)
                .where(
                    SyncRun.id == run_id, SyncRun.slice == number, SyncRun.state.in_(("queued", "running"))
                )
                .values(
                    lease=new_id("lea"),
                    failures=SyncRun.failures + case((SyncRun.state == "running", 1), else_=0),
                    state="running",
                    resume_at=None,
                    touched_at=now,
                    started_at=func.coalesce(SyncRun.started_at, now),
                )
                .returning(SyncRun)
            )
            job = None if run is None else await session.get(SyncJob, run.job_id)
            if run is None or job is None:
                return None
            hydrate = frozenset(job.hydrate)
            if run.started_at == now:
                await progress.tell_run(session, run, Happening.RUN_STARTED, now)
        account = await self._accounts.load(run.environment_id, run.account_id)
        return Turn(run, account, hydrate)

    async def _step(self, turn: Turn) -> None:
        """One page, or a handful of records asked for."""
        at = turn.run.position
        if at is None or Position.of(at).began < self._clock.now() - KEPT:
            await self._begin(turn)
        position = Position.of(turn.run.position or {})
        if position.confirms:
            await self._confirm(turn, position)
        else:
            await self._page(turn, position)

    async def _begin(self, turn: Turn) -> None:
        """A new pass over the first unit. What is known is no ground for a delta when it is older than the feed: what
        went meanwhile no delta tells, and who follows the feed could not have followed."""
        run, now = turn.run, self._clock.now()
        async with self._database.read() as session:
            known = await store.cursor(session, turn.owner, turn.unit)
        since = known.since if known else None
        if since is not None and since < now - KEPT and not turn.unit.whole:
            run.stats = progress.read_anew(run.stats, turn.unit)
            run.plan = [{**run.plan[0], "whole": True}, *run.plan[1:]]
        run.position = passes.begin(turn.part, since, now, whole=turn.unit.whole).stored()

    async def _page(self, turn: Turn, position: Position) -> None:
        part, unit = turn.part, turn.unit
        asked_at = self._clock.now()
        context = context_of(turn.account, asked_at)
        try:
            page = await self._source.ask(turn, "list", part.list(passes.question(position, part), context))
        except Problem as problem:
            other = passes.instead(position, problem.code)
            if other is None:
                raise
            await self._go_on(turn, position, other, problem)
            return
        aside = await self._source.set_aside(turn, page)
        sights = sights_of(page, part)
        if unit.path in turn.hydrate and part.absent:
            while len(sights) > _CHUNK:  # a handful at a time: what is read in full costs a call each
                some, sights = sights[:_CHUNK], sights[_CHUNK:]
                counts = await self._keep(turn, await self._source.in_full(turn, some), position, asked_at)
                position = _grown(position, counts)
                if self._is_over(turn):
                    return
            sights = await self._source.in_full(turn, sights)
        await self._keep(turn, sights, position, asked_at, page, aside)

    async def _go_on(self, turn: Turn, position: Position, other: Position, problem: Problem) -> None:
        """With another position than the one the provider did not answer for; a delta that becomes a complete pass
        is told."""
        run, unit = turn.run, turn.unit
        whole = other.way is not position.way

        async def commit(session: AsyncSession) -> None:
            stats = progress.counted(run.stats, unit, Counts(), 0, turn.calls)
            if whole:
                stats = progress.noted(stats, unit, "read_whole", problem.code, problem.detail)
            values: dict[str, Any] = {"position": other.stored(), "stats": stats}
            await progress.advance(session, run, self._clock.now(), **values)
            turn.pending = values

        await self._commit(turn, commit)

    async def _keep(
        self,
        turn: Turn,
        sights: Sequence[Sight],
        position: Position,
        asked_at: datetime,
        page: Page | None = None,
        aside: Sequence[QuarantinedRecord] = (),
    ) -> Counts:
        """Commits what was seen; with the page they ended, the pass goes on."""
        unit = turn.unit
        sweep = _page_of(turn, position) if position.way is Way.WHOLE else None
        via = "sweep" if unit.whole else "poll"

        async def commit(session: AsyncSession) -> Counts:
            counts = await store.see(
                session, turn.owner, unit, sights, via, self._clock.now(), sweep, asked_at=asked_at
            )
            await quarantine.read(session, turn.owner, unit, [sight.id for sight in sights])
            await quarantine.keep(session, aside)
            here = _grown(position, counts)
            following = here if page is None else passes.after(position, page, counts.news, counts.repeats)
            await self._on(session, turn, here, following, counts, len(aside))
            return counts

        return await self._commit(turn, commit)

    async def _confirm(self, turn: Turn, position: Position) -> None:
        """Asks for a few of those the complete pass did not see; who is gone, is gone."""
        unit, owner, part, sweep = turn.unit, turn.owner, turn.part, _page_of(turn, position)
        asked_at = self._clock.now()
        async with self._database.read() as session:
            ids = await store.missing(session, owner, unit, turn.run.id, position.began, _CHUNK)
        asked = "get" in part.methods
        found = [await self._source.find(turn, id) for id in ids] if asked else []
        sights = [sight for sight in found if sight is not None]
        there = {sight.id for sight in sights}

        async def commit(session: AsyncSession) -> Counts:
            now = self._clock.now()
            gone = [id for id in ids if id not in there]
            if not asked:
                gone = await store.overlook(session, owner, unit, ids, sweep)
            counts = await store.see(session, owner, unit, sights, "sweep", now, sweep, asked_at=asked_at)
            counts.deleted = (await store.bury(session, owner, unit, gone, "sweep", now)).deleted
            counts.rows = 0
            following = position if len(ids) == _CHUNK else None
            await self._on(session, turn, position, following, counts, 0)
            return counts

        await self._commit(turn, commit)

    async def _on(
        self,
        session: AsyncSession,
        turn: Turn,
        position: Position,
        following: Position | None,
        counts: Counts,
        aside: int,
    ) -> None:
        """Moves the run on in the caller's transaction: to `following`, to what comes after the pass, or to the
        next unit."""
        run, unit, now = turn.run, turn.unit, self._clock.now()
        stats = progress.counted(run.stats, unit, counts, aside, turn.calls)
        is_whole, is_short = position.way is Way.WHOLE, passes.is_short(position)
        # who nobody can ask for is not missed by a pass that may have missed anybody
        can_tell = "get" in turn.part.methods or not is_short
        if following is None and is_whole and position.was_known and not position.confirms and can_tell:
            following = replace(position, confirms=True)
        plan = run.plan
        if following is None:
            swept = position.began if is_whole and not is_short else None
            await store.reach(session, turn.owner, unit, passes.cursor_after(position), swept)
            if swept is not None:
                await quarantine.swept(session, turn.owner, unit, swept)
            if is_short:
                stats = progress.noted(stats, unit, "incomplete", *_SHORT)
            plan = run.plan[1:]
        values: dict[str, Any] = {
            "position": following.stored() if following else None,
            "plan": plan,
            "stats": stats,
            "failures": 0,
            "error": progress.left_out(stats),
            "percent": max(run.percent, await self._percent(session, turn, following, plan)),
        }
        await progress.advance(session, run, now, **values)
        turn.pending = values

    async def _commit(self, turn: Turn, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """`work` in one transaction; what it said of the run holds once it is committed."""
        failpoints.hit("sync.before_commit")
        result = await self._database.transact(work)
        failpoints.hit("sync.after_commit")
        for name, value in turn.pending.items():
            setattr(turn.run, name, value)
        turn.run.step += 1
        turn.calls = 0
        return result

    # How it ends

    async def _percent(
        self, session: AsyncSession, turn: Turn, following: Position | None, plan: Sequence[Any]
    ) -> int:
        """Units done, and of the one that is read as much as is known of its size."""
        run = turn.run
        done = run.units - len(plan)
        share = 0.0
        if following is not None:
            size = await store.size(session, turn.owner, turn.unit)
            rows = (following.pages * passes.PAGE) if following.way is Way.WHOLE else 0
            share = min(0.95, rows / size) if size and following.was_known else 0.0
        return min(99, int(100 * (done + share) / max(1, run.units)))

    async def _hand_over(self, turn: Turn, wait: float) -> None:
        """The end of the run, or its next slice."""
        run, now = turn.run, self._clock.now()

        async def commit(session: AsyncSession) -> None:
            if run.plan:
                resume = now + timedelta(seconds=wait) if wait else None
                values: dict[str, Any] = {"state": "queued", "slice": run.slice + 1, "resume_at": resume}
                kept = {
                    name: getattr(run, name) for name in ("failures", "error", "position", "plan", "stats")
                }
                await progress.advance(session, run, now, **values, **kept)
                ahead = await session.get_one(SyncRun, run.id, populate_existing=True)
                await self._handover(session, ahead, wait)
                await progress.tell_run(session, ahead, Happening.RUN_UPDATED, now)
            else:
                nothing = run.units and progress.count_left_out(run.stats) == run.units
                await self._end(session, run, "failed" if nothing else "completed", None)

        await self._database.transact(commit)

    async def _end(
        self, session: AsyncSession, run: SyncRun, state: str, error: dict[str, Any] | None
    ) -> None:
        now = self._clock.now()
        percent = 100 if state == "completed" else run.percent
        await progress.advance(
            session,
            run,
            now,
            state=state,
            ended_at=now,
            percent=percent,
            error=error or run.error,
            lease=None,
        )
        ended = await session.get_one(SyncRun, run.id, populate_existing=True)
        happening = Happening.RUN_COMPLETED if state == "completed" else Happening.RUN_FAILED
        await progress.tell_run(session, ended, happening, now)
        if error is not None:
            await progress.owe(session, run, now)

    async def _stumble(self, turn: Turn, ending: Ending) -> None:
        """The provider, or the quota, did not let us: later, without this unit, or not at all."""
        run = turn.run
        error = ending.of(turn.unit.path)
        _log.info("sync_stumbled", run=run.id, code=ending.code, resource=turn.unit.path)
        run.error = error
        if ending.word in ("later", "outage"):
            run.failures += not ending.is_quota
            if run.failures < _MOST_FAILURES:
                wait = ending.retry_after or min(_LONGEST_WAIT, 2.0**run.failures)
                await self._hand_over(turn, wait)
                return
        if ending.word in ("later", "skip"):
            # what was waited for in vain may be wrong with the next one too: one look at each, until one is read
            await self._leave_out(turn, error, _MOST_FAILURES - 1 if ending.word == "later" else 0)
            await self._hand_over(turn, 0.0)
            return
        await self._database.transact(lambda session: self._end(session, run, "failed", error))

    async def _leave_out(self, turn: Turn, error: dict[str, Any], failures: int) -> None:
        """On to the next unit. The cursor stays, so the next run asks for all this one did not see."""
        run = turn.run

        async def skip(session: AsyncSession) -> None:
            stats = progress.failed(run.stats, turn.unit, error, turn.calls)
            values: dict[str, Any] = {
                "plan": run.plan[1:],
                "position": None,
                "stats": stats,
                "failures": failures,
                "error": progress.left_out(stats),
            }
            await progress.advance(session, run, self._clock.now(), **values)
            turn.pending = values

        await self._commit(turn, skip)


def _grown(position: Position, counts: Counts) -> Position:
    return replace(position, news=position.news + counts.news, repeats=position.repeats + counts.repeats)


def _page_of(turn: Turn, position: Position) -> str:
    """The page of a complete pass that is asked for."""
    return f"{turn.run.id}/{position.walks}/{position.pages}"
