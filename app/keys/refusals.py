"""Who was turned away, in the audit log: counted while requests are answered, written together once a minute.

However many are refused, a chain grows by a handful of entries a minute: callers past those are one entry more.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from app.core import reach
from app.core.chores import Chore
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import Problem
from app.keys import audit
from app.keys.audit import Actor

_ACTIONS = {
    "unauthenticated": "authentication.failed",
    "key_revoked": "authentication.failed",
    "key_expired": "authentication.failed",
    "ip_not_allowed": "authorization.failed",
    "insufficient_scope": "authorization.failed",
}
_DISTINCT = 20  # entries of one chain a minute, and one for the rest


@dataclass(frozen=True, slots=True)
class Refused:
    """Refusals that are counted as one: of a key ("" for none we know) from an address, for a reason."""

    code: str
    key_id: str = ""
    ip: str | None = None
    scope: str | None = None


@dataclass(slots=True)
class _Tally:
    count: int
    first: datetime
    last: datetime


_REST = Refused("many")  # the rest, whoever they are


class Refusals(Chore):
    """Those of one process that are not written yet. A killed process loses at most a minute of them."""

    every = (50.0, 70.0)

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._tallies = defaultdict[str, dict[Refused, _Tally]](dict)

    def note(self, request: Request, problem: Problem) -> None:
        """A request was answered with `problem`; counted when it is one of who may do what."""
        if problem.code not in _ACTIONS:
            return
        known = problem.caller or request.scope.get("state", {}).get("caller")
        environment_id, key_id = known or (audit.SYSTEM, "")
        scope = problem.extra.get("scope")
        refused = Refused(problem.code, key_id, request.client.host if request.client else None, scope)
        now = self._clock.now()
        self._add(environment_id, refused, _Tally(1, now, now))

    async def close(self) -> None:
        """End, with everything written that can be."""
        await super().close()
        await self.once()

    async def once(self) -> int:
        """Write what was counted; how many entries. What cannot be written now waits, counted, for the next time."""
        written = 0
        for environment_id in list(self._tallies):
            counted = self._tallies.pop(environment_id)
            try:
                with reach.everywhere():
                    await self._record(environment_id, counted)
            except BaseException:
                for refused, tally in counted.items():
                    self._add(environment_id, refused, tally)
                raise
            written += len(counted)
        return written

    def _add(self, environment_id: str, refused: Refused, more: _Tally) -> None:
        tallies = self._tallies[environment_id]
        if refused not in tallies and len(tallies) >= _DISTINCT:
            refused = _REST
        tally = tallies.get(refused)
        if tally is None:
            tallies[refused] = more
            return
        tally.count += more.count
        tally.first, tally.last = min(tally.first, more.first), max(tally.last, more.last)

    async def _record(self, environment_id: str, counted: dict[Refused, _Tally]) -> None:
        async with self._database.write() as session:
            for refused, tally in counted.items():
                detail = {
                    "count": tally.count,
                    "first": tally.first.isoformat(),
                    "last": tally.last.isoformat(),
                }
                await audit.record(
                    session,
                    self._clock.now(),
                    environment_id,
                    Actor(
                        "api_key" if refused.key_id else "anonymous", refused.key_id or "unknown", refused.ip
                    ),
                    _ACTIONS.get(refused.code, "authentication.failed"),  # who makes many has no key, mostly
                    refused.key_id or "unknown",
                    outcome=refused.code,
                    detail=detail | ({"scope": refused.scope} if refused.scope else {}),
                )
