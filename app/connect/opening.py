"""The room, put together from what is below it."""

from collections.abc import Sequence

from app.accounts.clients import OAuthClients
from app.accounts.credentials import Credentials
from app.accounts.service import Accounts
from app.connect.adopt import Adoption
from app.connect.importing import Importing
from app.connect.service import Connect
from app.connect.sweep import Sweep
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Ring
from app.core.settings import Settings
from app.gateway.engine import Gateway
from connectors.kit.connector import Connector


def open_connect(
    database: Database,
    clock: Clock,
    settings: Settings,
    keyring: Ring,
    credentials: Credentials,
    accounts: Accounts,
    clients: OAuthClients,
    gateway: Gateway,
    connectors: Sequence[Connector],
) -> tuple[Connect, Importing, Sweep]:
    """The hosted flow, the flow without a browser, and who cleans up behind them."""
    adoption = Adoption(database, clock, credentials, accounts, clients, gateway, connectors)
    connect = Connect(
        database, clock, settings, credentials.vault, accounts, clients, gateway, adoption, tuple(connectors),
        lambda: keyring.signing("connect-forms"),
    )  # fmt: skip
    importing = Importing(database, clock, accounts, clients, gateway, adoption, credentials)
    return connect, importing, Sweep(database, clock, adoption)
