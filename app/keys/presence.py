"""What a process does about its key ring while it runs: follow the file, and tell others which ring it has."""

import os
import socket
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from structlog.stdlib import get_logger

from app.core.chores import Chore
from app.core.clock import Clock
from app.core.database import Database
from app.core.ids import new_id
from app.core.secrets import KeyringUnusable, LiveKeyring
from app.models.data_keys import KeyringProcess

ALIVE = timedelta(seconds=30)
"""A process not heard of for so long is gone."""

_TELL_SECONDS = 10.0
_FORGOTTEN = timedelta(hours=1)
_log = get_logger("ledgerway.keyring")


class Presence(Chore):
    """One process's part in a rotation."""

    every = (0.8, 1.2)

    def __init__(self, database: Database, keyring: LiveKeyring, clock: Clock) -> None:
        self._database = database
        self._ring = keyring
        self._clock = clock
        self._id = new_id("prc")
        self._told = float("-inf")

    async def close(self) -> None:
        """End, and be gone from the list."""
        if self._task is None:
            return
        await super().close()
        async with self._database.write() as session:
            await session.execute(delete(KeyringProcess).where(KeyringProcess.id == self._id))

    async def once(self) -> None:
        """Look at the file; tell when it changed, and now and then."""
        if self._follow() or self._clock.monotonic() - self._told >= _TELL_SECONDS:
            await self._tell()
            self._told = self._clock.monotonic()

    def _follow(self) -> bool:
        try:
            changed = self._ring.follow()
        except KeyringUnusable as error:
            _log.error("keyring_not_followed", reason=str(error))
            return False
        if changed:
            _log.info("keyring_changed", version=self._ring.version, primary=self._ring.primary)
        return changed

    async def _tell(self) -> None:
        now = self._clock.now()
        said = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": self._ring.version,
            "primary_key_id": self._ring.primary,
            "seen_at": now,
        }
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        async with self._database.write() as session:
            await session.execute(
                insert(KeyringProcess)
                .values(id=self._id, **said)
                .on_conflict_do_update(index_elements=[KeyringProcess.id], set_=said)
            )
            await session.execute(delete(KeyringProcess).where(KeyringProcess.seen_at < now - _FORGOTTEN))


async def processes(database: Database, clock: Clock) -> Sequence[KeyringProcess]:
    """The processes heard of lately, but for those of this machine that were killed since."""
    async with database.read() as session:
        lately = await session.scalars(
            select(KeyringProcess)
            .where(KeyringProcess.seen_at > clock.now() - ALIVE)
            .order_by(KeyringProcess.host, KeyringProcess.pid)
        )
        return [one for one in lately if one.host != socket.gethostname() or _runs(one.pid)]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
