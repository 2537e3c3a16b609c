"""What a write seeks: writes that share some of it go one after the other (`app.writes.turns`)."""

from collections.abc import Iterable
from hashlib import sha256

from app.unified.changes import Change
from app.unified.documents import document_of
from app.unified.matching import matchable, values_of
from connectors.kit.resource import Resource

_MOST = 20
"""Digests of what a create would make; who has more of them is not told apart by the rest."""


def seeks(resource: Resource, change: Change) -> str | None:
    """Digests parted by blanks: the record it is about, or what it looks for before it creates; after a bar, what else
    tells the record it would make, which others may look for."""
    part = _part(resource, change)
    if change.id is not None:  # an id is one record's, whichever collection it is asked for in
        return _digest(f"all {part.path}" if part.also_named else f"id {change.id}")
    made = {name: set(_digests(part, change, name)) for name in matchable(resource.on(change.side))}
    told = set[str]().union(*made.values())
    looked = set[str]()
    if (paper := document(resource, change)) is not None:
        told.add(paper)
    if change.matching is not None:
        looked = told & {paper, *(word for name in change.matching.fields for word in made.get(name, ()))}
    return f"{' '.join(sorted(looked))} | {' '.join(sorted(told - looked)[:_MOST])}" if told else None


def document(resource: Resource, change: Change) -> str | None:
    """Stands for the document a create makes, through whichever collection it is asked for."""
    return document_of(change, _part(resource, change).path) if change.id is None else None


def waits(change: Change) -> bool:
    """Whether it takes its turn. A create that looks for nothing is refused, or goes at once."""
    return change.id is not None or change.matching is not None


def _part(resource: Resource, change: Change) -> Resource:
    return resource.on(change.side).on(change.body.get(resource.by or ""))


def _digests(part: Resource, change: Change, name: str) -> Iterable[str]:
    return (_digest(f"{part.path} {name} {key}") for key in values_of(change.body, name) or ())


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
