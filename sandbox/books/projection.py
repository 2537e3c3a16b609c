"""From stored records to what a list row or a detail shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from .call import Row
from .ledger import Ledger
from .money import shown
from .times import stamp

Make = Callable[[Ledger, Row], Any]
Spread = Callable[[Ledger, Row], Row]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is shown: `constants`, `stored` fields (with the value when absent) and `made` ones."""

    stored: Mapping[str, Any] = field(default_factory=dict[str, Any])
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any])
    made: Mapping[str, Make] = field(default_factory=dict[str, Make])
    spread: tuple[Spread, ...] = ()
    """Functions that give several keys at once."""

    def show(self, ledger: Ledger, record: Row) -> Row:
        row = dict(self.constants)
        get = record.get
        for name, default in self.stored.items():
            row[name] = get(name, default)
        for name, make in self.made.items():
            row[name] = make(ledger, record)
        for several in self.spread:
            row.update(several(ledger, record))
        return row

    def with_more(self, other: "Columns") -> "Columns":
        return Columns(
            {**self.stored, **other.stored},
            {**self.constants, **other.constants},
            {**self.made, **other.made},
            self.spread + other.spread,
        )


def blank(*names: str) -> dict[str, str]:
    """Keys that are present and empty."""
    return dict.fromkeys(names, "")


def documents(ledger: Ledger, record_id: str) -> list[Row]:
    """What a detail tells of the files attached to it."""
    names = ("document_id", "file_name", "file_type", "file_size")
    return [{name: one[name] for name in names} for one in ledger.attachments.get(record_id, ())]


_PLAIN = (str, bool, int)


def rendered(value: Any, zone: ZoneInfo) -> Any:
    """The value as JSON carries it: instants as text of the organisation's zone, decimals without padding."""
    kind = type(value)
    if kind is dict:
        return {
            key: entry if type(entry) in _PLAIN else rendered(entry, zone) for key, entry in value.items()
        }
    if kind in _PLAIN:
        return value
    if kind is Decimal:
        return shown(value)
    if kind is list or kind is tuple:
        return [rendered(entry, zone) for entry in value]
    if kind is datetime:
        return stamp(value, zone)
    return "" if value is None else value


LOCKS: Row = {
    "lock_details": {"can_lock": False},
    "locked_actions": [],
    "lock_detail": {"can_lock": True, "custom_locks": [], "system_locks": []},
}
SUBMITTER = blank(
    "submitted_date",
    "submitted_by",
    "submitted_by_name",
    "submitted_by_email",
    "submitted_by_photo_url",
    "submitter_id",
    "approver_id",
)
PAGE: Row = {"page_width": "8.27in", "page_height": "11.69in", "orientation": "portrait"}
