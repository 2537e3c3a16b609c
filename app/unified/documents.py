"""What makes two creates mean the same document, whatever key they came with."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, cast

from app.core import json
from app.unified.changes import Change

_PARTIES = ("contact", "customer", "account")
_LISTS = ("line_items", "lines", "allocations")
_AMOUNTS = ("amount", "net_amount", "total_line_amount")


def document_of(change: Change, collection: str) -> str | None:
    """Stands for reference, contact and amounts of a create in a provider's collection; None where the caller gave no
    reference."""
    reference = change.body.get("reference")
    if change.operation != "create" or not isinstance(reference, str) or not reference.strip():
        return None
    party = next((change.body[name] for name in _PARTIES if change.body.get(name) is not None), None)
    told = [reference.strip().casefold(), collection, _ordered(party), str(_total(change.body))]
    return sha256(json.encode(told)).hexdigest()


def _total(body: Mapping[str, Any]) -> Decimal | None:
    """What its lines come to, before tax; without lines, the total it says."""
    lines = [each for name in _LISTS for each in cast("list[Any]", body.get(name) or [])]
    if (lines and body.get("line_items") is not None) or body.get("lines") is not None:
        return sum(_amounts(lines), Decimal(0)).normalize()
    total = body.get("total_amount")
    return total.normalize() if isinstance(total, Decimal) else None


def _amounts(lines: list[Mapping[str, Any]]) -> Iterator[Decimal]:
    for line in lines:
        said = next((line[name] for name in _AMOUNTS if line.get(name) is not None), None)
        if said is not None:
            yield abs(said)
        elif line.get("unit_price") is not None:
            yield line["unit_price"] * (Decimal(1) if line.get("quantity") is None else line["quantity"])


def _ordered(value: Any) -> Any:
    return sorted(value.items(), key=str) if isinstance(value, Mapping) else value
