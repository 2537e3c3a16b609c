"""Providers' webhooks in: where they arrive, what each resource's is worth, and which records they ask to be read."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class InboundEndpoint(Base, kw_only=True):
    """Where an account's provider tells us of changes.

    token_hash    finds it by the token of its path, which is stored sealed beside
    secret_blob   what the provider signs with, sealed
    secret_shown  whether somebody was shown the secret, which happens once
    received      correctly signed hooks; of these `repeated` came before, `ignored` named nothing that is synced
    """

    __tablename__ = "inbound_endpoints"
    __table_args__ = (
        UniqueConstraint("account_id", name="uq_inbound_endpoints_account_id"),
        UniqueConstraint("token_hash", name="uq_inbound_endpoints_token_hash"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("integrated_accounts.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    token_blob: Mapped[bytes] = mapped_column(LargeBinary)
    secret_blob: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    secret_shown: Mapped[bool] = mapped_column(default=False)
    received: Mapped[int] = mapped_column(default=0)
    repeated: Mapped[int] = mapped_column(default=0)
    ignored: Mapped[int] = mapped_column(default=0)
    last_delivery_at: Mapped[datetime | None] = mapped_column(default=None)


class InboundHook(Base, kw_only=True):
    """What was arranged for one native list of an account.

    unit         "accounting/payments:invoice"
    refused      why the provider did not let us install it; None: it is installed
    verified_at  when the first correctly signed hook of it arrived
    """

    __tablename__ = "inbound_hooks"

    account_id: Mapped[str] = mapped_column(
        ForeignKey("integrated_accounts.id", ondelete="CASCADE"), primary_key=True
    )
    unit: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    arranged_at: Mapped[datetime]
    refused: Mapped[str | None] = mapped_column(default=None)
    verified_at: Mapped[datetime | None] = mapped_column(default=None)
    last_delivery_at: Mapped[datetime | None] = mapped_column(default=None)


class InboundDelivery(Base, kw_only=True):
    """A body that has arrived, by its SHA-256: whether it comes again within a day is counted."""

    __tablename__ = "inbound_deliveries"
    __table_args__ = (Index("ix_inbound_deliveries_at", "at"),)

    endpoint_id: Mapped[str] = mapped_column(
        ForeignKey("inbound_endpoints.id", ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    at: Mapped[datetime]


class Hint(Base, kw_only=True):
    """A record somebody said has changed: it is read again. One row however often that was said.

    unit       "accounting/payments:invoice"
    record_id  "": which record is not known
    said_at    when it was, or was last tried in vain; ahead while the record rests
    asked      counts how often it was said
    failures   counts how often it was tried in vain
    """

    __tablename__ = "hints"
    __table_args__ = (Index("ix_hints_account_id_said_at", "account_id", "said_at"),)

    account_id: Mapped[str] = mapped_column(
        ForeignKey("integrated_accounts.id", ondelete="CASCADE"), primary_key=True
    )
    unit: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    said_at: Mapped[datetime]
    asked: Mapped[int] = mapped_column(default=1)
    failures: Mapped[int] = mapped_column(default=0)


class Reread(Base, kw_only=True):
    """An account's turn to follow its hints.

    state     idle | queued | running | resting: nothing is to be done before `due_at`, a new hint comes sooner
    turn      number of the job that waits or runs, or was the last
    failures  turns in a row that ended with a failure that may pass
    due_at    when its job may begin, or was begun
    """

    __tablename__ = "rereads"
    __table_args__ = (Index("ix_rereads_state_due_at", "state", "due_at"),)

    account_id: Mapped[str] = mapped_column(
        ForeignKey("integrated_accounts.id", ondelete="CASCADE"), primary_key=True
    )
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="idle")
    turn: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
