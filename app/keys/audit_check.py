"""Whether an audit chain is what was written: every entry, its place, and what was signed of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.keys.audit import hash_of
from app.keys.audit_seals import HEAD, PRUNED, Signed, signed
from app.models.audit_log import AuditEntry, AuditHead

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken_at` is the first place that does not fit, or None; `reason` says why. `signed` is the last entry that
    a signature covers, 0 for none.
    """

    checked: int
    broken_at: int | None = None
    reason: str = ""
    signed: int = 0


async def verify(
    session: AsyncSession,
    environment_id: str,
    key: Ed25519PublicKey | None,
    exported: Sequence[Signed] = (),
) -> Verdict:
    """Recomputes one chain from its oldest kept entry to its head, in a transaction that has not begun.

    `exported` are signatures kept elsewhere: they show a chain that lost its end together with its signatures.
    """
    if session.get_bind().dialect.name == "postgresql":  # one view of all of it, while others write
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    seals = [
        *await signed(session, environment_id),
        *(one for one in exported if one.environment_id == environment_id and one.kind == HEAD),
    ]
    for seal in seals:
        if key is None or not seal.is_by(key):
            return Verdict(0, seal.seq, "its signature is not this installation's")
    pruned = max((one for one in seals if one.kind == PRUNED), key=lambda one: one.seq, default=None)
    seq, last = (pruned.seq, pruned.hash) if pruned is not None else (0, b"")
    heads = sorted((one for one in seals if one.kind == HEAD and one.seq > seq), key=lambda one: one.seq)
    said = {one.seq: one.hash for one in heads}
    checked, covered = 0, seq
    async for entry in _entries(session, environment_id):
        reason = _fault(entry, seq, last, said.get(entry.seq))
        if reason:
            return Verdict(checked, entry.seq, reason, covered)
        checked, seq, last = checked + 1, entry.seq, entry.hash
        covered = seq if seq in said else covered
    head = await session.get(AuditHead, environment_id)
    ends = (head.seq, head.hash) if head is not None else (0, b"")
    if ends != (seq, last) or (heads and heads[-1].seq > seq):
        return Verdict(checked, seq + 1, "the end of the chain is missing", covered)
    return Verdict(checked, signed=covered)


async def _entries(session: AsyncSession, environment_id: str) -> AsyncIterator[AuditEntry]:
    """All that are kept, oldest first."""
    after = 0
    while True:
        query = select(AuditEntry).where(AuditEntry.environment_id == environment_id, AuditEntry.seq > after)
        entries = list(await session.scalars(query.order_by(AuditEntry.seq).limit(_BATCH)))
        for entry in entries:
            yield entry
        if len(entries) < _BATCH:
            return
        after = entries[-1].seq
        session.expunge_all()


def _fault(entry: AuditEntry, seq: int, last: bytes, said: bytes | None) -> str:
    if entry.seq != seq + 1:
        return "entries before this one are missing"
    if entry.prev_hash != last:
        return "it does not continue the entry before it"
    if entry.hash != hash_of(entry):
        return "it was changed"
    if said is not None and said != entry.hash:
        return "it is not the entry that was signed"
    return ""
