"""What the other rooms hand to the gateway and get back from it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from app.accounts.service import Account
from app.gateway.cure import Executed
from connectors.kit.http import Request


class Lane(StrEnum):
    """Who waits for whom when an organisation's budget is short: the first goes first."""

    INTERACTIVE = "interactive"
    WRITE = "write"
    VERIFICATION = "verification"
    SYNC = "sync"

    @property
    def rank(self) -> int:
        return _RANKS[self]

    @property
    def is_background(self) -> bool:
        return self in (Lane.VERIFICATION, Lane.SYNC)


_RANKS = {lane: rank for rank, lane in enumerate(Lane)}


@dataclass(slots=True)
class Meter:
    """What a run did so far. `calls` counts requests that reached for the provider, repeated ones included.

    For the call log whoever asked says which record it was about, how many were answered, and, where the calls alone
    do not tell it, whether the provider did what was asked.
    """

    calls: int = 0
    provider_status: int | None = None
    provider_code: str | None = None
    method: str = ""
    native_path: str | None = None
    record_id: str | None = None
    result_count: int | None = None
    executed: Executed | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One operation for one account. `deadline` is in the clock's monotonic seconds.

    resource, operation   "accounting/invoices", "list"; "proxy", "forward"
    route                 template of the caller's route, for the call log
    is_logged             the entry of the request it belongs to tells of it in the call log
    before_write          awaited before each writing request goes out; what it raises, stops it
    """

    account: Account
    lane: Lane
    deadline: float
    request_id: str
    key_id: str
    resource: str
    operation: str
    route: str = ""
    source_event: str | None = None
    is_logged: bool = False
    before_write: Callable[[Request], Awaitable[None]] | None = field(default=None, compare=False)
    meter: Meter = field(default_factory=Meter, compare=False)


@dataclass(frozen=True, slots=True)
class RawCall:
    """A native call to forward unchanged.

    path     below the connector's API prefix, starting with "/", already validated and percent-encoded
    query    raw, without "?", without the organisation: the gateway appends it
    headers  the caller's; credentials, cookies, hop-by-hop and the connector's dropped ones never cross
    body     None, bytes, or a stream (sent with the caller's Content-Length, or chunked without one)
    limit    most bytes of the answer's body
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: AsyncIterator[bytes] | bytes | None = None
    limit: int = 25 * 1024 * 1024


@dataclass(slots=True)
class RawAnswer:
    """The provider's answer: end-to-end headers in order, names in lower case, body byte for byte (still encoded
    as it was).

    A body that came with its headers is bytes, and nothing is held for it. Any other is iterated to its end, or
    `aclose` called; until then it holds a connection and a concurrency slot. If it breaks off it raises `Fault`.

    executed  no, unknown: what a refusal for want of a token or a budget, and an error of the provider's own, say
              of a write; yes for every other answer
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: AsyncIterator[bytes] | bytes
    close: Callable[[], Awaitable[None]] | None = None
    executed: Executed = "yes"

    async def aclose(self) -> None:
        if self.close is not None:
            await self.close()
