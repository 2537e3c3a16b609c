"""Arranging that an account's provider tells us of changes, and taking that back."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.accounts.service import Account, Accounts
from app.core.auth import Principal
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.ids import new_id
from app.core.secrets import Vault
from app.gateway.engine import Gateway, Lane, Run
from app.inbound import store
from app.inbound.secrets import digest, new_secret, sealed_as
from app.keys.audit import Actor, record
from app.models.inbound import InboundEndpoint, InboundHook
from app.synced import hints
from app.synced.units import Unit
from connectors.kit.hooks import Hooks, Wanted
from connectors.kit.http import Flow

_log = get_logger("ledgerway.inbound")
T = TypeVar("T")

_SECONDS = 90.0
_FAREWELL = 10.0
_GONE = (403, 404, 424)
"""Statuses of a provider that will not talk to us of this any more."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """What is arranged for an account. `steps` are for a person, where there is something left to do."""

    endpoint: InboundEndpoint | None
    modes: Sequence[tuple[Unit, str]]
    hooks: Mapping[str, InboundHook]
    url: str = ""
    secret: str | None = None
    steps: Sequence[str] = field(default=())


class Inbound:
    """What the API wants of inbound hooks."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        gateway: Gateway,
        vault: Vault,
        public_url: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._gateway = gateway
        self._vault = vault
        self._public_url = public_url

    async def look(self, principal: Principal, account_id: str) -> Arranged:
        """What is arranged now."""
        return await self._now(await self._accounts.visible(principal, account_id))

    async def arrange(self, principal: Principal, account_id: str, request_id: str) -> Arranged:
        """Has the provider tell of everything that active sync jobs cover; what it refuses is left to a person.

        Problem not_implemented, invalid_transition without a sync job; what may pass, comes out to be tried again.
        """
        account = await self._accounts.usable(principal, account_id)
        hooks = account.connector.hooks
        if hooks is None:
            raise Problem("not_implemented", f"{account.connector.label} has no hooks.")
        async with self._database.read() as session:
            units = await hints.covered(session, account.id, account.connector)
        if not units:
            raise Problem(
                "invalid_transition", "No active sync job covers anything of this account; make one."
            )
        by_path = _by_path(units, account, hooks)
        endpoint, token, secret = await self._opened(principal, account)
        url = f"{self._public_url}/inbound/{account.connector.slug}/{token}"
        wanted = Wanted(url, secret, _mark(endpoint), frozenset(by_path))
        told = await self._perform(account, hooks.install(wanted), "install", request_id)
        refused = [path for path in sorted(by_path) if told.get(path) is not None]

        async def commit(session: AsyncSession) -> bool:
            now = self._clock.now()
            outcome = {unit.name: told.get(path) for path, named in by_path.items() for unit in named}
            await store.arranged(session, endpoint, outcome, now)
            row = await session.get_one(InboundEndpoint, endpoint.id)
            shown, row.secret_shown = row.secret_shown, row.secret_shown or bool(refused)
            return shown

        shown = await self._database.transact(commit)
        found = await self._now(account)
        if not refused:
            return found
        steps = hooks.instructions(url, refused)
        return Arranged(found.endpoint, found.modes, found.hooks, url, None if shown else secret, steps)

    async def take_back(self, principal: Principal, account_id: str, request_id: str) -> None:
        """The provider is asked to tell no more, and what it still sends is not taken any longer."""
        account = await self._accounts.visible(principal, account_id)
        endpoint = await self._endpoint(account.id)
        if endpoint is None:
            raise Problem("not_found", "Nothing is installed for this account.")
        try:
            await self._removed(account, endpoint, frozenset(), request_id)
        except Problem as problem:
            if problem.status not in _GONE:
                raise
        async with self._database.write() as session:
            await session.execute(delete(InboundHook).where(InboundHook.account_id == account.id))
            await session.execute(delete(InboundEndpoint).where(InboundEndpoint.id == endpoint.id))
            await self._audit(session, principal, "inbound.removed", account)

    async def settle(self, environment_id: str, account_id: str) -> None:
        """A job: hooks of what no sync job covers any more are taken back."""
        endpoint = await self._endpoint(account_id)
        if endpoint is None:
            return
        account = await self._accounts.load(environment_id, account_id)
        async with self._database.read() as session:
            units = await hints.covered(session, account.id, account.connector)
            arranged = await hints.hooks(session, account.id)
        stay = {unit.name for unit in units}
        if stay >= arranged.keys():
            return
        paths = frozenset(unit.part(account.connector).path for unit in units)
        await self._removed(account, endpoint, paths, "")
        async with self._database.write() as session:
            await session.execute(
                delete(InboundHook).where(InboundHook.account_id == account.id, InboundHook.unit.not_in(stay))
            )

    async def farewell(self, account: Account) -> None:
        """Before an account's end: its hooks are taken back, if the provider has ears for it now."""
        endpoint = await self._endpoint(account.id)
        if endpoint is None:
            return
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._removed(account, endpoint, frozenset(), "")
        except Exception as error:
            _log.warning("hooks_left_behind", account=account.id, error=type(error).__name__)

    async def _now(self, account: Account) -> Arranged:
        async with self._database.read() as session:
            endpoint = await store.of_account(session, account.id)
            units = await hints.covered(session, account.id, account.connector)
            hooks = await hints.hooks(session, account.id)
        return Arranged(endpoint, [(unit, hints.mode_of(hooks.get(unit.name))) for unit in units], hooks)

    async def _endpoint(self, account_id: str) -> InboundEndpoint | None:
        async with self._database.read() as session:
            return await store.of_account(session, account_id)

    async def _opened(self, principal: Principal, account: Account) -> tuple[InboundEndpoint, str, str]:
        """The account's endpoint, made if there is none; its token and secret."""
        known = await self._endpoint(account.id)
        if known is None:
            endpoint, token, secret = await self._made(account)
            async with self._database.write() as session:
                known = await store.of_account(session, account.id)
                if known is None:
                    session.add(endpoint)
                    await self._audit(session, principal, "inbound.installed", account)
                    return endpoint, token, secret
        token, secret = [
            (await self._vault.open(blob, sealed_as(known, column))).reveal().decode()
            for column, blob in (("token_blob", known.token_blob), ("secret_blob", known.secret_blob))
        ]
        return known, token, secret

    async def _made(self, account: Account) -> tuple[InboundEndpoint, str, str]:
        """A new one, not stored yet."""
        token, secret = new_id("inb"), new_secret()
        endpoint = InboundEndpoint(
            id=new_id("ine"),
            environment_id=account.environment_id,
            account_id=account.id,
            token_hash=digest(token),
            token_blob=b"",
            secret_blob=b"",
            created_at=self._clock.now(),
        )
        endpoint.token_blob = await self._vault.seal(sealed_as(endpoint, "token_blob"), token)
        endpoint.secret_blob = await self._vault.seal(sealed_as(endpoint, "secret_blob"), secret)
        return endpoint, token, secret

    async def _removed(
        self, account: Account, endpoint: InboundEndpoint, stay: frozenset[str], request_id: str
    ) -> None:
        hooks = account.connector.hooks
        if hooks is not None:
            await self._perform(account, hooks.remove(_mark(endpoint), stay), "remove", request_id)

    async def _perform(self, account: Account, flow: Flow[T], operation: str, request_id: str) -> T:
        run = Run(
            account=account,
            lane=Lane.WRITE,
            deadline=self._clock.monotonic() + _SECONDS,
            request_id=request_id,
            key_id="",
            resource="inbound",
            operation=operation,
        )
        return await self._gateway.perform(run, flow)

    async def _audit(
        self, session: AsyncSession, principal: Principal, action: str, account: Account
    ) -> None:
        actor = Actor("api_key", principal.key_id)
        await record(session, self._clock.now(), account.environment_id, actor, action, account.id)


def _by_path(units: Sequence[Unit], account: Account, hooks: Hooks) -> dict[str, list[Unit]]:
    """Native collections the provider can tell of → what is synced of them."""
    found: dict[str, list[Unit]] = {}
    for unit in units:
        path = unit.part(account.connector).path
        if path in hooks.paths:
            found.setdefault(path, []).append(unit)
    return found


def _mark(endpoint: InboundEndpoint) -> str:
    """By which our hooks are known among all of the company's."""
    return endpoint.id[-10:]
