"""What a working process does about the audit log about once an hour: sign where its chains end, shorten the old; and
once a day look whether they still hold together.
"""

from prometheus_client import Gauge
from structlog.stdlib import get_logger

from app.core.chores import Chore
from app.core.clock import Clock
from app.core.database import Database
from app.core.metrics import REGISTRY
from app.core.secrets import KeyWrapper
from app.keys import audit
from app.keys.audit_check import verify
from app.keys.audit_seals import Broken, Seals

_ROUNDS = 200  # batches of one chain in a pass, so that the others get their turn
_DAY = 86_400.0
_BROKEN = Gauge(
    "ledgerway_audit_broken_chains",
    "Audit chains that did not hold together when they were last looked at (daily).",
    registry=REGISTRY,
)
_log = get_logger("ledgerway.audit")


class AuditKeeping(Chore):
    """One per process that works; several do each other no harm."""

    every = (1800.0, 3600.0)

    def __init__(self, database: Database, wrapper: KeyWrapper, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seals = Seals(database, wrapper, clock)
        self._verified: float | None = None

    async def once(self) -> int:
        """One pass; how many entries it deleted."""
        await self._seals.sign_heads()
        async with self._database.read() as session:
            chains = await audit.chains(session)
        now = self._clock.monotonic()
        if self._verified is None or now - self._verified >= _DAY:
            await self._verify(chains)
            self._verified = now
        return sum([await self._shorten(environment_id) for environment_id in chains])

    async def _verify(self, chains: list[str]) -> None:
        """Alarms the operator of chains that were tampered with."""
        key, broken = await self._seals.public_key(), 0
        for environment_id in chains:
            async with self._database.read() as session:
                verdict = await verify(session, environment_id, key)
            if verdict.broken_at is not None:
                broken += 1
                _alarm(environment_id, verdict.broken_at, verdict.reason)
        _BROKEN.set(broken)

    async def _shorten(self, environment_id: str) -> int:
        gone = 0
        try:
            for _ in range(_ROUNDS):
                batch = await self._seals.prune(environment_id)
                gone += batch
                if not batch:
                    break
        except Broken as broken:
            _alarm(environment_id, broken.at, "it cannot be shortened")
        return gone


def _alarm(environment_id: str, at: int, reason: str) -> None:
    _log.error("audit_log_broken", environment_id=environment_id, broken_at=at, reason=reason)
