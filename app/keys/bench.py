"""What the commands on keys, key ring and audit log work with."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer

from app.core import json
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Keyring, KeyringUnusable, load, load_or_create
from app.core.settings import Settings, SettingsError, load_settings
from app.keys.audit import Actor
from app.keys.data_keys import check_ring
from app.keys.service import Keys

T = TypeVar("T")

CLI = Actor("cli", "ledgerway")
CLOCK = Clock()
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Bench:
    """Settings, an open database whose schema is current, and a key ring that fits it."""

    settings: Settings
    database: Database
    keyring: Keyring

    @property
    def keys(self) -> Keys:
        return Keys(self.database, self.keyring, CLOCK)


@asynccontextmanager
async def bench() -> AsyncGenerator[Bench]:
    """Development makes what is missing; production says how."""
    settings = load_settings()
    path, development = settings.keyring_file, settings.development
    found = load_or_create(path, CLOCK.now()) if development else load(path)
    database = Database(settings.database_url.get_secret_value())
    try:
        state = await database.schema_state()
        if state in ("empty", "behind"):
            if not development:
                raise SettingsError("the database is not up to date: run `ledgerway migrate`")
            await database.migrate()
        if wrong := await check_ring(database, found, CLOCK):
            raise KeyringUnusable("; ".join(wrong))
        yield Bench(settings, database, found)
    finally:
        await database.close()


def print_json(value: Any) -> None:
    typer.echo(json.encode(value).decode())


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
