"""A resource: where a provider keeps one kind of record, and the flows that read and write it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """`path` is the collection's native path; `one` and `many` are the keys of its answers."""

    path: str
    one: str
    many: str
