"""Records as a Parquet file: a column per unified field, figures exact, nested members as JSON text."""

import importlib
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from app.core.json import encode
from app.models.synced_records import SyncedRecord
from app.sync.destinations.columns import OWN, Column, Kind, flat
from app.sync.destinations.unusable import Unusable

_DIGITS, _SCALE = 38, 18

_READ: dict[Kind, Callable[[Any], Any]] = {
    "text": lambda value: value if isinstance(value, str) else encode(value).decode(),
    "number": Decimal,
    "integer": int,
    "boolean": bool,
    "date": date.fromisoformat,
    "instant": datetime.fromisoformat,
    "json": lambda value: encode(value).decode(),
}


def parquet(rows: Sequence[SyncedRecord], columns: Sequence[Column]) -> bytes:
    """Unusable without its library, or for a figure that has more digits than Parquet's decimals."""
    arrow, types = _arrow()
    made = io.BytesIO()
    try:
        flattened = [flat(row) for row in rows]
        arrays = [arrow.array(_values(flattened, column), types[column.kind]) for column in columns]
    except (ValueError, TypeError, ArithmeticError):  # Arrow's own errors are ValueErrors
        fits = f"{_DIGITS - _SCALE} digits before and {_SCALE} behind the point"
        detail = f"A value of {rows[0].resource} does not fit its column; figures have at most {fits}."
        raise Unusable("data", detail, "format") from None
    table = arrow.table(arrays, names=[column.name for column in columns])
    importlib.import_module("pyarrow.parquet").write_table(table, made)
    return made.getvalue()


def _values(rows: Sequence[Mapping[str, Any]], column: Column) -> list[Any]:
    values = [row.get(column.name) for row in rows]
    if column in OWN:
        return values
    read = _READ[column.kind]
    return [None if value is None else read(value) for value in values]


@lru_cache(1)
def _arrow() -> tuple[Any, dict[Kind, Any]]:
    """The library, which is half a second's work to load, and its types."""
    try:
        arrow = importlib.import_module("pyarrow")
    except ImportError:
        raise Unusable(
            "missing_extra", "Parquet needs an extra: pip install 'ledgerway[parquet]'.", "format"
        ) from None
    instant = arrow.timestamp("us", tz="UTC")
    return arrow, {
        "text": arrow.string(),
        "number": arrow.decimal128(_DIGITS, _SCALE),
        "integer": arrow.int64(),
        "boolean": arrow.bool_(),
        "date": arrow.date32(),
        "instant": instant,
        "json": arrow.string(),
    }
