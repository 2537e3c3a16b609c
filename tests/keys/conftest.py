"""A database with two environments, a key ring in memory, a clock that obeys, and an app with the room's routes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.core import error_answers
from app.core.auth import Mode
from app.core.clock import Clock
from app.core.cursor import Cursors
from app.core.database import Database
from app.core.rates import Rates
from app.core.secrets import Keyring, keyring
from app.keys.access import Access
from app.keys.api import router
from app.keys.audit import Actor
from app.keys.schemas import ApiKeyRequest
from app.keys.service import Keys, Made
from tests.support.accounts import add_accounts

CLI = Actor("cli", "test")


class Hands(Clock):
    """A clock that tests move."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def forward(self, **more: float) -> None:
        step = timedelta(**more)
        self.at += step
        self.seconds += step.total_seconds()


@dataclass
class Room:
    database: Database
    ring: Keyring
    clock: Hands
    access: Access
    app: FastAPI

    @property
    def keys(self) -> Keys:
        return Keys(self.database, self.ring, self.clock)

    async def make(self, environment: str = "acme", mode: Mode = "test", **wanted: object) -> Made:
        _, made = await self.keys.create_for(environment, mode, ApiKeyRequest.model_validate(wanted), CLI)
        return made

    async def connect(self, *ids: str, environment: str = "acme") -> None:
        """Integrated accounts of an environment."""
        await add_accounts(self.database, (await self.make(environment)).key.environment_id, *ids)

    def client(self, key: Made | str | None = None, address: str = "127.0.0.1") -> httpx.AsyncClient:
        text = key.secret.reveal().decode() if isinstance(key, Made) else key
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 1)),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {text}"} if text else {},
        )


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def room(database_url: str, tmp_path: Path) -> AsyncIterator[Room]:
    clock = Hands()
    database = Database(database_url)
    await database.migrate()
    ring = keyring.create(tmp_path / "ring.json", clock.now())
    access = Access(database, ring, clock)
    app = FastAPI()
    error_answers.install(app)
    app.include_router(router)
    app.state.database, app.state.keyring, app.state.clock = database, ring, clock
    app.state.rates = Rates(clock, None, None)
    app.state.access, app.state.cursors = access, Cursors(lambda: ring.signing("cursor"))
    yield Room(database, ring, clock, access, app)
    await access.settle()
    await database.close()
