"""What the accounts servers remember: codes, refresh tokens and access tokens, and the rules they obey."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any


class Denied(Exception):
    """The accounts server refuses: `body` is the answer, with HTTP 200 unless said otherwise."""

    def __init__(self, error: str, status: int = 200, more: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.body = {**(more or {}), "error": error}


def throttled() -> Denied:
    description = "You have made too many requests continuously. Please try again after some time."
    return Denied("Access Denied", 400, {"error_description": description, "status": "failure"})


@dataclass(frozen=True, slots=True)
class Rules:
    """The accounts servers' limits; None lifts one. The last two are documented but off unless asked for."""

    code_seconds: int = 120
    token_seconds: int = 3600
    refresh_tokens: int | None = 20  # per user, the oldest goes
    access_tokens: int | None = 10  # made from one refresh token per window
    window_seconds: int = 600
    live_access_tokens: int | None = 30  # per refresh token, the oldest goes
    codes_per_minute: int | None = None  # per client; the provider's is 4
    refresh_tokens_per_minute: int | None = None  # per user; the provider's is 5

    def but(self, changes: Mapping[str, Any]) -> "Rules":
        """These with some replaced; keys that are not rules are ignored."""
        return replace(self, **{name: value for name, value in changes.items() if name in _rule_names()})


def _rule_names() -> set[str]:
    return {rule.name for rule in fields(Rules)}


@dataclass(slots=True)
class Grant:
    """One consent: a user lets a client act. Without `refresh_token` it ends with its access token."""

    location: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    created: datetime
    refresh_token: str | None = None
    access: list["Access"] = field(default_factory=list["Access"])
    window_started: datetime | None = None
    window_used: int = 0


@dataclass(slots=True)
class Access:
    """An access token."""

    token: str
    grant: Grant
    expires: datetime


@dataclass(slots=True)
class Code:
    """An authorization code, waiting to be exchanged."""

    code: str
    location: str
    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    offline: bool
    consent: bool
    challenge: str
    challenge_method: str
    expires: datetime


def new_token() -> str:
    return f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"


