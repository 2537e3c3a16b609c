"""Data keys in use: one per owner of secrets, unwrapped when needed, remembered for a quarter of an hour."""

import os
import random
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
from app.core.once import Once
from app.core.secrets import envelope
from app.core.secrets.envelope import Context
from app.core.secrets.failures import Reason, SecretUnavailable
from app.core.secrets.secret import Secret
from app.core.secrets.wrapping import KeyWrapper, WrappedKey

_REMEMBERED = 10_000
_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A data key as its row has it. `wrapped` is None when it was shredded; only an `active` key seals."""

    id: str
    environment_id: str
    owner: str
    wrapped: WrappedKey | None
    active: bool = True


class KeyRows(Protocol):
    """Where data keys are stored."""

    async def get(self, session: AsyncSession, key_id: str) -> StoredKey | None: ...

    async def active(self, session: AsyncSession, environment_id: str, owner: str) -> StoredKey | None: ...

    async def add(self, session: AsyncSession, key: StoredKey, now: datetime) -> bool:
        """Stores a new active key; False when the owner has one already."""
        ...

    async def shred(self, session: AsyncSession, environment_id: str, owner: str) -> list[str]:
        """Deletes the wrapped keys of an owner; the ids of the keys that are gone."""
        ...


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An owner's data key, unwrapped: it seals and opens without awaiting anything."""

    id: str
    owner: tuple[str, str]
    key: bytes = field(repr=False)
    until: float

    def seal(self, context: Context, plaintext: str | bytes) -> bytes:
        """A blob of the owner's."""
        assert self.owner == (context.environment_id, context.owner)
        raw = plaintext.encode() if isinstance(plaintext, str) else plaintext
        return envelope.seal(self.key, bytes.fromhex(self.id), context, raw)

    def open(self, blob: bytes, context: Context) -> Secret:
        """The secret in `blob`. SecretUnavailable when it is not the owner's, or not this row's."""
        if self.owner != (context.environment_id, context.owner):
            raise SecretUnavailable(Reason.CORRUPT)
        return Secret(envelope.unseal(self.key, blob, context))


@dataclass(frozen=True, slots=True)
class Lifted:
    """A sealed secret with its key as it was stored: it can be opened when both rows are gone."""

    blob: bytes = field(repr=False)
    context: Context
    key: OpenKey | StoredKey = field(repr=False)


