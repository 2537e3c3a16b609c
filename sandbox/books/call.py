"""One call to an organisation's Books API, and its answer. Values only; no HTTP library is known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A decoded JSON value: dict, list, str, int, Decimal (float is tolerated on the way in), bool or None."""

Row: TypeAlias = dict[str, Any]

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    field: str
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """What reached the API.

    `path` is what stands below /books/v3, begins with "/" and has no trailing slash. `query` keeps order
    and repeats and is decoded. `headers` have lower-case names. `body` is the decoded JSON, unwrapped from
    JSONString; `malformed` says that there was a body which was not JSON. `user` has user_id, name, email.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Json = None
    files: tuple[Upload, ...] = ()
    malformed: bool = False
    user: Mapping[str, str] = field(default_factory=dict[str, str])

    def get(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        found = default
        for key, value in self.query:
            if key == name:
                found = value
        return found

    def flag(self, name: str) -> bool:
        """Whether a boolean query parameter is on."""
        return self.get(name).strip().lower() == "true"


@dataclass(slots=True)
class Answer:
    """What goes back: `body` as JSON (Decimals are JSON numbers), or `content` as bytes when body is None."""

    status: int
    body: Row | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    media_type: str = JSON


class Refused(Exception):
    """Ends a call with an error envelope."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(f"{status} {code} {message}")
        self.code = code
        self.message = message
        self.status = status

    def answer(self) -> Answer:
        return Answer(self.status, {"code": self.code, "message": self.message})


def invalid(name: str) -> Refused:
    """A field or parameter holds a value of the wrong kind."""
    return Refused(2, f"Invalid value passed for {name}")


def missing(name: str) -> Refused:
    """A mandatory value is absent."""
    return Refused(4, f"Please provide a value for {name}")


def in_use(message: str) -> Refused:
    """A record cannot go because others stand on it. No recording tells the service's code for it."""
    return Refused(1007, message)


def unknown_route() -> Refused:
    return Refused(5, "Invalid URL Passed", 404)


def done(message: str = "success", /, **body: Json) -> Answer:
    return Answer(200, {"code": 0, "message": message, **body})
