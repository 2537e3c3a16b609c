"""Integrated accounts as rows, for what asks only whether there are any."""

from datetime import UTC, datetime
from typing import Any

from app.core.database import Database
from app.models.grants import Grant
from app.models.integrated_accounts import IntegratedAccount


async def add_accounts(database: Database, environment_id: str, *ids: str) -> None:
    """Accounts of an environment, all of one grant."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    common: dict[str, Any] = {
        "environment_id": environment_id,
        "integration": "zohobooks",
        "location": "us",
        "scopes": [],
        "created_at": now,
        "updated_at": now,
    }
    grant_id = f"grt_of_{ids[0]}"
    async with database.write() as session:
        session.add(Grant(id=grant_id, **common))
        await session.flush()
        for id in ids:
            session.add(
                IntegratedAccount(
                    id=id, tenant_id="t", organization_id=id, organization={}, grant_id=grant_id, **common
                )
            )
