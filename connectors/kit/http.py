"""What a flow says to a provider and hears back. Values only; `app.gateway` sends them."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

Json: TypeAlias = Any
"""A decoded JSON value: dict, list, str, int, Decimal, bool or None. Never float."""

Pairs: TypeAlias = tuple[tuple[str, str], ...]


class Mended(dict[str, Any]):
    """An object the provider spelled in a way that is no JSON. `gaps`: (native path, what stood there) of values put
    right: null now, or a text with U+FFFD in it.

    Good to be read, never to be written back: what was there is lost.
    """

    def __init__(self, members: dict[str, Any], gaps: tuple[tuple[str, str], ...]) -> None:
        super().__init__(members)
        self.gaps = gaps


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class File:
    """One file of a multipart body."""

    field: str
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the provider's API.

    `path` starts with "/" and stands below the connector's API prefix; ids in it are percent-encoded.
    `query` never holds the organisation: the gateway adds it. `body` is sent as JSON with decimals exact.
    `step` is what a person reads in a preview ("find the customer"). `fresh_for` lets the gateway answer
    a GET from its memory of the same account for that many seconds, or, `lasting`, also past writes of the
    unified API: what they never change. `repeatable` says whether sending it
    twice equals sending it once; None derives it from the method. `then` tells which calls follow a good
    answer, for a preview: an id only that answer can give stands in them as "{id}"; `comes_to` tells it the
    figures of what is written, where they were reckoned.
    """

    method: str
    path: str
    query: Pairs = ()
    body: Json = None
    headers: Pairs = ()
    files: tuple[File, ...] = ()
    expect: Literal["json", "bytes"] = "json"
    step: str = ""
    fresh_for: float = 0.0
    lasting: bool = False
    repeatable: bool | None = None
    then: "tuple[Request, ...]" = ()
    comes_to: Mapping[str, Any] | None = None

    @property
    def is_repeatable(self) -> bool:
        if self.repeatable is not None:
            return self.repeatable
        return self.method in ("GET", "HEAD")

    @property
    def is_read(self) -> bool:
        return self.method in ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Reply:
    """The provider's answer. `body` is the decoded JSON (None when it is not JSON); header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Json = None
    content: bytes = b""


Flow: TypeAlias = Generator[Request, Reply, T]
"""An operation as a generator: yields requests, is sent replies, returns its result.

The runner sends only replies the connector's `judge` found no fault in; a `Fault` is thrown into the flow,
which may catch it. A flow refuses input by raising `Rejected` or `Conflict` before (or between) requests.
"""
