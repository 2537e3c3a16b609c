"""When background work would be done."""

import pytest

from app.gateway.budget import Ask, Budget
from app.gateway.forecast import forecast, said
from app.gateway.runs import Lane
from connectors.kit.limits import Limits

NOON = 1_750_000_000.0 - 1_750_000_000.0 % 86_400 + 43_200
PLAN = Limits(minute=100, concurrent=10, day=2000)


@pytest.mark.parametrize(
    ("calls", "used", "today", "days", "seconds"),
    [
        (80, 0, 1600, 1, 60),
        (1600, 0, 1600, 1, 1200),
        (1601, 0, 1600, 2, 43_200 + 0.75),
        (3400, 0, 1600, 3, 43_200 + 86_400 + 150),
        (3400, 1000, 600, 3, 43_200 + 86_400 + 900),
        (3400, 1900, 0, 3, 43_200 + 2 * 86_400 + 150),
        (1600, 1600, 0, 1, 43_200 + 1200),
    ],
)
def test_days_are_spent_one_after_the_other(
    calls: int, used: int, today: int, days: int, seconds: float
) -> None:
    budget = Budget(day_used=used, day_reset=NOON + 43_200)
    found = forecast(calls, budget, NOON, PLAN)
    assert (found.today, found.per_day, found.days) == (today, 1600, days)
    assert found.seconds == pytest.approx(seconds)


def test_what_the_provider_told_counts_more_than_the_plan() -> None:
    budget = Budget()
    budget.ask(NOON, PLAN, Ask("a", seen=(5000, 5000, 7200.0)))
    assert forecast(3400, budget, NOON, PLAN).seconds == pytest.approx(3400 * 60 / 80)
    budget.close_day(NOON, PLAN, 3600.0)
    assert forecast(80, budget, NOON, PLAN).seconds == pytest.approx(3660)


def test_a_sentence_tells_it() -> None:
    budget = Budget(day_used=0, day_reset=NOON + 86_400)
    assert said(forecast(3400, budget, NOON, PLAN), 2000) == (
        "3,400 calls: about 2 days at this plan (2,000 calls a day, 1,600 of them for background work, "
        "1,600 left today)."
    )
    assert said(forecast(10, budget, NOON, PLAN), 2000).startswith("10 calls: less than a minute at")
    hopeless = forecast(10, budget, NOON, Limits(100, 1, 1))
    assert hopeless.seconds is None
    assert "never" in said(hopeless, 1)


def test_a_forecast_matches_what_the_governor_grants() -> None:
    """Asked as fast as it gives, sync is done when it was said."""
    budget, now, left = Budget(), NOON, 1700
    found = forecast(left, budget, now, PLAN)
    assert found.seconds is not None
    while left:
        given = budget.ask(now, PLAN, Ask("a", (Lane.SYNC,) * min(left, 10)))
        left -= given.granted
        budget.release(now, "a", 0)
        now += next(iter(given.refusals.values()))[1] if given.refusals else 0.5
    assert now - NOON == pytest.approx(found.seconds, abs=180)


def test_a_share_of_the_limits_takes_longer() -> None:
    budget = Budget(day_reset=NOON + 43_200)
    found = forecast(1600, budget, NOON, Limits(minute=100, concurrent=10, day=2000, share=0.5))
    assert (found.today, found.per_day, found.per_minute, found.days) == (800, 800, 40, 2)
    assert found.seconds == pytest.approx(43_200 + 1200)
