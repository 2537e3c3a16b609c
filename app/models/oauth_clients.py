"""OAuth clients an environment brings itself; the settings are the fallback."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class OAuthClient(Base, kw_only=True):
    """The client registered at a provider for one environment.

    location     key of the data-centre table the secret is for; "" = every location without a row of its own
    secret_blob  sealed under the environment's data key for exactly this `generation`
    """

    __tablename__ = "oauth_clients"
    __table_args__ = (UniqueConstraint("environment_id", "integration", "location"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    integration: Mapped[str]
    client_id: Mapped[str]
    secret_blob: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    location: Mapped[str] = mapped_column(default="")
    generation: Mapped[int] = mapped_column(default=1)
