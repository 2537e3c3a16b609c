"""Connect sessions: the link a customer opens, and the OAuth round trip it starts."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class LinkToken(Base, kw_only=True):
    """A single-use link for one tenant.

    token_hash     SHA-256 of the link token
    scopes         unified scopes asked for; None = the connector's default
    models         unified models the page names
    companies      "one" or "many": how many organisations may be chosen
    account_id     the account to reconnect, or None
    state          new | started | choosing (organisation not chosen yet) | consumed | failed
    starts         how often the first form was posted
    recent_starts  instants (ISO 8601) of those within a minute of the last
    cookie_hash    SHA-256 of the link cookie of the browser that started it
    grant_id       the grant waiting for the choice of an organisation
    organizations  what that grant reaches, as `connectors.kit.connector.Organization`
    account_ids    accounts this link made or renewed
    options        page switches (no_back, iframe …)
    created_by     id of the API key that made it
    """

    __tablename__ = "link_tokens"
    __table_args__ = (Index("ix_link_tokens_environment_id_created_at", "environment_id", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    tenant_id: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    integration: Mapped[str | None] = mapped_column(default=None)
    scopes: Mapped[list[str] | None] = mapped_column(default=None)
    models: Mapped[list[str]] = mapped_column(default_factory=list)
    context: Mapped[Document] = mapped_column(default_factory=dict)
    redirect_uri: Mapped[str | None] = mapped_column(default=None)
    companies: Mapped[str] = mapped_column(default="one")
    account_id: Mapped[str | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(default="new")
    starts: Mapped[int] = mapped_column(default=0)
    cookie_hash: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    grant_id: Mapped[str | None] = mapped_column(default=None)
    organizations: Mapped[list[Document]] = mapped_column(default_factory=list)
    recent_starts: Mapped[list[str]] = mapped_column(default_factory=list)
    account_ids: Mapped[list[str]] = mapped_column(default_factory=list)
    options: Mapped[Document] = mapped_column(default_factory=dict)
    last_error: Mapped[str | None] = mapped_column(default=None)
    created_by: Mapped[str | None] = mapped_column(default=None)
    consumed_at: Mapped[datetime | None] = mapped_column(default=None)


class OAuthState(Base, kw_only=True):
    """One outstanding redirect to a provider; deleted when its answer comes.

    state_hash     SHA-256 of the state parameter
    location       data centre the redirect went to
    verifier_blob  PKCE verifier, sealed under the environment's data key
    """

    __tablename__ = "oauth_states"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    link_id: Mapped[str] = mapped_column(ForeignKey("link_tokens.id", ondelete="CASCADE"), index=True)
    integration: Mapped[str]
    location: Mapped[str]
    cookie_hash: Mapped[bytes] = mapped_column(LargeBinary)
    verifier_blob: Mapped[bytes] = mapped_column(LargeBinary)
    redirect_uri: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]
