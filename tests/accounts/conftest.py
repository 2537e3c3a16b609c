"""Accounts of two environments on a database of each kind, with a connector that exists only here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.clients import OAuthClients
from app.accounts.credentials import Credentials
from app.accounts.service import Accounts
from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Keyring, LocalWrapper, keyring
from app.core.settings import Settings
from app.models import Environment, Grant, IntegratedAccount
from connectors.kit.auth import DataCenter, OAuth, Refusal, TokenRefused
from connectors.kit.connector import Connector, Native
from connectors.kit.http import Flow
from connectors.kit.limits import Budget, Limits


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


def nothing(*_: Any) -> Any:
    raise AssertionError("not part of these tests")


def no_organizations() -> Flow[Any]:
    raise AssertionError("not part of these tests")


CONNECTOR = Connector(
    name="ledger_online",
    slug="ledgeronline",
    label="Ledger Online",
    settings_prefix="LEDGER_ONLINE",
    auth=OAuth(
        data_centers={
            "us": DataCenter("us", "https://accounts.ledger.example", "https://api.ledger.example"),
            "eu": DataCenter("eu", "https://accounts.ledger.eu", "https://api.ledger.eu"),
        },
        hosts=("ledger.example",),
        scopes={},
        authorize_url=nothing,
        exchange=nothing,
        refresh=nothing,
        revoke=nothing,
        revoked=nothing,
        read=lambda status, body: TokenRefused(Refusal.THROTTLE, ""),
        authorization=lambda token: token,
        refresh_limit=(10, 600),
        grants_per_user=20,
        grants_warned=15,
        starts_a_minute=4,
    ),
    budget=Budget(Limits(100, 5, 1000), {"premium": Limits(100, 10, 10_000)}, lambda headers: None),
    judge=lambda reply: None,
    is_good=lambda content: False,
    organizations=no_organizations,
    native=Native(
        "/v1", lambda _: (), (), (), lambda *_: None, (), (), "/token", lambda *_: {}, lambda code: {}
    ),
    resources={},
    aliases=("ledger-online",),
)


@dataclass
class House:
    database: Database
    ring: Keyring
    clock: Hands
    settings: Settings

    def __post_init__(self) -> None:
        self.credentials = self.new_credentials()
        self.accounts = Accounts(self.database, self.clock, self.settings, (CONNECTOR,))

    def new_credentials(self) -> Credentials:
        """As another process would have: nothing in memory."""
        return Credentials(self.database, LocalWrapper(self.ring), self.clock)

    @property
    def clients(self) -> OAuthClients:
        return OAuthClients(self.database, self.credentials.vault, self.clock, self.settings, (CONNECTOR,))

    async def grant(self, grant_id: str, environment: str = "env_1", *, refresh: str | None = None) -> None:
        """A grant; the refresh token of gra_1 is refresh-1, unless another is given."""
        now = self.clock.now()
        key = await self.credentials.key(environment, grant_id)
        async with self.database.write() as session:
            grant = Grant(
                id=grant_id, environment_id=environment, integration=CONNECTOR.slug, location="us",
                scopes=["all"], created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(grant)
            await session.flush()
            expires = now + timedelta(hours=1)
            assert await self.credentials.store_tokens(
                session, key, grant, f"access of {grant_id}", expires, refresh or f"refresh-{grant_id[4:]}"
            )

    async def account(self, account_id: str, grant_id: str, environment: str = "env_1", **more: Any) -> None:
        now = self.clock.now()
        given: dict[str, Any] = {
            "tenant_id": "tenant-1",
            "location": "us",
            "organization_id": f"org of {account_id}",
            "organization": {"id": "stale", "name": "Acme", "plan": "premium", "surprise": 1},
        }
        async with self.database.write() as session:
            session.add(
                IntegratedAccount(
                    id=account_id,
                    environment_id=environment,
                    integration=CONNECTOR.slug,
                    grant_id=grant_id,
                    scopes=[],
                    created_at=now,
                    updated_at=now,
                    **(given | more),
                )
            )

    async def row(self, grant_id: str) -> Grant:
        async with self.database.read() as session:
            return (await session.scalars(select(Grant).where(Grant.id == grant_id))).one()


def principal(environment: str = "env_1", **limits: Any) -> Principal:
    return Principal(environment, "acme", "test", "key_1", frozenset({"*"}), **limits)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    clock = Hands()
    database = Database(database_url)
    await database.migrate()
    async with database.write() as session:
        for name in ("env_1", "env_2"):
            session.add(Environment(id=name, name=name, mode="test", created_at=clock.now()))
    house = House(database, keyring.create(tmp_path / "ring.json", clock.now()), clock, Settings())
    yield house
    await house.accounts.settle()
    await database.close()
