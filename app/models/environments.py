"""Environments: who owns everything."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Environment(Base, kw_only=True):
    """A live or test world of its own. The same name may exist once per mode."""

    __tablename__ = "environments"
    __table_args__ = (
        UniqueConstraint("name", "mode"),
        CheckConstraint("mode IN ('test', 'live')", name="mode"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    mode: Mapped[str]
    created_at: Mapped[datetime]
