"""The audit log: append-only and hash-chained, one chain per environment."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class AuditEntry(Base, kw_only=True):
    """One change that matters, written in the transaction of the change.

    environment_id  whose chain; "system" for what belongs to no environment (key ring operations)
    seq             1, 2, 3 … without gaps
    actor           {type, id, ip?, user_agent?}
    action          noun.verb ("api_key.created")
    detail          what changed, without secrets
    hash            SHA-256 over prev_hash and the canonical row
    """

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_environment_id_created_at", "environment_id", "created_at"),)

    # no foreign key: the chain outlives the environment
    environment_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    actor: Mapped[Document]
    action: Mapped[str]
    target: Mapped[str]
    outcome: Mapped[str]
    request_id: Mapped[str | None]
    detail: Mapped[Document]
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(Base, kw_only=True):
    """The end of a chain. Its row is what serialises appends, and what shows a cut-off tail."""

    __tablename__ = "audit_heads"

    environment_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditSeal(Base, kw_only=True):
    """A signature over one place of a chain, so that who can write here but not sign cannot make the chain anew.

    kind  head: here the chain ended when it was signed; pruned: up to here it was kept long enough and deleted
    hash  that of the entry `seq`
    """

    __tablename__ = "audit_seals"

    environment_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    signed_at: Mapped[datetime]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class AuditSigner(Base, kw_only=True):
    """The installation's signing key, wrapped as data keys are: a new key ring leaves it what it is."""

    __tablename__ = "audit_signers"

    id: Mapped[str] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    kek_id: Mapped[str]
    provider: Mapped[str]
    created_at: Mapped[datetime]
