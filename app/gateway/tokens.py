"""Access tokens: memory for seconds, then the sealed column, then one refresh for everybody."""

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.accounts.credentials import Credentials
from app.accounts.service import Account, Accounts
from app.core.clock import Clock
from app.core.errors import Problem
from app.core.once import Once
from app.core.secrets import Reason, SecretUnavailable
from app.gateway.refresh import DELETED, Refresher, Refused, Renewed, ended
from connectors.kit.auth import Refusal

_log = structlog.get_logger("ledgerway.tokens")

_MEMORY = 20.0  # seconds a token is believed without looking at its row
_MARGIN = timedelta(seconds=120)
_LAST_USE = timedelta(seconds=5)  # an old token is used up to here while its successor is on the way
_PATIENCE = 15.0
_READS_PER_CLAIM = 4
_FRESH = 60.0
_FRESH_ELSEWHERE = 15.0  # made by a process that cannot tell us whether it worked
_IN_USE = 15 * 60.0
_AHEAD = (5 * 60.0, 15 * 60.0)
_AT_ONCE = 10


@dataclass(slots=True)
class Held:
    """A token in memory. `worked` once the provider accepted it; `doubted` when a call since then was refused and
    the token may be why; `made_at` when this process made it."""

    value: str
    generation: int
    expires_at: datetime
    read_at: float
    ahead: timedelta
    worked: bool = False
    doubted: bool = False
    made_at: float | None = None

    def __repr__(self) -> str:
        return f"Held(generation={self.generation})"


