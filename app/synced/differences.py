"""What changed between two sights of a record."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core import json
from app.gateway.records import record_of
from app.models.base import Exact
from app.webhooks.catalogue import NO_CHANGE
from connectors.kit.operations import Answer, Page
from connectors.kit.resource import Resource


@dataclass(frozen=True, slots=True)
class Sight:
    """A record as it was just seen. `print` stands for the list row; None when it was read by itself."""

    id: str
    record: Exact
    modified_at: datetime | None
    print: str | None = None

    @property
    def is_partial(self) -> bool:
        return bool(self.record.get("is_partial"))


def sight_of(answer: Answer, part: Resource) -> Sight:
    """A list row, or a record read by itself."""
    shown = record_of(answer, part.model)
    del shown["remote_data"]
    written = json.encode(shown)
    listed = bool(shown["is_partial"])
    modified = shown.get("updated_at")
    return Sight(
        id=str(shown["id"]),
        record=Exact(json.decode(written)),
        modified_at=modified if isinstance(modified, datetime) else None,
        print=hashlib.blake2b(written, digest_size=16).hexdigest() if listed or not part.absent else None,
    )


def sights_of(page: Page, part: Resource) -> list[Sight]:
    """The rows of a page, each record once; the last sight of it counts."""
    return list({sight.id: sight for sight in (sight_of(answer, part) for answer in page.answers)}.values())


def changed_fields(before: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Members of `seen` that `before` has otherwise; what either does not tell did not change as far as is known."""
    return [name for name in _telling(seen) if name in before and _differs(before[name], seen[name])]


def newly_told(before: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Members of `seen` that `before` did not tell: whether they changed too, nobody knows."""
    return [name for name in _telling(seen) if name not in before]


def _telling(record: Mapping[str, Any]) -> list[str]:
    return [name for name in record if name not in NO_CHANGE]


def _differs(before: Any, seen: Any) -> bool:
    """A list row may tell less of what a record refers to than the record itself, and more."""
    if isinstance(before, dict) and isinstance(seen, dict):
        return any(_differs(before[name], value) for name, value in seen.items() if name in before)
    if isinstance(before, list) and isinstance(seen, list):
        return len(before) != len(seen) or any(map(_differs, before, seen))
    return bool(before != seen)
