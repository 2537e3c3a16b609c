"""Data keys in use: one per owner of secrets, unwrapped when needed, remembered for a quarter of an hour."""

import os
import random
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
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
class _Opened:
    id: str
    owner: tuple[str, str]
    key: bytes
    until: float


class Vault:
    """Seals and opens secrets under the data key of their owner, which it makes on first use."""

    def __init__(self, database: Database, wrapper: KeyWrapper, rows: KeyRows, clock: Clock) -> None:
        self._database = database
        self._wrapper = wrapper
        self._rows = rows
        self._clock = clock
        self._by_id: OrderedDict[str, _Opened] = OrderedDict()
        self._by_owner: dict[tuple[str, str], str] = {}

    async def seal(self, session: AsyncSession, context: Context, plaintext: str | bytes) -> bytes:
        """A blob for a row written in the same transaction. SecretUnavailable when no key can be had.

        When a secret of the same owner was opened lately, nothing is awaited.
        """
        opened = self._remembered(self._by_owner.get((context.environment_id, context.owner)))
        if opened is None:
            opened = await self._active(session, context.environment_id, context.owner)
        raw = plaintext.encode() if isinstance(plaintext, str) else plaintext
        return envelope.seal(opened.key, bytes.fromhex(opened.id), context, raw)

    async def open(self, blob: bytes, context: Context, session: AsyncSession | None = None) -> Secret:
        """The secret in `blob`. SecretUnavailable when the key is gone or the blob is not this row's.

        Reads the key's row through `session` if one is given, else in a short session of its own.
        """
        key_id = envelope.data_key_id(blob).hex()
        opened = self._remembered(key_id)
        if opened is None:
            if session is not None:
                stored = await self._rows.get(session, key_id)
            else:
                async with self._database.read() as reading:
                    stored = await self._rows.get(reading, key_id)
            if stored is None:
                raise SecretUnavailable(Reason.UNKNOWN_KEY)
            opened = await self._unwrap(stored)
            # only what is committed is kept: a key made in the caller's transaction may be rolled back
            if session is None:
                self._remember(opened, stored.active)
        if opened.owner != (context.environment_id, context.owner):
            raise SecretUnavailable(Reason.CORRUPT)
        return Secret(envelope.unseal(opened.key, blob, context))

    async def shred(self, session: AsyncSession, environment_id: str, owner: str) -> None:
        """Deletes the owner's data keys: nothing sealed under them ever opens again."""
        for key_id in await self._rows.shred(session, environment_id, owner):
            self._by_id.pop(key_id, None)
        self._by_owner.pop((environment_id, owner), None)

    async def _active(self, session: AsyncSession, environment_id: str, owner: str) -> _Opened:
        for _ in range(2):
            stored = await self._rows.active(session, environment_id, owner)
            if stored is not None:
                return await self._unwrap(stored)
            key, key_id = os.urandom(envelope.KEY_SIZE), os.urandom(envelope.ID_SIZE).hex()
            wrapped = await self._wrapper.wrap(key, wrap_context(environment_id, owner, key_id))
            fresh = StoredKey(key_id, environment_id, owner, wrapped)
            if await self._rows.add(session, fresh, self._clock.now()):
                return _Opened(key_id, (environment_id, owner), key, 0.0)
        raise SecretUnavailable(Reason.UNKNOWN_KEY)

    async def _unwrap(self, stored: StoredKey) -> _Opened:
        if stored.wrapped is None:
            raise SecretUnavailable(Reason.UNKNOWN_KEY)
        context = wrap_context(stored.environment_id, stored.owner, stored.id)
        key = await self._wrapper.unwrap(stored.wrapped, context)
        # jitter keeps a fleet that started together from asking a key service at the same moment
        until = self._clock.monotonic() + _SECONDS * random.uniform(0.8, 1.0)  # noqa: S311
        return _Opened(stored.id, (stored.environment_id, stored.owner), key, until)

    def _remember(self, opened: _Opened, active: bool) -> None:
        self._by_id[opened.id] = opened
        if active:
            self._by_owner[opened.owner] = opened.id
        while len(self._by_id) > _REMEMBERED:
            _, oldest = self._by_id.popitem(last=False)
            self._by_owner.pop(oldest.owner, None)

    def _remembered(self, key_id: str | None) -> _Opened | None:
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
