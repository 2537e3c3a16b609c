"""An account's records as last seen: taking in what was seen or is gone, with the events that tell of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.json import instant
from app.models.base import Exact
from app.models.integrated_accounts import IntegratedAccount
from app.models.sync_destinations import SyncDestination
from app.models.sync_runs import SyncCursor
from app.models.synced_records import SyncedRecord
from app.models.writes import Write
from app.synced.differences import Sight, changed_fields, newly_told
from app.synced.units import Unit
from app.webhooks import outbox
from app.webhooks.catalogue import Happening
from app.webhooks.outbox import Told

Via = Literal["poll", "sweep", "inbound", "write"]

_OF_NOW = timedelta(seconds=5)
"""A record of this age when our write ended is as that write left it."""

_BEHIND = timedelta(seconds=120)
"""For so long a list may show a record as it was before it was read by itself."""

Origin = Mapping[str, Any]
"""The write through this gateway a change is the echo of: {request_id, source_event}."""

_CHANGES = {
    "created": Happening.RECORD_CREATED,
    "updated": Happening.RECORD_UPDATED,
    "deleted": Happening.RECORD_DELETED,
}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose records they are."""

    environment_id: str
    account_id: str
    tenant_id: str


@dataclass(slots=True)
class Counts:
    """What a page came to. `repeats`: rows that an earlier page of the same walk had, too."""

    rows: int = 0
    repeats: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def news(self) -> int:
        return self.created + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class _Change:
    word: Literal["created", "updated", "deleted"]
    sight: Sight
    fields: list[str]
    before: Mapping[str, Any]
    newly: list[str] = field(default_factory=list[str])


async def see(
    session: AsyncSession,
    owner: Owner,
    unit: Unit,
    sights: Sequence[Sight],
    via: Via,
    now: datetime,
    sweep: str | None = None,
    *,
    asked_at: datetime | None = None,
    origin: Origin | None = None,
) -> Counts:
    """Takes in what was seen. `sweep` is the page of a complete pass, "run/walk/page": it marks records as seen.

    `asked_at`: since when the provider may have said it; what was seen of a record meanwhile stands, unless the
    record itself says it is older. `origin` is that of the write that showed it; without it, it is looked for.
    """
    counts = Counts(rows=len(sights))
    await alone(session, owner)
    known = await _known(session, owner, unit, [sight.id for sight in sights])
    changes: list[_Change] = []
    same: list[Sight] = []
    for sight in sights:
        stored = known.get(sight.id)
        counts.repeats += _is_repeat(stored, sweep)
        if stored is not None and _is_older(sight, stored, asked_at, now):
            same.append(sight)
        elif stored is None or stored.deleted_at is not None:
            changes.append(_Change("created", sight, [], {}))
        elif sight.print is not None and sight.print == stored.print:
            same.append(sight)
        elif fields := changed_fields(stored.record, sight.record):
            before = {name: stored.record.get(name) for name in fields}
            newly = newly_told(stored.record, sight.record)
            changes.append(_Change("updated", sight, fields, before, newly))
        else:
            _refine(stored, sight)
            same.append(sight)
    counts.created = sum(change.word == "created" for change in changes)
    counts.updated = len(changes) - counts.created
    await _store(session, owner, unit, changes, via, now, sweep, origin)
    if same and sweep is not None:
        await session.execute(
            update(SyncedRecord)
            .where(
                SyncedRecord.account_id == owner.account_id,
                SyncedRecord.resource == unit.resource,
                SyncedRecord.id.in_([sight.id for sight in same]),
            )
            .values(sweep=sweep, missed=0)
            .execution_options(synchronize_session=False)
        )
    return counts


async def bury(
    session: AsyncSession,
    owner: Owner,
    unit: Unit,
    ids: Sequence[str],
    via: Via,
    now: datetime,
    origin: Origin | None = None,
) -> Counts:
    """Records that are gone: tombstones and their events."""
    await alone(session, owner)
    known = await _known(session, owner, unit, ids)
    changes = [
        _Change("deleted", Sight(row.id, row.record, row.modified_at), [], row.record)
        for row in known.values()
        if row.deleted_at is None
    ]
    if changes:
        first = await _tell(session, owner, unit, changes, via, now, origin)
        for sequence, change in enumerate(changes, first):
            row = known[change.sight.id]
            row.deleted_at, row.observed_at, row.sequence = now, now, sequence
    return Counts(deleted=len(changes))


