"""Sync jobs: what is kept current of an account, and how often."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class SyncJob(Base, kw_only=True):
    """What somebody wants to know of an account's books, as it changes.

    resources      ["accounting/invoices", …]
    cadence        when deltas run: {interval_seconds} or {cron, time_zone}; None only when asked for
    sweep_cadence  when everything is read again, which finds what no delta tells: deletions
    hydrate        resources whose changed records are read one by one, in full
    next_run_at    when the tick starts the next delta; None: never by itself
    version        counts changes, for `If-Match`
    """

    __tablename__ = "sync_jobs"
    __table_args__ = (
        Index("ix_sync_jobs_environment_id_created_at", "environment_id", "created_at"),
        Index("ix_sync_jobs_account_id", "account_id"),
        Index("ix_sync_jobs_due_at", "due_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("integrated_accounts.id", ondelete="CASCADE"))
    resources: Mapped[list[str]]
    hydrate: Mapped[list[str]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    cadence: Mapped[Document | None] = mapped_column(default=None)
    sweep_cadence: Mapped[Document | None] = mapped_column(default=None)
    is_active: Mapped[bool] = mapped_column(default=True)
    next_run_at: Mapped[datetime | None] = mapped_column(default=None)
    next_sweep_at: Mapped[datetime | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)
