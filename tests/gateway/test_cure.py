"""The table of retries by phase."""

import pytest

from app.gateway.cure import Again, GiveUp, Situation, decide
from connectors.kit.faults import Fault, Kind, Phase


def after(
    kind: Kind, phase: Phase = "answered", *, repeatable: bool, status: int | None = None, **more: float
) -> Again | GiveUp:
    fault = Fault(kind, status=status, phase=phase)
    given = {"attempt": 1, "left": 30.0, "chance": 1.0} | more
    return decide(Situation(fault, repeatable, int(given["attempt"]), given["left"], chance=given["chance"]))


@pytest.mark.parametrize("kind", [Kind.NETWORK, Kind.TIMEOUT])
@pytest.mark.parametrize("repeatable", [True, False])
def test_nothing_sent_is_sent_again(kind: Kind, repeatable: bool) -> None:
    assert isinstance(after(kind, "idle", repeatable=repeatable), Again)


@pytest.mark.parametrize("phase", ["headers", "body"])
@pytest.mark.parametrize("kind", [Kind.NETWORK, Kind.TIMEOUT])
def test_sent_without_an_answer(kind: Kind, phase: Phase) -> None:
    assert isinstance(after(kind, phase, repeatable=True), Again)
    assert after(kind, phase, repeatable=False) == GiveUp("unknown", retryable=False)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.UNAVAILABLE, 500),
        (Kind.UNAVAILABLE, 503),
        (Kind.GARBLED, 200),
        (Kind.GARBLED, 502),
        (Kind.GARBLED, None),
    ],
)
def test_no_considered_answer(kind: Kind, status: int | None) -> None:
    assert isinstance(after(kind, repeatable=True, status=status), Again)
    assert after(kind, repeatable=False, status=status) == GiveUp("unknown", retryable=False)


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("kind", [Kind.MINUTE, Kind.CONCURRENT])
def test_limits_refuse_before_any_work(kind: Kind, repeatable: bool) -> None:
    again = after(kind, repeatable=repeatable, status=429)
    assert isinstance(again, Again)
    assert not again.charged


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize(
    "kind",
    [
        Kind.FORBIDDEN, Kind.ORGANIZATION, Kind.NOT_FOUND, Kind.METHOD, Kind.INVALID, Kind.DUPLICATE,
        Kind.CONFLICT, Kind.REDIRECT, Kind.OVERSIZED,
    ],
)  # fmt: skip
def test_considered_answers_stand(kind: Kind, repeatable: bool) -> None:
    assert after(kind, repeatable=repeatable, status=400) == GiveUp("no", retryable=False)


@pytest.mark.parametrize("repeatable", [True, False])
def test_an_unreadable_refusal_is_a_refusal(repeatable: bool) -> None:
    assert after(Kind.GARBLED, repeatable=repeatable, status=400) == GiveUp("no", retryable=False)


def test_no_trusted_connection_is_safe_to_try_again() -> None:
    assert isinstance(after(Kind.TLS, "idle", repeatable=False), Again)
    assert after(Kind.TLS, "idle", repeatable=False, attempt=3) == GiveUp("no", retryable=True)


def test_a_spent_day_is_no_loop() -> None:
    assert after(Kind.DAY, repeatable=True, status=429) == GiveUp("no", retryable=True)


def test_an_oversized_answer_to_a_write_leaves_it_open() -> None:
    assert after(Kind.TOO_LARGE, repeatable=True, status=200) == GiveUp("no", retryable=False)
    assert after(Kind.TOO_LARGE, repeatable=False, status=200) == GiveUp("unknown", retryable=False)


def test_three_tries_and_no_more() -> None:
    assert isinstance(after(Kind.UNAVAILABLE, repeatable=True, attempt=2), Again)
    assert after(Kind.UNAVAILABLE, repeatable=True, attempt=3) == GiveUp("no", retryable=True)


def test_no_attempt_starts_without_a_second_left() -> None:
    assert isinstance(after(Kind.UNAVAILABLE, repeatable=True, left=2.1), Again)
    assert after(Kind.UNAVAILABLE, repeatable=True, left=1.9) == GiveUp("no", retryable=True)


def test_jitter_is_full_and_capped() -> None:
    for attempt, most in ((1, 1.0), (2, 2.0)):
        for chance in (0.0, 0.5, 1.0):
            again = after(Kind.UNAVAILABLE, repeatable=True, attempt=attempt, chance=chance)
            assert isinstance(again, Again)
            assert again.seconds == pytest.approx(chance * most)


def test_a_wait_the_provider_names_is_kept() -> None:
    fault = Fault(Kind.UNAVAILABLE, status=503, retry_after=7.0)
    assert decide(Situation(fault, True, 1, 30.0)) == Again(7.0)
    assert isinstance(decide(Situation(fault, True, 1, 7.5)), GiveUp)
