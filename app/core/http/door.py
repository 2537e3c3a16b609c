"""The transport to providers: an aiohttp session with everything automatic switched off."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One wire request. `url` is sent byte for byte; `authorization` is set on this request alone."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | AsyncIterator[bytes] | None = None
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A whole answer, inflated. Header names are lower case; of repeated headers the last stands."""

    status: int
    headers: dict[str, str]
    content: bytes


class Stream:
    """An answer whose body is still coming, byte for byte. Iterate it to the end or close it."""

    status: int
    headers: list[tuple[str, str]]

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError


class Door:
    """Reaches the origins named at construction and nothing else. Every failure is a `Fault` with its phase."""

    def __init__(self, origins: Iterable[str], *, connections: int = 512) -> None:
        raise NotImplementedError

    async def fetch(self, call: Outgoing, *, timeout: float, limit: int = 32 * 1024 * 1024) -> Incoming:
        raise NotImplementedError

    async def stream(self, call: Outgoing, *, timeout: float, limit: int = 25 * 1024 * 1024) -> Stream:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError
