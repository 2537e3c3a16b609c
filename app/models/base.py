"""What every table shares: the declarative base, the column types, the names of constraints."""

from datetime import UTC, datetime
from typing import Any, NewType, TypeAlias

from sqlalchemy import JSON, DateTime, MetaData, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass
from sqlalchemy.types import TypeDecorator

from app.core import json

Document: TypeAlias = dict[str, Any]
"""A JSON object column."""


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC and read back as an aware UTC datetime on every dialect.

    Raises ValueError for a naive datetime: which instant it means would be a guess.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored instant needs a time zone")
        moment = value.astimezone(UTC)
        # SQLite keeps text; without the offset, text order is time order
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Exact = NewType("Exact", dict[str, Any])
"""A JSON object column whose numbers keep every digit: fractions come back as Decimal."""


class ExactJson(TypeDecorator[Exact]):
    """`Exact`, stored as text by the one codec."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Exact | None, dialect: Dialect) -> str | None:
        return None if value is None else json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Exact | None:
        return None if value is None else Exact(json.decode(value.encode()))


# not JSONB: it refuses "\u0000" and reorders what callers stored
JsonColumn = JSON(none_as_null=True)


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True, repr=False, eq=False):
    """Base of all tables. Rows are built by keyword; a row's repr shows no column, so no secret either."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: Instant(),
        Exact: ExactJson(),
        Document: JsonColumn,
        list[str]: JsonColumn,
        list[Document]: JsonColumn,
    }
