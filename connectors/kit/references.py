"""Natural references: a record named by one of its keys becomes its id before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Key:
    """How a record is found by one key: the native field that must equal it, and the parameter that narrows.

    Without a parameter the whole (short) list is read. `near` is the parameter that finds similar names.
    """

    native: str
    param: str | None = None
    near: str | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """A native collection in which references are resolved.

    noun       what a person calls one of it ("contact")
    resource   the unified resource its ids belong to
    keys       unified key → Key
    query      pairs sent with every list call
    fresh_for  seconds the gateway may answer from memory
    missing    field error code when nothing matches
    """

    noun: str
    resource: str
    path: str
    many: str
    id: str
    label: str
    keys: Mapping[str, Key]
    query: tuple[tuple[str, str], ...] = ()
    fresh_for: float = 30.0
    missing: str = "reference_not_found"
    pages: bool = True
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
