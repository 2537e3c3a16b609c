"""Hints: records somebody said have changed. Each is read again soon, once however often it was said."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.service import Jobs
from app.models.inbound import Hint, InboundHook, Reread
from app.models.sync_jobs import SyncJob
from app.synced.store import Owner
from app.synced.units import Unit, syncable, units_of
from connectors.kit.connector import Connector

TURN = "sync.reread"
"""The job that follows an account's hints: (environment, account, turn)."""

UNCOVERED = "inbound.settle"
"""The job that takes back hooks of resources nobody syncs any more: (environment, account)."""

SETTLES = 1.0
"""Seconds in which several hints for a record become one."""


async def ask(
    session: AsyncSession, jobs: Jobs, owner: Owner, said: Collection[tuple[Unit, str]], now: datetime
) -> None:
    """Records (unit, id) to be read again, in the caller's transaction; the id "" is one nobody could name."""
    if not said:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    turn = await _locked(session, owner, now)
    rows = [
        {
            "account_id": owner.account_id,
            "unit": unit.name,
            "record_id": id,
            "environment_id": owner.environment_id,
            "said_at": now,
            "asked": 1,
            "failures": 0,
        }
        for unit, id in said
    ]
    again = {"asked": Hint.__table__.c.asked + 1}
    keys = ("account_id", "unit", "record_id")
    statement = insert(Hint).on_conflict_do_update(index_elements=keys, set_=again)
    is_new = 1 in await session.scalars(statement.returning(Hint.asked), rows)
    if turn.state == "idle" or (turn.state == "resting" and is_new):
        await queue(session, jobs, turn, now, SETTLES)


async def queue(
    session: AsyncSession, jobs: Jobs, turn: Reread, now: datetime, wait: float, state: str = "queued"
) -> None:
    """The next turn, so many seconds from now."""
    turn.state, turn.turn, turn.due_at = state, turn.turn + 1, now + timedelta(seconds=wait)
    await jobs.enqueue(
        session,
        TURN,
        job_id(turn),
        turn.environment_id,
        turn.account_id,
        turn.turn,
        partition=turn.account_id,
        delay=wait or None,
    )


def job_id(turn: Reread) -> str:
    return f"reread:{turn.account_id}:{turn.turn}"


async def waiting(session: AsyncSession, account_id: str, now: datetime, limit: int) -> list[Hint]:
    """Those that may be followed, oldest first."""
    due = (Hint.account_id == account_id, Hint.said_at <= now)
    return list(await session.scalars(select(Hint).where(*due).order_by(Hint.said_at).limit(limit)))


async def put_off(session: AsyncSession, hint: Hint, until: datetime) -> None:
    """Its record rests."""
    key = (Hint.account_id == hint.account_id, Hint.unit == hint.unit, Hint.record_id == hint.record_id)
    await session.execute(update(Hint).where(*key).values(said_at=until))


async def ended(session: AsyncSession, jobs: Jobs, account_id: str, number: int, now: datetime) -> bool:
    """Whether the turn is over: another has begun, or no hint is left but of records that rest. It is noted then."""
    turn = await session.get(Reread, account_id, with_for_update=True, populate_existing=True)
    if turn is None or turn.turn != number:
        return True
    due = await session.scalar(select(func.min(Hint.said_at)).where(Hint.account_id == account_id))
    if due is not None and due <= now:
        return False
    turn.state, turn.failures = "idle", 0
    if due is not None:
        await queue(session, jobs, turn, now, (due - now).total_seconds(), "resting")
    return True


async def _locked(session: AsyncSession, owner: Owner, now: datetime) -> Reread:
    """The account's turn. Whoever has it adds hints, or sees that there are none, alone."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = {"state": "idle", "turn": 0, "failures": 0, "due_at": now}
    row = insert(Reread).values(account_id=owner.account_id, environment_id=owner.environment_id, **first)
    await session.execute(row.on_conflict_do_nothing(index_elements=["account_id"]))
    return await session.get_one(Reread, owner.account_id, with_for_update=True, populate_existing=True)


# What is synced, and how we hear of it


async def covered(session: AsyncSession, account_id: str, connector: Connector) -> list[Unit]:
    """What active sync jobs keep current of an account."""
    rows = await session.scalars(
        select(SyncJob.resources).where(SyncJob.account_id == account_id, SyncJob.is_active)
    )
    offered = set(syncable(connector))
    paths = dict.fromkeys(path for resources in rows for path in resources if path in offered)
    return [unit for path in paths for unit in units_of(connector, path)]


async def hooks(session: AsyncSession, account_id: str) -> Mapping[str, InboundHook]:
    """What was arranged for an account's records, by the names of their units."""
    rows = await session.scalars(select(InboundHook).where(InboundHook.account_id == account_id))
    return {row.unit: row for row in rows}


def mode_of(hook: InboundHook | None) -> str:
    """hook: the provider tells us, as a signed hook has shown; hook_unverified: it was asked to; manual: somebody
    has to ask it; polling: we look by ourselves, as we also do in every other mode."""
    if hook is None:
        return "polling"
    if hook.verified_at is not None:
        return "hook"
    return "hook_unverified" if hook.refused is None else "manual"
