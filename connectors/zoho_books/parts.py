"""Rows of parts that several Zoho resources share."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.kit.codec import BOOL, ENUM, ID, INSTANT, INTEGER, MONEY, TEXT
from connectors.kit.mapping import ALWAYS, Native, Table, computed, field, names
from connectors.kit.operations import Context
from unified_models.parts import CustomField, TrackingEntry

TIME = INSTANT("%Y-%m-%dT%H:%M:%S%z")
"""Zoho prints and takes offsets without a colon and refuses Z."""

SWITCH = ENUM({"active": "active", "inactive": "archived"})
"""Status of masters."""

_KINDS: Mapping[str, str] = {
    "string": "text",
    "text": "text",
    "text_area": "text",
    "multiline": "text",
    "autonumber": "text",
    "number": "number",
    "decimal": "decimal",
    "percent": "decimal",
    "amount": "money",
    "check_box": "boolean",
    "date": "date",
    "date_time": "datetime",
    "dropdown": "select",
    "multiselect": "multiselect",
    "email": "email",
    "url": "url",
    "phone": "phone",
    "lookup": "lookup",
}


def _value(native: Native, context: Context) -> Any:
    """The value in the type its field has; Zoho may spell numbers and switches as text."""
    value = native.get("value")
    if value is None or value == "":
        return None
    kind = _KINDS.get(str(native.get("data_type")))
    if kind in ("decimal", "money"):
        return MONEY.read(value)
    if kind == "number":
        return INTEGER.read(value)
    if kind == "boolean":
        return BOOL.read(value)
    if kind == "multiselect" and isinstance(value, str):
        return [each.strip() for each in value.split(",")]
    return value


def _put_value(value: Any, native: Native, context: Context) -> None:
    # A JSON number reads back as a decimal; a whole one must not go out as "5.0".
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    native["value"] = int(value) if whole else "" if value is None else value


custom = names(CustomField)

CUSTOM_FIELDS = Table(
    CustomField,
    (
        field(custom.id, "customfield_id", ID, write=ALWAYS),
        field(custom.api_name, "api_name", TEXT, write=ALWAYS),
        field(custom.label, "label", TEXT),
        field(custom.type, "data_type", ENUM(_KINDS)),
        computed(custom.value, _value, uses=("value",), put=_put_value, write=ALWAYS),
    ),
)

tracking = names(TrackingEntry)

TAGS = Table(
    TrackingEntry,
    (
        field(tracking.id, "tag_id", ID, write=ALWAYS),
        field(tracking.name, "tag_name", TEXT),
        field(tracking.option_id, "tag_option_id", ID, write=ALWAYS),
        field(tracking.option, "tag_option_name", TEXT),
    ),
)
"""Reporting tags on records and lines."""
