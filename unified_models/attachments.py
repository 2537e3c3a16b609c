"""Files attached to records."""

from typing import Annotated

from unified_models.fields import read_only, required
from unified_models.record import Record
from unified_models.references import Part
from unified_models.types import Words

PARENT_TYPES = Words(
    (
        "account",
        "bill",
        "contact",
        "credit_note",
        "estimate",
        "expense",
        "invoice",
        "item",
        "journal_entry",
        "payment",
        "project",
        "purchase_order",
        "sales_order",
        "sales_receipt",
        "transaction",
        "vendor_credit",
    )
)


class AttachmentParent(Part):
    """The record a file is attached to."""

    type: Annotated[str, PARENT_TYPES] | None = required("Its kind")
    id: str | None = required("Its id")


class AttachedFile(Part):
    """A file as the record it is attached to tells it; its content is at `…/attachments/{id}/content` below it."""

    id: str | None = read_only("The attachment")
    file_name: str | None = read_only("Name with its extension")
    file_size: int | None = read_only("Size in bytes")
    file_type: str | None = read_only("Media type, such as application/pdf")


class Attachment(Record):
    """A file attached to a record."""

    file_name: str | None = required("Name with its extension")
    file_size: int | None = read_only("Size in bytes")
    file_type: str | None = read_only("Media type, such as application/pdf")
    parent: AttachmentParent | None = required("The record it is attached to")
    file_url: str | None = read_only("Where its content is, through this gateway")
