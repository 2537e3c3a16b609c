"""`ledgerway migrate`."""

import asyncio

import typer

from app.core.clock import Clock
from app.core.database import Database
from app.core.settings import load_settings
from app.jobs.service import Jobs


def migrate() -> None:
    """Bring the database up to date. Safe to run from several places at once."""

    async def work() -> None:
        database = Database(load_settings().database_url.get_secret_value())
        port = Jobs(database, Clock())
        try:
            await database.migrate()
            await port.migrate()
        finally:
            await port.close(0)
            await database.close()

    asyncio.run(work())
    typer.echo("The database is up to date.")
