"""Many tokens end in the same minute: they are renewed before it, spread out, and few at a time."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.accounts.service import Account
from app.core.clock import Clock
from app.models import Grant, IntegratedAccount
from connectors.zoho_books import CONNECTOR
from tests.gateway.house import House, Hurried, house, sqlite_url
from tests.support.wire import Seen

ACCOUNTS = 120
END = timedelta(minutes=20)
STEP = timedelta(seconds=30)


async def furnish(home: House, ends: datetime) -> list[Account]:
    """Accounts with a grant of their own each, whose tokens all end at once."""
    now = Clock().now()
    numbers = range(ACCOUNTS)
    keys = [await home.credentials.key("env_1", f"grt_x{number}") for number in numbers]
    async with home.database.write() as session:
        grants = [
            Grant(
                id=f"grt_x{number}", environment_id="env_1", integration=CONNECTOR.slug, location="us",
                scopes=["all"], created_at=now, updated_at=now,
            )
            for number in numbers
        ]  # fmt: skip
        session.add_all(grants)
        await session.flush()
        for key, grant in zip(keys, grants, strict=True):
            tokens = f"x{grant.id}", ends, f"r{grant.id}"
            assert await home.credentials.store_tokens(session, key, grant, *tokens)
        session.add_all(
            IntegratedAccount(
                id=f"acc_x{number}", environment_id="env_1", tenant_id="x", integration=CONNECTOR.slug,
                location="us", organization_id=str(900 + number), organization={"name": "X"},
                grant_id=f"grt_x{number}", scopes=[], created_at=now, updated_at=now,
            )
            for number in numbers
        )  # fmt: skip
    return [await home.accounts.load("env_1", f"acc_x{number}") for number in numbers]


async def renewed(home: House) -> int:
    async with home.database.read() as session:
        query = select(func.count()).select_from(Grant).where(Grant.generation == 2)
        return int(await session.scalar(query) or 0)


def test_tokens_that_end_together_are_renewed_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = timedelta()
    monkeypatch.setattr(Hurried, "now", lambda self: Clock.now(self) + passed)

    async def run() -> None:
        nonlocal passed
        async with house(sqlite_url(tmp_path)) as home:
            inside, most = 0, 0

            async def counting(seen: Seen, writer: asyncio.StreamWriter) -> bytes | None:
                nonlocal inside, most
                inside += 1
                most = max(most, inside)
                try:
                    return await home.twin.serve(seen, writer)
                finally:
                    inside -= 1

            home.twin.server.script, home.twin.pause = counting, 0.01
            began = Clock().now()
            accounts = await furnish(home, began + END)
            tokens = home.gateway._attempts.tokens
            for account in accounts:
                held = await tokens.access(account, deadline=Hurried().monotonic() + 30)
                assert held.generation == 1
            spread: list[int] = []
            while passed < END - timedelta(minutes=4):
                before = len(home.twin.token_calls)
                await tokens.renew_due()
                spread.append(len(home.twin.token_calls) - before)
                passed += STEP
            assert await renewed(home) == ACCOUNTS == sum(spread), "before anybody had to wait for one"
            assert max(spread) < ACCOUNTS / 5, "no half minute has much more than its share"
            assert 1 < most <= 10

    asyncio.run(run())
