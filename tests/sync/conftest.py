"""An empty database of each kind."""

from collections.abc import AsyncIterator

import pytest

from app.core.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await database.migrate()
    yield database
    await database.close()
