"""What callers send to make a link or to import a grant."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_WEEK = 7 * 24 * 3600


class LinkTokenRequest(BaseModel):
    """A link for a new account (`tenant_id`) or to reconnect one (`integrated_account_id`).

    `expires_in` is seconds. `companies` says whether the customer may choose one organisation or several.
    `context` is kept with the account. The members at the end are accepted for clients that send them.
    """

    model_config = ConfigDict(extra="forbid")

    tenant_id: str | None = Field(None, min_length=1, max_length=255, examples=["acme-customer-42"])
    integrated_account_id: str | None = Field(None, max_length=64)
    integration: str | None = Field(None, max_length=64)
    scopes: list[str] | None = Field(None, max_length=50)
    models: list[str] | None = Field(None, max_length=50)
    context: dict[str, Any] = Field(default_factory=dict)
    redirect_uri: str | None = Field(None, max_length=2000)
    companies: Literal["one", "many"] = "one"
    expires_in: int = Field(_WEEK, ge=60, le=30 * 24 * 3600)

    persist_previous_context: bool = False
    environment_unified_model_id: str | list[str] | None = Field(None, exclude=True)
    unified_model_id: str | None = Field(None, exclude=True)
    region: str | None = Field(None, exclude=True)

    @model_validator(mode="after")
    def _one_purpose(self) -> "LinkTokenRequest":
        if (self.tenant_id is None) == (self.integrated_account_id is None):
            raise ValueError(
                "give either tenant_id for a new account or integrated_account_id to reconnect one"
            )
        return self


class LinkTokenAnswer(BaseModel):
    link_token: str
    url: str
    expires_at: str


class GrantCredentials(BaseModel):
    """An existing grant: `location` is a key of the integration's data-centre table."""

    model_config = ConfigDict(extra="forbid")

    refresh_token: SecretStr = Field(min_length=1, max_length=2000)
    location: str = Field(max_length=32, examples=["us"])


class ImportRequest(BaseModel):
    """An account from a grant that exists already: given with `credentials`, or another account's."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: str = Field(min_length=1, max_length=255)
    integration: str | None = Field(None, max_length=64)
    credentials: GrantCredentials | None = None
    same_grant_as: str | None = Field(None, max_length=64)
    organization_id: str | None = Field(None, max_length=64)
    context: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> "ImportRequest":
        if (self.credentials is None) == (self.same_grant_as is None):
            raise ValueError("give either credentials or same_grant_as")
        if self.same_grant_as is not None and self.organization_id is None:
            raise ValueError("organization_id says which other organisation of the grant to connect")
        return self


class AccountReference(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=64)


class Renewal(BaseModel):
    success: bool
