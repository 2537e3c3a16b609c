"""What a write seeks: writes that share some of it go one after the other (`app.writes.turns`)."""

from hashlib import sha256

from app.unified.changes import Change
from app.unified.documents import document_of
from app.unified.matching import sought


def sought_by(change: Change) -> str | None:
    """The record it is about; of a create, what it looks for and the document it makes. Digests, parted by blanks."""
    if change.id is not None:
        return sha256(f"id {change.id}".encode()).hexdigest()[:32]
    found = set() if change.matching is None else set(sought(change.body, change.matching))
    document = document_of(change)
    if document is not None:
        found.add(document)
    return " ".join(sorted(found)) or None


def waits(change: Change) -> bool:
    """Whether it takes its turn. A create that looks for nothing is refused, or goes at once."""
    return change.id is not None or change.matching is not None
