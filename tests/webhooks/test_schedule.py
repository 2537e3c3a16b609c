"""When a message is tried again, and when its endpoint rests or is given up."""

from datetime import UTC, datetime, timedelta

import pytest

from app.webhooks.schedule import ATTEMPTS, DEGRADED_AT, Health, failed, succeeded, wait_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_ten_attempts_in_seventy_five_hours() -> None:
    assert len(ATTEMPTS) == 10 and ATTEMPTS[0] == 0
    assert 75 <= sum(ATTEMPTS) / 3600 < 76.5
    for attempts in range(1, 10):
        waits = [wait_after(attempts, None) for _ in range(200)]
        base = ATTEMPTS[attempts]
        assert all(wait is not None and 0.8 * base <= wait <= 1.2 * base for wait in waits)
        assert len(set(waits)) > 1, "not all at once"
    assert wait_after(10, None) is None and wait_after(10, 60) is None


@pytest.mark.parametrize("attempts", range(1, 10))
def test_what_a_receiver_asks_for_is_waited_for(attempts: int) -> None:
    wait = wait_after(attempts, 7_200)
    assert wait is not None and wait >= 7_200 and wait <= max(7_200, 1.2 * ATTEMPTS[attempts])
    wait = wait_after(attempts, 90_000)
    assert wait is not None and wait <= 1.2 * ATTEMPTS[attempts], "more than a day is not"


def fail(health: Health, now: datetime, times: int = 1, status: int | None = 500) -> Health:
    for _ in range(times):
        health = failed(health, now, status, None)
    return health


def test_ten_failures_in_a_row_and_one_message_a_minute_is_tried() -> None:
    health = fail(Health(), NOW, DEGRADED_AT - 1)
    assert (health.word, health.probe_at) == ("ok", None)
    health = fail(health, NOW)
    assert (health.word, health.probe_at) == ("degraded", NOW + MINUTE) and health.detail
    health = fail(health, NOW + MINUTE)
    assert (health.word, health.probe_at) == ("degraded", NOW + 2 * MINUTE)
    assert succeeded(NOW) == Health(succeeded_at=NOW)


def test_who_asks_for_rest_gets_it_whatever_others_answer_meanwhile() -> None:
    health = failed(Health(), NOW, 429, 600)
    assert (health.word, health.probe_at) == ("ok", NOW + 10 * MINUTE)
    assert fail(health, NOW + MINUTE).probe_at == NOW + 10 * MINUTE
    assert fail(health, NOW + 11 * MINUTE).probe_at is None
    assert failed(health, NOW, 503, 10**9).probe_at == NOW + timedelta(days=1)


def test_410_ends_it_at_once() -> None:
    assert fail(Health(), NOW, status=410).word == "disabled"


def test_five_days_of_failures_end_it() -> None:
    health = fail(Health(succeeded_at=NOW - timedelta(days=90)), NOW)
    assert (health.word, health.failing_since) == ("ok", NOW), (
        "nothing was sent meanwhile: that is no failure"
    )
    assert fail(health, NOW + timedelta(days=5) - MINUTE).word == "ok"
    assert fail(health, NOW + timedelta(days=5)).word == "disabled"
    assert fail(fail(health, NOW, 20), NOW + timedelta(days=5)).word == "disabled"
    assert fail(succeeded(NOW + timedelta(days=4)), NOW + timedelta(days=6)).word == "ok"
