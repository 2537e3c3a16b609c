"""Currencies the company works with."""

from typing import Annotated

from pydantic import Field

from unified_models.fields import read_only, required, writable
from unified_models.record import Record
from unified_models.statuses import MASTER_STATUS
from unified_models.types import Date, Rate


class Currency(Record):
    """A currency. Its `id` is its ISO code."""

    code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = required("ISO 4217 code")
    name: str | None = writable("Name")
    symbol: str | None = writable("Symbol")
    precision: Annotated[int, Field(ge=0, le=6)] | None = writable("Decimals of an amount")
    is_base: bool | None = read_only("The company's own currency")
    exchange_rate: Rate | None = writable("Base currency per 1 unit")
    rate_date: Date | None = writable("Day of the exchange rate")
    status: Annotated[str, MASTER_STATUS] | None = read_only("State")
    remote_status: str | None = read_only("The provider's own word for the status")
