"""Making, listing and revoking API keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.auth import FIXED_SCOPES, Mode, Principal, known
from app.core.clock import Clock
from app.core.database import Database
from app.core.errors import FieldError, Problem
from app.core.ids import new_id
from app.core.secrets import Ring, Secret
from app.keys import audit, format, store
from app.keys.audit import Actor
from app.keys.schemas import ApiKeyRequest
from app.models.api_keys import ApiKey
from app.models.environments import Environment
from unified_models import MODELS

T = TypeVar("T")

_FAMILIES = frozenset(model for model, _ in MODELS)


@dataclass(frozen=True, slots=True)
class Made:
    """A new key; `secret` is its text, to be shown this once."""

    key: ApiKey
    secret: Secret


class Keys:
    """The keys of environments."""

    def __init__(self, database: Database, keyring: Ring, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock

    async def create(
        self, principal: Principal, wanted: ApiKeyRequest, actor: Actor, request_id: str | None
    ) -> Made:
        """A key of the principal's environment that can do no more than the principal.

        Problem validation_failed naming every field that asks for more, or means nothing.
        """
        parent = await self.get(principal.environment_id, principal.key_id)
        narrowed, errors = self._narrow(principal, parent, wanted)
        async with self._database.read() as session:
            errors += await _no_accounts(session, principal.environment_id, wanted, principal.account_ids)
        if errors:
            detail = errors[0].detail if len(errors) == 1 else f"{len(errors)} fields cannot be accepted."
            raise Problem("validation_failed", detail, errors=errors)
        async with self._database.write() as session:
            return await self._add(
                session,
                principal.environment_id,
                principal.mode,
                narrowed,
                actor,
                request_id,
                principal.key_id,
            )

    async def create_for(
        self, environment: str, mode: Mode, wanted: ApiKeyRequest, actor: Actor
    ) -> tuple[Environment, Made]:
        """A key for an environment by name, which is made if there is none. For the operator's command line."""
        errors = [*_unknown(wanted.scopes or ()), *_past(wanted.expires_at, self._clock.now())]
        if errors:
            raise Problem("validation_failed", errors[0].detail, errors=errors)
        for last in (False, True):
            try:
                async with self._database.write() as session:
                    row = await store.environment(session, environment, mode)
                    if row is None:
                        row = Environment(
                            id=new_id("env"), name=environment, mode=mode, created_at=self._clock.now()
                        )
                        session.add(row)
                        await session.flush()
                        await audit.record(
                            session, self._clock.now(), row.id, actor, "environment.created", row.id,
                            detail={"name": environment, "mode": mode},
                        )  # fmt: skip
                    missing = await _no_accounts(session, row.id, wanted)
                    if missing:
                        raise Problem("validation_failed", missing[0].detail, errors=missing)
                    narrowed = wanted.model_copy(update={"scopes": wanted.scopes or ["*"]})
                    return row, await self._add(session, row.id, mode, narrowed, actor, None, None)
            except IntegrityError:  # another process made the environment meanwhile
                if last:
                    raise
        raise AssertionError("unreachable")

    async def page(
        self,
        environment_id: str,
        limit: int,
        after: tuple[datetime, str] | None,
        made_by: str | None = None,
    ) -> tuple[list[ApiKey], bool]:
        """At most `limit` keys, newest first, and whether more follow. `made_by`: only this key and its own."""
        async with self._database.read() as session:
            rows = await store.page(session, environment_id, limit + 1, after, made_by)
        return rows[:limit], len(rows) > limit

    async def get(self, environment_id: str, key_id: str, made_by: str | None = None) -> ApiKey:
        """The key. Problem not_found when it is unknown, another environment's, or not `made_by`'s."""
        async with self._database.read() as session:
            return _found(await store.get(session, environment_id, key_id, made_by))

    async def revoke(
        self, environment_id: str, key_id: str, actor: Actor, request_id: str | None = None
    ) -> ApiKey:
        """Ends the key everywhere within five seconds. Revoking again changes nothing."""
        async with self._database.write() as session:
            key = _found(await store.get(session, environment_id, key_id))
            if key.revoked_at is None:
                key.revoked_at = self._clock.now()
                await audit.record(
                    session,
                    self._clock.now(),
                    environment_id,
                    actor,
                    "api_key.revoked",
                    key.id,
                    request_id=request_id,
                )
        return key

    async def _add(
        self,
        session: AsyncSession,
        environment_id: str,
        mode: Mode,
        wanted: ApiKeyRequest,
        actor: Actor,
        request_id: str | None,
        created_by: str | None,
    ) -> Made:
        text = format.generate(mode)
        pepper_id = self._keyring.primary
        key = ApiKey(
            id=new_id("key"),
            environment_id=environment_id,
            kid=text.kid,
            digest=format.digest(text, self._keyring, pepper_id),
            pepper_id=pepper_id,
            last4=text.last4,
            name=wanted.name,
            scopes=list(dict.fromkeys(wanted.scopes or ())),
            account_ids=wanted.integrated_account_ids,
            tenant_ids=wanted.tenant_ids,
            networks=wanted.networks,
            expires_at=wanted.expires_at,
            created_by=created_by,
            created_at=self._clock.now(),
        )
        session.add(key)
        await audit.record(
            session, self._clock.now(), environment_id, actor, "api_key.created", key.id, request_id=request_id,
            detail={"name": key.name, "scopes": key.scopes, "kid": key.kid},
        )  # fmt: skip
        return Made(key, text.text)

    def _narrow(
        self, principal: Principal, parent: ApiKey, wanted: ApiKeyRequest
    ) -> tuple[ApiKeyRequest, list[FieldError]]:
        """The request with the principal's own limits where it has none, and what asks for more than those."""
        errors = [*_unknown(wanted.scopes or ()), *_past(wanted.expires_at, self._clock.now())]
        scopes = wanted.scopes or sorted(principal.scopes)
        for at, scope in enumerate(scopes):
            if not principal.allows(scope):
                errors.append(
                    FieldError(
                        "enum_value",
                        f"/scopes/{at}",
                        f"This key does not hold {scope}, so it cannot give it.",
                    )
                )
        for field, given, own in (
            ("integrated_account_ids", wanted.integrated_account_ids, principal.account_ids),
            ("tenant_ids", wanted.tenant_ids, principal.tenant_ids),
        ):
            errors += [
                FieldError("enum_value", f"/{field}/{at}", f"This key is not allowed {value!r} itself.")
                for at, value in enumerate(given or ())
                if own is not None and value not in own
            ]
        if parent.networks is not None:
            outer = [ip_network(text) for text in parent.networks]
            errors += [
                FieldError(
                    "enum_value", f"/networks/{at}", f"{network} is wider than this key's own networks."
                )
                for at, network in enumerate(wanted.networks or ())
                if not _within(network, outer)
            ]
        ends = parent.expires_at
        if ends is not None and wanted.expires_at is not None and wanted.expires_at > ends:
            errors.append(
                FieldError("wrong_type", "/expires_at", "The key would outlive the one that makes it.")
            )
        return wanted.model_copy(
            update={
                "networks": wanted.networks or parent.networks,
                "expires_at": wanted.expires_at or ends,
                "scopes": scopes,
                "integrated_account_ids": _own(wanted.integrated_account_ids, principal.account_ids),
                "tenant_ids": _own(wanted.tenant_ids, principal.tenant_ids),
            }
        ), errors


