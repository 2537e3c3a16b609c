"""`ledgerway serve`: the server process, or several."""

import asyncio
import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from app import main
from app.core import log
from app.core.protocol import Protocol
from app.core.settings import PREFIX, Settings, is_loopback, load_settings

_GRACE = 25  # seconds running requests get to finish
_APP = "app.main:serving"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(help="Server processes.", min=1, max=64)] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave background work to others.")] = False,
) -> None:
    """Serve the API, the connect pages and background work.

    In development it makes what it needs: a SQLite file, its schema, a key ring.
    """
    if no_worker:
        os.environ[f"{PREFIX}WORKER"] = "false"
    if not os.environ.get(f"{PREFIX}PUBLIC_URL"):
        reached = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 — compared, not bound
        shown = f"[{reached}]" if ":" in reached else reached
        os.environ[f"{PREFIX}PUBLIC_URL"] = f"http://{shown}:{port}"
    settings = load_settings()
    asyncio.run(main.prepare(settings))
    log.configure(settings.log_level)
    _say(settings, host, port)
    config = uvicorn.Config(
        _APP,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=Protocol,
        ws="none",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=65,
        timeout_graceful_shutdown=_GRACE,
        timeout_worker_healthcheck=60,
        backlog=2048,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    if workers > 1:
        from app.commands.workers import Workers

        Workers(config, sockets=[config.bind_socket()]).run()
        return
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise typer.Exit(3)


def _say(settings: Settings, host: str, port: int) -> None:
    if not settings.development or not sys.stderr.isatty():
        return
    typer.echo(
        f"Ledgerway ({settings.mode}) at {settings.public_url}, docs at {settings.public_url}/docs", err=True
    )
    if not is_loopback(host):
        typer.echo(f"Development mode is reachable from other machines on port {port}.", err=True)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """uvicorn repeats the signal once it has stopped in order; unhandled, that would kill the process."""
