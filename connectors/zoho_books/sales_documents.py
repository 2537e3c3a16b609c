"""What estimates, sales orders and sales receipts share beyond the other documents."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from connectors.kit.mapping import Row, Table, Unmapped


def in_records(rows: Iterable[Row], *unified: str) -> tuple[Row, ...]:
    """The rows, those named only of single records: list rows of this kind lack them."""
    return tuple(replace(row, detail_only=True) if row.unified in unified else row for row in rows)


def lacking(table: Table[Any], why: Mapping[str, str]) -> Table[Any]:
    """The table without a place for some fields: unified name → the reason."""
    rows = (
        Unmapped(unified=row.unified, why=why[row.unified]) if row.unified in why else row
        for row in table.rows
    )
    return Table(table.model, tuple(rows), table.null)
