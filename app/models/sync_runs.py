"""Sync runs: one going through of a job's resources, in slices, and where each resource's next one begins."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class SyncRun(Base, kw_only=True):
    """One run. Whoever holds `lease` may say how it went on, and says it together with what it found.

    kind       initial | delta | full | adhoc
    state      queued | running | paused | completed | failed | stopped
    slice      number of the slice that is queued or runs
    step       counts what was committed, so that nothing is committed twice
    plan       the units still to do, in order: [{model, resource, side, whole}, …]
    position   where the first of them stands; None: it has not begun
    stats      counts so far: {unit: {rows, created, updated, deleted, quarantined, calls}}, and what is to be known of
               how a unit was read: an `error` where it was left out, `read_whole` and `resync` where a delta was made a
               complete pass
    failures   slices in a row that ended with a failure that may pass, or with their process
    error      {code, message, resource, remedy} of what ended it, or of the first unit it left out
    """

    __tablename__ = "sync_runs"
    __table_args__ = (
        Index("ix_sync_runs_environment_id_created_at", "environment_id", "created_at"),
        Index("ix_sync_runs_job_id_created_at", "job_id", "created_at"),
        Index("ix_sync_runs_account_id_state", "account_id", "state"),
        Index("ix_sync_runs_state_touched_at", "state", "touched_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    job_id: Mapped[str] = mapped_column(ForeignKey("sync_jobs.id", ondelete="CASCADE"))
    account_id: Mapped[str]
    kind: Mapped[str]
    plan: Mapped[list[Document]]
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="queued")
    slice: Mapped[int] = mapped_column(default=1)
    step: Mapped[int] = mapped_column(default=0)
    units: Mapped[int] = mapped_column(default=0)
    position: Mapped[Document | None] = mapped_column(default=None)
    stats: Mapped[Document] = mapped_column(default_factory=dict)
    percent: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    lease: Mapped[str | None] = mapped_column(default=None)
    error: Mapped[Document | None] = mapped_column(default=None)
    resume_at: Mapped[datetime | None] = mapped_column(default=None)
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)


class SyncCursor(Base, kw_only=True):
    """How far an account's records of one kind are known: everything that changed before `since` is stored.

    swept_at  when the last complete pass over them began
    """

    __tablename__ = "sync_cursors"

    account_id: Mapped[str] = mapped_column(
        ForeignKey("integrated_accounts.id", ondelete="CASCADE"), primary_key=True
    )
    unit: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    since: Mapped[datetime | None] = mapped_column(default=None)
    swept_at: Mapped[datetime | None] = mapped_column(default=None)