class Tokens:
    """Hands out the current access token of an account's grant."""

    def __init__(
        self, credentials: Credentials, refresher: Refresher, accounts: Accounts, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._credentials = credentials
        self._refresher = refresher
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._used: dict[str, tuple[float, Account]] = {}
        self._running: dict[str, asyncio.Task[Held | Refused]] = {}
        self._reading: Once[str, Held] = Once()
        self._not_before: dict[str, float] = {}
        self._gates = defaultdict[tuple[str, str], asyncio.Semaphore](lambda: asyncio.Semaphore(_AT_ONCE))

    def ready(self, account: Account) -> Held | None:
        """The token when it can be used without waiting for anything."""
        held = self._held.get(account.grant_id)
        if held is None:
            return None
        now = self._clock.monotonic()
        if now - held.read_at > _MEMORY or held.expires_at - self._clock.now() <= _MARGIN:
            return None
        self._used[account.grant_id] = (now, account)
        return held

    async def access(self, account: Account, deadline: float) -> Held:
        """A usable token, renewed if need be. Problem needs_reauth or token_refresh_unavailable."""
        try:
            return self.ready(account) or await self._access(account, deadline)
        except GrantGone as gone:
            return await self._access(await self._moved(account, gone), deadline)

    async def _access(self, account: Account, deadline: float) -> Held:
        held = await self._current(account)
        left = held.expires_at - self._clock.now()
        if left > _MARGIN:
            return held
        if left > _LAST_USE and self._not_before.get(account.grant_id, 0.0) > self._clock.monotonic():
            return held
        task = self._renewal(account, held.generation, ahead=left > _LAST_USE)
        if left > _LAST_USE:
            return held  # still good: whoever renews it needs no company
        return await self._renewed(account, task, deadline)

    async def replace(self, account: Account, rejected: Held, deadline: float) -> Held | None:
        """Another token than `rejected`, which the provider refused; None when that one is brand-new.

        At most one refresh per generation, whoever asks: a row that moved on is simply read.
        """
        try:
            return await self._replace(account, rejected, deadline)
        except GrantGone as gone:
            return await self._access(await self._moved(account, gone), deadline)

    async def _moved(self, account: Account, gone: "GrantGone") -> Account:
        """The account on the grant that took over from the one this process knew; `gone` when there is none."""
        self._accounts.forget(account.id)
        current = await self._accounts.load(account.environment_id, account.id)
        if current.grant_id == account.grant_id:
            raise gone
        return current

    async def _replace(self, account: Account, rejected: Held, deadline: float) -> Held | None:
        grant = account.grant_id
        held = self._held.get(grant)
        if held is None or held.generation <= rejected.generation:
            held = await self._read(account)
        if held.generation > rejected.generation:
            return held
        if grant not in self._running and not held.worked:
            made = held.made_at
            if made is not None and self._clock.monotonic() - made < _FRESH:
                return None
            if await self._refresher.is_fresh(grant, rejected.generation, _FRESH_ELSEWHERE):
                return None
        task = self._renewal(account, rejected.generation)
        return await self._renewed(account, task, deadline)

    async def renew(self, account: Account, deadline: float) -> Held:
        """A new token now, because somebody asked for it."""
        held = await self._read(account)
        return await self._renewed(account, self._renewal(account, held.generation), deadline)

    def forget(self, grant_id: str) -> None:
        """Drop what memory holds of a grant."""
        self._held.pop(grant_id, None)
        self._used.pop(grant_id, None)

    async def keep_ahead(self) -> None:
        """Renew the tokens in use before they expire. Runs for ever."""
        while True:
            await asyncio.sleep(20.0 + random.uniform(0.0, 10.0))  # noqa: S311
            try:
                await self.renew_due()
            except Exception as error:
                _log.warning("proactive refresh failed", error=type(error).__name__)

    async def renew_due(self) -> int:
        """Renew every token in use that nears its end, ten at a time. How many were due."""
        now = self._clock.monotonic()
        self._used = {grant: use for grant, use in self._used.items() if now - use[0] < _IN_USE}
        self._held = {grant: held for grant, held in self._held.items() if grant in self._used}
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(account: Account) -> int:
            async with gate:
                held = await self._read(account)
                if held.expires_at - held.ahead > self._clock.now():
                    return 0
                await asyncio.shield(self._renewal(account, held.generation, ahead=True))
                return 1

        due = [
            account
            for grant, (_, account) in self._used.items()
            if (held := self._held.get(grant)) is None or held.expires_at - held.ahead <= self._clock.now()
        ]
        outcomes = await asyncio.gather(*(one(account) for account in due), return_exceptions=True)
        return sum(outcome for outcome in outcomes if isinstance(outcome, int))

    async def close(self) -> None:
        """Let running refreshes end: a token the provider gave out must be stored."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=_PATIENCE)

    async def _current(self, account: Account) -> Held:
        """The row's token; memory's while the storage or the key service is away, or was just asked."""
        now = self._clock.monotonic()
        self._used[account.grant_id] = (now, account)
        held = self._held.get(account.grant_id)
        if held is not None and now - held.read_at < 0.05:
            return held
        try:
            return await self._read(account)
        except Problem as problem:
            good = held is not None and held.expires_at - self._clock.now() > _LAST_USE
            if held is None or not good or problem.status != 503:
                raise
            held.read_at = now  # believed anew: what is away is not asked by every call
            return held

    async def _read(self, account: Account) -> Held:
        """The row's token. Callers at the same moment share one look."""
        return await self._reading.do(account.grant_id, lambda: self._look(account))

    async def _look(self, account: Account) -> Held:
        grant = account.grant_id
        found = await self._opened(grant)
        if found is None:
            self.forget(grant)
            raise GrantGone(account)
        value, generation, expires_at = found
        now = self._clock.monotonic()
        held = self._held.get(grant)
        if held is not None and held.generation == generation and held.value == value:
            held.read_at = now
            return held
        ahead = timedelta(seconds=random.uniform(*_AHEAD))  # noqa: S311 — spreads refreshes, guards nothing
        held = self._held[grant] = Held(value, generation, expires_at, now, ahead)
        return held

    async def _opened(self, grant_id: str) -> tuple[str, int, datetime] | None:
        """What the row holds. What does not open may have ended since its row was read: that is read once more."""
        for last in (False, True):
            try:
                return await self._credentials.open_access(grant_id)
            except SecretUnavailable as error:
                if error.reason is Reason.SERVICE:
                    raise
                if last:
                    detail = "The connection's access token cannot be opened."
                    raise Problem("decrypt_failed", detail) from None
        raise AssertionError("unreachable")

    def _renewal(
        self, account: Account, generation: int, *, ahead: bool = False
    ) -> "asyncio.Task[Held | Refused]":
        """The one renewal of this process for a grant; it outlives callers who give up."""
        grant = account.grant_id
        running = self._running.get(grant)
        if running is None:
            running = asyncio.get_running_loop().create_task(self._renew(account, generation, ahead))
            self._running[grant] = running
            running.add_done_callback(lambda task: self._ended(grant, task))
        return running

    def _ended(self, grant: str, task: "asyncio.Task[Held | Refused]") -> None:
        self._running.pop(grant, None)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.warning("token refresh failed", grant=grant, error=type(error).__name__)
            self._not_before[grant] = self._clock.monotonic() + 1.0
        elif isinstance(outcome := task.result(), Refused):
            self._not_before[grant] = self._clock.monotonic() + outcome.seconds
        else:
            self._not_before.pop(grant, None)

    async def _renew(self, account: Account, generation: int, ahead: bool) -> Held | Refused:
        """The successor of `generation`: our own, or that of whoever holds the lease."""
        until = self._clock.monotonic() + _PATIENCE
        while True:
            async with self._gates[account.connector.slug, account.location]:
                outcome = await self._refresher.refresh(
                    account.grant_id, generation, account.connector, ahead=ahead
                )
            now = self._clock.monotonic()
            if isinstance(outcome, Refused):
                if outcome.refusal is not Refusal.TRANSIENT or now + outcome.seconds + 1.0 > until:
                    return outcome
                await asyncio.sleep(outcome.seconds)
                continue
            for _ in range(_READS_PER_CLAIM):
                held = await self._read(account)
                if held.generation > generation:
                    if isinstance(outcome, Renewed):
                        held.made_at = self._clock.monotonic()
                    return held
                await asyncio.sleep(random.uniform(0.05, 0.15))  # noqa: S311
            if self._clock.monotonic() >= until:
                return Refused(Refusal.TRANSIENT, "pending", 2.0)

    async def _renewed(self, account: Account, task: "asyncio.Task[Held | Refused]", deadline: float) -> Held:
        """What the renewal brings, as long as the caller can wait. Problem when it brings nothing."""
        left = min(_PATIENCE, deadline - self._clock.monotonic())
        try:
            async with asyncio.timeout(max(0.0, left)):
                outcome = await asyncio.shield(task)
        except TimeoutError:
            raise Unrenewed(account, Refused(Refusal.TRANSIENT, "pending", 2.0)) from None
        if isinstance(outcome, Held):
            return outcome
        if outcome.refusal is Refusal.PERMANENT:
            self.forget(account.grant_id)
            if outcome.error == DELETED:
                raise GrantGone(account)
            raise needs_reauth(account, outcome.error)
        raise Unrenewed(account, outcome)


_WHY = {
    Refusal.PERMANENT: "{label} ended the connection.",
    Refusal.CONFIG: "{label} refuses the OAuth client of this integration ({error}); the connection is kept. Its "
    "operator has to correct the client's id or secret: see GET /integration.",
    Refusal.THROTTLE: "{label} asks for a pause before it renews the token ({error}); the connection is kept.",
    Refusal.TRANSIENT: "{label} does not renew the token now ({error}); the connection is kept.",
}


class GrantGone(Problem):
    """The grant ended here, not at the provider: the account was deleted, or moved to another grant."""

    def __init__(self, account: Account) -> None:
        super().__init__(
            "connection_state_conflict",
            f"The connection to {account.connector.label} is being renewed or deleted just now.",
            executed="no",
            retryable=True,
        )


class Unrenewed(Problem):
    """503: the grant stands, its token cannot be had now. `refused` says why."""

    def __init__(self, account: Account, refused: Refused) -> None:
        super().__init__(
            "token_refresh_unavailable",
            _WHY[refused.refusal].format(label=account.connector.label, error=refused.error),
            origin="provider",
            executed="no",
            retryable=True,
            retry_after=max(1, int(refused.seconds + 0.999)),
        )
        self.refused = refused


def needs_reauth(account: Account, error: str) -> Problem:
    """424: the provider ended the grant; the customer has to connect again."""
    return Problem(
        "needs_reauth",
        f"{account.connector.label} no longer accepts this connection; the customer has to reconnect.",
        origin="provider",
        executed="no",
        retryable=False,
        account={
            "id": account.id,
            "tenant_id": account.tenant_id,
            "integration": account.connector.slug,
            "last_error": {"code": error, "message": ended(account.connector)},
        },
        next={"method": "POST", "path": "/link-token", "body": {"integrated_account_id": account.id}},
    )
