"""When something is due: every so many seconds, or by a cron line."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

SHORTEST = 60
LONGEST = 366 * 86_400


class BadCadence(ValueError):
    """The message says what is wrong with it, and `member` where."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


def checked(cadence: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A cadence as it is stored. BadCadence when it never comes, or too often."""
    interval, cron = cadence.get("interval_seconds"), cadence.get("cron")
    if (interval is None) == (cron is None):
        raise BadCadence("", "a cadence has either interval_seconds or cron")
    if interval is not None:
        if cadence.get("time_zone") is not None:
            raise BadCadence("time_zone", "an interval knows no time zone")
        if not SHORTEST <= interval <= LONGEST:
            raise BadCadence("interval_seconds", f"an interval is from {SHORTEST} seconds to a year")
        return {"interval_seconds": interval}
    stored = {"cron": " ".join(str(cron).split()), "time_zone": cadence.get("time_zone") or "UTC"}
    if len(stored["cron"].split(" ")) != 5:
        raise BadCadence("cron", "a cron line has five fields: minute, hour, day, month, weekday")
    try:
        ZoneInfo(stored["time_zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadCadence("time_zone", "no such time zone; one is Europe/Berlin") from None
    try:
        following(stored, now, 0.0)
    except (CroniterBadCronError, CroniterBadDateError, ValueError) as error:
        raise BadCadence("cron", f"this cron line never comes: {error}") from None
    return stored


def following(cadence: Mapping[str, Any], after: datetime, jitter: float) -> datetime:
    """The next time after `after`. `jitter`, from 0 to 1, sets jobs of one interval apart: by up to a tenth of it each
    comes sooner, and never later than was asked for."""
    interval = cadence.get("interval_seconds")
    if interval is not None:
        return after + timedelta(seconds=interval * (1.0 - 0.1 * jitter))
    local = after.astimezone(ZoneInfo(cadence["time_zone"]))
    found: datetime = croniter(cadence["cron"], local).get_next(datetime)
    return found.astimezone(after.tzinfo)
