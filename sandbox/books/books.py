"""The door: a call goes in, an answer comes out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from .call import Answer, Call
from .profile import Profile


class Books:
    """One organisation's ledger.

    `now` gives the sandbox's aware instant. `seed` is "empty" (what a new organisation has: accounts,
    currencies, its first user) or "furnished" (a year and a half of trade). `rows` asks for that many
    invoices. Not safe for threads; every method returns at once.
    """

    def __init__(
        self, organization: Profile, now: Callable[[], datetime], seed: str = "empty", rows: int | None = None
    ) -> None:
        self.profile = organization
        self.now = now
        raise NotImplementedError

    def handle(self, call: Call) -> Answer:
        """Answers one call below /books/v3. Never raises: a bad call gets its error envelope."""
        raise NotImplementedError

    def truth(self) -> dict[str, Any]:
        """Everything stored, by record type and id; for the admin API and for checks. Do not change it."""
        raise NotImplementedError


def scope_needed(method: str, path: str) -> str | None:
    """The scope of an operation, such as "ZohoBooks.invoices.READ"; None where there is no such route."""
    raise NotImplementedError