async def _no_accounts(
    session: AsyncSession, environment_id: str, wanted: ApiKeyRequest, own: frozenset[str] | None = None
) -> list[FieldError]:
    """What names no account of the environment; what is not the maker's own is refused as that."""
    given = wanted.integrated_account_ids or []
    known = await store.accounts_among(session, environment_id, given)
    return [
        FieldError(
            "reference_not_found", f"/integrated_account_ids/{at}", f"There is no integrated account {id!r}."
        )
        for at, id in enumerate(given)
        if id not in known and (own is None or id in own)
    ]


def _own(given: list[str] | None, own: frozenset[str] | None) -> list[str] | None:
    return given if given is not None or own is None else sorted(own)


def _unknown(scopes: Iterable[str]) -> list[FieldError]:
    offered = tuple(sorted({"*", *FIXED_SCOPES, *(f"{f}:{v}" for f in _FAMILIES for v in ("read", "write"))}))
    return [
        FieldError("enum_value", f"/scopes/{at}", f"There is no scope {scope!r}.", offered)
        for at, scope in enumerate(scopes)
        if not known(scope, _FAMILIES, MODELS)
    ]


def _past(expires_at: datetime | None, now: datetime) -> list[FieldError]:
    if expires_at is None or expires_at > now:
        return []
    return [FieldError("wrong_type", "/expires_at", "expires_at is in the past.")]


def _found(row: T | None) -> T:
    if row is None:
        raise Problem("not_found", "There is no such API key.")
    return row


def _within(network: str, allowed: Iterable[IPv4Network | IPv6Network]) -> bool:
    inner = ip_network(network)
    for outer in allowed:
        if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network) and inner.subnet_of(outer):
            return True
        if isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer):
            return True
    return False
