"""What every unified record has."""

from typing import Any, ClassVar

from unified_models.fields import read_only, writable
from unified_models.parts import CustomField, TrackingEntry
from unified_models.references import Part, Ref
from unified_models.types import Instant


class Record(Part):
    """One thing in a customer's books. An absent field was not fetched; null means there is no value."""

    MODEL: ClassVar[str] = "accounting"
    """The unified model (first path segment) the record belongs to."""

    id: str | None = read_only("Id, unique within the resource")
    remote_id: str | None = read_only("Id at the provider")
    company: Ref | None = read_only("The connected company")
    created_at: Instant | None = read_only("When it was created")
    updated_at: Instant | None = read_only("When it last changed")
    custom_fields: list[CustomField] | None = writable("Fields the company defined itself")
    tracking_categories: list[TrackingEntry] | None = writable("Tracking categories with their options")
    url: str | None = read_only("Where a person sees it at the provider")
    etag: str | None = read_only("Version of a complete record, for If-Match")
    is_partial: bool | None = read_only("True when fields are absent because they were not fetched")
    remote_data: dict[str, Any] | None = writable(
        "The provider's own record; in a create body extra native fields, sent untouched", create_only=True
    )
