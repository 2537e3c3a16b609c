"""Where the vault's data keys are stored, whether the key ring fits them, and their wrapping anew."""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, func, or_, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import KeyWrapper, Ring, WrappedKey
from app.core.secrets.envelope import encode_context
from app.core.secrets.vault import StoredKey, wrap_context
from app.models.api_keys import ApiKey
from app.models.audit_log import AuditSigner
from app.models.data_keys import DataKey, KeyringCheck


class DataKeyRows:
    """The `data_keys` table as `app.core.secrets.vault` wants it."""

    async def get(self, session: AsyncSession, key_id: str) -> StoredKey | None:
        row = await session.get(DataKey, key_id)
        return _stored(row) if row is not None else None

    async def active(self, session: AsyncSession, environment_id: str, owner: str) -> StoredKey | None:
        row = await session.scalar(
            select(DataKey).where(
                DataKey.environment_id == environment_id, DataKey.owner == owner, DataKey.state == "active"
            )
        )
        return _stored(row) if row is not None else None

    async def add(self, session: AsyncSession, key: StoredKey, now: datetime) -> bool:
        assert key.wrapped is not None
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        await session.flush()
        done = await session.execute(
            insert(DataKey)
            .values(
                id=key.id,
                environment_id=key.environment_id,
                owner=key.owner,
                wrapped=key.wrapped.blob,
                kek_id=key.wrapped.kek_id,
                provider=key.wrapped.provider,
                state="active",
                created_at=now,
            )
            .on_conflict_do_nothing()
        )
        assert isinstance(done, CursorResult)
        return done.rowcount == 1

    async def shred(self, session: AsyncSession, environment_id: str, owner: str) -> list[str]:
        ids = await session.scalars(
            update(DataKey)
            .where(DataKey.environment_id == environment_id, DataKey.owner == owner)
            .values(wrapped=None, state="shredded")
            .returning(DataKey.id)
        )
        return list(ids)


async def check_ring(database: Database, keyring: Ring, clock: Clock) -> list[str]:
    """What is wrong between this process's key ring and the database, in words; empty when it may serve.

    Keys the database has not seen are noted for other processes to compare. Names keys, never shows them.
    """
    async with database.read() as session:
        known = {row.key_id: row.check_value for row in await session.scalars(select(KeyringCheck))}
        used = set(
            await session.scalars(
                select(DataKey.kek_id)
                .distinct()
                .where(DataKey.state != "shredded", DataKey.provider == "local")
            )
        )
        used |= set(await session.scalars(select(AuditSigner.kek_id).where(AuditSigner.provider == "local")))
        peppers = set(
            await session.scalars(select(ApiKey.pepper_id).distinct().where(_in_force(clock.now())))
        )
    usable = {key.id: key for key in keyring.keys.values() if key.status.opens}
    wrong = [
        f"key {key.id} of the ring in {keyring.source} is not the key {key.id} this database was written with"
        for key in usable.values()
        if known.get(key.id, key.check) != key.check
    ]
    wrong += [
        f"the ring in {keyring.source} lacks key {key_id}, which stored secrets need"
        for key_id in sorted((used | peppers) - usable.keys())
    ]
    fresh = [key for key in usable.values() if key.id not in known]
    if fresh and not wrong:
        async with database.write() as session:
            insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
            for key in fresh:
                await session.execute(
                    insert(KeyringCheck)
                    .values(key_id=key.id, check_value=key.check, created_at=clock.now())
                    .on_conflict_do_nothing()
                )
    return wrong


async def keys_in_use(database: Database) -> dict[str, int]:
    """How many data keys, and signing keys, each wrapping key wraps."""
    async with database.read() as session:
        data_keys = select(DataKey.kek_id).where(DataKey.state != "shredded")
        wrapped = union_all(data_keys, select(AuditSigner.kek_id)).subquery()
        rows = await session.execute(select(wrapped.c.kek_id, func.count()).group_by(wrapped.c.kek_id))
        return {kek_id: count for kek_id, count in rows}  # noqa: C416


async def peppered(database: Database, key_id: str, now: datetime) -> list[str]:
    """Ids of the API keys in force whose digest needs a ring key. Each use of one moves it to the primary."""
    async with database.read() as session:
        return list(
            await session.scalars(
                select(ApiKey.id).where(ApiKey.pepper_id == key_id, _in_force(now)).order_by(ApiKey.id)
            )
        )


async def rewrap(
    database: Database, wrapper: KeyWrapper, clock: Clock, batch: int = 500
) -> AsyncIterator[tuple[int, int]]:
    """Wraps every data key, and the signing key, under the wrapper's present key; yields (done, remaining) after each
    batch of data keys.

    May be cut off and run again, and run beside itself: a row is replaced only as it was read.
    """
    await _rewrap_signers(database, wrapper)
    current, done, last = await wrapper.current(), 0, ""
    outdated = (
        DataKey.state != "shredded",
        or_(DataKey.kek_id != current, DataKey.provider != wrapper.provider),
    )
    while True:
        async with database.read() as session:
            remaining = await session.scalar(select(func.count()).select_from(DataKey).where(*outdated)) or 0
            rows = list(
                await session.scalars(
                    select(DataKey).where(*outdated, DataKey.id > last).order_by(DataKey.id).limit(batch)
                )
            )
        if not rows:
            return
        anew = [
            (row, await wrapper.rewrap(stored.wrapped, wrap_context(row.environment_id, row.owner, row.id)))
            for row in rows
            if (stored := _stored(row)).wrapped is not None
        ]
        async with database.write() as session:
            for row, wrapped in anew:
                await session.execute(
                    update(DataKey)
                    .where(DataKey.id == row.id, DataKey.kek_id == row.kek_id, DataKey.wrapped == row.wrapped)
                    .values(
                        wrapped=wrapped.blob,
                        kek_id=wrapped.kek_id,
                        provider=wrapped.provider,
                        rewrapped_at=clock.now(),
                    )
                )
        done, last = done + len(rows), rows[-1].id
        yield done, max(0, remaining - len(rows))


def signer_context(signer_id: str) -> bytes:
    """What a wrapped signing key is bound to."""
    return encode_context({"signer": signer_id, "v": "1"})


async def _rewrap_signers(database: Database, wrapper: KeyWrapper) -> None:
    async with database.read() as session:
        rows = list(await session.scalars(select(AuditSigner)))
    for row in rows:
        stored = WrappedKey(row.provider, row.kek_id, row.wrapped)
        anew = await wrapper.rewrap(stored, signer_context(row.id))
        async with database.write() as session:
            await session.execute(
                update(AuditSigner)
                .where(AuditSigner.id == row.id, AuditSigner.wrapped == row.wrapped)
                .values(wrapped=anew.blob, kek_id=anew.kek_id, provider=anew.provider)
            )


def _in_force(now: datetime) -> ColumnElement[bool]:
    return ApiKey.revoked_at.is_(None) & or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)


def _stored(row: DataKey) -> StoredKey:
    wrapped = None if row.wrapped is None else WrappedKey(row.provider, row.kek_id, row.wrapped)
    return StoredKey(row.id, row.environment_id, row.owner, wrapped, row.state == "active")
