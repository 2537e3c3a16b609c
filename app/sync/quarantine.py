"""Rows of the provider's that could not be read: each kept once, until it is read, or gone, or long past."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import json
from app.core.secrets.envelope import Context as Sealed
from app.models.base import Base
from app.models.synced_records import QuarantinedRecord
from app.synced.store import Owner
from app.synced.units import Unit
from connectors.kit.http import Json

KEPT = timedelta(days=30)
"""For so long after it was last met."""

MOST = 500
"""Rows kept of one list, those met last: where a whole list cannot be read, these tell why."""

_LONGEST_ID = 120
_NO_ID = "row:"
_AGAIN = ("run_id", "reason", "native", "last_seen_at")


def mark_of(native: Json, id_key: str) -> str:
    """What makes two rows the same: the id as the provider spells it; of those that have none, all of the row."""
    told = native.get(id_key) if isinstance(native, dict) else None
    if (
        isinstance(told, str | int | Decimal)
        and not isinstance(told, bool)
        and 0 < len(str(told)) <= _LONGEST_ID
    ):
        return str(told)
    return _NO_ID + hashlib.blake2b(json.encode(native), digest_size=16).hexdigest()


def record_id_of(row: QuarantinedRecord) -> str | None:
    """The id as the provider spells it, where there is one."""
    return None if row.mark is None or row.mark.startswith(_NO_ID) else row.mark


def sealed_as(environment_id: str, account_id: str) -> Sealed:
    """How a row is sealed."""
    owner, column = f"account:{account_id}", "quarantined_records.native"
    return Sealed(environment_id, owner, "quarantine.record", column)


async def keep(session: AsyncSession, rows: Sequence[QuarantinedRecord]) -> None:
    """One more sight of each, all of one list; of what is too much the rows met longest ago go."""
    if not rows:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(QuarantinedRecord).values([_plain(row) for row in rows])
    said = {name: statement.excluded[name] for name in _AGAIN}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "unit", "mark"],
            set_={**said, "seen": QuarantinedRecord.__table__.c.seen + 1},
        )
    )
    ours = _of(rows[0].account_id, rows[0].unit)
    latest = QuarantinedRecord.last_seen_at.desc(), QuarantinedRecord.id.desc()
    surplus = select(QuarantinedRecord.id).where(*ours).order_by(*latest).offset(MOST)
    ids = list(await session.scalars(surplus))
    if ids:
        await session.execute(delete(QuarantinedRecord).where(QuarantinedRecord.id.in_(ids)))


async def read(session: AsyncSession, owner: Owner, unit: Unit, ids: Sequence[str]) -> None:
    """These were read well: they are no longer set aside."""
    if ids:
        here = _of(owner.account_id, unit.name)
        await session.execute(delete(QuarantinedRecord).where(*here, QuarantinedRecord.mark.in_(ids)))


async def swept(session: AsyncSession, owner: Owner, unit: Unit, began: datetime) -> None:
    """A complete pass that began then is over: what it did not meet is read under an id by now, or gone."""
    here = _of(owner.account_id, unit.name)
    await session.execute(delete(QuarantinedRecord).where(*here, QuarantinedRecord.last_seen_at < began))


async def forget(session: AsyncSession, now: datetime, limit: int) -> int:
    """What was not met for long goes, in the caller's transaction; how many rows."""
    row, before = QuarantinedRecord, now - KEPT
    past = or_(row.last_seen_at < before, row.last_seen_at.is_(None) & (row.created_at < before))
    ids = list(await session.scalars(select(row.id).where(past).limit(limit)))
    if ids:
        await session.execute(delete(row).where(row.id.in_(ids)))
    return len(ids)


async def page(
    session: AsyncSession,
    account_id: str,
    units: Sequence[str],
    limit: int,
    before: tuple[datetime, str] | None,
) -> list[QuarantinedRecord]:
    """Rows of some lists of an account, those first met last before the others."""
    row = QuarantinedRecord
    query = select(row).where(row.account_id == account_id, row.unit.in_(units))
    if before is not None:
        query = query.where(tuple_(row.created_at, row.id) < tuple_(*before))
    return list(await session.scalars(query.order_by(row.created_at.desc(), row.id.desc()).limit(limit)))


async def counts(session: AsyncSession, account_id: str) -> dict[str, int]:
    """List → rows of it that are set aside."""
    row = QuarantinedRecord
    query = select(row.unit, func.count()).where(row.account_id == account_id).group_by(row.unit)
    return dict((await session.execute(query)).tuples().all())


def _of(account_id: str, unit: str) -> tuple[Any, ...]:
    return QuarantinedRecord.account_id == account_id, QuarantinedRecord.unit == unit


def _plain(row: Base) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
