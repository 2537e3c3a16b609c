"""Signatures over the audit chains: of their ends, so that none is made anew unseen, and of what was kept long enough.

The key (ed25519) is the installation's own, made at random and stored wrapped: rotating the key ring wraps it
anew and leaves every signature valid.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import Clock
from app.core.database import Database
from app.core.json import instant
from app.core.secrets import KeyWrapper, WrappedKey
from app.keys.audit import canonical, hash_of
from app.keys.data_keys import signer_context
from app.models.audit_log import AuditEntry, AuditHead, AuditSeal, AuditSigner

HEAD = "head"
PRUNED = "pruned"

RETENTION = timedelta(days=400)
_SKEW = timedelta(hours=1)  # the database, which refuses what is younger, may have another clock
_BATCH = 500
_ONLY = "audit"


@dataclass(frozen=True, slots=True)
class Signed:
    """A place of a chain that was signed; see AuditSeal."""

    environment_id: str
    kind: str
    seq: int
    hash: bytes
    signed_at: datetime
    signature: bytes

    @property
    def message(self) -> bytes:
        """The bytes that are signed: canonical JSON."""
        return _message(self.environment_id, self.kind, self.seq, self.hash, self.signed_at)

    def is_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the holder of the key signed exactly this."""
        try:
            key.verify(self.signature, self.message)
        except InvalidSignature:
            return False
        return True

    def told(self) -> dict[str, Any]:
        """As it is exported."""
        return {
            "environment_id": self.environment_id,
            "kind": self.kind,
            "seq": self.seq,
            "hash": self.hash.hex(),
            "signed_at": instant(self.signed_at),
            "signature": self.signature.hex(),
        }


def read_signed(told: dict[str, Any]) -> Signed:
    """What `Signed.told` told. KeyError, TypeError or ValueError when it is something else."""
    return Signed(
        str(told["environment_id"]),
        str(told["kind"]),
        int(told["seq"]),
        bytes.fromhex(told["hash"]),
        datetime.fromisoformat(told["signed_at"]),
        bytes.fromhex(told["signature"]),
    )


async def signed(session: AsyncSession, environment_id: str) -> list[Signed]:
    """Every signature over a chain, from its beginning to its end."""
    rows = await session.scalars(
        select(AuditSeal).where(AuditSeal.environment_id == environment_id).order_by(AuditSeal.seq)
    )
    return [
        Signed(row.environment_id, row.kind, row.seq, row.hash, row.signed_at, row.signature) for row in rows
    ]


