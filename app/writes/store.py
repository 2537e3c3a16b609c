"""Queries on the intents of writes. Every one is for one account, or for what a principal may see."""

from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.core.auth import Principal
from app.models.writes import Write

_ALSO = {"idempotency_key": ("released_key",)}
"""Columns that are searched with another."""

Place: TypeAlias = tuple[str, str, str, str, str]
"""What makes a key one: environment, account, method, path, the Idempotency-Key itself."""


async def by_key(session: AsyncSession, place: Place, *, for_update: bool = False) -> Write | None:
    """The write an Idempotency-Key stands for."""
    table = (Write.environment_id, Write.account_id, Write.method, Write.path, Write.idempotency_key)
    query = select(Write).where(*(column == value for column, value in zip(table, place, strict=True)))
    return await session.scalar(query.with_for_update() if for_update else query)


async def same_since(session: AsyncSession, write: Write, since: datetime, now: datetime) -> Write | None:
    """An identical write that was, or may have been, carried out since then."""
    return await session.scalar(
        select(Write)
        .where(
            Write.environment_id == write.environment_id,
            Write.account_id == write.account_id,
            Write.path == write.path,
            Write.fingerprint == write.fingerprint,
            Write.id != write.id,
            Write.created_at > since,
            Write.state.in_(("executing", "partial", "done", "unknown")),
            _may_be_done(now),
        )
        .limit(1)
    )


async def same_document(session: AsyncSession, write: Write, since: datetime, now: datetime) -> Write | None:
    """A create since then that made, or may have made, the same document, which is not deleted since."""
    removed = select(Write.record_id).where(
        Write.account_id == write.account_id,
        Write.operation.in_(("delete", "void")),
        Write.state == "done",
        Write.created_at > since,
        Write.record_id.is_not(None),
    )
    return await session.scalar(
        select(Write)
        .where(
            Write.environment_id == write.environment_id,
            Write.account_id == write.account_id,
            Write.document == write.document,
            Write.id != write.id,
            Write.created_at > since,
            Write.state.in_(("executing", "partial", "done", "unknown")),
            _may_be_done(now),
            or_(Write.error_code.is_(None), Write.state != "done"),
            or_(Write.record_id.is_(None), Write.record_id.not_in(removed)),
        )
        .order_by(Write.created_at.desc())
        .limit(1)
    )


def _may_be_done(now: datetime) -> ColumnElement[bool]:
    """Not of an owner who died before anything was sent."""
    return or_(Write.state != "executing", Write.sent_at.is_not(None), Write.lease_until > now)


async def by_id(
    session: AsyncSession, environment_id: str, account_id: str, write_id: str, *, for_update: bool = False
) -> Write | None:
    query = select(Write).where(
        Write.environment_id == environment_id, Write.account_id == account_id, Write.id == write_id
    )
    return await session.scalar(query.with_for_update() if for_update else query)


async def extend(session: AsyncSession, owned: dict[str, str], until: datetime) -> None:
    """The leases of executing writes (id → owner)."""
    for write_id, owner in owned.items():
        await session.execute(
            update(Write)
            .where(Write.id == write_id, Write.owner == owner, Write.state == "executing")
            .values(lease_until=until)
        )


async def is_any_due(session: AsyncSession, now: datetime) -> bool:
    """Whether there is a write whose end is to be looked for."""
    return await session.scalar(select(Write.id).where(_is_due(now)).limit(1)) is not None


async def due(session: AsyncSession, now: datetime, limit: int) -> list[Write]:
    """Writes whose end is to be looked for, locked; those that somebody else is taking are left out."""
    query = select(Write).where(_is_due(now)).order_by(Write.created_at).limit(limit)
    return list(await session.scalars(query.with_for_update(skip_locked=True)))


async def undecided(session: AsyncSession, write_id: str, principal: Principal) -> Write | None:
    """A write nobody knows the end of, if the principal may see it, locked."""
    query = _visible(principal).where(Write.id == write_id, Write.state == "unknown")
    return await session.scalar(query.with_for_update())


def _is_due(now: datetime) -> ColumnElement[bool]:
    waits = and_(Write.state == "unknown", Write.next_check_at <= now)
    orphaned = and_(Write.state == "executing", Write.lease_until < now, Write.sent_at.is_not(None))
    return or_(waits, orphaned)


