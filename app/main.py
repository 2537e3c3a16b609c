"""The server, put together: every room gets what it needs, and every route its place."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from app.core import edge, errors, log, operate, reference
from app.core.bodies import Bodies
from app.core.clock import Clock
from app.core.connectors import connector_settings
from app.core.cursor import Cursors
from app.core.database import Database
from app.core.process import harden
from app.core.secrets import Keyring, load, load_or_create
from app.core.settings import Settings, SettingsError, load_settings
from connectors import load as load_connectors

_NAME = "Ledgerway"
_DESCRIPTION = (
    "A self-hosted unified accounting API: one shape for every ledger, and each provider's own door."
)


class NotReady(Exception):
    """The server cannot start here. The message says which command helps."""


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, keyring: Keyring | None = None
) -> FastAPI:
    """The application with everything in `app.state`; nothing is opened before its lifespan starts.

    SettingsError, KeyringUnusable when this machine is not set up for it.
    """
    settings = settings or load_settings()
    clock = clock or Clock()
    app = FastAPI(
        title=_NAME,
        description=_DESCRIPTION,
        version=_version(),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        strict_content_type=False,
    )
    app.state.settings = settings
    app.state.clock = clock
    app.state.connectors = load_connectors()
    for connector in app.state.connectors:
        connector_settings(settings, connector.settings_prefix, connector)
    app.state.keyring = keyring or _keyring(settings, clock)
    app.state.database = _database(settings)
    app.state.cursors = Cursors(app.state.keyring.derive("cursor"))
    app.state.closing = False
    app.state.checks = {"storage": app.state.database.ping, "schema": lambda: _schema_is_current(app)}
    errors.install(app)
    app.include_router(operate.router)
    reference.install(app)
    app.add_middleware(Bodies, limit=settings.body_limit, raw_limit=settings.proxy_body_limit)
    app.add_middleware(edge.Edge, settings=settings, aliases=_aliases(app))
    return app


def serving() -> FastAPI:
    """What a server process runs: the application of the environment's settings, with logs set up."""
    settings = load_settings()
    log.configure(settings.log_level)
    harden()
    return create_app(settings)


async def prepare(settings: Settings) -> None:
    """Find out before serving whether this machine is set up, and in development set it up.

    SettingsError, KeyringUnusable, SchemaTooNew or NotReady with the command that helps.
    """
    app = create_app(settings)
    async with _lifespan(app, background=False):
        pass


async def check(app: FastAPI) -> None:
    """Refuse to serve on storage that does not fit this release. NotReady says what to run."""
    database: Database = app.state.database
    state = await database.schema_state()
    if state == "newer":
        raise NotReady("The database was migrated by a newer release of Ledgerway; run that one.")
    if state != "current":
        raise NotReady(f"The database schema is {state}; run `ledgerway migrate`.")


@asynccontextmanager
async def _lifespan(app: FastAPI, background: bool = True) -> AsyncGenerator[None]:
    database: Database = app.state.database
    settings: Settings = app.state.settings
    try:
        if settings.development:
            await database.migrate()
        await check(app)
        yield
    finally:
        app.state.closing = True
        await database.close()


async def _schema_is_current(app: FastAPI) -> None:
    await check(app)


def _keyring(settings: Settings, clock: Clock) -> Keyring:
    if settings.development:
        return load_or_create(settings.keyring_file, clock.now())
    return load(settings.keyring_file)


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.database_url.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"LEDGERWAY_DATABASE_URL: {error}") from None


def _aliases(app: FastAPI) -> dict[str, str]:
    return {alias: one.slug for one in app.state.connectors for alias in (*one.aliases, one.name)}


def _version() -> str:
    try:
        return version("ledgerway")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
