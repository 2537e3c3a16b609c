"""Whether a record at the provider is the one a create was meant to make."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from connectors.kit.applied import same
from connectors.kit.mapping import Reference
from connectors.kit.operations import Record
from connectors.kit.reading import get_path
from connectors.kit.resource import Resource

SEARCHED = ("reference", "number", "name", "code")
"""What a record is looked for by, in order of preference."""

DAYS = ("issue_date", "transaction_date")

_TELLING = (
    "contact", "customer", "account", "reference", "number", "name", "code", "type", "payment_for", "currency",
    *DAYS, "total_amount", "transaction_type",
)  # fmt: skip
_LISTS = ("line_items", "lines", "allocations")
_OF_A_LINE = ("quantity", "unit_price", "amount", "total_line_amount")


def expected(resource: Resource, body: Record, native: Any) -> Record:
    """What tells the record that `body`, spelled as `native`, makes. References are told by the ids that were sent."""
    found: Record = {}
    for name in _TELLING:
        row = resource.table.by_name.get(name)
        if isinstance(row, Reference):
            id = get_path(native, row.writes or row.native)
            if id:
                found[name] = {"id": f"{row.to.prefix if row.to else ''}{id}"}
        elif body.get(name) is not None and not isinstance(body[name], Mapping):
            found[name] = body[name]
    return found | {name: body[name] for name in _LISTS if isinstance(body.get(name), list)}


def is_like(wanted: Record, record: Record) -> bool:
    """Whether nothing a record tells speaks against it. What it does not tell is not judged."""
    return all(_agrees(value, record[name]) for name, value in wanted.items() if record.get(name) is not None)


def is_of_then(record: Record, since: datetime, *, doubted: bool = False) -> bool:
    """Whether a record was made since then. One that does not tell was, unless that is `doubted`."""
    made = record.get("created_at")
    return made >= since if isinstance(made, datetime) else not doubted


def _agrees(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, Mapping):
        id = cast("Mapping[str, Any]", got).get("id") if isinstance(got, Mapping) else got
        return id is None or str(id) == str(
            cast("Mapping[str, Any]", wanted)["id"]
        )  # a row may tell a name only
    if isinstance(wanted, list):
        sent, there = cast("list[Record]", wanted), cast("list[Record]", got)
        return len(sent) == len(there) and all(_lines(sent, there))
    return same(wanted, got)


def _lines(sent: list[Record], there: list[Record]) -> Iterator[bool]:
    for one, other in zip(sent, there, strict=True):
        for name in _OF_A_LINE:
            if one.get(name) is not None and other.get(name) is not None:
                yield _rounds_to(one[name], other[name])


def _rounds_to(sent: Any, got: Any) -> bool:
    """Whether a provider that keeps fewer places could have made this of it."""
    if not isinstance(sent, Decimal) or not isinstance(got, Decimal):
        return same(sent, got)
    places = min(int(got.normalize().as_tuple().exponent), 0)
    return abs(sent - got) <= Decimal(1).scaleb(places) / 2
