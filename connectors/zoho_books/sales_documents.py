"""What estimates, sales orders and sales receipts share beyond the other documents."""

from collections.abc import Mapping
from typing import Any

from connectors.kit.mapping import Table, Unmapped


def lacking(table: Table[Any], why: Mapping[str, str]) -> Table[Any]:
    """The table without a place for some fields: unified name → the reason."""
    rows = (
        Unmapped(unified=row.unified, why=why[row.unified]) if row.unified in why else row
        for row in table.rows
    )
    return Table(table.model, tuple(rows), table.null)
