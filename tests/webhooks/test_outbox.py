"""Events are recorded with the change they tell of, in order and without gaps."""

import asyncio

from sqlalchemy import select

from app.core.clock import Clock
from app.core.database import Database
from app.models import Event
from app.webhooks import outbox
from app.webhooks.catalogue import Happening
from tests.gateway.house import House, house


async def recorded(database: Database) -> list[Event]:
    async with database.read() as session:
        return list(await session.scalars(select(Event).order_by(Event.sequence)))


def test_what_is_rolled_back_was_never_told(database_url: str) -> None:
    async def tell(home: House, number: int) -> None:
        async with home.database.write() as session:
            now, event = Clock().now(), Happening.QUOTA_WARNING
            await outbox.record(session, now, "env_1", None, event, {"number": number})
            if number % 3 == 0:
                raise LookupError

    async def run() -> None:
        async with house(database_url) as home:
            told = await asyncio.gather(*(tell(home, number) for number in range(12)), return_exceptions=True)
            assert sum(isinstance(each, LookupError) for each in told) == 4
            rows = await recorded(home.database)
            assert [row.sequence for row in rows] == list(range(1, 9))
            assert {row.payload["number"] % 3 for row in rows} == {1, 2}
            assert len({row.id for row in rows}) == 8

    asyncio.run(run())


def test_an_account_that_fails_and_heals_is_told_of(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url, accounts=2) as home:
            error = {"code": "invalid_code", "message": "ended"}
            for _ in range(2):
                await home.accounts.set_grant_status("grt_1", "needs_reauth", error=error)
            await home.accounts.set_grant_status("grt_1", "active")
            rows = await recorded(home.database)
            failed, healed = "integrated_account:authentication_error", "integrated_account:reactivated"
            for account in ("acc_1", "acc_2"):
                mine = [row for row in rows if row.account_id == account]
                assert [row.event for row in mine] == [failed, healed]
                assert [row.payload["status"] for row in mine] == ["needs_reauth", "active"]
                assert mine[0].payload["last_error"]["code"] == "invalid_code"
                assert mine[0].payload["tenant_id"] == account.replace("acc", "tenant")

    asyncio.run(run())
