"""Puts a gateway together from what the process has."""

import asyncio
import random
from datetime import timedelta
from typing import Protocol

import structlog

from app.accounts.credentials import Credentials
from app.accounts.service import Accounts
from app.core.clock import Clock
from app.core.connectors import connector_settings
from app.core.database import Database
from app.core.http import Door
from app.core.settings import Settings
from app.gateway.attempts import Attempts
from app.gateway.calls import Calls
from app.gateway.engine import Gateway
from app.gateway.fresh import Fresh
from app.gateway.hosts import Hosts
from app.gateway.limits import Governor
from app.gateway.posting import post
from app.gateway.quotas import QuotaShelf
from app.gateway.refresh import Refresher
from app.gateway.tokens import Tokens
from connectors.kit.auth import Client, DataCenter, Form
from connectors.kit.connector import Connector
from connectors.kit.http import Json

_log = structlog.get_logger("ledgerway.tokens")


class Clients(Protocol):
    """Whoever knows the OAuth clients: an environment's own before those of the settings."""

    async def find(self, environment_id: str, connector: Connector, location: str) -> Client | None:
        """The client registered for one data centre; None when there is none."""
        ...


def open_gateway(
    settings: Settings,
    database: Database,
    clock: Clock,
    accounts: Accounts,
    credentials: Credentials,
    clients: Clients,
    connectors: tuple[Connector, ...],
) -> Gateway:
    """A gateway that reaches the data centres of `connectors`, settings applied, and no other host.

    Call `start` on the running loop and `close` at the end.
    """
    known = {
        connector.slug: connector_settings(settings, connector.settings_prefix, connector).overlay(
            connector.auth.data_centers
        )
        for connector in connectors
    }
    door = Door(
        origin
        for centers in known.values()
        for center in centers.values()
        for origin in (center.accounts, center.api)
    )

    async def doors(
        environment_id: str, connector: Connector, location: str
    ) -> tuple[DataCenter, Client] | None:
        center = known[connector.slug].get(location)
        client = await clients.find(environment_id, connector, location)
        return None if client is None or center is None else (center, client)

    async def exchange(form: Form, seconds: float) -> tuple[int, Json]:
        return await post(door, form, seconds)

    refresher = Refresher(database, clock, credentials, accounts, doors, exchange)
    tokens = Tokens(credentials, refresher, accounts, clock)
    calls = Calls(database, clock, timedelta(days=settings.log_days))
    attempts = Attempts(
        door, Governor(QuotaShelf(database, clock), clock), tokens, calls, Hosts(clock), clock
    )

    async def probe() -> None:
        while True:
            await asyncio.sleep(random.uniform(15.0, 25.0))  # noqa: S311 — processes should not meet
            try:
                await refresher.show_alarms()
                await refresher.probe_due(connectors)
            except Exception as error:
                _log.warning("probe of ended grants failed", error=type(error).__name__)

    background = (tokens.keep_ahead, probe, calls.keep_forgetting) if settings.worker else ()
    return Gateway(attempts, Fresh(clock), (calls.keep_writing, *background))
