"""Integrated accounts, ready to be called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.settings import Settings
from connectors.kit.auth import DataCenter
from connectors.kit.connector import Connector, Organization
from connectors.kit.limits import Limits


@dataclass(frozen=True, slots=True)
class Account:
    """One integrated account with everything a call needs, settings applied."""

    id: str
    environment_id: str
    tenant_id: str
    connector: Connector
    location: str
    data_center: DataCenter
    organization: Organization
    grant_id: str
    status: str
    scopes: tuple[str, ...]
    limits: Limits
    context: Mapping[str, Any]
    last_error: Mapping[str, Any] | None = None


class Accounts:
    """Loads accounts (memory for two seconds) and changes their status."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, connectors: tuple[Connector, ...]
    ) -> None:
        raise NotImplementedError

    async def load(self, environment_id: str, account_id: str) -> Account:
        """The account, whatever its status. Problem not_found when it is unknown or another environment's."""
        raise NotImplementedError

    async def usable(self, principal: Principal, account_id: str) -> Account:
        """The account, if the principal may see it (else not_found) and it can be called (else 424)."""
        raise NotImplementedError

    async def set_status(
        self, environment_id: str, account_id: str, status: str, *, error: Mapping[str, Any] | None = None
    ) -> bool:
        """Stores a status with the error that led to it. False when nothing changed."""
        raise NotImplementedError

    async def set_grant_status(
        self, grant_id: str, status: str, *, error: Mapping[str, Any] | None = None
    ) -> list[str]:
        """The same for every account of a grant. Returns the ids of the accounts that changed."""
        raise NotImplementedError

    def forget(self, account_id: str) -> None:
        """Drops the account from this process's memory."""
        raise NotImplementedError
