"""Custom fields and reporting tags: definitions, how they are written and how rows and details show them."""

from decimal import Decimal
from typing import Any

from .call import Answer, Call, Refused, Row, done, invalid, missing
from .fields import objects, one_id
from .ledger import Ledger
from .money import number
from .times import read_day

NUMBERS = ("decimal", "amount", "number", "percent")
TEXTS = ("string", "text", "email", "url", "phone", "multiline", "autonumber", "lookup", "date_time")
CHOICES = ("dropdown", "multiselect")
TYPES = (*NUMBERS, *TEXTS, *CHOICES, "date", "check_box")


def define(
    ledger: Ledger,
    entity: str,
    label: str,
    data_type: str = "string",
    options: tuple[str, ...] = (),
    *,
    unique: bool = False,
    in_rows: bool = True,
) -> Row:
    """Adds a custom field to "contact", "item", "invoice", … ; its api name is cf_ and the label in snake case.

    `unique` makes it fit for upserts; `in_rows` shows it as a column of the list.
    """
    if data_type not in TYPES:
        raise invalid("data_type")
    fields = ledger.definitions.setdefault(entity, [])
    name = "cf_" + "_".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
    if any(field["api_name"] == name for field in fields):
        raise Refused(1001, f'The custom field "{label}" already exists.')
    field: Row = {
        "customfield_id": ledger.ids.take(),
        "index": len(fields) + 1,
        "label": label,
        "api_name": name,
        "data_type": data_type,
        "options": {option: ledger.ids.take() for option in options},
        "is_unique": unique,
        "in_rows": in_rows,
    }
    fields.append(field)
    for table in ledger.tables.values():
        table.version += 1
    return field


def merged(ledger: Ledger, entity: str, table: str, record: Row, entries: Any) -> Row:
    """The values of `record` after `custom_fields` of a body; `record` itself stays.

    Entries name a field by id, api name, index or label; fields not named stay, an empty value clears.
    """
    values: Row = dict(record.get("custom", {}))
    for entry in objects(entries, "custom_fields"):
        field = _named(ledger, entity, entry)
        if field is None:
            raise invalid("custom_fields")
        value = _read(field, entry.get("value"))
        if value in ("", None, []):
            values.pop(field["api_name"], None)
            continue
        if field["is_unique"]:
            other = find(ledger, table, field["api_name"], value)
            if other is not None and other is not record:
                raise Refused(1001, f'A record with the same value for "{field["label"]}" already exists.')
        values[field["api_name"]] = value
    return values


def find(ledger: Ledger, table: str, api_name: str, value: Any) -> Row | None:
    """The first record whose custom field has that value."""
    for record in ledger.tables[table].all():
        custom = record.get("custom")
        if custom and str(custom.get(api_name, "")) == str(value):
            return record
    return None


def unique_field(ledger: Ledger, entity: str, api_name: str) -> Row:
    for field in ledger.definitions.get(entity, []):
        if field["api_name"] == api_name and field["is_unique"]:
            return field
    raise invalid("X-Unique-Identifier-Key")


def detail(entity: str) -> Any:
    """The `custom_fields` array and `custom_field_hash` of a detail."""

    def spread(ledger: Ledger, record: Row) -> Row:
        custom: Row = record.get("custom") or {}
        fields = ledger.definitions.get(entity, ()) if custom else ()
        shown = [
            _entry(field, custom[field["api_name"]], entity)
            for field in fields
            if field["api_name"] in custom
        ]
        return {"custom_fields": shown, "custom_field_hash": _hash(ledger, entity, record, all_fields=True)}

    return spread


def row(entity: str) -> Any:
    """The flattened cf_ keys of a list row, beside an empty array and the hash."""

    def spread(ledger: Ledger, record: Row) -> Row:
        found = _hash(ledger, entity, record, all_fields=False)
        return {"custom_fields": [], "custom_field_hash": found, **found}

    return spread