async def made_since(session: AsyncSession, write: Write, since: datetime) -> set[str]:
    """Ids of the records that other creates of the same resource made."""
    query = select(Write.record_id).where(
        Write.account_id == write.account_id,
        Write.environment_id == write.environment_id,
        Write.resource == write.resource,
        Write.operation == "create",
        Write.id != write.id,
        Write.created_at > since,
        Write.record_id.is_not(None),
    )
    return {found for found in await session.scalars(query) if found is not None}


async def purge(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete old writes that ended, or that nobody came back for after their process died before sending; how many
    that were."""
    ended = Write.state.in_(("partial", "done", "released"))
    unsent = and_(Write.state == "executing", Write.sent_at.is_(None), Write.lease_until < before)
    old = select(Write.id).where(Write.created_at < before, or_(ended, unsent))
    ids = list(await session.scalars(old.limit(limit)))
    if ids:
        await session.execute(delete(Write).where(Write.id.in_(ids)))
    return len(ids)


async def seen_by_id(session: AsyncSession, principal: Principal, write_id: str) -> Write | None:
    """One write, if the principal may see it."""
    return await session.scalar(_visible(principal).where(Write.id == write_id))


async def page(
    session: AsyncSession,
    principal: Principal,
    wanted: dict[str, str | None],
    limit: int,
    before: tuple[datetime, str] | None,
) -> list[Write]:
    """At most `limit` writes the principal may see, newest first, older than `before` (created_at, id).

    `wanted` maps columns to the value they must have; None does not filter.
    """
    query = _visible(principal)
    for name, value in wanted.items():
        if value is not None:
            columns = [Write.__table__.c[column] for column in (name, *_ALSO.get(name, ()))]
            query = query.where(or_(*(column == value for column in columns)))
    if before is not None:
        query = query.where(tuple_(Write.created_at, Write.id) < tuple_(*before))
    query = query.order_by(Write.created_at.desc(), Write.id.desc()).limit(limit)
    return list(await session.scalars(query))


def _visible(principal: Principal) -> Select[Write]:
    query = select(Write).where(Write.environment_id == principal.environment_id)
    if principal.account_ids is not None:
        query = query.where(Write.account_id.in_(principal.account_ids))
    if principal.tenant_ids is not None:
        query = query.where(Write.tenant_id.in_(principal.tenant_ids))
    return query


def sought(write: Write) -> list[str]:
    """The digests of what it waits for; none is part of another."""
    return (write.seeks or "").partition("|")[0].split()


async def hold(session: AsyncSession, write: Write) -> None:
    """Nobody else begins, or gets a turn at, what the write seeks until the transaction ends. To be asked for after the
    write's own row."""
    if session.get_bind().dialect.name != "postgresql":
        return  # there is one writer
    words = (write.seeks or "").replace("|", " ").split()
    places = {sha256(f"{write.account_id} {word}".encode()).digest()[:8] for word in words}
    if places:  # in one order, so that nobody waits in a circle
        numbers = sorted(int.from_bytes(place, "big", signed=True) for place in places)
        await session.execute(select(*map(func.pg_advisory_xact_lock, numbers)))


async def seeking(session: AsyncSession, write: Write) -> list[Write]:
    """The others that seek, or make, some of what a write waits for, and are carried out or may have made a record
    nobody knows; oldest first, without what is sealed."""
    may_have_made_it = and_(Write.operation == "create", Write.record_id.is_(None))
    query = select(Write).where(
        Write.account_id == write.account_id,
        Write.id != write.id,
        Write.state.in_(("executing", "partial", "unknown")),
        or_(Write.state == "executing", may_have_made_it),
        or_(*(Write.seeks.contains(word) for word in sought(write))),
    )
    plain = query.options(defer(Write.answer, raiseload=True), defer(Write.journal, raiseload=True))
    return list(await session.scalars(plain.order_by(Write.created_at, Write.id)))


async def was_followed(session: AsyncSession, write: Write) -> bool:
    """Whether another write of the same record went out after this one, and may have changed it."""
    query = select(Write.id).where(
        Write.account_id == write.account_id,
        Write.id != write.id,
        Write.sent_at > write.sent_at,
        Write.state.in_(("executing", "partial", "done", "unknown")),
        or_(*(Write.seeks.contains(word) for word in sought(write))),
    )
    return bool(sought(write)) and await session.scalar(query.limit(1)) is not None


async def end_turn(session: AsyncSession, write_id: str, now: datetime) -> bool:
    """Whether a write's owner is dead; it has its turn no more then. Whose row is locked lives."""
    dead = select(Write).where(Write.id == write_id, Write.lease_until <= now)
    found = await session.scalar(dead.with_for_update(skip_locked=True))
    if found is not None:
        found.turn = None
    return found is not None
