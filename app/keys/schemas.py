"""What callers send and get about API keys and the audit log."""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.models.api_keys import ApiKey
from app.models.audit_log import AuditEntry


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError("is not a network in CIDR notation") from None


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None


Name = Annotated[str, Field(min_length=1, max_length=255)]


class ApiKeyRequest(BaseModel):
    """A new key. What is left out is as wide as the key that makes it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=255, examples=["billing backend"])
    scopes: list[Name] | None = Field(
        None, min_length=1, max_length=100, examples=[["accounting:read", "accounting.invoices:write"]]
    )
    integrated_account_ids: list[Name] | None = Field(None, min_length=1, max_length=1000)
    tenant_ids: list[Name] | None = Field(None, min_length=1, max_length=1000)
    networks: list[Annotated[str, AfterValidator(_network)]] | None = Field(
        None, min_length=1, max_length=100, examples=[["203.0.113.0/24"]]
    )
    expires_at: Annotated[AwareDatetime, AfterValidator(_utc)] | None = None


class ApiKeyView(BaseModel):
    """A key as it is listed; `prefix` and `last4` are what of its text may be shown."""

    id: str
    name: str
    environment_id: str
    prefix: str
    last4: str
    scopes: list[str]
    integrated_account_ids: list[str] | None
    tenant_ids: list[str] | None
    networks: list[str] | None
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class ApiKeyCreated(ApiKeyView):
    """The one answer that holds the key itself."""

    key: str


class ApiKeyPage(BaseModel):
    result: list[ApiKeyView]
    next_cursor: str | None
    limit: int


class AuditView(BaseModel):
    """One entry. `hash` covers the entry and `prev_hash`."""

    sequence: int
    created_at: datetime
    actor: dict[str, Any]
    action: str
    target: str
    outcome: str
    request_id: str | None
    detail: dict[str, Any]
    prev_hash: str
    hash: str


class AuditPage(BaseModel):
    result: list[AuditView]
    next_cursor: str | None
    limit: int


def key_view(key: ApiKey, mode: str) -> ApiKeyView:
    """What may be shown of a key."""
    return ApiKeyView(
        id=key.id,
        name=key.name,
        environment_id=key.environment_id,
        prefix=f"lw_{mode}_{key.kid}_",
        last4=key.last4,
        scopes=key.scopes,
        integrated_account_ids=key.account_ids,
        tenant_ids=key.tenant_ids,
        networks=key.networks,
        created_by=key.created_by,
        created_at=key.created_at,
        updated_at=key.revoked_at or key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def audit_view(entry: AuditEntry) -> AuditView:
    return AuditView(
        sequence=entry.seq,
        created_at=entry.created_at,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        outcome=entry.outcome,
        request_id=entry.request_id,
        detail=entry.detail,
        prev_hash=entry.prev_hash.hex(),
        hash=entry.hash.hex(),
    )
