"""Dates and instants as the wire writes them."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .call import invalid

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}")


def stamp(instant: datetime, zone: ZoneInfo) -> str:
    """2026-06-09T09:46:21-0400: the organisation's zone, no colon in the offset, no fraction."""
    return instant.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def day(instant: datetime, zone: ZoneInfo) -> str:
    """The organisation's calendar day, yyyy-mm-dd."""
    return instant.astimezone(zone).date().isoformat()


def shown_day(text: str) -> str:
    """The display twin of a day: 09 Jun 2026."""
    return date.fromisoformat(text).strftime("%d %b %Y") if text else ""


def read_day(value: Any, name: str) -> str:
    """A yyyy-mm-dd text of a day that exists; code 2 otherwise."""
    if not isinstance(value, str) or not _DATE.fullmatch(value.strip()):
        raise invalid(name)
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        raise invalid(name) from None


def read_instant(value: str, name: str) -> datetime:
    """An instant with a numeric offset without colon; "Z", no offset or a bare day is code 2."""
    if not _INSTANT.fullmatch(value):
        raise invalid(name)
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except ValueError:
        raise invalid(name) from None


def later(text: str, days: int) -> str:
    return (date.fromisoformat(text) + timedelta(days=days)).isoformat()


def days_between(start: str, end: str) -> int:
    return (date.fromisoformat(end) - date.fromisoformat(start)).days
