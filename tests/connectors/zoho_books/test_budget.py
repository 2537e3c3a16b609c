from decimal import Decimal

import pytest

from connectors.kit.limits import Limits, Quota
from connectors.zoho_books.budget import BUDGET, plan_word


@pytest.mark.parametrize(
    ("plan", "limits"),
    [
        (None, Limits(100, 5, 1000)),
        ("something new", Limits(100, 5, 1000)),
        ("Free", Limits(100, 5, 1000)),
        ("trial", Limits(100, 5, 1000)),
        ("Standard", Limits(100, 8, 2000)),
        ("PROFESSIONAL", Limits(100, 8, 5000)),
        ("premium", Limits(100, 8, 10_000)),
        ("Elite", Limits(100, 8, 10_000)),
        ("ultimate", Limits(100, 8, 10_000)),
    ],
)
def test_limits_by_plan(plan: str | None, limits: Limits) -> None:
    assert BUDGET.of(plan) == limits


@pytest.mark.parametrize("plan", [None, "free", "Professional", "ultimate"])
@pytest.mark.parametrize(
    ("day", "slots"), [(100, 5), (1000, 5), (1001, 8), (5000, 8), (7500, 8), (10_000, 8), (50_000, 8)]
)
def test_the_daily_limit_in_the_headers_beats_the_name_of_the_plan(
    plan: str | None, day: int, slots: int
) -> None:
    """A trial of Professional is called Professional, and has the calls of the free plan."""
    assert BUDGET.of(plan).at_once(day) == slots
    assert BUDGET.of(plan).at_once(None) == BUDGET.of(plan).concurrent


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (None, None),
        ("", None),
        ("Professional", "professional"),
        ("Premium Trial", "trial"),
        ("Free-Plan", "free"),
        ("Zoho One", "Zoho One"),
    ],
)
def test_the_word_of_a_plan(name: str | None, word: str | None) -> None:
    assert plan_word(name) == word


def headers(limit: str, remaining: str, reset: str) -> dict[str, str]:
    return {"x-rate-limit-limit": limit, "x-rate-limit-remaining": remaining, "x-rate-limit-reset": reset}


def test_the_headers_tell_the_day() -> None:
    assert BUDGET.read(headers("1000", "577", "27566")) == Quota(1000, 577, 27566)
    assert BUDGET.read(headers(" 7500 ", "-3", "0")) == Quota(7500, 0, 0)
    assert BUDGET.read(headers("1000", "2000", "5")) == Quota(1000, 1000, 5)


UNREADABLE = [
    {},
    headers("", "1", "1"),
    headers("x", "1", "1"),
    headers("0", "0", "1"),
    headers("１０", "1", "1"),
    headers("9" * 40, "1", "1"),
    headers(str(Decimal("1.5")), "1", "1"),
    {"x-rate-limit-limit": "5"},
]


@pytest.mark.parametrize("found", UNREADABLE, ids=str)
def test_unreadable_headers_tell_nothing(found: dict[str, str]) -> None:
    assert BUDGET.read(found) is None
