from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.cursor import Cursors
from app.core.errors import Problem
from app.unified.preview import Promise, Tokens, sends
from connectors.kit.http import Request
from connectors.kit.operations import Answer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROMISE = Promise("POST /x 1", "2", '"e"')


def tokens(passed: timedelta = timedelta()) -> Tokens:
    clock: Any = SimpleNamespace(now=lambda: NOW + passed)
    return Tokens(Cursors(lambda: [b"k" * 32]), clock)


def test_a_token_lives_fifteen_minutes() -> None:
    token = tokens().sign(PROMISE, "acc_1")
    assert tokens(timedelta(minutes=15)).open(token, PROMISE.asked, "acc_1") == PROMISE
    with pytest.raises(Problem) as late:
        tokens(timedelta(minutes=15, seconds=1)).open(token, PROMISE.asked, "acc_1")
    assert (late.value.code, late.value.extra["changed"]) == ("preview_stale", ["time"])


@pytest.mark.parametrize(
    ("asked", "account", "code"),
    [("POST /y 1", "acc_1", "preview_stale"), (PROMISE.asked, "acc_2", "parameter_invalid")],
)
def test_a_token_is_of_one_account_and_request(asked: str, account: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        tokens().open(tokens().sign(PROMISE, "acc_1"), asked, account)
    assert refused.value.code == code


def test_what_would_be_sent_is_told_apart() -> None:
    one, other = Request("POST", "/a", body={"id": 1}), Request("POST", "/a", body={"id": 2})
    assert sends([one]) == sends([Request("POST", "/a", body={"id": 1}, step="said otherwise")])
    assert len({sends([]), sends([one]), sends([other]), sends([one, other])}) == 4
    found = [Answer({"id": id}, outcome="already_existed") for id in ("1", "2")]
    assert sends([], found[0]) != sends([], found[1])