class Seals:
    """Signs chains, and deletes what is past its retention."""

    def __init__(self, database: Database, wrapper: KeyWrapper, clock: Clock) -> None:
        self._database = database
        self._wrapper = wrapper
        self._clock = clock

    async def public_key(self) -> Ed25519PublicKey | None:
        """What signatures are checked with; None before the first. SecretUnavailable."""
        stored = await self._stored()
        return None if stored is None else (await self._open(stored)).public_key()

    async def sign_heads(self) -> int:
        """Sign the end of every chain that grew since it was signed last; how many."""
        key = await self._key()
        at_end = (AuditSeal.environment_id == AuditHead.environment_id) & (AuditSeal.seq == AuditHead.seq)
        unsigned = select(AuditHead).where(~select(AuditSeal.seq).where(at_end).exists())
        async with self._database.write() as session:
            heads = list(await session.scalars(unsigned))
            for head in heads:
                await self._sign(session, key, head.environment_id, HEAD, head.seq, head.hash)
        return len(heads)

    async def prune(self, environment_id: str) -> int:
        """Delete a batch of the chain's oldest entries, in one transaction with the signed mark where they ended.

        How many; 0 when all of it is younger than RETENTION. Broken when those entries are not a chain any
        more: what was tampered with is not tidied away.
        """
        key, before = await self._key(), self._clock.now() - RETENTION - _SKEW
        async with self._database.write() as session:
            head = select(AuditHead).where(AuditHead.environment_id == environment_id).with_for_update()
            await session.execute(head)  # one after another
            begin, last = await _beginning(session, environment_id)
            seq = begin
            for entry in await _oldest(session, environment_id):
                if entry.created_at >= before:
                    break
                if (entry.seq, entry.prev_hash, entry.hash) != (seq + 1, last, hash_of(entry)):
                    raise Broken(environment_id, entry.seq)
                seq, last = entry.seq, entry.hash
            if seq == begin:
                return 0
            of_chain, until = AuditEntry.environment_id == environment_id, AuditEntry.seq <= seq
            await session.execute(delete(AuditEntry).where(of_chain, until))
            of_chain, until = AuditSeal.environment_id == environment_id, AuditSeal.seq <= seq
            await session.execute(delete(AuditSeal).where(of_chain, until))
            await self._sign(session, key, environment_id, PRUNED, seq, last)
        return seq - begin

    async def _sign(
        self,
        session: AsyncSession,
        key: Ed25519PrivateKey,
        environment_id: str,
        kind: str,
        seq: int,
        hash_: bytes,
    ) -> None:
        now = self._clock.now()
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        await session.execute(
            insert(AuditSeal)
            .values(
                environment_id=environment_id,
                kind=kind,
                seq=seq,
                hash=hash_,
                signed_at=now,
                signature=key.sign(_message(environment_id, kind, seq, hash_, now)),
            )
            .on_conflict_do_nothing()
        )

    async def _key(self) -> Ed25519PrivateKey:
        """The signing key, made when there is none."""
        stored = await self._stored()
        if stored is None:
            wrapped = await self._wrapper.wrap(os.urandom(32), signer_context(_ONLY))
            insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
            async with self._database.write() as session:
                await session.execute(
                    insert(AuditSigner)
                    .values(
                        id=_ONLY,
                        wrapped=wrapped.blob,
                        kek_id=wrapped.kek_id,
                        provider=wrapped.provider,
                        created_at=self._clock.now(),
                    )
                    .on_conflict_do_nothing()
                )
            stored = await self._stored()
            assert stored is not None
        return await self._open(stored)

    async def _stored(self) -> WrappedKey | None:
        async with self._database.read() as session:
            row = await session.get(AuditSigner, _ONLY)
        return None if row is None else WrappedKey(row.provider, row.kek_id, row.wrapped)

    async def _open(self, stored: WrappedKey) -> Ed25519PrivateKey:
        seed = await self._wrapper.unwrap(stored, signer_context(_ONLY))
        return Ed25519PrivateKey.from_private_bytes(seed)


class Broken(Exception):
    """A chain does not hold together where it is to be shortened: at the entry `at`."""

    def __init__(self, environment_id: str, at: int) -> None:
        super().__init__(f"the chain of {environment_id} is broken at {at}")
        self.at = at


async def _beginning(session: AsyncSession, environment_id: str) -> tuple[int, bytes]:
    """Number and hash of the last entry that was deleted; those before the first when none was."""
    pruned = await session.scalar(
        select(AuditSeal)
        .where(AuditSeal.environment_id == environment_id, AuditSeal.kind == PRUNED)
        .order_by(AuditSeal.seq.desc())
        .limit(1)
    )
    return (pruned.seq, pruned.hash) if pruned is not None else (0, b"")


async def _oldest(session: AsyncSession, environment_id: str) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.environment_id == environment_id)
    return (await session.scalars(query.order_by(AuditEntry.seq).limit(_BATCH))).all()


def _message(environment_id: str, kind: str, seq: int, hash_: bytes, signed_at: datetime) -> bytes:
    return canonical(
        {
            "ledgerway": "audit/v1",
            "environment_id": environment_id,
            "kind": kind,
            "seq": seq,
            "hash": hash_.hex(),
            "signed_at": instant(signed_at),
        }
    )
