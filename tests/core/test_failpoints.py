import os
from collections.abc import Iterator

import pytest

from app.core import failpoints
from app.core.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def disarmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    failpoints.arm(development=True)


def test_it_dies_at_the_arrival_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, signal: killed.append(pid))
    failpoints.hit("write.before_send")
    monkeypatch.setenv(failpoints.VARIABLE, "write.before_send=2, write.before_reply")
    failpoints.arm(development=True)
    failpoints.hit("write.before_send")
    failpoints.hit("write.after_send")
    assert killed == []
    failpoints.hit("write.before_send")
    failpoints.hit("write.before_reply")
    assert killed == [os.getpid()] * 2


@pytest.mark.parametrize("text", ["write.somewhere", "write.before_send=soon"])
def test_what_is_no_failpoint_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(failpoints.VARIABLE, text)
    with pytest.raises(SettingsError):
        failpoints.arm(development=True)


def test_production_refuses_failpoints_and_another_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="CLOCK_FACTOR"):
        load_settings(mode="production", clock_factor=0.5)
    monkeypatch.setenv(failpoints.VARIABLE, "write.before_send")
    with pytest.raises(SettingsError, match="production"):
        failpoints.arm(development=False)