async def missing(
    session: AsyncSession, owner: Owner, unit: Unit, run: str, began: datetime, limit: int
) -> list[str]:
    """Ids a run's complete pass that began then has not seen, though they were known before."""
    return list(
        await session.scalars(
            select(SyncedRecord.id)
            .where(
                SyncedRecord.account_id == owner.account_id,
                SyncedRecord.unit == unit.name,
                SyncedRecord.deleted_at.is_(None),
                SyncedRecord.observed_at < began,
                SyncedRecord.sweep.is_(None) | ~SyncedRecord.sweep.startswith(run, autoescape=True),
            )
            .order_by(SyncedRecord.id)
            .limit(limit)
        )
    )


async def overlook(
    session: AsyncSession, owner: Owner, unit: Unit, ids: Sequence[str], sweep: str
) -> list[str]:
    """Marks ids nobody can ask for as missed once more; those that a pass before missed too."""
    known = await _known(session, owner, unit, ids)
    twice = [row.id for row in known.values() if row.missed]
    for row in known.values():
        row.missed, row.sweep = row.missed + 1, sweep
    return twice


async def cursor(session: AsyncSession, owner: Owner, unit: Unit) -> SyncCursor | None:
    return await session.get(SyncCursor, (owner.account_id, unit.name))


async def reach(
    session: AsyncSession, owner: Owner, unit: Unit, since: datetime, swept_at: datetime | None
) -> None:
    """A pass over a unit is done: the next delta starts from `since`. A cursor never goes back."""
    row = await cursor(session, owner, unit)
    if row is None:
        row = SyncCursor(account_id=owner.account_id, unit=unit.name, environment_id=owner.environment_id)
        session.add(row)
    row.since = since if row.since is None else max(row.since, since)
    row.swept_at = swept_at or row.swept_at


async def _known(
    session: AsyncSession, owner: Owner, unit: Unit, ids: Sequence[str]
) -> dict[str, SyncedRecord]:
    if not ids:
        return {}
    rows = await session.scalars(
        select(SyncedRecord).where(
            SyncedRecord.account_id == owner.account_id,
            SyncedRecord.resource == unit.resource,
            SyncedRecord.id.in_(ids),
        )
    )
    return {row.id: row for row in rows}


async def alone(session: AsyncSession, owner: Owner) -> None:
    """Nobody else changes the account's copies until the transaction ends: who sees the same waits, and does not tell
    it again. To be asked for before the audit log is written to, as all who lock accounts do."""
    await session.execute(
        select(IntegratedAccount.id)
        .where(IntegratedAccount.id == owner.account_id)
        .with_for_update(key_share=True)
    )


def _is_repeat(stored: SyncedRecord | None, sweep: str | None) -> bool:
    if stored is None or stored.sweep is None or sweep is None or stored.sweep == sweep:
        return False
    return stored.sweep.rpartition("/")[0] == sweep.rpartition("/")[0]


def _is_older(sight: Sight, stored: SyncedRecord, asked_at: datetime | None, now: datetime) -> bool:
    """A list may be behind what was read of the record itself, and an answer behind what was seen meanwhile; but no
    list is behind for ever: times can be set back."""
    overtaken = asked_at is not None and stored.observed_at > asked_at
    if stored.deleted_at is not None or sight.modified_at is None or stored.modified_at is None:
        return overtaken
    if sight.modified_at == stored.modified_at or stored.observed_at < now - _BEHIND:
        return overtaken
    return sight.modified_at < stored.modified_at


def _refine(stored: SyncedRecord, sight: Sight) -> None:
    """Nothing changed, but it is known by its list row now, or in full, or by what only the other tells."""
    stored.print = sight.print or stored.print
    if not sight.is_partial and stored.record.get("is_partial"):
        stored.record = Exact({**stored.record, **sight.record})
        return
    more = {name: value for name, value in sight.record.items() if name not in stored.record}
    if more:
        stored.record = Exact({**stored.record, **more})


