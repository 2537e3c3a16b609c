"""What a working process does about the audit log about once an hour: sign where its chains end, shorten the old."""

from structlog.stdlib import get_logger

from app.core.chores import Chore
from app.core.clock import Clock
from app.core.database import Database
from app.core.secrets import KeyWrapper
from app.keys import audit
from app.keys.audit_seals import Broken, Seals

_ROUNDS = 200  # batches of one chain in a pass, so that the others get their turn
_log = get_logger("ledgerway.audit")


class AuditKeeping(Chore):
    """One per process that works; several do each other no harm."""

    every = (1800.0, 3600.0)

    def __init__(self, database: Database, wrapper: KeyWrapper, clock: Clock) -> None:
        self._database = database
        self._seals = Seals(database, wrapper, clock)

    async def once(self) -> int:
        """One pass; how many entries it deleted."""
        await self._seals.sign_heads()
        async with self._database.read() as session:
            chains = await audit.chains(session)
        return sum([await self._shorten(environment_id) for environment_id in chains])

    async def _shorten(self, environment_id: str) -> int:
        gone = 0
        try:
            for _ in range(_ROUNDS):
                batch = await self._seals.prune(environment_id)
                gone += batch
                if not batch:
                    break
        except Broken as broken:
            _log.error("audit_log_broken", reason=str(broken))
        return gone
