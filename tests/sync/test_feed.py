"""The change feed keeps what it promised, or says that it could not."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete

from app.core.database import Database
from app.core.errors import Problem
from app.models.events import Event
from app.sync import feed
from app.webhooks import outbox
from app.webhooks.catalogue import Happening
from app.webhooks.outbox import Told

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOME, ACCOUNT = "env_1", "acc_1"


def change(number: int, *, echo: bool = False, resource: str = "items") -> Told:
    origin = {"request_id": "req_1", "source_event": None} if echo else None
    return Told(Happening.RECORD_CREATED, {"id": f"r{number}", "origin": origin}, resource, f"r{number}")


async def test_changes_come_in_order_and_only_those_asked_for(database: Database) -> None:
    async with database.write() as session:
        told = [change(n, echo=n % 3 == 0, resource="items" if n % 2 else "contacts") for n in range(1, 31)]
        assert await outbox.append(session, NOON, HOME, ACCOUNT, told) == 1
        await outbox.record(session, NOON, HOME, ACCOUNT, Happening.ACCOUNT_UPDATED, {})
        assert await outbox.append(session, NOON, HOME, "acc_2", [change(99)]) == 32
    async with database.read() as session:
        every = await feed.changes(session, HOME, ACCOUNT, None, 0, 100, foreign_only=False)
        assert [row.sequence for row in every] == list(range(1, 31))
        assert every[4].payload["sequence"] == 5
        items = await feed.changes(session, HOME, ACCOUNT, ["items"], 10, 5, foreign_only=False)
        assert [row.sequence for row in items] == [11, 13, 15, 17, 19]
        foreign = await feed.changes(session, HOME, ACCOUNT, None, 0, 4, foreign_only=True)
        assert [row.sequence for row in foreign] == [1, 2, 4, 5]
        rest = await feed.changes(session, HOME, ACCOUNT, None, 5, 100, foreign_only=True)
        assert [row.sequence for row in rest] == [n for n in range(6, 31) if n % 3]
        assert await feed.head(session, HOME) == 32 and await feed.head(session, "env_2") == 0


async def test_a_cursor_whose_following_is_gone_is_refused(database: Database) -> None:
    async with database.write() as session:
        await outbox.append(session, NOON, HOME, ACCOUNT, [change(n) for n in range(1, 11)])
        await session.execute(delete(Event).where(Event.sequence <= 6))
    async with database.read() as session:
        for kept in (0, 6, 9, 10):
            await feed.check(session, HOME, kept)
        with pytest.raises(Problem) as refused:
            await feed.check(session, HOME, 5)
        assert refused.value.code == "cursor_expired" and refused.value.status == 410
    async with database.write() as session:
        await session.execute(delete(Event))
    async with database.read() as session:
        await feed.check(session, HOME, 10)
        with pytest.raises(Problem):
            await feed.check(session, HOME, 9)
