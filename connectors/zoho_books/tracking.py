"""Reporting tags: on records and on their lines."""

from connectors.kit.codec import ID, TEXT
from connectors.kit.mapping import ALWAYS, Table, coded, field, names
from connectors.zoho_books.lookups import TAGS
from unified_models.parts import TrackingEntry

entry = names(TrackingEntry)

TRACKING = Table(
    TrackingEntry,
    (
        field(entry.id, "tag_id", ID, write=ALWAYS),
        coded(entry.name, "tag_name", writes="tag_id", to=TAGS, key="name", write=ALWAYS),
        field(entry.option_id, "tag_option_id", ID, write=ALWAYS),
        field(entry.option, "tag_option_name", TEXT),
    ),
)
