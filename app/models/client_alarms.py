"""OAuth clients a provider refuses: trouble of an integration, not of its accounts."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class ClientAlarm(Base, kw_only=True):
    """The provider refuses the client an environment uses in a data centre. Gone when it takes it again.

    error            what the provider said
    refusals         token calls it refused since
    next_attempt_at  until then no token call is made for any grant there; then one of them tries
    """

    __tablename__ = "client_alarms"

    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"), primary_key=True)
    integration: Mapped[str] = mapped_column(primary_key=True)
    location: Mapped[str] = mapped_column(primary_key=True)
    error: Mapped[str]
    since: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    refusals: Mapped[int] = mapped_column(default=1)
