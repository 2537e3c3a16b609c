"""API keys. The secret itself is never stored."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class ApiKey(Base, kw_only=True):
    """A key of one environment.

    kid           public part of the key text, what it is looked up by
    digest        HMAC-SHA256 of the key text under the pepper `pepper_id` of the key ring
    last4         last four characters of the secret, for people to recognise it
    account_ids   accounts it is limited to; None = all
    tenant_ids    tenants it is limited to; None = all
    networks      CIDRs it may be used from; None = any
    created_by    id of the key that made it; None = the command line
    """

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_environment_id_created_at", "environment_id", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    kid: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[bytes]
    pepper_id: Mapped[str]
    last4: Mapped[str]
    name: Mapped[str]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    account_ids: Mapped[list[str] | None] = mapped_column(default=None)
    tenant_ids: Mapped[list[str] | None] = mapped_column(default=None)
    networks: Mapped[list[str] | None] = mapped_column(default=None)
    created_by: Mapped[str | None] = mapped_column(default=None)
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)
