"""What is remembered of bodies that arrived, and for how long."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core.database import Database
from app.inbound import store
from app.models.inbound import InboundDelivery, InboundEndpoint
from tests.inbound.conftest import ACCOUNT, NOON

pytestmark = pytest.mark.anyio
DAY = timedelta(hours=24)


@pytest.fixture
async def endpoint(database: Database) -> InboundEndpoint:
    made = InboundEndpoint(
        id="ine_1", environment_id="env_1", account_id=ACCOUNT, token_hash=b"t", token_blob=b"", secret_blob=b"",
        created_at=NOON,
    )  # fmt: skip
    async with database.write() as session:
        session.add(made)
    return made


async def remembered(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(InboundDelivery)) or 0


async def test_a_body_is_new_once_a_day(database: Database, endpoint: InboundEndpoint) -> None:
    seen: list[bool] = []
    for after in (
        timedelta(0),
        timedelta(seconds=1),
        DAY - timedelta(seconds=1),
        DAY,
        DAY + timedelta(1) / 2,
        DAY * 2,
    ):
        async with database.write() as session:
            seen.append(await store.is_new(session, endpoint, b"one", NOON + after))
    assert seen == [True, False, False, True, False, True]
    async with database.write() as session:
        assert await store.is_new(session, endpoint, b"another", NOON)
    assert await remembered(database) == 2


async def test_old_bodies_are_forgotten_some_at_a_time(database: Database, endpoint: InboundEndpoint) -> None:
    for number in range(5):
        async with database.write() as session:
            await store.is_new(session, endpoint, bytes([number]), NOON + timedelta(seconds=number))
    for expected in (2, 1, 0):
        async with database.write() as session:
            assert await store.forget(session, NOON + DAY + timedelta(seconds=2), 2) == expected
    assert await remembered(database) == 2


async def test_a_flood_leaves_a_bounded_table(
    database: Database, endpoint: InboundEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST", 10)
    monkeypatch.setattr(store, "_TRIMMED_EVERY", 5)
    for number in range(50):
        async with database.write() as session:
            now = NOON + timedelta(seconds=number)
            assert await store.is_new(session, endpoint, bytes([number]), now)
            await store.count(session, endpoint, now, repeated=False, ignored=number % 2 == 0)
    assert await remembered(database) == 10
    async with database.write() as session:
        assert not await store.is_new(session, endpoint, bytes([49]), NOON + timedelta(seconds=50))
        row = await session.get_one(InboundEndpoint, endpoint.id)
        assert (row.received, row.ignored, row.repeated) == (50, 25, 0)
