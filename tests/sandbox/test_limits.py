"""Call budgets of an organisation, and the headers that tell of them."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.limits import Limits, Meter

from .conftest import Caller

NOON = datetime(2026, 6, 9, 12, 0, tzinfo=UTC)


def limited(admin: httpx.Client, caller: Caller, **limits: Any) -> None:
    admin.post("/clock", json={"freeze": True})
    admin.put(f"/organizations/{caller.organization_id}/limits", json=limits).raise_for_status()


def error_body(specs: Path, name: str) -> dict[str, Any]:
    return json.loads((specs / "zoho-books-recordings" / name).read_text())["response"]["body"]


def test_minute(admin: httpx.Client, caller: Callable[..., Caller], specs: Path) -> None:
    mine = caller()
    limited(admin, mine, minute=3)
    assert [mine("GET", "/contacts").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = mine("GET", "/contacts")
    assert refused.json().keys() == error_body(specs, "errors.ratelimit.3.json").keys()
    assert refused.json()["code"] == 44
    assert "retry-after" not in refused.headers
    admin.post("/clock", json={"advance": 60})
    assert mine("GET", "/contacts").status_code == 200


def test_day(admin: httpx.Client, caller: Callable[..., Caller], specs: Path) -> None:
    mine = caller()
    limited(admin, mine, day=2, minute=None)
    assert [mine("GET", "/contacts").headers["x-rate-limit-remaining"] for _ in range(2)] == ["1", "0"]
    refused = mine("GET", "/contacts")
    wanted = error_body(specs, "errors.ratelimit.1.json")
    assert refused.json() == {**wanted, "message": wanted["message"].replace("1000", "2")}
    assert (refused.status_code, refused.headers["x-rate-limit-remaining"]) == (429, "0")
    admin.post("/clock", json={"advance": int(refused.headers["x-rate-limit-reset"])})
    assert caller()("GET", "/contacts").headers["x-rate-limit-remaining"] == "1"


def test_concurrent(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    limited(admin, mine, concurrent=2)
    admin.put("/latency", json={"books": 2.0})
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: mine("GET", "/contacts"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 429} == {1070}
    usage = {row["organization_id"]: row["usage"] for row in admin.get("/state").json()["organizations"]}[
        mine.organization_id
    ]
    assert (usage["in_flight"], usage["peak_in_flight"]) == (0, 2)


def test_organisations_have_budgets_of_their_own(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    sam = caller("sam@us.example")
    limited(admin, sam, minute=0)
    first, second = sam.grant["organizations"]
    assert sam("GET", "/contacts", org=first).status_code == 429
    assert sam("GET", "/contacts", org=second).status_code == 200


def test_headers_on_every_answer_about_an_organisation(
    admin: httpx.Client, caller: Callable[..., Caller]
) -> None:
    mine = caller()
    admin.post("/clock", json={"freeze": True})
    answers = [
        mine("GET", "/contacts"),
        mine("GET", "/no-such-thing"),
        mine("GET", "/contacts/1"),
        mine("GET", f"/organizations/{mine.organization_id}", org=""),
    ]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == [
        "4999",
        "4998",
        "4997",
        "4996",
    ]
    assert {answer.headers["x-rate-limit-limit"] for answer in answers} == {"5000"}
    assert "x-rate-limit-limit" not in mine("GET", "/organizations", org="").headers


def test_foreign_calls_cost_an_organisation_nothing(
    admin: httpx.Client, caller: Callable[..., Caller]
) -> None:
    mine, theirs = caller(), caller("sam@us.example")
    assert theirs("GET", "/contacts", org=mine.organization_id).json()["code"] == 6041
    assert mine("GET", "/contacts").headers["x-rate-limit-remaining"] == "4999"


@pytest.mark.parametrize(
    ("zone", "instant", "seconds"),
    [
        ("America/New_York", datetime(2026, 6, 9, 17, 14, 51, tzinfo=UTC), 38709),
        ("UTC", datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC), 1),
        ("America/New_York", datetime(2026, 3, 8, 5, 0, 0, tzinfo=UTC), 23 * 3600),
        ("Asia/Kolkata", datetime(2026, 1, 1, 18, 30, 0, tzinfo=UTC), 24 * 3600),
    ],
)
def test_reset_counts_down_to_local_midnight(zone: str, instant: datetime, seconds: int) -> None:
    assert Meter(Limits(), zone).headers(instant)["x-rate-limit-reset"] == str(seconds)


@pytest.mark.parametrize(
    ("plan", "day", "concurrent"), [("Free", 1000, 5), ("Standard", 2000, 10), ("Elite", 10_000, 10)]
)
def test_plans(plan: str, day: int, concurrent: int) -> None:
    assert Limits.of_plan(plan) == Limits(minute=100, day=day, concurrent=concurrent)


def test_refused_calls_are_not_counted() -> None:
    meter = Meter(Limits(minute=1, day=10, concurrent=5), "UTC")
    assert meter.enter(NOON) is None
    assert [exceeded.code for _ in range(3) if (exceeded := meter.enter(NOON))] == [44, 44, 44]
    assert meter.usage(NOON) == {"minute": 1, "day": 1, "in_flight": 1, "peak_in_flight": 1}


def test_none_lifts_a_limit(admin: httpx.Client, caller: Callable[..., Caller]) -> None:
    mine = caller()
    limited(admin, mine, day=None, minute=None, concurrent=None)
    answer = mine("GET", "/contacts")
    assert answer.status_code == 200
    assert int(answer.headers["x-rate-limit-remaining"]) > 10**6
