"""What copies can be filtered and sorted by: every scalar of a record, and below it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from connectors.kit.codec import BOOL, DATE, INSTANT, INTEGER, QUANTITY, TEXT, Codec, CodecError
from connectors.kit.operations import Op
from unified_models.fields import is_array, part_of, scalar_of, words_of

_CODECS: dict[type, Codec[Any]] = {
    str: TEXT,
    Decimal: QUANTITY,
    int: INTEGER,
    bool: BOOL,
    date: DATE,
    datetime: INSTANT("%Y-%m-%dT%H:%M:%SZ"),
}
_DEEPEST = 3
_UNSEEN = frozenset({"etag", "remote_data"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value of a record, or several where a list is on the way to it. `free`: any text, commas too."""

    name: str
    codec: Codec[Any]
    several: bool
    free: bool

    @property
    def path(self) -> Sequence[str]:
        return self.name.split(".")

    @property
    def operators(self) -> frozenset[Op]:
        if self.codec is BOOL:
            return frozenset({Op.EQ, Op.NE})
        return frozenset(Op) if self.codec is TEXT else frozenset(Op) - {Op.CONTAINS, Op.STARTS_WITH}

    def read(self, value: Any) -> Any:
        """A stored value as what it is: Decimal, date, instant. None for what is no such thing."""
        if value is None:
            return None
        try:
            return self.codec.read(value)
        except CodecError:
            return None


def scalars_of(model: type[BaseModel], fields: Collection[str]) -> dict[str, Scalar]:
    """The scalars below some fields of a model, by their dotted names."""
    return {name: scalar for name, scalar in _scalars(model).items() if name.partition(".")[0] in fields}


@lru_cache(256)
def _scalars(model: type[BaseModel]) -> dict[str, Scalar]:
    return {each.name: each for each in _below(model, "", several=False, depth=1)}


def _below(model: type[BaseModel], prefix: str, *, several: bool, depth: int) -> Iterator[Scalar]:
    for field in model.model_fields:
        if field in _UNSEEN:
            continue
        many = several or is_array(model, field)
        part, scalar = part_of(model, field), scalar_of(model, field)
        if part is not None and depth < _DEEPEST:
            yield from _below(part, f"{prefix}{field}.", several=many, depth=depth + 1)
        elif part is None and scalar is not None:
            codec = _CODECS[scalar]
            free = codec is TEXT and field != "id" and words_of(model, field) is None
            yield Scalar(f"{prefix}{field}", codec, many, free)


def told(record: Any, path: Sequence[str]) -> list[Any] | None:
    """The values at a path, through every list on the way; None when the record does not tell."""
    found: list[Any] = [record]
    for name in path:
        holders = [each for each in _flat(found) if isinstance(each, dict)]
        if holders and not any(name in each for each in holders):
            return None
        found = [each.get(name) for each in holders]
    return [each for each in _flat(found) if each is not None]


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for each in values:
        if isinstance(each, list):
            yield from each
        else:
            yield each
