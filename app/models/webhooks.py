"""Webhooks: who is told of what, and every message that was, is being or could not be delivered."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class Webhook(Base, kw_only=True):
    """A subscription of an environment's owner.

    event_types     names of `app.webhooks.catalogue`, or "record:*" for all of one kind; empty: all
    resources, account_ids, tenant_ids, changed_fields   narrow what is told; empty: no narrowing
    payload         full | thin
    secrets         [{sealed (base64), until}]: the first signs for ever, the others until then
    generation      counts secrets, which are sealed under it
    position        the last sequence of the environment's events that was looked at for it
    health          ok | degraded | disabled
    failures        attempts in a row that failed
    failing_since   when the first of them was
    probe_at        while degraded: nothing is sent before
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        Index("ix_webhooks_environment_id_created_at", "environment_id", "created_at"),
        Index("ix_webhooks_is_active_position", "is_active", "position"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    target_url: Mapped[str]
    event_types: Mapped[list[str]]
    resources: Mapped[list[str]]
    account_ids: Mapped[list[str]]
    tenant_ids: Mapped[list[str]]
    changed_fields: Mapped[list[str]]
    secrets: Mapped[list[Document]]
    position: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    payload: Mapped[str] = mapped_column(default="full")
    exclude_origin: Mapped[bool] = mapped_column(default=False)
    generation: Mapped[int] = mapped_column(default=1)
    is_active: Mapped[bool] = mapped_column(default=True)
    health: Mapped[str] = mapped_column(default="ok")
    health_detail: Mapped[str | None] = mapped_column(default=None)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None] = mapped_column(default=None)
    succeeded_at: Mapped[datetime | None] = mapped_column(default=None)
    probe_at: Mapped[datetime | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)


class WebhookMessage(Base, kw_only=True):
    """One event on its way to one webhook. Its row is its place in the queue.

    state       pending | delivered | dead | cancelled
    due_at      when the next attempt may begin; None once it needs none
    lease_until an attempt is under way and is believed to live until then
    replays     how often it was sent again on request
    """

    __tablename__ = "webhook_messages"
    __table_args__ = (
        UniqueConstraint("webhook_id", "sequence", name="uq_webhook_messages_webhook_id_sequence"),
        Index("ix_webhook_messages_webhook_id_due_at", "webhook_id", "due_at"),
        Index("ix_webhook_messages_environment_id_created_at", "environment_id", "created_at"),
        Index("ix_webhook_messages_webhook_id_lease_until", "webhook_id", "lease_until"),
        Index("ix_webhook_messages_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    sequence: Mapped[int]
    event_id: Mapped[str]
    event: Mapped[str]
    created_at: Mapped[datetime]
    account_id: Mapped[str | None] = mapped_column(default=None)
    state: Mapped[str] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    replays: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    lease: Mapped[str | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    last_attempt_at: Mapped[datetime | None] = mapped_column(default=None)
    last_status: Mapped[int | None] = mapped_column(default=None)
    last_error: Mapped[str | None] = mapped_column(default=None)
    delivered_at: Mapped[datetime | None] = mapped_column(default=None)


class WebhookAttempt(Base, kw_only=True):
    """One attempt at a message. `answer` is the beginning of what came back."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_message_id_at", "message_id", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    message_id: Mapped[str] = mapped_column(ForeignKey("webhook_messages.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    milliseconds: Mapped[int]
    status: Mapped[int | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    answer: Mapped[str | None] = mapped_column(default=None)
