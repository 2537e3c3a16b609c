"""Tracking categories: classes, departments, locations and tags that records are sorted by."""

from typing import Annotated

from unified_models.fields import required, writable
from unified_models.parts import Element
from unified_models.record import Record
from unified_models.references import Ref
from unified_models.statuses import MASTER_STATUS, MasterBlock
from unified_models.types import Words

CATEGORY_TYPES = Words(("class", "department", "location", "tag", "project"))


class TrackingOption(Element):
    """A value of a tracking category; PATCH merges options by `id`."""

    id: str | None = writable("In PATCH: the option that is changed")
    name: str | None = writable("Name; a new option needs it")
    status: Annotated[str, MASTER_STATUS] | None = writable("archived options cannot be chosen")
    parent: Ref | None = writable("Option it is a part of")

    def lacking(self) -> dict[str, str]:
        """What a new option lacks, by field."""
        return {} if self.name else {"name": "a new option needs a name"}


class TrackingCategory(MasterBlock, Record):
    """A category whose options are chosen on documents and lines."""

    name: str | None = required("Name")
    category_type: Annotated[str, CATEGORY_TYPES] | None = writable("What it stands for", create_only=True)
    is_required: bool | None = writable("An option must be chosen")
    options: list[TrackingOption] | None = writable("The options to choose from")
    parent_category: Ref | None = writable("Category it is a part of")
