"""The server, put together: every room gets what it needs, and every route its place."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from structlog.stdlib import get_logger

from app.accounts import api as accounts
from app.accounts import health, integrations
from app.accounts.clients import OAuthClients
from app.accounts.credentials import Credentials
from app.accounts.mappings import FieldMappings
from app.accounts.service import Accounts
from app.connect import api as connect
from app.connect import hosted
from app.connect.opening import open_connect
from app.core import error_answers, failpoints, log, operate, reach, reference
from app.core.clock import Clock
from app.core.connectors import connector_settings
from app.core.cursor import Cursors
from app.core.database import Database
from app.core.front import Front
from app.core.http.egress import Egress
from app.core.process import NotReady, harden, open_files, settle_memory
from app.core.protocol import make_room
from app.core.rates import Rates
from app.core.secrets import Keyring, LiveKeyring, load, load_or_create
from app.core.settings import Settings, SettingsError, load_settings
from app.core.watchdog import watch
from app.gateway import api as log_api
from app.gateway.opening import open_gateway
from app.inbound import api as inbound
from app.inbound.opening import open_inbound
from app.jobs.service import Jobs
from app.keys import api as keys
from app.keys.access import Access
from app.keys.audit_keeping import AuditKeeping
from app.keys.data_keys import check_ring
from app.keys.presence import Presence
from app.keys.refusals import Refusals
from app.keys.wrappers import open_wrapper
from app.proxy import api as proxy
from app.sync import api as sync
from app.sync.opening import open_sync
from app.unified import api as unified
from app.unified import openapi
from app.unified.resolver import Resolver
from app.unified.shelf import WriteShelf
from app.webhooks import api as webhooks
from app.webhooks.delivery import Postman
from app.webhooks.service import Webhooks
from app.writes.pace import Pace
from app.writes.supervised import supervisor
from connectors.kit.registry import load as load_connectors

_log = get_logger("ledgerway.main")
_WRITES_SECONDS = 5.0  # after the server's own patience has ended
_JOBS_SECONDS = 8.0  # within them a job comes to a place where it can be left
_NAME = "Ledgerway"
_DESCRIPTION = """A self-hosted unified accounting API: one shape for every ledger, and each provider's own door.

Native calls: any method on /proxy/{path}?integrated_account_id=… is forwarded to the account's provider byte for \
byte, with a managed token, the right data centre and the organisation added, within its limits. A client written \
for the provider itself works unchanged below /native/{integration}/{integrated account}/, with an API key or \
account token in place of the provider's.

Every call takes Ledgerway-Timeout, whole seconds from 1 to 60 (30): what is not answered by then is 504, and says \
whether anything was executed. Prometheus reads /metrics, from this machine or with LEDGERWAY_METRICS_TOKEN."""


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    keyring: Keyring | None = None,
    works: bool = False,
) -> FastAPI:
    """The application with everything in `app.state`; nothing is opened before its lifespan starts.

    works  whether it runs background jobs too; one application of a process can
    SettingsError, KeyringUnusable when this machine is not set up for it.
    """
    settings = settings or load_settings()
    failpoints.arm(development=settings.development)
    clock = clock or Clock()
    connectors = load_connectors()
    app = Front(
        settings,
        proxy.door,
        {alias: one.slug for one in connectors for alias in (*one.aliases, one.name)},
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
    app.state.connectors = connectors
    own = [connector_settings(settings, one.settings_prefix, one) for one in app.state.connectors]
    kept = app.state.kept = partial(_kept, settings, driven=any(one.limits is not None for one in own))
    app.state.rates = Rates(clock, kept("key_rate"), kept("account_rate"))
    app.state.keyring = LiveKeyring(keyring or _keyring(settings, clock))
    app.state.database = _database(settings)
    app.state.cursors = Cursors(lambda: app.state.keyring.signing("cursor"))
    app.state.closing = False
    app.state.works = works
    app.state.checks = {
        "storage": app.state.database.ping,
        "schema": lambda: _fits(app, runs=True),
        "key ring": lambda: _opens(app),
    }
    _furnish(app)
    error_answers.install(app)
    for router in (
        operate.router,
        keys.router,
        accounts.router,
        integrations.router,
        health.router,
        connect.router,
        hosted.router,
        sync.router,
        webhooks.router,
        inbound.router,
        inbound.door,
        log_api.router,
    ):
        app.include_router(router)
    app.include_router(unified.router)
    reference.install(app)
    openapi.install(app)
    return app


def serving() -> FastAPI:
    """What a server process runs: the application of the environment's settings, with logs set up."""
    settings = load_settings()
    log.configure(settings.log_level)
    harden()
    make_room(open_files())
    return create_app(settings, works=settings.worker)


async def prepare(settings: Settings) -> None:
    """Find out before serving whether this machine is set up, and in development set it up.

    SettingsError, KeyringUnusable, SchemaTooNew or NotReady with the command that helps.
    """
    async with opened(settings):
        pass


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[FastAPI]:
    """The application without background work, for a command. Raises what `prepare` does."""
    app = create_app(settings)
    async with _lifespan(app, background=False):
        yield app


