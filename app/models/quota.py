"""What is left of an organisation's call budget, shared by every process of a database."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class Quota(Base, kw_only=True):
    """One organisation's budget; a row per provider organisation, whichever accounts use it.

    organization  "integration:location:organization id"
    state         grants of the last minute, slots in use, the day's count, closures; see `app.gateway.budget`
    """

    __tablename__ = "quotas"

    organization: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[Document]
    updated_at: Mapped[datetime]
