"""Scalar types of the unified schema: decimals, dates, instants and words.

Validation is for what callers write; pass `context=READING` to let a provider's own words through.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

READING: Mapping[str, Any] = {"reading": True}
"""Validation context of a record that came from a provider: unknown words of an enum pass through."""

_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})"
)


def is_reading(info: core_schema.ValidationInfo) -> bool:
    return bool(info.context) and bool(info.context.get("reading"))


@dataclass(frozen=True, slots=True)
class _Exact:
    """A decimal of at most 18 digits before and 6 behind the point, given as a number or as text."""

    signed: bool

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        number: JsonSchemaValue = {"type": "number"} if self.signed else {"type": "number", "minimum": 0}
        if handler.mode == "serialization":
            return number
        sign = "-?" if self.signed else ""
        return {"anyOf": [number, {"type": "string", "pattern": rf"^{sign}\d{{1,18}}(\.\d{{1,6}})?$"}]}

    def read(self, value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise PydanticCustomError("wrong_type", "a number or a decimal string is expected")
        if isinstance(value, str):
            text = value
        elif isinstance(value, int):
            # Python refuses to print integers of thousands of digits; those are out of range anyway.
            text = str(value) if value.bit_length() < 128 else ""
        else:
            text = format(value, "f") if value.is_finite() and abs(value.adjusted()) < 40 else ""
        if not _DECIMAL.fullmatch(text):
            raise PydanticCustomError("precision", "at most 18 digits before and 6 behind the decimal point")
        number = Decimal(text)
        if number < 0 and not self.signed:
            raise PydanticCustomError("wrong_type", "the amount must not be negative")
        return number


Money = Annotated[Decimal, _Exact(signed=False)]
"""An amount ≥ 0 in the record's currency, exact."""

SignedMoney = Annotated[Decimal, _Exact(signed=True)]
"""An amount that may be negative: adjustments, balances, prices of reduction lines."""

Quantity = Annotated[Decimal, _Exact(signed=True)]
"""A count or measure, exact."""

Rate = Annotated[Decimal, _Exact(signed=False)]
"""A percentage (7.5 is 7.5 %) or an exchange rate (base currency per 1 unit), exact."""


def _date(value: object) -> object:
    if isinstance(value, datetime):
        raise PydanticCustomError("wrong_type", "a date without a time is expected")
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise PydanticCustomError("wrong_type", "a date as YYYY-MM-DD is expected, without a time")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("wrong_type", "no such date in the calendar") from None


def _instant(value: object) -> object:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise PydanticCustomError(
        "wrong_type", "a time with its offset is expected, such as 2026-03-01T09:30:00Z"
    )


Date = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A day in the company's calendar."""

Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A moment; answers print it in UTC with Z."""


@dataclass(frozen=True, slots=True)
class Words:
    """The known words of an enum field, which stays text because providers have words of their own.

    `known` are the words answers use. `write` are those a request may use, all of `known` when empty.
    """

    known: tuple[str, ...]
    write: tuple[str, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        return self.write or self.known

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        found = handler(schema)
        if handler.mode == "serialization":
            # Not `enum`: rule 15 lets a provider's unknown word through.
            return {**found, "x-extensible-enum": list(self.known)}
        return {**found, "enum": list(self.allowed)}

    def check(self, value: str, info: core_schema.ValidationInfo) -> str:
        if value in self.allowed or is_reading(info):
            return value
        raise PydanticCustomError(
            "enum_value",
            "expected one of: {listed}",
            {"allowed": self.allowed, "listed": ", ".join(self.allowed)},
        )
