"""Data keys (one per owner of secrets), wrapped by the key ring, and what the ring must look like."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class DataKey(Base, kw_only=True):
    """A wrapped data key. Deleting its material makes everything sealed under it unreadable for good.

    id        32 hexadecimal digits; the same 16 bytes stand in every blob sealed under it
    owner     "grant:{id}", "environment:{id}" …: whose secrets it seals
    wrapped   envelope of the key under `kek_id`; None once shredded
    provider  which key wrapper made it
    state     active | decrypt_only | shredded
    """

    __tablename__ = "data_keys"
    __table_args__ = (
        Index(
            "uq_data_keys_active_owner",
            "environment_id",
            "owner",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        Index("ix_data_keys_kek_id_state", "kek_id", "state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    owner: Mapped[str]
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    kek_id: Mapped[str]
    created_at: Mapped[datetime]
    provider: Mapped[str] = mapped_column(default="local")
    state: Mapped[str] = mapped_column(default="active")
    rewrapped_at: Mapped[datetime | None] = mapped_column(default=None)


class KeyringCheck(Base, kw_only=True):
    """The check value of one ring key, so that a process with another ring is noticed before it serves."""

    __tablename__ = "keyring_checks"

    key_id: Mapped[str] = mapped_column(primary_key=True)
    check_value: Mapped[bytes]
    created_at: Mapped[datetime]


class KeyringProcess(Base, kw_only=True):
    """One running process and the version of the ring it holds, said every few seconds."""

    __tablename__ = "keyring_processes"

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    version: Mapped[int]
    primary_key_id: Mapped[str]
    seen_at: Mapped[datetime]
