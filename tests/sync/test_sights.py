"""Taking in what was seen: a list that is behind is not believed, unless it stays behind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.core.database import Database
from app.models.base import Exact
from app.models.environments import Environment
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount
from app.synced import store
from app.synced.differences import Sight
from app.synced.store import Owner
from app.synced.units import Unit

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWNER, UNIT = Owner("env_1", "acc_1", "tenant"), Unit("accounting", "items")


def sight(name: str, modified: datetime, id: str = "r1") -> Sight:
    return Sight(id, Exact({"id": id, "name": name}), modified, print=name)


async def test_what_is_older_is_believed_only_when_the_list_cannot_be_behind_any_more(
    database: Database,
) -> None:
    async def seen(name: str, modified: datetime, now: datetime) -> int:
        async with database.write() as session:
            return (await store.see(session, OWNER, UNIT, [sight(name, modified)], "poll", now)).news

    await _account(database)
    assert await seen("first", NOON, NOON) == 1
    assert await seen("before", NOON - timedelta(seconds=30), NOON + timedelta(seconds=60)) == 0
    assert await seen("set back", NOON - timedelta(seconds=30), NOON + timedelta(seconds=180)) == 1
    assert await seen("set back", NOON - timedelta(seconds=30), NOON + timedelta(seconds=200)) == 0


async def test_a_row_on_two_pages_of_one_walk_is_counted_and_one_that_is_read_again_is_not(
    database: Database,
) -> None:
    async def repeats(page: str, *ids: str) -> int:
        rows = [sight("same", NOON, id) for id in ids]
        async with database.write() as session:
            return (await store.see(session, OWNER, UNIT, rows, "poll", NOON, page)).repeats

    async def missing(run: str) -> list[str]:
        async with database.read() as session:
            return await store.missing(session, OWNER, UNIT, run, NOON + timedelta(seconds=1), 9)

    await _account(database)
    assert await repeats("run_1/1/0", "a", "b") == 0
    assert await repeats("run_1/1/0", "a", "b") == 0  # the same page once more
    assert await repeats("run_1/1/1", "b", "c") == 1
    assert await repeats("run_1/2/0", "a", "c") == 0
    assert await missing("run_1") == []  # what any of its walks saw
    assert await repeats("run_2/1/0", "b") == 0
    assert await missing("run_2") == ["a", "c"]


async def _account(database: Database) -> None:
    home: dict[str, Any] = {"environment_id": "env_1", "integration": "books", "location": "us"}
    times = {"created_at": NOON, "updated_at": NOON}
    async with database.write() as session:
        session.add(Environment(id="env_1", name="shop", mode="test", created_at=NOON))
        await session.flush()
        session.add(Grant(id="grt_1", scopes=[], **home, **times))
        await session.flush()
        session.add(
            IntegratedAccount(
                id="acc_1", tenant_id="tenant", organization_id="1", organization={"name": "Acme"},
                grant_id="grt_1", scopes=[], **home, **times,
            )
        )  # fmt: skip
