"""What every call to a provider goes through, whether a flow's or a forwarded one: the parts around the wire."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.accounts.service import Account
from app.core.clock import Clock
from app.core.errors import Problem
from app.core.http import Door
from app.gateway.calls import Calls
from app.gateway.cure import Again, GiveUp, Situation, decide
from app.gateway.hosts import Hosts
from app.gateway.limits import Governor, Permit
from app.gateway.problems import OutOfTime, problem_of
from app.gateway.refresh import GUARDED, Refused
from app.gateway.runs import Run
from app.gateway.tokens import Held, Tokens, Unrenewed
from connectors.kit.auth import Refusal
from connectors.kit.faults import Fault, Kind

LEAST = 1.0
"""Seconds an attempt needs at least."""

_REFUSED_FOR = 60.0
_PROVEN_FOR = 600.0
_PROVEN_MOST = 10_000
_FAIR = 10.0  # seconds a provider is given before its silence speaks against it
_OF_THE_WAY = frozenset({Kind.NETWORK, Kind.TIMEOUT, Kind.TLS})


@dataclass(slots=True)
class Tally:
    """One run's attempts. `renewed` after its one token renewal; `verdict` belongs to the last fault raised."""

    started: float
    calls: int = 0
    renewed: bool = False
    verdict: tuple[Fault, GiveUp] | None = None


@dataclass(slots=True)
class Ticket:
    """What one attempt holds: its permit, its token, and the seconds its caller gave it."""

    permit: Permit
    held: Held
    seconds: float
    fault: Fault | None = field(default=None)


class Attempts:
    """Lets an attempt begin, learns from its end, and decides what follows."""

    def __init__(
        self, door: Door, governor: Governor, tokens: Tokens, calls: Calls, hosts: Hosts, clock: Clock
    ) -> None:
        self.door = door
        self.governor = governor
        self.tokens = tokens
        self.calls = calls
        self.hosts = hosts
        self.clock = clock
        self._refused: dict[str, tuple[int, float]] = {}  # grant → generation refused though new, until
        self._proven: dict[tuple[str, str], float] = {}  # (account, operation) → forbidden whatever the token

    def left(self, run: Run) -> float:
        """Seconds to the run's deadline. Fault TIMEOUT (nothing sent) when too few for an attempt."""
        left = run.deadline - self.clock.monotonic()
        if left < LEAST:
            raise OutOfTime(Kind.TIMEOUT, message="no time left for another attempt", phase="idle")
        return left

    async def enter(self, run: Run, tally: Tally) -> Ticket:
        """Token, then permit: a permit is good for a moment only and must not wait for a token.

        Fault MINUTE, DAY, CONCURRENT or TIMEOUT; Problem circuit_open, needs_reauth, token_refresh_unavailable,
        upstream_auth_rejected.
        """
        account = run.account
        origin = account.data_center.api
        self.left(run)
        self.hosts.enter(origin)
        held = self.tokens.ready(account) or await self.tokens.access(account, run.deadline)
        if self._refused:
            self._check_refused(account, held)
        permit = await self.governor.admit(account, run.lane, run.deadline)
        if tally.calls == 0:
            self.hosts.first(origin)
        tally.calls += 1
        run.meter.calls += 1
        return Ticket(permit, held, run.deadline - self.clock.monotonic())

    def learn(self, run: Run, ticket: Ticket, headers: Mapping[str, str], fault: Fault | None) -> None:
        """After every attempt: the host's health, the budget, the token's worth."""
        account = run.account
        if fault is not None and fault.kind in _OF_THE_WAY and fault.status is None:
            if (
                fault.kind is not Kind.TIMEOUT or ticket.seconds >= _FAIR
            ):  # an impatient caller proves nothing
                self.hosts.failed(account.data_center.api)
            run.meter.provider_status, run.meter.provider_code = None, fault.kind.value
            return
        self.hosts.answered(account.data_center.api)
        if fault is not None:
            run.meter.provider_status, run.meter.provider_code = fault.status, fault.code
            if suspect(fault):
                ticket.held.doubted = True
                return
        ticket.held.worked, ticket.held.doubted = True, False
        self.governor.observe(account, ticket.permit, headers, fault)

    async def renewed(self, run: Run, ticket: Ticket, fault: Fault, tally: Tally, operation: str) -> bool:
        """After a 401: whether another token is at hand, so that the call may be sent once more."""
        account, key = run.account, (run.account.id, operation)
        forbidden = fault.kind is Kind.FORBIDDEN
        proven = forbidden and self._proven.get(key, 0.0) > self.clock.monotonic()
        if not tally.renewed and not proven:
            tally.renewed = True
            try:
                if await self.tokens.replace(account, ticket.held, run.deadline) is not None:
                    return True
            except Unrenewed as problem:
                if not forbidden or not self._lives(account, ticket.held, problem.refused):
                    raise  # the token may well be the cause: nothing is proven
                return False
        if forbidden:
            if len(self._proven) >= _PROVEN_MOST:
                self._proven.clear()
            self._proven[key] = self.clock.monotonic() + _PROVEN_FOR
        else:
            until = self.clock.monotonic() + _REFUSED_FOR
            self._refused[account.grant_id] = (ticket.held.generation, until)
        return False

    def verdict(self, run: Run, fault: Fault, *, repeatable: bool, attempt: int) -> Again | GiveUp:
        """Again or give up, within the host's budget of repeats."""
        case = Situation(
            fault=fault,
            repeatable=repeatable,
            attempt=attempt,
            left=run.deadline - self.clock.monotonic(),
            background=run.lane.is_background,
            chance=random.random(),  # noqa: S311 — jitter
        )
        found = decide(case)
        if isinstance(found, Again) and found.charged and not self.hosts.repeat(run.account.data_center.api):
            return GiveUp("no", retryable=True)
        return found

    def problem(self, run: Run, fault: Fault, tally: Tally) -> Problem:
        """The problem for a fault nobody caught."""
        if tally.verdict is not None and tally.verdict[0] is fault:
            verdict = tally.verdict[1]
        else:
            verdict = GiveUp("no", retryable=False)
        watched = run.before_write is not None
        connector = run.account.connector
        return problem_of(fault, connector, verdict.executed, retryable=verdict.retryable, watched=watched)

    def _lives(self, account: Account, held: Held, refused: Refused) -> bool:
        """Whether a doubted token is good all the same: it worked elsewhere since, or was made a moment ago."""
        if refused.refusal is Refusal.TRANSIENT:
            return False  # it will be known in a moment
        if not held.doubted:
            return True
        window = account.connector.auth.refresh_limit[1]
        young = held.made_at is not None and self.clock.monotonic() - held.made_at < window
        return young and refused.error == GUARDED

    def _check_refused(self, account: Account, held: Held) -> None:
        generation, until = self._refused.get(account.grant_id, (-1, 0.0))
        left = until - self.clock.monotonic()
        if generation == held.generation and left > 0:
            raise Problem(
                "upstream_auth_rejected",
                f"{account.connector.label} refuses a token that was just renewed.",
                origin="provider",
                executed="no",
                retryable=True,
                retry_after=max(1, int(left + 0.999)),
            )
        if left <= 0:
            self._refused.pop(account.grant_id, None)


def suspect(fault: Fault) -> bool:
    """Whether the token may be to blame: some providers answer a missing permission the same way."""
    return fault.kind is Kind.TOKEN or (fault.kind is Kind.FORBIDDEN and fault.status == 401)