def fingerprint(token: str) -> str:
    """How a token is named wherever it must not be shown."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()[:16]


class Grants:
    """Every code and token of all data centres. Each belongs to one location and is unknown in the others."""

    def __init__(self, now: Callable[[], datetime], rules: Rules) -> None:
        self.rules = rules
        self._now = now
        self._codes: dict[str, Code] = {}
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, Access] = {}
        self._codes_made: list[tuple[datetime, str]] = []

    def __iter__(self) -> Iterator[Grant]:
        """Grants with a refresh token, oldest first."""
        return iter(tuple(self._refresh.values()))

    def issue_code(self, wanted: Code) -> str:
        """Remember a consent under a new code and return it."""
        now = self._now()
        minute_ago = now - timedelta(minutes=1)
        self._codes_made = [made for made in self._codes_made if made[0] > minute_ago]
        made = sum(client_id == wanted.client_id for _, client_id in self._codes_made)
        if self.rules.codes_per_minute is not None and made >= self.rules.codes_per_minute:
            raise throttled()
        self._codes_made.append((now, wanted.client_id))
        code = replace(wanted, code=new_token(), expires=now + timedelta(seconds=self.rules.code_seconds))
        self._codes[code.code] = code
        return code.code

    def exchange(self, location: str, client_id: str, code: str, redirect_uri: str, verifier: str) -> Access:
        """Turn a code into an access token, and a refresh token where one is due."""
        known = self._codes.get(code)
        if (
            known is None
            or (known.location, known.client_id) != (location, client_id)
            or self._now() >= known.expires
        ):
            raise Denied("invalid_code")
        if redirect_uri != known.redirect_uri:
            raise Denied("invalid_redirect_uri")
        if known.challenge and not _proves(verifier, known.challenge, known.challenge_method):
            raise Denied("invalid_code")
        offline = known.offline and (known.consent or not self._has_offline(known))
        grant = self.create(location, client_id, known.user_id, known.scopes, offline=offline)
        del self._codes[code]
        return self.issue(grant)

    def create(
        self, location: str, client_id: str, user_id: str, scopes: tuple[str, ...], *, offline: bool
    ) -> Grant:
        """Record a consent; with `offline` it gets a refresh token, at the cost of the user's oldest."""
        now = self._now()
        grant = Grant(location, client_id, user_id, scopes, now)
        if offline:
            mine = [other for other in self if other.user_id == user_id]
            recent = sum(other.created > now - timedelta(minutes=1) for other in mine)
            pace, most = self.rules.refresh_tokens_per_minute, self.rules.refresh_tokens
            if pace is not None and recent >= pace:
                raise throttled()
            surplus = 0 if most is None else max(0, len(mine) + 1 - most)
            for oldest in mine[:surplus]:
                self._refresh.pop(oldest.refresh_token or "")
            grant.refresh_token = new_token()
            self._refresh[grant.refresh_token] = grant
        return grant

    def refresh(self, location: str, client_id: str, refresh_token: str) -> Access:
        """A new access token, unless the refresh token made too many already."""
        grant = self._refresh.get(refresh_token)
        if grant is None or (grant.location, grant.client_id) != (location, client_id):
            raise Denied("invalid_code")
        now, rules = self._now(), self.rules
        started = grant.window_started
        if started is None or now - started >= timedelta(seconds=rules.window_seconds):
            grant.window_started, grant.window_used = now, 0
        if rules.access_tokens is not None and grant.window_used >= rules.access_tokens:
            raise throttled()
        grant.window_used += 1
        return self.issue(grant)

    def directly(self, location: str, client_id: str, user_id: str, scopes: tuple[str, ...]) -> Access:
        """A token without a consent page and without a refresh token."""
        return self.issue(self.create(location, client_id, user_id, scopes, offline=False))

    def access(self, location: str, token: str) -> tuple[Access | None, bool]:
        """The access token as known in that data centre, and whether it is still good."""
        known = self._access.get(token)
        if known is None or known.grant.location != location:
            return None, False
        return known, self._now() < known.expires

    def revoke(self, location: str, token: str) -> None:
        """End an access token, or a refresh token with all its access tokens."""
        grant = self._refresh.get(token)
        known = self._access.get(token)
        if grant and grant.location == location:
            self.forget((grant,))
        elif known and known.grant.location == location and self._now() < known.expires:
            known.expires = self._now()
        else:
            raise Denied("invalid_token", 400)

    def forget(self, grants: Collection[Grant], *, keep_access: bool = False) -> None:
        """Delete refresh tokens; their access tokens go with them unless kept."""
        for grant in grants:
            self._refresh.pop(grant.refresh_token or "", None)
            if not keep_access:
                self.expire(grant)

    def expire(self, grant: Grant) -> int:
        """Make every live access token of a grant expire now; how many that were."""
        now = self._now()
        live = [access for access in grant.access if access.expires > now]
        for access in live:
            access.expires = now
        return len(live)

    def expire_all(self, chosen: Callable[[Grant], bool]) -> int:
        grants = {id(access.grant): access.grant for access in self._access.values()}
        return sum(self.expire(grant) for grant in grants.values() if chosen(grant))

    def live(self, grant: Grant) -> int:
        now = self._now()
        return sum(access.expires > now for access in grant.access)

    def _has_offline(self, code: Code) -> bool:
        return any((grant.client_id, grant.user_id) == (code.client_id, code.user_id) for grant in self)

    def issue(self, grant: Grant) -> Access:
        """A new access token of a grant, at the cost of its oldest when there are too many."""
        now, most = self._now(), self.rules.live_access_tokens
        grant.access = [access for access in grant.access if access.expires > now]
        if most is not None and len(grant.access) >= most:
            grant.access.pop(0).expires = now
        access = Access(new_token(), grant, now + timedelta(seconds=self.rules.token_seconds))
        grant.access.append(access)
        self._access[access.token] = access
        return access


def _proves(verifier: str, challenge: str, method: str) -> bool:
    if method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return secrets.compare_digest(verifier.encode(), challenge.encode())
