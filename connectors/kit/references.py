"""Where natural references are looked up (rule 8), as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.kit.paging import Paging


@dataclass(frozen=True, slots=True)
class Key:
    """How a record is found by one key.

    native  what must equal it exactly
    param   the parameter that narrows the list; without one the whole (short) list is read
    near    the parameter that finds similar names, asked only to help after nothing was found
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
    query      pairs sent with every call
    fresh_for  seconds the gateway may answer from its memory
    missing    field error code when nothing matches
    prefix     what our ids of these records have before the provider's
    """

    noun: str
    resource: str
    path: str
    many: str
    id: str
    keys: Mapping[str, Key]
    query: tuple[tuple[str, str], ...] = ()
    fresh_for: float = 30.0
    missing: str = "reference_not_found"
    prefix: str = ""
    paging: Paging = field(default_factory=Paging)
