"""The quota governor: lets calls of an organisation through in order, within a budget all processes share."""

from collections.abc import Mapping

from app.accounts.service import Account
from app.core.clock import Clock
from app.core.ids import new_id
from app.core.rates import Allowance
from app.gateway.budget import Budget
from app.gateway.quotas import Shelf
from app.gateway.runs import Lane
from app.gateway.turnstile import Turnstile
from connectors.kit.faults import Fault, Kind


class Permit:
    """The right to make one call now. Give it back when the answer is in (twice is harmless)."""

    __slots__ = ("_held", "at", "turnstile")

    def __init__(self, turnstile: Turnstile, at: float) -> None:
        self.turnstile = turnstile
        self._held = True
        self.at = at

    @property
    def is_given_back(self) -> bool:
        return not self._held

    def release(self) -> None:
        if self._held:
            self._held = False
            self.turnstile.leave()


class Governor:
    """One per process. Its processes meet in the shelf's rows only."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock
        self._owner = new_id("prc")
        self._organizations: dict[str, Turnstile] = {}

    def of(self, account: Account) -> Turnstile:
        """The organisation of an account as this process knows it."""
        name = f"{account.connector.slug}:{account.location}:{account.organization.id}"
        found = self._organizations.get(name)
        if found is None:
            if len(self._organizations) >= 20_000:
                self._organizations = {k: v for k, v in self._organizations.items() if v.busy}
            found = Turnstile(name, self._owner, self._shelf, self._clock)
            self._organizations[name] = found
        found.limits = account.limits
        return found

    async def admit(self, account: Account, lane: Lane, deadline: float) -> Permit:
        """A permit, now or before `deadline` (monotonic). Fault MINUTE, DAY or CONCURRENT when none fits.

        The faults carry `retry_after` and phase "idle": nothing was sent.
        """
        organization = self.of(account)
        if not organization.take():
            await organization.wait(lane, deadline)
        return Permit(organization, self._clock.monotonic())

    def observe(
        self, account: Account, permit: Permit, headers: Mapping[str, str], fault: Fault | None
    ) -> None:
        """Learn from an answer: the day's count from its headers, closures and fewer slots from its fault."""
        organization = permit.turnstile
        seen = account.connector.budget.read(headers)
        if seen is not None:
            organization.seen = (seen.limit, seen.remaining, float(seen.reset))
        kind = None if fault is None else fault.kind
        if kind is Kind.MINUTE:
            organization.close(None)
        elif kind is Kind.DAY:
            known = fault.retry_after if fault is not None and fault.retry_after else None
            organization.close(known or (float(seen.reset) if seen is not None else organization.day_left()))
        elif kind is Kind.CONCURRENT:
            organization.narrow(left=permit.is_given_back)
        elif permit.at >= organization.closed_at:
            organization.prove_open()

    def allowance(self, account: Account) -> Allowance | None:
        """The tightest budget as last seen by this process."""
        return self.of(account).allowance()

    async def state(self, account: Account) -> tuple[Budget, float]:
        """The stored budget and the storage's time, for people to look at."""
        return await self._shelf.change(self.of(account).name, lambda budget, now: (budget, now))

    async def close(self) -> None:
        """Give back the slots this process holds."""
        for organization in self._organizations.values():
            await organization.stop()
