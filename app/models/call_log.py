"""The call log: what was asked of a provider and how it ended. Never bodies, queries or secrets."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class CallLog(Base, kw_only=True):
    """One request for an account, or one run of our own, with all its provider calls.

    route            route template of the request ("/unified/accounting/invoices/{id}")
    resource         "accounting/invoices", "proxy" …
    operation        list | get | create | … | forward
    record_id        the record it was about, when there is one
    native_path      path at the provider, without its query
    status           HTTP status the caller got
    provider_status  HTTP status of the provider's last answer
    provider_code    the provider's own error code
    duration_ms      until the caller's answer was out
    attempts         provider calls made
    error_code       stable code of the problem, or None
    executed         "no" | "yes" | "unknown": whether the provider did it
    retryable        whether the same request may succeed later
    retry_is_safe    whether the same, with its key if it had one, cannot be done twice; None: it succeeded
    source_event     the caller's X-Source-Event
    """

    __tablename__ = "call_log"
    __table_args__ = (
        Index("ix_call_log_environment_id_created_at_id", "environment_id", "created_at", "id"),
        Index("ix_call_log_account_id_created_at", "account_id", "created_at"),
        Index("ix_call_log_environment_id_request_id", "environment_id", "request_id"),
    )

    # no foreign keys: entries outlive what they tell about, and are written in batches
    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str]
    request_id: Mapped[str]
    created_at: Mapped[datetime]
    account_id: Mapped[str | None] = mapped_column(default=None)
    tenant_id: Mapped[str | None] = mapped_column(default=None)
    key_id: Mapped[str | None] = mapped_column(default=None)
    route: Mapped[str] = mapped_column(default="")
    resource: Mapped[str] = mapped_column(default="")
    operation: Mapped[str] = mapped_column(default="")
    record_id: Mapped[str | None] = mapped_column(default=None)
    method: Mapped[str] = mapped_column(default="")
    native_path: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[int | None] = mapped_column(default=None)
    provider_status: Mapped[int | None] = mapped_column(default=None)
    provider_code: Mapped[str | None] = mapped_column(default=None)
    duration_ms: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    error_code: Mapped[str | None] = mapped_column(default=None)
    error_detail: Mapped[str | None] = mapped_column(default=None)
    result_count: Mapped[int | None] = mapped_column(default=None)
    executed: Mapped[str | None] = mapped_column(default=None)
    retryable: Mapped[bool | None] = mapped_column(default=None)
    retry_is_safe: Mapped[bool | None] = mapped_column(default=None)
    source_event: Mapped[str | None] = mapped_column(default=None)
