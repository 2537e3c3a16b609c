"""Whose turn it is: writes that are about the same record, or could make the same, go one after the other.

Before a write come whoever has the turn, whoever asked earlier, and, while nothing of it was sent, creates that may
have made the record. A turn ends with its write, or with the lease of its owner.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Problem
from app.models.writes import Write
from app.writes import store


def has(write: Write) -> bool:
    """Whether it is its turn, as far as its owner knows."""
    return write.turn is not None and write.turn == write.owner


async def others(session: AsyncSession, write: Write) -> list[Write]:
    """The writes that are not settled and seek the same, oldest first."""
    return await store.seeking(session, write) if store.sought(write) else []


def first(others: Sequence[Write], write: Write, now: datetime) -> Write | None:
    """Who has to be waited for."""
    return next((each for each in others if _comes_before(each, write, now)), None)


async def take(session: AsyncSession, write: Write, now: datetime) -> Write | None:
    """Who has to be waited for. None: it is its turn now. To be asked while what it seeks is held."""
    found = await others(session, write)
    if (waited_for := first(found, write, now)) is not None:
        return waited_for
    for each in found:
        if has(each) and not await store.end_turn(session, each.id, now):
            return each
    write.turn = write.owner
    return None


def _comes_before(other: Write, write: Write, now: datetime) -> bool:
    if other.state == "executing" and other.lease_until > now:
        came_first = (other.created_at, other.id) < (write.created_at, write.id)
        if has(other) or (came_first and not _is_held_up(other, write)):
            return True
    return _is_held_up(write, other)


def _is_held_up(unsent: Write, sent: Write) -> bool:
    """Whether the one waits for what became of the other, whoever asked first."""
    may_have_made_it = sent.operation == "create" and sent.sent_at is not None and sent.record_id is None
    return may_have_made_it and unsent.sent_at is None


# While it is somebody else's


def is_worth_waiting(other: Write, now: datetime, seconds: float) -> bool:
    """Whether a write may be settled in so many seconds without anybody's doing."""
    if other.state == "unknown" and other.next_check_at is not None:
        return max(0.0, (other.next_check_at - now).total_seconds()) < seconds
    return other.state == "executing" and seconds > 0


def not_yet(write: Write, other: Write) -> Problem:
    """What is said to whoever did not get their turn."""
    if write.operation != "create":
        detail = "Other writes of this record took until the deadline; nothing was sent. Ask again."
        return Problem("deadline_exceeded", detail, write_id=other.id, executed="no", retry_after=1)
    address = f"/write/{other.id}"
    step = {"method": "GET", "path": address}
    if other.state == "unknown" and other.next_check_at is None:
        step = {"method": "POST", "path": f"{address}/resolve"}
    detail = _CREATED[other.state].format(**step)
    return Problem("possible_duplicate", detail, write_id=other.id, executed="no", next=step)


_CREATED = {
    "executing": "Another request looks for the same record and may be creating it; see what it made first: "
    "{method} {path}.",
    "unknown": "Nobody saw how another create of the same record ended; to see it, or to say it: {method} {path}.",
    "partial": "Another create of the same record stopped half-way: it goes on when it is asked again with its own "
    "Idempotency-Key; see what it made first: {method} {path}.",
}
