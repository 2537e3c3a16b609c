"""When something is due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.sync import cadence
from app.sync.cadence import BadCadence

NOON = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)


def test_intervals_are_set_apart_by_up_to_a_tenth_and_never_longer() -> None:
    stored = cadence.checked({"interval_seconds": 600}, NOON)
    assert cadence.following(stored, NOON, 0.0) == NOON + timedelta(seconds=600)
    assert cadence.following(stored, NOON, 1.0) == NOON + timedelta(seconds=540)


@pytest.mark.parametrize(
    ("line", "zone", "expected"),
    [
        (
            "0 6 * * *",
            "Europe/Berlin",
            datetime(2026, 3, 29, 4, 0, tzinfo=UTC),
        ),  # summer time begins that night
        ("*/15 * * * *", "UTC", datetime(2026, 3, 28, 12, 15, tzinfo=UTC)),
        ("30 9 * * 1", "Asia/Kolkata", datetime(2026, 3, 30, 4, 0, tzinfo=UTC)),
    ],
)
def test_cron_lines_mean_local_time(line: str, zone: str, expected: datetime) -> None:
    stored = cadence.checked({"cron": f"  {line} ", "time_zone": zone}, NOON)
    assert stored == {"cron": line, "time_zone": zone}
    assert cadence.following(stored, NOON, 0.7) == expected


@pytest.mark.parametrize(
    ("given", "member"),
    [
        ({}, ""),
        ({"interval_seconds": 60, "cron": "* * * * *"}, ""),
        ({"interval_seconds": 59}, "interval_seconds"),
        ({"interval_seconds": 10**9}, "interval_seconds"),
        ({"interval_seconds": 60, "time_zone": "UTC"}, "time_zone"),
        ({"cron": "not a cron line at"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"cron": "* * * * * *"}, "cron"),
        ({"cron": "0 0 * * *", "time_zone": "Nowhere/At_All"}, "time_zone"),
        ({"cron": "0 0 * * *", "time_zone": "../etc/passwd"}, "time_zone"),
    ],
)
def test_what_never_comes_or_too_often_is_refused(given: dict[str, Any], member: str) -> None:
    with pytest.raises(BadCadence) as refused:
        cadence.checked(given, NOON)
    assert refused.value.member == member
