"""What is known of a provider's hosts: each its own circuit, each its own budget of repeats."""

import pytest

from app.core.clock import Clock
from app.core.errors import Problem
from app.gateway.hosts import Hosts

US, EU = "https://us.example", "https://eu.example"


class Still(Clock):
    """A clock that is moved by hand."""

    at = 1000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
def hosts(clock: Still) -> Hosts:
    return Hosts(clock)


def is_open(hosts: Hosts, origin: str) -> bool:
    try:
        hosts.enter(origin)
    except Problem as problem:
        assert problem.code == "circuit_open"
        told = [problem.extra[name] for name in ("origin", "executed", "retryable")]
        assert told == ["network", "no", True] and 1 <= problem.extra["retry_after"] <= 5
        return True
    return False


def test_a_repeat_costs_what_ten_first_attempts_earn(hosts: Hosts) -> None:
    assert sum(hosts.repeat(US) for _ in range(100)) == 20
    for _ in range(105):
        hosts.first(US)
    assert sum(hosts.repeat(US) for _ in range(100)) == 10
    for _ in range(10_000):
        hosts.first(US)
    assert sum(hosts.repeat(US) for _ in range(100)) == 20
    assert hosts.repeat(EU)


def test_ten_failures_in_half_a_minute_open_one_host_alone(hosts: Hosts, clock: Still) -> None:
    for _ in range(9):
        hosts.failed(US)
    assert not is_open(hosts, US)
    hosts.failed(US)
    assert is_open(hosts, US)
    assert not is_open(hosts, EU)


def test_failures_far_apart_or_with_an_answer_between_open_nothing(hosts: Hosts, clock: Still) -> None:
    for _ in range(30):
        hosts.failed(US)
        clock.at += 3.5
    assert not is_open(hosts, US)
    for _ in range(9):
        hosts.failed(US)
    hosts.answered(US)
    hosts.failed(US)
    assert not is_open(hosts, US)


def test_one_probe_in_five_seconds_until_one_is_answered(hosts: Hosts, clock: Still) -> None:
    for _ in range(10):
        hosts.failed(US)
    for _ in range(3):
        clock.at += 5.0
        assert [is_open(hosts, US) for _ in range(4)] == [False, True, True, True]
        hosts.failed(US)
    hosts.answered(US)
    assert not is_open(hosts, US) and not is_open(hosts, US)
