"""The columns of a unified model, and those a copy of it has besides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from app.models.synced_records import SyncedRecord
from connectors.kit.connector import Connector

Kind = Literal["text", "number", "integer", "boolean", "date", "instant", "json"]

_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "boolean"),  # before int, and datetime before date: the first that fits
    (int, "integer"),
    (Decimal, "number"),
    (datetime, "instant"),
    (date, "date"),
    (str, "text"),
)
_NOT_STORED = frozenset({"remote_data"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `kind` says what its values are, nested ones being JSON."""

    name: str
    kind: Kind


ACCOUNT = Column("integrated_account_id", "text")
SEQUENCE = Column("sequence", "integer")
OBSERVED = Column("observed_at", "instant")
DELETED = Column("deleted_at", "instant")

OWN = (ACCOUNT, SEQUENCE, OBSERVED, DELETED)
"""What every copy has: whose record it is, which change it shows, when that was seen, and when it was found gone."""


@lru_cache(256)
def columns_of(model: type[BaseModel]) -> tuple[Column, ...]:
    """Ours, then the model's in its order."""
    fields = (
        Column(name, kind_of(field.annotation))
        for name, field in model.model_fields.items()
        if name not in _NOT_STORED
    )
    return (*OWN, *fields)


def kind_of(annotation: Any) -> Kind:
    """The kind of a field's values; null is every kind's."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return kind_of(get_args(annotation)[0])
    if origin in (Union, UnionType):
        kinds: set[Kind] = {kind_of(one) for one in get_args(annotation) if one is not type(None)}
        return kinds.pop() if len(kinds) == 1 else "json"
    for known, kind in _KINDS:
        if isinstance(annotation, type) and issubclass(annotation, known):
            return kind
    return "json"


def flat(row: SyncedRecord) -> dict[str, Any]:
    """A record's members with the values of our columns."""
    own = {
        ACCOUNT.name: row.account_id,
        SEQUENCE.name: row.sequence,
        OBSERVED.name: row.observed_at,
        DELETED.name: row.deleted_at,
        "id": row.id,
    }
    return {**row.record, **own}


Models = Mapping[str, type[BaseModel]]
"""The model of each resource, by the name its records are stored under."""


def models_of(connector: Connector) -> Models:
    """All a connector has."""
    return {name: resource.model for (_, name), resource in connector.resources.items()}
