"""Our own limits: what is counted, what a refusal says, what answers tell."""

from typing import Any

import pytest

from app.core.clock import Clock
from app.core.errors import Problem
from app.core.rates import Allowance, Rate, Rates, headers
from app.core.settings import Settings, SettingsError, load_settings
from app.main import create_app
from connectors.kit.registry import load

LIMITS = f"LEDGERWAY_{load()[0].settings_prefix}_LIMITS"


class Still(Clock):
    passed = 0.0

    def monotonic(self) -> float:
        return 1000.25 + self.passed


def asked(rates: Rates, key: str = "key_1", account: str | None = None) -> dict[str, Any]:
    """The state of one request after it was let in."""
    scope: Any = {"type": "http", "state": {}}
    rates.key(scope, key)
    if account is not None:
        rates.account(scope, account, lambda: None)
    return scope["state"]


def refused(rates: Rates, **more: str) -> Problem:
    with pytest.raises(Problem) as caught:
        asked(rates, **more)
    assert (caught.value.code, caught.value.status) == ("rate_limited", 429)
    return caught.value


def told(state: dict[str, Any]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers(state)}


def test_a_window_begins_with_the_first_request() -> None:
    clock = Still()
    rates = Rates(clock, Rate(3, 10), None)
    asked(rates)
    clock.passed = 9.5
    asked(rates)
    asked(rates)
    assert refused(rates).extra == {"retry_after": 1, "violated_policies": ["key"]}
    asked(rates, key="key_2")
    clock.passed = 10.0
    asked(rates)
    clock.passed = 12.0
    assert told(asked(rates))["ratelimit"] == '"key";r=1;t=8'


def test_what_is_refused_does_not_count() -> None:
    clock = Still()
    rates = Rates(clock, None, Rate(2, 10))
    for _ in range(2):
        asked(rates, account="acc_1")
    for _ in range(5):
        assert refused(rates, account="acc_1").extra["violated_policies"] == ["account"]
    asked(rates, account="acc_2")
    clock.passed = 10.0
    assert told(asked(rates, account="acc_1"))["ratelimit"] == '"account";r=1;t=10'


def test_a_request_counts_once() -> None:
    """However many dependencies of its route authenticate it."""
    rates, scope = Rates(Still(), Rate(2, 10), None), {"type": "http", "state": dict[str, Any]()}
    for _ in range(5):
        rates.key(scope, "key_1")
    asked(rates)
    refused(rates)


def test_answers_tell_every_limit() -> None:
    rates, scope = Rates(Still(), Rate(500, 10), Rate(50, 10)), {"type": "http", "state": dict[str, Any]()}
    rates.key(scope, "key_1")
    rates.account(scope, "acc_1", lambda: Allowance(100, 97, 33, '"minute";q=100;w=60', '"minute";r=97;t=33'))
    assert told(scope["state"]) == {
        "ratelimit-limit": "100",
        "ratelimit-remaining": "97",
        "ratelimit-reset": "33",
        "ratelimit-policy": '"key";q=500;w=10, "account";q=50;w=10, "minute";q=100;w=60',
        "ratelimit": '"key";r=499;t=10, "account";r=49;t=10, "minute";r=97;t=33',
    }
    assert told({}) == {}


def test_a_refusal_tells_them_too() -> None:
    rates, scope = Rates(Still(), Rate(1, 10), None), {"type": "http", "state": dict[str, Any]()}
    asked(rates)
    with pytest.raises(Problem):
        rates.key(scope, "key_1")
    assert told(scope["state"])["ratelimit"] == '"key";r=0;t=10'


def own(rates: Rates) -> tuple[Rate | None, Rate | None]:
    return tuple(window and window.rate for window in (rates._key, rates._account))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "rate"), [("500/10", Rate(500, 10)), (" 1/86400 ", Rate(1, 86400)), ("off", None), ("OFF", None)]
)
def test_a_rate_is_requests_and_seconds(
    monkeypatch: pytest.MonkeyPatch, text: str, rate: Rate | None
) -> None:
    monkeypatch.setenv("LEDGERWAY_KEY_RATE", text)
    assert load_settings().key_rate == rate


@pytest.mark.parametrize("text", ["", "500", "0/10", "5/0", "-5/10", "5/10s", "1e3/10", "5.5/10", "on"])
@pytest.mark.parametrize("name", ["LEDGERWAY_KEY_RATE", "LEDGERWAY_ACCOUNT_RATE"])
def test_other_texts_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingsError, match=f"{name}: .*500/10, or off"):
        load_settings()


def test_whoever_lifts_the_provider_limits_lifts_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    def rates() -> tuple[Rate | None, Rate | None]:
        return own(create_app(Settings(keyring_file=tmp_path / "ring.json")).state.rates)

    assert rates() == (Rate(500, 10), Rate(50, 10))
    monkeypatch.setenv(LIMITS, '{"minute": 100000, "concurrent": 100, "day": 1000000}')
    assert rates() == (None, None)
    monkeypatch.setenv("LEDGERWAY_ACCOUNT_RATE", "7/10")
    assert rates() == (None, Rate(7, 10))
