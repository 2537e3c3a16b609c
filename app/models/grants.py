"""Grants: what a provider's user allowed, and the tokens that prove it. Several accounts may share one."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Grant(Base, kw_only=True):
    """One refresh token and the access token made from it.

    location          key of the connector's data-centre table
    refresh_print     hash of the refresh token: the same token may be brought twice, and is revoked once
    provider_user     a print of who consented, when the provider tells
    generation        counts token replacements; both blobs are sealed for exactly this generation
    lease_owner/until who may call the token endpoint now, and until when
    next_attempt_at   no token call before this instant
    fail_class        a `connectors.kit.auth.Refusal` of the last refused refresh, or None
    attempts          instants (ISO 8601) of token calls inside the provider's window
    status            pending (organisation not chosen yet) | active | needs_reauth | revoked
    """

    __tablename__ = "grants"
    __table_args__ = (
        Index(
            "ix_grants_environment_id_integration_provider_user",
            "environment_id",
            "integration",
            "provider_user",
        ),
        Index(
            "uq_grants_refresh_print",
            "refresh_print",
            "environment_id",
            "integration",
            "location",
            unique=True,
        ),
        Index("ix_grants_status_access_expires_at", "status", "access_expires_at"),
        Index("ix_grants_lease_until", "lease_until"),
        Index("ix_grants_provider_user", "provider_user"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    integration: Mapped[str]
    location: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    provider_user: Mapped[str | None] = mapped_column(default=None)
    generation: Mapped[int] = mapped_column(default=0)
    access_blob: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    access_expires_at: Mapped[datetime | None] = mapped_column(default=None)
    refresh_blob: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    refresh_print: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    lease_owner: Mapped[str | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    next_attempt_at: Mapped[datetime | None] = mapped_column(default=None)
    fail_class: Mapped[str | None] = mapped_column(default=None)
    last_error: Mapped[str | None] = mapped_column(default=None)
    attempts: Mapped[list[str]] = mapped_column(default_factory=list)
    status: Mapped[str] = mapped_column(default="active")
