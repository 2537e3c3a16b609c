"""Verbs on a record. The models of what a caller may say with them are in unified_models/actions.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from connectors.kit.http import Json, Pairs
from connectors.kit.operations import Context


@dataclass(frozen=True, kw_only=True)
class Action:
    """One verb: a call to `path` (holding {id}), then one read, because providers answer only a message.

    fields          model of the body it takes; None: no body
    reaches_person  mail leaves the building
    allowed_from    unified statuses it starts from; empty: any
    body            (validated body, native record or None, context) → native body
    reads           the native record is read first and given to `body`
    creates         models of the new record it answers, one of them; empty: it answers the record itself
    """

    name: str
    doc: str
    path: str
    fields: type[BaseModel] | None = None
    reaches_person: bool = False
    allowed_from: frozenset[str] = frozenset()
    body: Callable[[Mapping[str, Any], Json, Context], Json] | None = None
    reads: bool = False
    method: str = "POST"
    query: Pairs = ()
    creates: tuple[type[BaseModel], ...] = ()


def masters(path: str, idle: str = "archived") -> dict[str, Action]:
    """activate and deactivate of a resource at `path`; `idle` is its status when it is not active."""
    return {
        "activate": Action(
            name="activate", doc="Makes it selectable again.", path=path + "/{id}/active",
            allowed_from=frozenset({idle}),
        ),
        "deactivate": Action(
            name="deactivate", doc="Keeps it for old records, hides it from new ones.",
            path=path + "/{id}/inactive", allowed_from=frozenset({"active"}),
        ),
    }  # fmt: skip
