"""Processes that do background jobs."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Executor(Base, kw_only=True):
    """One of them; it beats every few seconds, by the database's clock. Silent, its jobs are given to others."""

    __tablename__ = "executors"

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
