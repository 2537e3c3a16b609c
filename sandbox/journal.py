"""What the data centres were asked, in order. Secrets appear as fingerprints only."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from .grants import fingerprint

KEPT = 50_000
SECRET_PARAMETERS = frozenset(
    ("client_secret", "code", "code_verifier", "refresh_token", "access_token", "token", "authtoken")
)
SECRET_HEADERS = frozenset(("authorization", "cookie"))


@dataclass(slots=True)
class Entry:
    """One call. `status` is None while it is being handled and when nothing was answered.

    `server` is "accounts" or "books"; `executed` says whether the call took effect. `outcome` of a call to
    the token endpoint is "ok" or the error; `grant` is the fingerprint of its refresh token.
    """

    id: int
    at: str
    dc: str
    server: str
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any = None
    organization_id: str = ""
    user: str = ""
    token: str = ""
    status: int | None = None
    code: int | None = None
    executed: bool = False
    fault: str = ""
    grant_type: str = ""
    outcome: str = ""
    grant: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Journal:
    """The last calls; older ones fall off and are counted in `dropped`."""

    entries: deque[Entry] = field(default_factory=lambda: deque[Entry](maxlen=KEPT))
    last: int = 0

    def open(
        self, *, at: str, dc: str, server: str, method: str, path: str, query: list[tuple[str, str]],
        headers: dict[str, str],
    ) -> Entry:  # fmt: skip
        """Start the entry of a call just received."""
        self.last += 1
        entry = Entry(self.last, at, dc, server, method, path, _guarded(query), _guarded_headers(headers))
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        self.entries.clear()

    def matching(
        self, *, after: int = 0, dc: str = "", server: str = "", method: str = "", path: str = ""
    ) -> Iterator[Entry]:
        """Calls with an id above `after`; `path` is a regular expression searched for in the path."""
        pattern = re.compile(path)
        return (
            entry
            for entry in self.entries
            if entry.id > after
            and (not dc or entry.dc == dc)
            and (not server or entry.server == server)
            and (not method or entry.method == method)
            and pattern.search(entry.path)
        )


def _guarded(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, fingerprint(value) if name in SECRET_PARAMETERS else value) for name, value in pairs]


def _guarded_headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: _guard(value) if name in SECRET_HEADERS else value for name, value in headers.items()}


def guarded_body(body: Any) -> Any:
    """A body without the secret of a webhook."""
    if isinstance(body, dict) and isinstance(body.get("secret"), str):
        return {**body, "secret": fingerprint(body["secret"])}
    return body


def _guard(value: str) -> str:
    scheme, space, secret = value.partition(" ")
    return f"{scheme} {fingerprint(secret)}" if space and "=" not in scheme else fingerprint(value)
