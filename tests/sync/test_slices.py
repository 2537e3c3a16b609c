"""What becomes of a run when a resource fails: the others are read all the same."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.core.database import Database
from app.models.sync_runs import SyncCursor
from connectors.kit.http import Request
from tests.inbound.conftest import anyio_backend, database
from tests.sync.house import ACTOR, House, Killed, trouble

__all__ = ["anyio_backend", "database"]

pytestmark = pytest.mark.anyio

OUTAGES = [
    trouble("upstream_error", "network"),
    trouble("circuit_open"),
    trouble("token_refresh_unavailable"),
    trouble("storage_unavailable", "gateway"),
]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def cursors(house: House) -> set[str]:
    return {row.unit.rpartition("/")[2] for row in await house.rows(SyncCursor)}


@pytest.mark.parametrize(
    "error", [trouble("upstream_error"), trouble("upstream_invalid_response"), ZeroDivisionError()]
)
async def test_a_resource_that_keeps_failing_starves_no_other(house: House, error: Exception) -> None:
    await house.job("contacts", "items", "accounts")
    house.gateway.failing["contacts"] = error
    done = await house.ended(await house.start())
    assert done.state == "completed" and done.remaining == []
    assert done.resources["items"]["rows"] > 0 and done.resources["accounts"]["rows"] > 0
    told = done.resources["contacts"]["error"]
    assert done.error == told and told["resource"] == "accounting/contacts"
    assert told["code"] == getattr(error, "code", "internal_error") and told["remedy"]
    assert await cursors(house) == {"items", "accounts"}, "what was not read stays to be read"
    del house.gateway.failing["contacts"]
    again = await house.ended(await house.start())
    assert (again.state, again.error) == ("completed", None) and again.resources["contacts"]["created"] > 0


async def test_several_that_fail_are_all_told_and_the_last_is_still_asked_for(house: House) -> None:
    await house.job("contacts", "items", "accounts")
    house.gateway.failing |= {name: trouble("upstream_error") for name in ("contacts", "items")}
    done = await house.ended(await house.start())
    assert done.state == "completed" and done.resources["accounts"]["rows"] > 0
    assert {name for name, counts in done.resources.items() if "error" in counts} == {"contacts", "items"}
    asked = house.gateway.asked
    assert asked.count("items") < asked.count("contacts"), "nothing was read since: one look is enough"


@pytest.mark.parametrize("code", ["upstream_error", "provider_forbidden"])
async def test_a_run_that_read_nothing_at_all_failed(house: House, code: str) -> None:
    await house.job("contacts", "items")
    house.gateway.failing |= {name: trouble(code) for name in ("contacts", "items")}
    done = await house.ended(await house.start())
    assert done.state == "failed" and done.error is not None and done.error["code"] == code
    assert done.percent < 100


@pytest.mark.parametrize("error", OUTAGES)
async def test_an_outage_ends_the_run_without_asking_for_the_rest(house: House, error: Any) -> None:
    await house.job("contacts", "items")
    house.gateway.failing |= dict.fromkeys(("contacts", "items"), error)
    done = await house.ended(await house.start())
    assert done.state == "failed" and done.error is not None and done.error["code"] == error.code
    assert "items" not in house.gateway.asked and done.remaining == ["contacts", "items"]


async def test_a_disconnected_account_ends_the_run_at_once(house: House) -> None:
    await house.job("contacts", "items")
    house.gateway.failing["contacts"] = trouble("needs_reauth")
    done = await house.ended(await house.start())
    assert done.state == "failed" and house.gateway.asked == ["contacts"]


async def test_a_quota_is_waited_for_however_often(house: House) -> None:
    await house.job("contacts", "items")
    house.gateway.failing["contacts"] = trouble("provider_daily_quota_exhausted")
    run = await house.start()
    for _ in range(20):
        now = await house.run_of(run)
        await house.slices.run(now.id, now.slice)
    assert (await house.run_of(run)).state == "queued" and "items" not in house.gateway.asked
    house.gateway.failing.clear()
    assert (await house.ended(run)).error is None


@pytest.mark.parametrize("lost", [False, True])
async def test_a_page_that_kills_its_worker_is_left_out_in_the_end(house: House, lost: bool) -> None:
    """Begun anew by the engine, or, when that has given up, found by whoever looks for strays."""
    await house.job("contacts", "items")
    house.gateway.failing["contacts"] = Killed()
    house.alive = not lost
    run = await house.start()
    deaths = 0
    while deaths < 20:
        try:
            done = await house.ended(run)
        except Killed:
            deaths += 1
            assert await house.strays() == lost
        else:
            break
    assert deaths == 8 and done.state == "completed" and done.resources["items"]["rows"] > 0
    assert done.error is not None and done.error["resource"] == "accounting/contacts"
    assert done.error["code"] == "internal_error"


async def test_a_worker_that_dies_now_and_then_costs_nothing(house: House) -> None:
    await house.job("contacts", "items")
    house.gateway.failing["contacts"] = Killed()
    run = await house.start()
    for _ in range(5):
        with pytest.raises(Killed):
            await house.ended(run)
    del house.gateway.failing["contacts"]
    done = await house.ended(run)
    assert (done.state, done.error) == ("completed", None) and done.resources["contacts"]["rows"] > 0


LONG = timedelta(days=40)


async def test_what_was_known_long_ago_is_read_anew_and_the_run_says_so(house: House) -> None:
    await house.job("contacts", "items")
    await house.ended(await house.start())
    house.clock.at += timedelta(days=20)
    fresh = await house.ended(await house.start())
    assert not any("resync" in counts for counts in fresh.resources.values())
    made = house.twin.create("contacts", name="Soon gone", is_customer=True).record["id"]
    assert (await house.ended(await house.start())).resources["contacts"]["created"] == 1
    house.twin.reply(Request("DELETE", f"/contacts/{made}"))
    house.clock.at += LONG
    done = await house.ended(await house.start())
    assert (done.state, done.error, done.kind) == ("completed", None, "adhoc")
    assert done.resources["contacts"]["resync"] == "cursor_expired"
    assert done.resources["contacts"]["deleted"] == 1, "which no delta tells"
    again = await house.ended(await house.start())
    assert "resync" not in again.resources["contacts"]


async def test_a_run_that_was_paused_for_long_begins_its_pass_anew(house: House) -> None:
    await house.job("contacts", "items")
    await house.ended(await house.start())
    house.clock.at += timedelta(hours=1)
    run = await house.start()
    house.gateway.failing["contacts"] = trouble("upstream_error")
    await house.slices.run(run.id, 1)
    assert (await house.run_of(run)).position is not None
    await house.sync.act(house.principal, ACTOR, run.id, "pause")
    house.clock.at += LONG
    await house.sync.act(house.principal, ACTOR, run.id, "resume")
    house.gateway.failing.clear()
    done = await house.ended(run)
    assert done.error is None and {counts["resync"] for counts in done.resources.values()} == {
        "cursor_expired"
    }
