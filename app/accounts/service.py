"""Integrated accounts, ready to be called."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import store
from app.accounts.happenings import change_of, tell
from app.accounts.mappings import Overlays, Rows, concerning, effective, of_rows
from app.core.auth import Principal
from app.core.clock import Clock
from app.core.connectors import ConnectorSettings, connector_settings
from app.core.database import Database
from app.core.errors import Problem
from app.core.json import instant
from app.core.log import note
from app.core.once import Once
from app.core.settings import Settings
from app.keys.audit import Actor, record
from app.keys.stamps import Stamps
from app.models.integrated_accounts import IntegratedAccount
from connectors.kit.auth import DataCenter
from connectors.kit.connector import Connector, Organization
from connectors.kit.limits import Limits

BELIEVED = 2.0
"""Seconds a process believes what it knows of an account."""

_REMEMBERED = 10_000
_GATEWAY = Actor("system", "gateway")


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
    upserts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class _Integration:
    connector: Connector
    settings: ConnectorSettings
    data_centers: Mapping[str, DataCenter]


_Row = tuple[IntegratedAccount, Rows]
"""An account as it is stored, and the rows mapped for it."""


class Accounts:
    """Loads accounts (memory for two seconds) and changes their status."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, connectors: tuple[Connector, ...]
    ) -> None:
        self._database = database
        self._clock = clock
        self._integrations: dict[str, _Integration] = {}
        for connector in connectors:
            own = connector_settings(settings, connector.settings_prefix, connector)
            centers = own.overlay(connector.auth.data_centers)
            self._integrations[connector.slug] = _Integration(connector, own, centers)
        self._held: dict[tuple[str, str], tuple[Account, float]] = {}
        self._looking: Once[tuple[str, str], _Row | None] = Once()
        self._overlays = Overlays()
        self._stamps = Stamps(database, clock, IntegratedAccount)

    def data_centers(self, connector: Connector) -> Mapping[str, DataCenter]:
        """The connector's data centres with the settings on top; a connection starts at the first."""
        return self._integrations[connector.slug].data_centers

    def connector(self, integration: str) -> Connector:
        """By its slug, without anybody's mapping."""
        return self._integrations[integration].connector

    async def load(self, environment_id: str, account_id: str) -> Account:
        """The account, whatever its status. Problem not_found when it is unknown or another environment's."""
        held = self._held.get((environment_id, account_id))
        now = self._clock.monotonic()
        if held is not None and held[1] > now:
            return held[0]
        # under load many callers find their memory expired at once: one of them looks
        row = await self._looking.do(
            (environment_id, account_id), lambda: self._row(environment_id, account_id)
        )
        if row is None:
            self._held.pop((environment_id, account_id), None)
            raise _unknown()
        account = self._account(*row)
        if len(self._held) >= _REMEMBERED:
            self._held.clear()
        self._held[environment_id, account_id] = account, now + BELIEVED
        return account

    async def _row(self, environment_id: str, account_id: str) -> _Row | None:
        async with self._database.read() as session:
            row = await store.account(session, environment_id, account_id)
            if row is None:
                return None
            mapped = await concerning(session, environment_id, row.integration, account_id)
            return row, effective(*(each.rows for each in of_rows(mapped, account_id)))

    async def visible(self, principal: Principal, account_id: str) -> Account:
        """The account, whatever its status, if the principal may see it; else Problem not_found."""
        account = await self.load(principal.environment_id, account_id)
        if not principal.sees(account.id, account.tenant_id):
            raise _unknown()
        return account

    async def usable(self, principal: Principal, account_id: str) -> Account:
        """The account, if the principal may see it (else not_found) and it can be called.

        Problem needs_reauth or connection_disabled (424), connection_state_conflict (409) when it cannot.
        """
        account = await self.visible(principal, account_id)
        if account.status not in ("active", "post_install_error"):
            raise _unusable(account)
        self._stamps.note(account.id)
        note(integrated_account_id=account.id)
        return account

    async def set_status(
        self, environment_id: str, account_id: str, status: str, *, error: Mapping[str, Any] | None = None
    ) -> bool:
        """Stores a status with the error that led to it. False when nothing changed or there is no account."""
        async with self._database.write() as session:
            row = await store.account(session, environment_id, account_id)
            changed = row is not None and await self._change(session, row, status, error)
        self.forget(account_id)
        return changed

    async def set_grant_status(
        self, grant_id: str, status: str, *, error: Mapping[str, Any] | None = None
    ) -> list[str]:
        """The status for every account of a grant that works or worked. Returns the ids of those that changed.

        Accounts being connected, and those whose trouble is their own, keep their status.
        """
        async with self._database.write() as session:
            changed = await self.grant_became(session, grant_id, status, error=error)
        self.forget(*changed)
        return changed

    async def grant_became(
        self, session: AsyncSession, grant_id: str, status: str, *, error: Mapping[str, Any] | None = None
    ) -> list[str]:
        """As `set_grant_status`, in the caller's transaction; what changed is to be forgotten afterwards."""
        return [
            row.id
            for row in await store.accounts_of_grant(session, grant_id)
            if row.status in ("active", "needs_reauth") and await self._change(session, row, status, error)
        ]

    def forget(self, *account_ids: str) -> None:
        """Drops the accounts from this process's memory."""
        for key in [key for key in self._held if key[1] in account_ids]:
            del self._held[key]

    async def everywhere(self, account_id: str | None = None) -> None:
        """Returns when no process remembers the account, or any, as it was before the call."""
        if account_id is None:
            self._held.clear()
        else:
            self.forget(account_id)
        await self._clock.sleep(BELIEVED)

    async def settle(self) -> None:
        """Returns when the uses noted so far are stored. For the end of a process."""
        await self._stamps.settle()

    async def _change(
        self, session: AsyncSession, row: IntegratedAccount, status: str, error: Mapping[str, Any] | None
    ) -> bool:
        if row.status == status:
            return False
        before, now = row.status, self._clock.now()
        row.status = status
        row.last_error = None if error is None else {"at": instant(now), **error}
        row.updated_at = now
        detail: dict[str, Any] = {"from": before, "to": status}
        if error is not None:
            detail["error"] = error.get("code")
        await record(
            session, now, row.environment_id, _GATEWAY, "integrated_account.status_changed", row.id,
            detail=detail,
        )  # fmt: skip
        await tell(session, now, row, change_of(before, status))
        return True

    def _account(self, row: IntegratedAccount, mapped: Rows) -> Account:
        integration = self._integrations.get(row.integration)
        center = integration.data_centers.get(row.location) if integration is not None else None
        if integration is None or center is None:
            what = row.integration if integration is None else f"data centre {row.location}"
            raise Problem("connection_disabled", f"This gateway is not set up for {what}.")
        connector = integration.connector
        return Account(
            id=row.id,
            environment_id=row.environment_id,
            tenant_id=row.tenant_id,
            connector=self._overlays.laid(connector, mapped),
            location=row.location,
            data_center=center,
            organization=organization_of(row),
            grant_id=row.grant_id,
            status=row.status,
            scopes=tuple(row.scopes),
            limits=replace(
                integration.settings.budget(connector.budget, row.plan), share=row.quota_share or 1.0
            ),
            context=row.context,
            last_error=row.last_error,
            upserts=row.upserts or {},
        )


def organization_of(row: IntegratedAccount) -> Organization:
    """The organisation as it was stored."""
    fields = Organization.__dataclass_fields__
    stored: dict[str, Any] = {name: value for name, value in row.organization.items() if name in fields}
    stored = {"name": "", **stored, "id": row.organization_id}
    return Organization(**stored)


def _unknown() -> Problem:
    return Problem("not_found", "There is no such integrated account.")


def _unusable(account: Account) -> Problem:
    label = account.connector.label
    if account.status == "connecting":
        return Problem("connection_state_conflict", "The account is still being connected.", retryable=True)
    error = dict(account.last_error) if account.last_error is not None else None
    described = {
        "id": account.id,
        "tenant_id": account.tenant_id,
        "integration": account.connector.slug,
        "last_error": error,
    }
    again = {"method": "POST", "path": "/link-token", "body": {"integrated_account_id": account.id}}
    if account.status == "needs_reauth":
        detail = f"{label} no longer accepts this connection; the customer has to reconnect."
        return Problem("needs_reauth", detail, account=described, next=again)
    return Problem(
        "connection_disabled", f"The connection to {label} failed its check.", account=described, next=again
    )
