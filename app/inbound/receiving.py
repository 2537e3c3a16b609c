"""What happens to a provider's hook before it is answered: it is recognised, and what it hints at is stored."""

import hashlib
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import Account, Accounts
from app.core import reach
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.core.rates import Rate, Window
from app.core.secrets import Vault
from app.inbound import store
from app.inbound.secrets import digest, sealed_as
from app.jobs.service import Jobs
from app.models.inbound import InboundEndpoint
from app.synced import hints
from app.synced.store import Owner
from app.synced.units import syncable, units_of
from connectors.kit.hooks import Delivery, Mention

_RATE = Rate(50, 1)


class Receiver:
    """Takes hooks. Nobody outside is awaited."""

    def __init__(
        self, database: Database, clock: Clock, accounts: Accounts, vault: Vault, jobs: Jobs
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._vault = vault
        self._jobs = jobs
        self._window = Window("endpoint", _RATE)

    async def receive(self, integration: str, token: str, delivery: Delivery) -> None:
        """Returns once what the hook hints at is committed.

        Problem not_found for what is no endpoint, rate_limited, signature_invalid.
        """
        endpoint = await self._endpoint(token)
        reach.within(endpoint.environment_id)
        account = await self._accounts.load(endpoint.environment_id, endpoint.account_id)
        hooks = account.connector.hooks
        if hooks is None or account.connector.slug != integration:
            raise _unknown()
        left, seconds = self._window.take(endpoint.id, self._clock.monotonic())
        if left < 0:
            detail = f"At most {_RATE.calls} hooks a second are taken here."
            raise Problem("rate_limited", detail, retry_after=seconds)
        secret = await self._vault.open(endpoint.secret_blob, sealed_as(endpoint, "secret_blob"))
        if not hooks.is_signed(delivery, secret.reveal().decode()):
            raise Problem("signature_invalid", "The signature is missing, or not over this request.")
        mentions = hooks.mentions(delivery)
        body = hashlib.sha256(delivery.content).digest()
        await self._database.transact(
            lambda session: self._keep(session, endpoint, account, mentions, body, self._clock.now())
        )

    async def _endpoint(self, token: str) -> InboundEndpoint:
        with reach.everywhere():
            async with self._database.read() as session:
                endpoint = await store.by_token(session, digest(token))
        if endpoint is None:
            raise _unknown()
        return endpoint

    async def _keep(
        self,
        session: AsyncSession,
        endpoint: InboundEndpoint,
        account: Account,
        mentions: tuple[Mention, ...],
        body: bytes,
        now: datetime,
    ) -> None:
        is_new = await store.is_new(session, endpoint, body, now)
        connector = account.connector
        paths = {mention.path for mention in mentions}
        units = [unit for path in syncable(connector) for unit in units_of(connector, path)]
        named = [unit.name for unit in units if unit.part(connector).path in paths]
        await store.arrived(session, endpoint, await hints.hooks(session, account.id), named, now)
        said = {
            (unit, mention.id or "")
            for unit in await hints.covered(session, account.id, connector)
            for mention in mentions
            if unit.part(connector).path == mention.path
        }
        owner = Owner(account.environment_id, account.id, account.tenant_id)
        await hints.ask(session, self._jobs, owner, said, now)
        await store.count(session, endpoint, now, repeated=not is_new, ignored=not said)


def _unknown() -> Problem:
    return Problem("not_found", "There is nothing at this address.")
