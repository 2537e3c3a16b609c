"""A gateway on a real database in front of a scripted provider."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

from sqlalchemy import func, select

from app.accounts.clients import OAuthClients
from app.accounts.credentials import Credentials
from app.accounts.service import Account, Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Keyring, LocalWrapper, keyring
from app.core.settings import load_settings
from app.gateway.engine import Gateway, Lane, RawAnswer, RawCall, Run
from app.gateway.opening import open_gateway
from app.models import Base, CallLog, Environment, Grant, IntegratedAccount
from connectors.kit.http import Flow, Reply, Request
from connectors.zoho_books import CONNECTOR
from tests.support.wire import Seen, Wire, answer, wire

GENEROUS = {"minute": 1_000_000, "concurrent": 1000, "day": 1_000_000_000}


def said(code: int = 0, status: int = 200, *headers: tuple[str, str], **more: Any) -> bytes:
    """The provider's usual envelope."""
    return answer(status, json.dumps({"code": code, "message": "said", **more}).encode(), *headers)


@dataclass
class Twin:
    """Hands out tokens t1, t2 … (only the newest is good) and answers calls with `api`.

    `refuse` answers token calls instead; `pause` is how long a token call takes, `gate` what it waits for.
    """

    server: Wire
    api: Callable[[Seen, asyncio.StreamWriter], Any] = lambda seen, writer: said()
    refuse: Callable[[], bytes] | None = None
    pause: float = 0.0
    gate: asyncio.Event | None = None
    issued: int = 1
    token_calls: list[dict[str, str]] = field(default_factory=list)
    calls: list[Seen] = field(default_factory=list)
    good: str | None = None  # None: any token is good

    async def serve(self, seen: Seen, writer: asyncio.StreamWriter) -> bytes | None:
        if seen.target.startswith("/oauth/v2/token"):
            self.token_calls.append({k: v[0] for k, v in parse_qs(seen.body.decode()).items()})
            await asyncio.sleep(self.pause)
            if self.gate is not None:
                await self.gate.wait()
            if self.refuse is not None:
                return self.refuse()
            self.issued += 1
            token = f"t{self.issued}"
            if self.good is not None:
                self.good = token
            body = {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
            return answer(200, json.dumps(body).encode())
        self.calls.append(seen)
        if self.good is not None and seen.header("authorization") != f"Zoho-oauthtoken {self.good}":
            return said(14, 401)
        result = self.api(seen, writer)
        return await result if asyncio.iscoroutine(result) else result


class Hurried(Clock):
    """The machine's clock, with pauses a twentieth as long."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 20)


@dataclass
class House:
    """Everything open. `account` is active, with token t1 (generation 1) and refresh token r1."""

    twin: Twin
    database: Database
    ring: Keyring
    accounts: Accounts
    credentials: Credentials
    gateway: Gateway
    account: Account
    clients: OAuthClients

    def run(self, *, lane: Lane = Lane.INTERACTIVE, seconds: float = 10.0, **more: Any) -> Run:
        return Run(
            account=more.pop("account", self.account),
            lane=lane,
            deadline=asyncio.get_running_loop().time() + seconds,
            request_id="req_test",
            key_id="key_test",
            resource="accounting/invoices",
            operation="list",
            **more,
        )

    async def ask(self, request: Request | None = None, **more: Any) -> Reply:
        return await self.gateway.perform(self.run(**more), one(request or Request("GET", "/invoices")))

    async def forward(self, call: RawCall | None = None, **more: Any) -> tuple[int, bytes]:
        raw = await self.gateway.forward(self.run(**more), call or RawCall("GET", "/invoices"))
        return raw.status, await whole(raw)

    async def grant(self, grant_id: str = "grt_1") -> Grant:
        async with self.database.read() as session:
            found = await session.get(Grant, grant_id)
            assert found is not None
            return found

    async def expire(self, seconds: float = -1.0) -> None:
        """Let the stored token end that many seconds from now, and memory forget it."""
        async with self.database.write() as session:
            found = await session.get(Grant, "grt_1")
            assert found is not None
            found.access_expires_at = Clock().now() + timedelta(seconds=seconds)
        self.gateway.forget(self.account)

    async def log(self) -> list[CallLog]:
        await self.gateway._attempts.calls.write_out()
        async with self.database.read() as session:
            return list(await session.scalars(select(CallLog).order_by(CallLog.created_at, CallLog.id)))


async def day_is_spent(home: House) -> bool:
    """What the provider said of the day is stored, for every process to see."""
    return (await home.gateway._attempts.governor.state(home.account))[0].closed_day


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Return once it holds, however slow the machine."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


def one(request: Request) -> Flow[Reply]:
    reply = yield request
    return reply


@asynccontextmanager
async def house(
    url: str,
    *,
    limits: dict[str, int] | None = None,
    origin: str | None = None,
    accounts: int = 1,
) -> AsyncIterator[House]:
    """A house on the empty database at `url`; its provider stands at `origin`, or is a new Twin."""

    async def placeholder(_seen: Seen, _writer: asyncio.StreamWriter) -> bytes:
        return said()

    async with wire(placeholder) as server:
        twin = Twin(server)
        server.script = twin.serve
        database = Database(url)
        await database.migrate()
        ring = keyring.generate(Clock().now())
        with environment(origin or server.origin, limits or GENEROUS):
            opened = open_house(database, ring, twin)
            await furnish(opened, accounts)
            opened.account = await opened.accounts.load("env_1", "acc_1")
        try:
            yield opened
        finally:
            await opened.gateway.close()
            await opened.accounts.settle()
            await database.close()


def environment(origin: str, limits: dict[str, int]) -> Any:
    """The operator's settings for the connector."""
    return patch.dict(
        os.environ,
        {
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_ID": "client",
            "LEDGERWAY_ZOHO_BOOKS_CLIENT_SECRET": "client-secret",
            "LEDGERWAY_ZOHO_BOOKS_DATA_CENTERS": json.dumps({"us": {"accounts": origin, "api": origin}}),
            "LEDGERWAY_ZOHO_BOOKS_LIMITS": json.dumps(limits),
        },
    )


def open_house(database: Database, ring: Keyring, twin: Twin | None = None) -> House:
    """The rooms, put together as the server does it."""
    settings, clock, connectors = load_settings(mode="development"), Hurried(), (CONNECTOR,)
    accounts = Accounts(database, clock, settings, connectors)
    credentials = Credentials(database, LocalWrapper(ring), clock)
    clients = OAuthClients(database, credentials.vault, clock, settings, connectors)
    gateway = open_gateway(settings, database, clock, accounts, credentials, clients, connectors)
    return House(twin, database, ring, accounts, credentials, gateway, None, clients)  # type: ignore[arg-type]


async def furnish(opened: House, accounts: int = 1) -> None:
    """An environment, a grant with tokens, and accounts acc_1 … of organisations 101 …"""
    now = Clock().now()
    async with opened.database.write() as session:
        session.add(Environment(id="env_1", name="test", mode="test", created_at=now))
    key = await opened.credentials.key("env_1", "grt_1")
    async with opened.database.write() as session:
        grant = Grant(
            id="grt_1",
            environment_id="env_1",
            integration=CONNECTOR.slug,
            location="us",
            scopes=["all"],
            created_at=now,
            updated_at=now,
        )
        session.add(grant)
        await session.flush()
        assert await opened.credentials.store_tokens(
            session, key, grant, "t1", now + timedelta(hours=1), "r1"
        )
        for number in range(1, accounts + 1):
            session.add(
                IntegratedAccount(
                    id=f"acc_{number}",
                    environment_id="env_1",
                    tenant_id=f"tenant_{number}",
                    integration=CONNECTOR.slug,
                    location="us",
                    organization_id=str(100 + number),
                    organization={"name": "Acme"},
                    grant_id="grt_1",
                    scopes=["accounting:read"],
                    created_at=now,
                    updated_at=now,
                )
            )


async def count(database: Database, table: type[Base]) -> int:
    async with database.read() as session:
        return int(await session.scalar(select(func.count()).select_from(table)) or 0)


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'ledgerway.db'}"


async def whole(raw: RawAnswer) -> bytes:
    """A forwarded body, read to its end."""
    if isinstance(raw.body, bytes):
        return raw.body
    return b"".join([part async for part in raw.body])
