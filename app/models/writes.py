"""Intents: every write asked of a provider, and what our own routes do once per key, kept before it is done."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Write(Base, kw_only=True):
    """One write of one caller. `answer` is sealed: it holds a customer's books.

    account_id       empty, as tenant_id, for what our own routes make
    path             the caller's path, which with the method and the key names the write
    idempotency_key  None when the caller gave none, or once the key was given back
    released_key     the key that was given back: what was asked with it is still found by it
    fingerprint      SHA-256 of the canonical query and body, hexadecimal
    state            executing | partial | done | unknown | released
    owner            who executes it; only the owner may say how it went on
    lease_until      how long the owner is believed to live
    sent_at          when its latest writing request was about to be sent; None: nothing was sent
    journal          what was said so far and what is unanswered, sealed; None once it is settled
    checks           look-ups for what became of it since it was sent
    resends          how often it was sent again because nothing was found
    next_check_at    when it is looked for again; None: a person has to
    document         stands for what it would make: reference, contact and amounts
    seeks            digests parted by blanks: what it is about or looks for; after a bar, what else it would make
    turn             the owner whose turn it was to do so, nobody else's
    record_id        the record it was about or made
    outcome          created | updated | deleted | unchanged | already_existed | partial
    status           HTTP status of the answer
    """

    __tablename__ = "writes"
    __table_args__ = (
        UniqueConstraint(
            "environment_id",
            "account_id",
            "method",
            "path",
            "idempotency_key",
            name="uq_writes_idempotency_key",
        ),
        Index("ix_writes_account_id_path_created_at", "account_id", "path", "created_at"),
        Index("ix_writes_environment_id_created_at_id", "environment_id", "created_at", "id"),
        Index("ix_writes_account_id_document", "account_id", "document"),
        Index("ix_writes_account_id_state", "account_id", "state"),
        Index("ix_writes_state_next_check_at", "state", "next_check_at"),
        Index("ix_writes_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    # no foreign key: what was written stays on record when the account goes
    account_id: Mapped[str]
    tenant_id: Mapped[str]
    method: Mapped[str]
    path: Mapped[str]
    resource: Mapped[str]
    operation: Mapped[str]
    fingerprint: Mapped[str]
    state: Mapped[str]
    lease_until: Mapped[datetime]
    created_at: Mapped[datetime]
    key_id: Mapped[str]
    request_id: Mapped[str]
    idempotency_key: Mapped[str | None] = mapped_column(default=None)
    released_key: Mapped[str | None] = mapped_column(default=None)
    source_event: Mapped[str | None] = mapped_column(default=None)
    reference: Mapped[str | None] = mapped_column(default=None)
    record_id: Mapped[str | None] = mapped_column(default=None)
    outcome: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[int | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(default=None)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    settled_at: Mapped[datetime | None] = mapped_column(default=None)
    owner: Mapped[str | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    journal: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    checks: Mapped[int] = mapped_column(default=0)
    resends: Mapped[int] = mapped_column(default=0)
    next_check_at: Mapped[datetime | None] = mapped_column(default=None)
    document: Mapped[str | None] = mapped_column(default=None)
    seeks: Mapped[str | None] = mapped_column(default=None)
    turn: Mapped[str | None] = mapped_column(default=None)