class Vault:
    """Seals and opens secrets under the data key of their owner, which it makes on first use.

    A key may come from a service far away: `key`, `seal`, `open` and `opened` are never awaited in a transaction.
    """

    def __init__(self, database: Database, wrapper: KeyWrapper, rows: KeyRows, clock: Clock) -> None:
        self._database = database
        self._wrapper = wrapper
        self._rows = rows
        self._clock = clock
        self._by_id: OrderedDict[str, OpenKey] = OrderedDict()
        self._by_owner: dict[tuple[str, str], str] = {}
        self._fetching: Once[tuple[str, str], OpenKey] = Once()

    async def key(self, environment_id: str, owner: str) -> OpenKey:
        """The key that seals an owner's secrets, for a transaction that begins afterwards.

        SecretUnavailable when it cannot be had. When it was used lately, nothing is awaited.
        """
        return self.at_hand(environment_id, owner) or await self._fetching.do(
            (environment_id, owner), lambda: self._active(environment_id, owner)
        )

    def at_hand(self, environment_id: str, owner: str) -> OpenKey | None:
        """The same where it was used lately, for a transaction that has begun."""
        return self._remembered(self._by_owner.get((environment_id, owner)))

    async def seal(self, context: Context, plaintext: str | bytes) -> bytes:
        """A blob to be stored in a transaction that begins afterwards. SecretUnavailable as of `key`."""
        return (await self.key(context.environment_id, context.owner)).seal(context, plaintext)

    async def open(self, blob: bytes, context: Context) -> Secret:
        """The secret in `blob`. SecretUnavailable when the key is gone or the blob is not this row's."""
        key_id = envelope.data_key_id(blob).hex()
        opened = self._remembered(key_id)
        if opened is None:
            async with self._database.read() as session:
                stored = await self._rows.get(session, key_id)
            opened = await self._unwrapped(stored)
        return opened.open(blob, context)

    async def lift(self, session: AsyncSession, blob: bytes, context: Context) -> Lifted:
        """What `opened` opens after the transaction, even if that shreds the key. SecretUnavailable when it is gone."""
        key_id = envelope.data_key_id(blob).hex()
        key = self._remembered(key_id) or await self._rows.get(session, key_id)
        if key is None:
            raise SecretUnavailable(Reason.UNKNOWN_KEY)
        return Lifted(blob, context, key)

    async def opened(self, lifted: Lifted) -> Secret:
        """The secret. SecretUnavailable as of `open`."""
        key = lifted.key if isinstance(lifted.key, OpenKey) else await self._unwrap(lifted.key)
        return key.open(lifted.blob, lifted.context)

    async def shred(self, session: AsyncSession, environment_id: str, owner: str) -> None:
        """Deletes the owner's data keys: nothing sealed under them ever opens again."""
        for key_id in await self._rows.shred(session, environment_id, owner):
            self._by_id.pop(key_id, None)
        self._by_owner.pop((environment_id, owner), None)

    async def _active(self, environment_id: str, owner: str) -> OpenKey:
        """The owner's key, made in a transaction of its own when there is none: only what is committed is kept."""
        for _ in range(2):
            async with self._database.read() as session:
                stored = await self._rows.active(session, environment_id, owner)
            if stored is not None:
                return await self._unwrapped(stored)
            key, key_id = os.urandom(envelope.KEY_SIZE), os.urandom(envelope.ID_SIZE).hex()
            wrapped = await self._wrapper.wrap(key, wrap_context(environment_id, owner, key_id))
            fresh = StoredKey(key_id, environment_id, owner, wrapped)
            async with self._database.write() as session:
                is_ours = await self._rows.add(session, fresh, self._clock.now())
            if is_ours:
                return self._remember(self._open(fresh, key), active=True)
        raise SecretUnavailable(Reason.UNKNOWN_KEY)

    async def _unwrapped(self, stored: StoredKey | None) -> OpenKey:
        if stored is None:
            raise SecretUnavailable(Reason.UNKNOWN_KEY)
        return self._remember(await self._unwrap(stored), stored.active)

    async def _unwrap(self, stored: StoredKey) -> OpenKey:
        if stored.wrapped is None:
            raise SecretUnavailable(Reason.UNKNOWN_KEY)
        context = wrap_context(stored.environment_id, stored.owner, stored.id)
        return self._open(stored, await self._wrapper.unwrap(stored.wrapped, context))

    def _open(self, stored: StoredKey, key: bytes) -> OpenKey:
        # jitter keeps a fleet that started together from asking a key service at the same moment
        until = self._clock.monotonic() + _SECONDS * random.uniform(0.8, 1.0)  # noqa: S311
        return OpenKey(stored.id, (stored.environment_id, stored.owner), key, until)

    def _remember(self, opened: OpenKey, active: bool) -> OpenKey:
        self._by_id[opened.id] = opened
        if active:
            self._by_owner[opened.owner] = opened.id
        while len(self._by_id) > _REMEMBERED:
            _, oldest = self._by_id.popitem(last=False)
            self._by_owner.pop(oldest.owner, None)
        return opened

    def _remembered(self, key_id: str | None) -> OpenKey | None:
        opened = self._by_id.get(key_id) if key_id else None
        if opened is None:
            return None
        if opened.until <= self._clock.monotonic():
            del self._by_id[opened.id]
            self._by_owner.pop(opened.owner, None)
            return None
        self._by_id.move_to_end(opened.id)
        return opened


def wrap_context(environment_id: str, owner: str, key_id: str) -> bytes:
    """What a wrapped data key is bound to."""
    return envelope.encode_context({"dek": key_id, "env": environment_id, "owner": owner, "v": "1"})
