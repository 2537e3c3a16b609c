"""A refused OAuth client is the operator's trouble: told once, tried by one, and no account pays for it."""

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from app.accounts import alarms
from app.accounts.service import Account
from app.core.clock import Clock
from app.core.errors import Problem
from app.keys.audit import Actor
from app.models import ClientAlarm, Environment, Event, Grant, IntegratedAccount
from connectors.zoho_books import CONNECTOR
from tests.gateway.house import GENEROUS, House, environment, house, open_house, sqlite_url, until
from tests.support.wire import answer

REFUSED = answer(200, b'{"error":"invalid_client"}')


async def furnish(home: House, count: int) -> list[Account]:
    """Accounts with a grant of their own each, all expired."""
    now = Clock().now()
    keys = [await home.credentials.key("env_1", f"grt_x{number}") for number in range(count)]
    async with home.database.write() as session:
        for number, key in enumerate(keys):
            grant = Grant(
                id=f"grt_x{number}", environment_id="env_1", integration=CONNECTOR.slug, location="us",
                scopes=["all"], created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(grant)
            await session.flush()
            past = now - timedelta(seconds=1)
            assert await home.credentials.store_tokens(session, key, grant, f"x{number}", past, f"rx{number}")
            session.add(
                IntegratedAccount(
                    id=f"acc_x{number}", environment_id="env_1", tenant_id="x", integration=CONNECTOR.slug,
                    location="us", organization_id=str(900 + number), organization={"name": "X"},
                    grant_id=grant.id, scopes=[], created_at=now, updated_at=now,
                )
            )  # fmt: skip
    return [await home.accounts.load("env_1", f"acc_x{number}") for number in range(count)]


async def events(home: House) -> list[str]:
    async with home.database.read() as session:
        return list(await session.scalars(select(Event.event).order_by(Event.sequence)))


async def lapse(home: House) -> None:
    """The pause is over."""
    past = Clock().now() - timedelta(seconds=1)
    async with home.database.write() as session:
        await session.execute(update(ClientAlarm).values(next_attempt_at=past))


async def asked(home: House, accounts: list[Account], seconds: float = 60.0) -> list[object]:
    asking = (home.ask(account=account, seconds=seconds) for account in accounts)
    said = await asyncio.gather(*asking, return_exceptions=True)
    return [one if isinstance(one, Problem) else "ok" for one in said]


def test_a_refused_client_alarms_once_and_heals_by_itself(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url) as home:
            accounts = await furnish(home, 20)
            home.twin.refuse = lambda: REFUSED
            told = await asked(home, accounts)
            assert {one.code for one in told if isinstance(one, Problem)} == {"token_refresh_unavailable"}
            assert len(told) == 20 and all(isinstance(one, Problem) for one in told)
            assert "OAuth client" in str(told[0].detail), "it says whose turn it is"
            assert len(home.twin.token_calls) <= 10, "those under way when the first answer came"
            assert await events(home) == ["integration:authentication_error"]
            calls = len(home.twin.token_calls)
            await asked(home, accounts)
            assert len(home.twin.token_calls) == calls, "the pause is the integration's"

            await lapse(home)
            await asked(home, accounts)
            assert len(home.twin.token_calls) == calls + 1, "one tries for all"

            async with home.database.read() as session:
                statuses = set(await session.scalars(select(IntegratedAccount.status)))
                [alarm] = await alarms.standing(session, "env_1")
            assert statuses == {"active"}
            assert (alarm.error, alarm.location) == ("invalid_client", "us")

            home.twin.refuse = None
            await lapse(home)
            assert "ok" in await asked(home, accounts), "the one who tries finds it mended"
            assert await asked(home, accounts) == ["ok"] * 20
            assert await events(home) == ["integration:authentication_error", "integration:reactivated"]
            async with home.database.read() as session:
                assert await alarms.standing(session, "env_1") == []

    asyncio.run(run())


def test_another_data_centre_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            now = Clock().now()
            async with home.database.write() as session:
                session.add(Environment(id="env_2", name="two", mode="test", created_at=now))
                await session.flush()
                for environment, slug, location in (
                    ("env_1", CONNECTOR.slug, "eu"), ("env_2", CONNECTOR.slug, "us"), ("env_1", "other", "us"),
                ):  # fmt: skip
                    session.add(
                        ClientAlarm(
                            environment_id=environment, integration=slug, location=location,
                            error="invalid_client", since=now, next_attempt_at=now + alarms.PAUSE,
                        )
                    )  # fmt: skip
            await home.expire()
            await home.ask()
            assert len(home.twin.token_calls) == 1
            async with home.database.read() as session:
                assert len((await session.scalars(select(ClientAlarm))).all()) == 3, "none of them is ours"

    asyncio.run(run())


def test_a_changed_client_is_tried_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        async with house(sqlite_url(tmp_path)) as home:
            home.twin.refuse = lambda: REFUSED
            await home.expire()
            assert isinstance((await asked(home, [home.account]))[0], Problem)
            home.twin.refuse = None
            clients = home.clients
            await clients.add("env_1", CONNECTOR.slug, "us", "own", "right", Actor("cli", "t"), None)
            assert await asked(home, [home.account]) == ["ok"]
            assert home.twin.token_calls[-1]["client_secret"] == "right"

    asyncio.run(run())


def test_two_processes_make_ten_token_calls_at_once(database_url: str) -> None:
    async def run() -> None:
        async with house(database_url) as home:
            accounts = await furnish(home, 30)
            with environment(home.twin.server.origin, GENEROUS):
                other = open_house(home.database, home.ring, home.twin)
            home.twin.gate = asyncio.Event()
            asking = [
                asyncio.create_task(room.ask(account=account, seconds=120.0))
                for number, account in enumerate(accounts)
                for room in (home, other)[number % 2 :][:1]
            ]

            async def ten() -> bool:
                return len(home.twin.token_calls) >= 10

            await until(ten)
            for _ in range(5):  # whoever is eleventh has looked several times by now
                await asyncio.sleep(0.2)
            assert len(home.twin.token_calls) == 10
            home.twin.gate.set()
            await asyncio.gather(*asking)
            assert len(home.twin.token_calls) == 30
            await other.gateway.close()

    asyncio.run(run())
