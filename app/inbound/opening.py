"""The inbound room, put together."""

from app.accounts.service import Accounts
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets.vault import Vault
from app.core.settings import Settings
from app.gateway.engine import Gateway
from app.inbound import store
from app.inbound.receiving import Receiver
from app.inbound.service import Inbound
from app.jobs.queues import MAINT
from app.jobs.service import Jobs
from app.synced import hints


def open_inbound(
    database: Database,
    clock: Clock,
    settings: Settings,
    accounts: Accounts,
    gateway: Gateway,
    vault: Vault,
    jobs: Jobs,
) -> tuple[Inbound, Receiver]:
    """What the API needs, and what takes the hooks."""
    inbound = Inbound(database, clock, accounts, gateway, vault, settings.public_url)
    jobs.register(hints.UNCOVERED, MAINT, inbound.settle)
    jobs.register_due(store.forget, every=60.0)
    return inbound, Receiver(database, clock, accounts, vault, jobs)
