"""An account on an empty database of each kind."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.database import Database
from app.models import Environment, Grant, IntegratedAccount

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = "acc_1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate()
    at: dict[str, Any] = {"environment_id": "env_1", "created_at": NOON, "updated_at": NOON}
    async with database.write() as session:
        session.add(Environment(id="env_1", name="env_1", mode="test", created_at=NOON))
        await session.flush()
        session.add(Grant(id="gra_1", integration="zohobooks", location="us", scopes=[], **at))
        await session.flush()
        session.add(
            IntegratedAccount(
                id=ACCOUNT, integration="zohobooks", grant_id="gra_1", scopes=[], tenant_id="t", location="us",
                organization_id="1", organization={}, **at,
            )
        )  # fmt: skip
    yield database
    await database.close()
