"""Integrated accounts: one connected organisation of one end customer."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class IntegratedAccount(Base, kw_only=True):
    """A tenant's organisation at a provider.

    integration      a connector's slug
    location         key of the connector's data-centre table
    organization_id  the provider's id; never changes once set. Empty while `status` is connecting
    organization     the provider's description, shaped as `connectors.kit.connector.Organization`
    scopes           unified scopes granted; the provider's own are on the grant
    status           connecting | active | needs_reauth | validation_error | post_install_error
    last_error       {code, message, at} of what last went wrong, or None
    context          what the caller attached; theirs to choose
    upserts          resource → custom field that marks what is created there; None: none
    quota_share      the part of the provider's limits that is ours to use; None: all of it
    last_used_at     last call, kept to the minute: accounts in use are refreshed ahead of expiry
    """

    __tablename__ = "integrated_accounts"
    __table_args__ = (
        UniqueConstraint(
            "environment_id",
            "integration",
            "location",
            "organization_id",
            "tenant_id",
            name="uq_integrated_accounts_organization",
        ),
        Index("ix_integrated_accounts_environment_id_tenant_id", "environment_id", "tenant_id"),
        Index("ix_integrated_accounts_environment_id_created_at", "environment_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    tenant_id: Mapped[str]
    integration: Mapped[str]
    location: Mapped[str]
    organization_id: Mapped[str]
    organization: Mapped[Document]
    grant_id: Mapped[str] = mapped_column(ForeignKey("grants.id"), index=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    plan: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[str] = mapped_column(default="active")
    last_error: Mapped[Document | None] = mapped_column(default=None)
    context: Mapped[Document] = mapped_column(default_factory=dict)
    upserts: Mapped[Document | None] = mapped_column(default=None)
    quota_share: Mapped[float | None] = mapped_column(default=None)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
