"""Events: what happened and is to be told to whoever subscribed. Recorded in the transaction of the change."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Exact


class Event(Base, kw_only=True):
    """One thing that happened in an environment; never changed afterwards.

    sequence    1, 2, 3 … per environment, without gaps, in the order the changes were committed
    account_id  the account it concerns, if any; it may be gone by now
    event       a name of `app.webhooks.catalogue`
    payload     what its subscribers get, as it was at that moment
    resource    "invoices" of a record's event, and `record_id` its record
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_environment_id_created_at", "environment_id", "created_at"),
        Index("ix_events_account_id_sequence", "account_id", "sequence"),
    )

    # no foreign keys: what happened outlives whom it happened to
    environment_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[str | None]
    event: Mapped[str]
    payload: Mapped[Exact]
    created_at: Mapped[datetime]
    resource: Mapped[str | None] = mapped_column(default=None)
    record_id: Mapped[str | None] = mapped_column(default=None)


class EventHead(Base, kw_only=True):
    """The last sequence of an environment. Its row is what puts appends in order."""

    __tablename__ = "event_heads"

    environment_id: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]
