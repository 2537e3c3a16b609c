"""What callers see of an integrated account, and what they may change. Never a secret."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.accounts.service import organization_of
from app.models.integrated_accounts import IntegratedAccount


class OrganizationView(BaseModel):
    """The provider's organisation behind the account."""

    id: str
    name: str
    currency: str | None
    time_zone: str | None
    country_code: str | None


class AccountView(BaseModel):
    """One connected organisation of one tenant. `scopes` are the provider's, as granted."""

    id: str
    tenant_id: str
    environment_id: str
    integration: str
    status: str = Field(
        description="connecting | active | needs_reauth | validation_error | post_install_error"
    )
    authentication_method: str = "oauth2"
    location: str
    organization: OrganizationView
    plan: str | None
    scopes: list[str]
    context: dict[str, Any]
    upserts: dict[str, str] = Field(
        description="Resources whose creates are marked, and the custom field of the mark"
    )
    quota_share: float = Field(
        description="The part of the provider's calls a minute and a day that this gateway uses; the rest is for the "
        "company's other programs"
    )
    last_error: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None


class AccountPage(BaseModel):
    result: list[AccountView]
    next_cursor: str | None
    limit: int


class AccountChange(BaseModel):
    """`context` is merged member by member; null removes one. What is not given stays."""

    model_config = ConfigDict(extra="forbid")

    context: dict[str, Any] = Field(default_factory=dict)
    quota_share: float | None = Field(default=None, ge=0.01, le=1, description="null is all of it")


class AccountTokenRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    integrated_account_id: str = Field(max_length=64)


class AccountToken(BaseModel):
    """Reaches one account for 15 minutes: the unified API, the proxy and the native base URL."""

    integrated_account_token: str
    expires_in: int = 900


def account_view(row: IntegratedAccount) -> AccountView:
    organization = organization_of(row)
    return AccountView(
        id=row.id,
        tenant_id=row.tenant_id,
        environment_id=row.environment_id,
        integration=row.integration,
        status=row.status,
        location=row.location,
        organization=OrganizationView(
            id=organization.id,
            name=organization.name,
            currency=organization.currency,
            time_zone=organization.time_zone,
            country_code=organization.country_code,
        ),
        plan=row.plan,
        scopes=row.scopes,
        context=row.context,
        upserts=row.upserts or {},
        quota_share=row.quota_share or 1.0,
        last_error=row.last_error,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_used_at=row.last_used_at,
    )
