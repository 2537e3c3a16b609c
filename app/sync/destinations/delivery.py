"""Deliveries: batch after batch, each in the destination before it counts here. Nothing is held while it is awaited."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.stdlib import get_logger

from app.accounts.service import Accounts
from app.core import failpoints
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import Secret, SecretUnavailable, Vault
from app.models.sync_destinations import SyncDestination
from app.sync.destinations import store
from app.sync.destinations.columns import models_of
from app.sync.destinations.places import Place, Places, sealed_as
from app.sync.destinations.store import LEASE, Delivery
from app.sync.destinations.unusable import Unusable

_log = get_logger("ledgerway.destinations")

SLICE = 60.0
_LONGEST_WAIT = 900.0

Queue = Callable[[AsyncSession, SyncDestination], Awaitable[None]]
"""Queues the destination's current turn, in the caller's transaction."""

IsAlive = Callable[[SyncDestination], Awaitable[bool]]
"""Whether its turn still waits or runs somewhere."""


class Deliveries:
    """Runs deliveries, and queues those that are due."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: Accounts,
        vault: Vault,
        places: Places,
        queue: Queue,
        is_alive: IsAlive,
        closing: Callable[[], bool],
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._vault = vault
        self._places = places
        self._queue = queue
        self._is_alive = is_alive
        self._closing = closing

    async def due(self, session: AsyncSession, now: datetime, limit: int) -> int:
        """Queues what is due, at most one delivery of each destination, in the caller's transaction; how many."""
        rows = await store.due(session, now, limit)
        for row in rows:
            row.due_at = now + LEASE
            if row.turn and await self._is_alive(row):
                continue
            row.turn, row.lease = row.turn + 1, None
            await session.flush()
            await self._queue(session, row)
        return len(rows)

    async def run(self, destination_id: str, turn: int) -> None:
        """Delivers until nothing waits, or this slice's time is over."""
        async with self._database.write() as session:
            delivery = await store.take(session, destination_id, turn, self._clock.now())
        if delivery is None:
            return
        try:
            async with await self._open(delivery.row) as place:
                if not await self._deliver(delivery, place):
                    return
        except (Unusable, SecretUnavailable) as error:
            await self._fail(delivery, error)
            return
        await self._database.transact(lambda session: store.rest(session, delivery, self._clock.now()))

    async def _deliver(self, delivery: Delivery, place: Place) -> bool:
        """False when somebody else goes on with it."""
        until = self._clock.monotonic() + SLICE
        while not self._closing() and self._clock.monotonic() < until:
            async with self._database.read() as session:
                rows = await store.batch(session, delivery, place.batch)
            if not rows:
                break
            await place.write(rows, delivery.position)
            failpoints.hit("destination.after_write")
            last, now = rows[-1].sequence, self._clock.now()
            if not await self._database.transact(
                lambda session, last=last, count=len(rows), now=now: store.arrived(
                    session, delivery, last, count, now
                )
            ):
                return False
            if delivery.row.error is not None:
                _log.info("destination_is_back", destination=delivery.row.id)
            delivery.position, delivery.row.error, delivery.row.failures = last, None, 0
        return True

    async def _fail(self, delivery: Delivery, error: Unusable | SecretUnavailable) -> None:
        code = error.code if isinstance(error, Unusable) else "failed"
        message = str(error) if isinstance(error, Unusable) else "Its password cannot be opened."
        wait = timedelta(seconds=min(_LONGEST_WAIT, 2.0 ** (delivery.row.failures + 1)))
        _log.warning("destination_failed", destination=delivery.row.id, code=code, wait=wait.total_seconds())
        told = {"code": code, "message": message}
        await self._database.transact(
            lambda session: store.fail(session, delivery, told, wait, self._clock.now())
        )

    async def _open(self, row: SyncDestination) -> AbstractAsyncContextManager[Place]:
        account = await self._accounts.load(row.environment_id, row.account_id)
        secret = Secret("") if row.sealed is None else await self._vault.open(row.sealed, sealed_as(row))
        return self._places.opened(row.type, row.settings, secret, models_of(account.connector))
