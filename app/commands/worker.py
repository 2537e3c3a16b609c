"""`ledgerway worker`: background work and nothing else."""

import asyncio
import os
import signal
import sys

import typer

from app import main
from app.core import log
from app.core.settings import PREFIX, load_settings


def worker() -> None:
    """Do background work without serving anything.

    On PostgreSQL run as many as you like beside `ledgerway serve --no-worker`. SQLite has one worker at a time:
    another waits until that one ends.
    """
    os.environ[f"{PREFIX}WORKER"] = "true"
    settings = load_settings()
    asyncio.run(main.prepare(settings))
    log.configure(settings.log_level)
    if sys.platform == "win32":
        asyncio.run(_work())
        return
    import uvloop

    uvloop.run(_work())


async def _work() -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    app = main.serving()
    async with app.router.lifespan_context(app):
        if sys.stderr.isatty():
            typer.echo("Ledgerway works; Ctrl-C ends it.", err=True)
        await ended.wait()
