"""Sync destinations: where a job's records go besides the change feed, and how far they are."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class SyncDestination(Base, kw_only=True):
    """A consumer of an account's synced records, in the order of their sequences. Whoever holds `lease` may move it.

    type        postgresql | files
    settings    what may be shown of it: {host, port, database, schema, user, tls}, or {path, format}
    sealed      the password, if there is one, under the account's data key
    position    the last sequence that arrived; everything after it is still to go
    delivered   records that arrived, each version of one counted
    turn        number of the delivery that is queued or runs
    due_at      when it is looked after next: now while something waits, the lease's end while a delivery runs, the
                next attempt after a failure; None while everything has arrived
    failures    in a row; `error` {code, message, since} is of the last one
    """

    __tablename__ = "sync_destinations"
    __table_args__ = (
        Index("ix_sync_destinations_account_id", "account_id"),
        Index("ix_sync_destinations_due_at", "due_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("sync_jobs.id", ondelete="CASCADE"), unique=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("integrated_accounts.id", ondelete="CASCADE"))
    type: Mapped[str]
    settings: Mapped[Document]
    created_at: Mapped[datetime]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    position: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)
    turn: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    failures: Mapped[int] = mapped_column(default=0)
    error: Mapped[Document | None] = mapped_column(default=None)