def page_context(entity: str) -> Any:
    """What page_context tells of the fields shown as columns."""

    def make(ledger: Ledger) -> Row:
        return {
            "custom_fields": [
                {key: field[key] for key in ("customfield_id", "api_name", "label", "data_type", "index")}
                for field in ledger.definitions.get(entity, ())
                if field["in_rows"]
            ]
        }

    return make


def metadata(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    """GET /settings/preferences/customfields?entity=invoice."""
    entity = call.get("entity")
    if not entity:
        raise missing("entity")
    shown = [
        {
            **_face(field, entity),
            "is_mandatory": False,
            "is_unique": field["is_unique"],
            "show_in_list": field["in_rows"],
            "values": [
                {"option_id": option, "name": name, "order": order}
                for order, (name, option) in enumerate(field["options"].items(), 1)
            ],
        }
        for field in ledger.definitions.get(entity, ())
    ]
    return done(customfields=shown)


def read_tags(ledger: Ledger, entries: Any) -> list[Row]:
    """`tags` of a body ({tag_id, tag_option_id}), with the names the ledger knows; unknown ones are code 2."""
    found: list[Row] = []
    for entry in objects(entries, "tags"):
        tag = ledger.tags.get(one_id(entry.get("tag_id"), "tag_id"))
        option = one_id(entry.get("tag_option_id"), "tag_option_id")
        if tag is None or option not in tag["options"]:
            raise invalid("tags")
        found.append(
            {
                "tag_id": tag["tag_id"],
                "tag_name": tag["tag_name"],
                "tag_option_id": option,
                "tag_option_name": tag["options"][option],
                "is_tag_mandatory": False,
            }
        )
    return found


def _named(ledger: Ledger, entity: str, entry: Row) -> Row | None:
    fields = ledger.definitions.get(entity, [])
    for key, stored in (
        ("customfield_id", "customfield_id"),
        ("custom_field_id", "customfield_id"),
        ("field_id", "customfield_id"),
        ("api_name", "api_name"),
        ("index", "index"),
        ("label", "label"),
    ):
        if entry.get(key) not in (None, ""):
            wanted = str(entry[key])
            return next((field for field in fields if str(field[stored]) == wanted), None)
    return None


def _read(field: Row, value: Any) -> Any:
    kind, label = field["data_type"], field["label"]
    if value in (None, ""):
        return ""
    if kind in NUMBERS:
        return number(value, label)
    if kind == "check_box":
        if value not in (True, False, "true", "false"):
            raise invalid(label)
        return value in (True, "true")
    if kind == "date":
        return read_day(value, label)
    if kind == "multiselect":
        chosen = value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]
        if any(option not in field["options"] for option in chosen):
            raise invalid(label)
        return list(chosen)
    if isinstance(value, (dict, list, bool)):
        raise invalid(label)
    text = str(value)
    if kind == "dropdown" and text not in field["options"]:
        raise invalid(label)
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return ", ".join(value) if isinstance(value, list) else str(value)


def _face(field: Row, entity: str) -> Row:
    return {
        "field_id": field["customfield_id"],
        "customfield_id": field["customfield_id"],
        "index": field["index"],
        "label": field["label"],
        "api_name": field["api_name"],
        "placeholder": field["api_name"],
        "data_type": field["data_type"],
        "search_entity": entity,
        "is_active": True,
        "show_on_pdf": False,
        "show_in_portal": False,
        "show_in_store": False,
        "show_in_all_pdf": False,
        "edit_on_portal": False,
        "edit_on_store": False,
        "is_dependent_field": False,
    }


def _entry(field: Row, value: Any, entity: str) -> Row:
    shown = {**_face(field, entity), "value": value, "value_formatted": _text(value)}
    if field["data_type"] == "dropdown":
        shown["selected_option_id"] = field["options"][value]
    return shown


def _hash(ledger: Ledger, entity: str, record: Row, *, all_fields: bool) -> Row:
    custom: Row = record.get("custom") or {}
    found: Row = {}
    for field in ledger.definitions.get(entity, ()) if custom else ():
        name = field["api_name"]
        if name in custom and (all_fields or field["in_rows"]):
            found[name] = _text(custom[name])
            found[f"{name}_unformatted"] = custom[name]
    return found
