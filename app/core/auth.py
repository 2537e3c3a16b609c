"""Who is asking: the principal, and what its scopes allow."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["test", "live"]

_VERBS = ("read", "write")

FIXED_SCOPES: frozenset[str] = frozenset(
    {
        "connections:read",
        "connections:write",
        "link:create",
        "proxy:read",
        "proxy:write",
        "logs:read",
        "keys:manage",
        "audit:read",
        "sync:read",
        "sync:write",
        "webhooks:read",
        "webhooks:write",
    }
)
"""Scopes that name no unified model. The others are `{model}[.{resource}]:{read|write}`."""


def covers(held: str, needed: str) -> bool:
    """Whether the scope `held` grants `needed`.

    `a:*` covers every verb of `a`, `a:v` covers `a.b:v`, `*` covers everything. write does not imply read.
    """
    if held in ("*", needed):
        return True
    family, _, verb = held.rpartition(":")
    wanted, _, action = needed.rpartition(":")
    if verb not in ("*", action):
        return False
    return wanted == family or wanted.startswith(family + ".")


def known(scope: str, models: Iterable[str], resources: Iterable[tuple[str, str]]) -> bool:
    """Whether `scope` means anything, given the unified models and (model, resource) pairs there are."""
    if scope == "*" or scope in FIXED_SCOPES:
        return True
    family, _, verb = scope.rpartition(":")
    if verb not in (*_VERBS, "*"):
        return False
    if family in models:
        return True
    model, _, resource = family.partition(".")
    if resource:
        return (model, resource) in set(resources)
    return verb == "*" and any(fixed.startswith(family + ":") for fixed in FIXED_SCOPES)


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller: one key, or one account token, of one environment.

    `account_ids` and `tenant_ids` limit what it can see; None is no limit. `token` says it came with an
    account token, which reaches only the unified API, the proxy and the native base URL. `kid` is the public
    part of the key.
    """

    environment_id: str
    environment: str
    mode: Mode
    key_id: str
    scopes: frozenset[str]
    account_ids: frozenset[str] | None = None
    tenant_ids: frozenset[str] | None = None
    token: bool = False
    kid: str = ""

    def allows(self, scope: str) -> bool:
        """Whether any scope held covers `scope`."""
        return scope in self.scopes or any(covers(held, scope) for held in self.scopes)

    @property
    def limited(self) -> bool:
        """Whether it is for some accounts or tenants only: what belongs to the whole environment is not its."""
        return self.account_ids is not None or self.tenant_ids is not None

    def sees(self, account_id: str, tenant_id: str) -> bool:
        """Whether the key's account and tenant lists include this account."""
        if self.account_ids is not None and account_id not in self.account_ids:
            return False
        return self.tenant_ids is None or tenant_id in self.tenant_ids
