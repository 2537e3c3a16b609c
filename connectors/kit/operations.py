"""What goes into an operation of a resource and what comes out. The unified API speaks only these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel

from connectors.kit.http import Json, Pairs

Record = dict[str, Any]
"""A unified record: unified field names, Decimal money, `date`, aware UTC `datetime`. An absent key was not fetched."""


class Op(StrEnum):
    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"


@dataclass(frozen=True, slots=True)
class Filter:
    """`field` is dotted below the record ("contact.id"). `value` is text as it came; a tuple of texts for IN."""

    field: str
    op: Op
    value: str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ListQuery:
    """`position` is what an earlier Page gave as next or previous; None is the first page.

    `folded`: texts that must be equal may differ in case and in the blanks around them. `tolerant`: a row that
    cannot be read is set aside instead of failing its page.
    """

    limit: int = 100
    position: Mapping[str, Any] | None = None
    filters: tuple[Filter, ...] = ()
    sort: Sort | None = None
    search: str | None = None
    folded: bool = False
    tolerant: bool = False


@lru_cache(maxsize=256)  # asked of every record of a page
def _date_in(time_zone: str, now: datetime) -> date:
    try:
        return now.astimezone(ZoneInfo(time_zone)).date()
    except (ZoneInfoNotFoundError, ValueError):
        return now.date()


@dataclass(frozen=True, slots=True)
class Context:
    """The account an operation runs for, and the moment it started. Flows read no clock of their own.

    `reckons`: what a document comes to is wanted before it is written, at the cost of the calls it takes.
    """

    organization_id: str
    now: datetime
    time_zone: str = "UTC"
    currency: str | None = None
    web: str = ""
    remote_query: Pairs = ()
    organization_name: str | None = None
    reckons: bool = False

    @property
    def today(self) -> date:
        """The date in the company's calendar."""
        return _date_in(self.time_zone, self.now)


@dataclass(frozen=True, slots=True)
class Issue:
    """Something the caller should know about an answer that nevertheless stands. `extra`: members of its own."""

    code: str
    pointer: str
    detail: str
    native_path: str | None = None
    retryable: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


Outcome = Literal["created", "updated", "deleted", "unchanged", "already_existed", "partial"]


@dataclass(slots=True)
class Answer:
    """One record. `native` is what it was read from (`remote_data`). `outcome` is None on reads.

    `model` is the record's where an action made one of another kind. `expanded` is shown with the record, by field,
    though no part of it and its etag: whole records in place of references, what only list rows tell. `found`: a
    create looked for the record and found it.
    """

    record: Record
    native: Json = None
    issues: list[Issue] = field(default_factory=list[Issue])
    outcome: Outcome | None = None
    model: type[BaseModel] | None = None
    expanded: dict[str, Any] = field(default_factory=dict[str, Any])
    found: bool = False


@dataclass(slots=True)
class Page:
    """One page, never empty while `next` is set. `absent` names unified fields these rows lack (rule 2).

    `unreadable`: (the native row, why) of rows set aside.
    """

    answers: list[Answer]
    next: Mapping[str, Any] | None = None
    previous: Mapping[str, Any] | None = None
    absent: tuple[str, ...] = ()
    issues: list[Issue] = field(default_factory=list[Issue])
    unreadable: list[tuple[Json, str]] = field(default_factory=list[tuple[Json, str]])