async def _store(
    session: AsyncSession,
    owner: Owner,
    unit: Unit,
    changes: Sequence[_Change],
    via: Via,
    now: datetime,
    sweep: str | None,
    origin: Origin | None,
) -> None:
    if not changes:
        return
    first = await _tell(session, owner, unit, changes, via, now, origin)
    upsert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = upsert(SyncedRecord)
    kept = ("account_id", "resource", "id", "environment_id")
    told = (
        "unit",
        "record",
        "observed_at",
        "sequence",
        "print",
        "modified_at",
        "sweep",
        "missed",
        "deleted_at",
    )
    statement = statement.on_conflict_do_update(
        index_elements=kept[:3], set_={name: statement.excluded[name] for name in told}
    )
    rows = [
        {
            "account_id": owner.account_id,
            "resource": unit.resource,
            "id": change.sight.id,
            "environment_id": owner.environment_id,
            "unit": unit.name,
            "record": change.sight.record,
            "observed_at": now,
            "sequence": sequence,
            "print": change.sight.print,
            "modified_at": change.sight.modified_at,
            "sweep": sweep,
            "missed": 0,
            "deleted_at": None,
        }
        for sequence, change in enumerate(changes, first)
    ]
    await session.execute(statement, rows)


async def _tell(
    session: AsyncSession,
    owner: Owner,
    unit: Unit,
    changes: Sequence[_Change],
    via: Via,
    now: datetime,
    origin: Origin | None,
) -> int:
    """The events of changes, in their order; the sequence of the first."""
    origins = (
        await _origins(session, owner, unit, changes)
        if origin is None
        else {change.sight.id: origin for change in changes}
    )
    told = [
        Told(
            _CHANGES[change.word],
            {
                "integrated_account_id": owner.account_id,
                "tenant_id": owner.tenant_id,
                "resource": unit.resource,
                "id": change.sight.id,
                "change": change.word,
                "changed_fields": change.fields,
                "newly_told": change.newly,
                "previous": dict(change.before) if change.word == "updated" else {},
                "record": None if change.word == "deleted" else change.sight.record,
                "observed_at": instant(now),
                "via": via,
                "origin": origins.get(change.sight.id),
            },
            unit.resource,
            change.sight.id,
        )
        for change in changes
    ]
    first = await outbox.append(session, now, owner.environment_id, owner.account_id, told)
    await wake(session, owner.account_id, now)
    return first


async def wake(session: AsyncSession, account_id: str, now: datetime) -> None:
    """In the transaction that stores changes of an account's records: its destinations have something to get.

    It locks their rows even when they are awake, so that whoever lays one to rest sees these records or is seen.
    """
    await session.execute(
        update(SyncDestination)
        .where(SyncDestination.account_id == account_id)
        .values(due_at=func.coalesce(SyncDestination.due_at, now))
        .execution_options(synchronize_session=False)
    )


async def _origins(
    session: AsyncSession, owner: Owner, unit: Unit, changes: Sequence[_Change]
) -> Mapping[str, Origin]:
    """Which changes are echoes: as the last write through this gateway left the record."""
    rows = await session.scalars(
        select(Write)
        .where(
            Write.account_id == owner.account_id,
            Write.record_id.in_([change.sight.id for change in changes]),
            Write.resource == unit.path,
            Write.state.in_(("done", "partial")),
        )
        .order_by(Write.created_at)
    )
    writes = {str(row.record_id): row for row in rows}  # the last one counts
    return {
        change.sight.id: {"request_id": write.request_id, "source_event": write.source_event}
        for change in changes
        if (write := writes.get(change.sight.id)) is not None and _echoes(write, change)
    }


def _echoes(write: Write, change: _Change) -> bool:
    if change.word == "deleted":
        return write.operation == "delete"
    if write.settled_at is None or change.sight.modified_at is None:
        return False
    return change.sight.modified_at <= write.settled_at + _OF_NOW


async def size(session: AsyncSession, owner: Owner, unit: Unit) -> int:
    """How many records of a unit are known to exist."""
    counted = select(func.count()).where(
        SyncedRecord.account_id == owner.account_id,
        SyncedRecord.unit == unit.name,
        SyncedRecord.deleted_at.is_(None),
    )
    return await session.scalar(counted) or 0
