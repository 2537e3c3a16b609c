"""Field mappings: fields an environment or one account adds or re-points, as data."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Document


class FieldMapping(Base, kw_only=True):
    """The rows of one owner, for one integration.

    account_id  "" = every account of the environment
    rows        resource → [{field, native, codec, write, filter}], shaped as `connectors.kit.placing.Mapped`
    version     counts the changes
    """

    __tablename__ = "field_mappings"

    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"), primary_key=True)
    integration: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str] = mapped_column(primary_key=True)
    rows: Mapped[Document]
    version: Mapped[int]
    updated_at: Mapped[datetime]
