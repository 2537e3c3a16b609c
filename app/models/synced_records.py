"""Synced records: an account's books as they were last seen."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Exact


class SyncedRecord(Base, kw_only=True):
    """One record of an account.

    unit         "accounting/payments:customer": model, resource and, where it has sides, the side
    record       its unified fields as the API shows them, without `remote_data`
    print        fingerprint of the list row it was last seen as; None: seen by itself only
    modified_at  the provider's own time of its last change, where it tells one
    observed_at  when a change of it was last seen here
    sequence     of the event that told its last change
    sweep        the page of the complete pass that saw it last: run/walk/page
    missed       complete passes in a row that did not see it
    deleted_at   when it was found gone
    """

    __tablename__ = "synced_records"
    __table_args__ = (
        Index("ix_synced_records_unit_sweep", "account_id", "unit", "sweep"),
        Index("ix_synced_records_resource_modified_at", "account_id", "resource", "modified_at"),
        Index("ix_synced_records_account_id_sequence", "account_id", "sequence"),
    )

    account_id: Mapped[str] = mapped_column(
        ForeignKey("integrated_accounts.id", ondelete="CASCADE"), primary_key=True
    )
    resource: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    unit: Mapped[str]
    record: Mapped[Exact]
    observed_at: Mapped[datetime]
    sequence: Mapped[int]
    print: Mapped[str | None] = mapped_column(default=None)
    modified_at: Mapped[datetime | None] = mapped_column(default=None)
    sweep: Mapped[str | None] = mapped_column(default=None)
    missed: Mapped[int] = mapped_column(Integer, default=0)
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class QuarantinedRecord(Base, kw_only=True):
    """A row of the provider's that could not be read, sealed as it came. The sync went on without it.

    run_id        the run that met it last
    mark          what makes it the same row: see `app.sync.quarantine.mark_of`
    created_at    when it was first met
    last_seen_at  when it was last met; None, as `mark`: set aside by a process of a release before
    seen          how often it was met
    """

    __tablename__ = "quarantined_records"
    __table_args__ = (
        Index("uq_quarantined_records_mark", "account_id", "unit", "mark", unique=True),
        Index("ix_quarantined_records_last_seen_at", "last_seen_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("integrated_accounts.id", ondelete="CASCADE"))
    run_id: Mapped[str]
    unit: Mapped[str]
    reason: Mapped[str]
    native: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    mark: Mapped[str | None] = mapped_column(default=None)
    last_seen_at: Mapped[datetime | None] = mapped_column(default=None)
    seen: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
