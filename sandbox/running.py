"""Starting a sandbox: in the current event loop, or in a thread for tests that are not async."""

import asyncio
import logging
import random
import socket
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from .admin import admin_app
from .datacenters import LOCATIONS, Sites
from .edge import Edge
from .options import Options
from .wire import OpenProtocol
from .world import World, checked

PORTS = len(LOCATIONS) + 1
ATTEMPTS = 50
EPHEMERAL = (20_000, 32_000)  # below the range the system hands out by itself
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    sites: Sites
    world: World

    @property
    def admin_url(self) -> str:
        return self.sites.admin

    @property
    def data_centers(self) -> dict[str, dict[str, str]]:
        """`{"us": {"accounts": origin, "api": origin}, …}`"""
        return self.sites.table()


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def serving(options: Options | None = None) -> AsyncGenerator[Sandbox]:
    """Serve in the current event loop until the block ends.

    Raises OSError when a port is taken and ValueError for limits that are none.
    """
    options = options or Options()
    checked(options.limits)
    sockets = _listen(options)
    sites = Sites(options.host, sockets[0].getsockname()[1])
    world = World(sites, options)
    config = uvicorn.Config(
        _by_port(sites, world),
        http=OpenProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=sockets))
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        async with world.hooks.open():
            yield Sandbox(sites, world)
    finally:
        server.should_exit = server.force_exit = True
        await task


@contextmanager
def running(options: Options | None = None) -> Generator[Sandbox]:
    """Serve in a thread of its own until the block ends. Raises OSError when a port is taken."""
    started: list[Sandbox | BaseException] = []
    is_up, loop, ended = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def main() -> None:
        try:
            async with serving(options) as sandbox:
                started.append(sandbox)
                is_up.set()
                await ended.wait()
        except BaseException as error:
            if is_up.is_set():
                raise
            started.append(error)
            is_up.set()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main())

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    is_up.wait()
    if isinstance(started[0], BaseException):
        thread.join()
        raise started[0]
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


def _by_port(sites: Sites, world: World) -> ASGIApp:
    """One application that is eight data centres and the admin API, told apart by the port called."""
    apps: dict[str | None, ASGIApp] = {at: Edge(world, at) for at in LOCATIONS}
    apps[None] = admin_app(world)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[sites.location(scope["server"][1])](scope, receive, send)

    return app


def _listen(options: Options) -> list[socket.socket]:
    if options.port:
        return _bind(options.host, options.port)
    for _ in range(ATTEMPTS):
        try:
            return _bind(options.host, random.randrange(*EPHEMERAL, PORTS))  # noqa: S311 - not a secret
        except OSError:
            continue
    raise OSError(f"no {PORTS} free ports in a row")


def _bind(host: str, first: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for port in range(first, first + PORTS):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(BACKLOG)  # two starting at once could both bind
    except OSError:
        for listener in sockets:
            listener.close()
        raise
    return sockets