def _furnish(app: FastAPI) -> None:
    """Give the rooms what they are made of, from the ground up."""
    state = app.state
    settings, database, clock, connectors = state.settings, state.database, state.clock, state.connectors
    state.jobs = Jobs(database, clock, settings.clock_factor)
    state.access = Access(database, state.keyring, clock, state.kept("key_in_flight"))
    state.accounts = Accounts(database, clock, settings, connectors)
    state.mappings = FieldMappings(database, clock)
    state.presence = Presence(database, state.keyring, clock)
    state.refusals = Refusals(database, clock)
    wrapper, state.close_wrapper = open_wrapper(settings, state.keyring)
    if settings.vault_address is not None:
        state.checks["key service"] = wrapper.health
    state.audit = AuditKeeping(database, wrapper, clock)
    state.credentials = Credentials(database, wrapper, clock)
    state.clients = OAuthClients(database, state.credentials.vault, clock, settings, connectors)
    state.gateway = open_gateway(
        settings, database, clock, state.accounts, state.credentials, state.clients, connectors
    )
    state.connect, state.importing, state.sweep = open_connect(
        database, clock, settings, state.keyring, state.credentials, state.accounts, state.clients,
        state.gateway, connectors,
    )  # fmt: skip
    state.sync = open_sync(
        settings, database, clock, state.accounts, state.gateway, state.credentials.vault, state.jobs
    )
    state.inbound, state.receiver = open_inbound(
        database, clock, settings, state.accounts, state.gateway, state.credentials.vault, state.jobs
    )
    state.importing.farewells.append(state.inbound.farewell)
    own_host = urlsplit(settings.public_url).hostname or ""
    state.egress = Egress(settings.egress_networks, own_host=own_host)
    state.webhooks = Webhooks(database, clock, state.credentials.vault, state.egress)
    state.postman = Postman(database, clock, state.credentials.vault, state.egress)
    state.writes = supervisor(app)
    pace = Pace(settings.write_settle_seconds, settings.clock_factor)
    state.shelf = WriteShelf(database, state.credentials.vault, clock, pace)
    state.resolver = Resolver(app)


async def _fits(app: FastAPI, *, runs: bool = False) -> None:
    """NotReady, saying what to run, unless the stored schema is this release's. A process that `runs` goes on with
    that of the next release: migrations take nothing away that the release before uses.
    """
    database: Database = app.state.database
    state = await database.schema_state()
    if state == "newer" and runs:
        return
    if state == "newer":
        raise NotReady("The database was migrated by a newer release of Ledgerway; run that one.")
    if state != "current":
        raise NotReady(f"The database schema is {state}; run `ledgerway migrate`.")


async def _close(app: FastAPI) -> None:
    """End what runs, then what it runs on; one that fails keeps none of the others open."""
    state = app.state
    try:
        await state.jobs.close(_JOBS_SECONDS)
    except Exception as error:
        _log.warning("close_failed", what="jobs", exc_info=error)
    unfinished = await state.writes.drain(_WRITES_SECONDS)
    if unfinished:
        _log.error("writes_cut_off", count=unfinished)
    for close in (
        state.resolver.close,
        state.postman.close,
        state.egress.close,
        state.writes.close,
        state.sweep.close,
        state.audit.close,
        state.refusals.close,
        state.access.settle,
        state.accounts.settle,
        state.gateway.close,
        state.presence.close,
        state.close_wrapper,
        state.database.close,
    ):
        try:
            await close()
        except Exception as error:
            _log.warning("close_failed", what=close.__qualname__, exc_info=error)


async def _opens(app: FastAPI) -> None:
    """NotReady, naming the key, unless this process's key ring opens what the database holds."""
    wrong = await check_ring(app.state.database, app.state.keyring, app.state.clock)
    if wrong:
        raise NotReady("; ".join(wrong))


@asynccontextmanager
async def _lifespan(app: FastAPI, background: bool = True) -> AsyncGenerator[None]:
    database: Database = app.state.database
    settings: Settings = app.state.settings
    watchdog: asyncio.Task[None] | None = None
    try:
        with reach.everywhere():  # what is started here inherits it
            if settings.development:
                await database.migrate()
                await app.state.jobs.migrate()
            await _fits(app)
            if not await app.state.jobs.migrated():
                raise NotReady("The tables of background jobs are missing; run `ledgerway migrate`.")
            await _opens(app)
            if background:
                await app.state.gateway.start()
                app.state.presence.start()
                app.state.refusals.start()
                app.state.writes.start(app.state.shelf.beat, app.state.shelf.pace.beat)
                if settings.worker:
                    app.state.audit.start()
                    app.state.sweep.start()
                    app.state.resolver.start()
                    app.state.postman.start()
                await app.state.jobs.start(works=app.state.works)
                settle_memory()
                watchdog = asyncio.create_task(watch(), name="watchdog")
        yield
    finally:
        app.state.closing = True
        if watchdog is not None:
            watchdog.cancel()
        with reach.everywhere():
            await _close(app)


def _kept(settings: Settings, name: str, *, driven: bool) -> Any:
    """One of our own limits. Who replaces a provider's drives load on purpose: then only those set are kept to."""
    return getattr(settings, name) if not driven or name in settings.model_fields_set else None


def _keyring(settings: Settings, clock: Clock) -> Keyring:
    if settings.development:
        return load_or_create(settings.keyring_file, clock.now())
    return load(settings.keyring_file)


def _database(settings: Settings) -> Database:
    try:
        return Database(settings.database_url.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"LEDGERWAY_DATABASE_URL: {error}") from None


def _version() -> str:
    try:
        return version("ledgerway")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
