"""Locations: places an organisation books by, on whole documents or on single lines."""

from typing import Any

from .call import Answer, Call, Refused, Row, done, in_use
from .fields import Reader, boolean, choice, one_id, ref, text
from .ledger import Ledger
from .listing import Listing
from .projection import Columns
from .resource import Messages, Resource, Route

UNKNOWN = "Location does not exist."
ITEM_LEVEL = "line_item_only"
_ADDRESS = ("city", "state", "country", "attention", "state_code", "street_address1", "street_address2")


def on_document(ledger: Ledger, value: Any, name: str) -> str:
    """Reads the location of a whole document; places meant for lines alone are refused."""
    found = ref("locations", UNKNOWN)(ledger, value, name)
    if found and ledger.tables["locations"].rows[found]["type"] == ITEM_LEVEL:
        raise Refused(27520, "You cannot associate an Item-Level location at a transaction level.")
    return found


def shown(ledger: Ledger, record: Row) -> Row:
    """Where a record belongs, under both names; nothing where the organisation has no locations."""
    table = ledger.tables["locations"]
    if not len(table):
        return {}
    key = record.get("location_id") or primary(ledger)
    name = table.rows[key]["location_name"] if key in table.rows else ""
    return {"location_id": key, "location_name": name, "branch_id": key, "branch_name": name}


def on_line(ledger: Ledger, line: Row) -> Row:
    """The location of a line, with the same silence."""
    table = ledger.tables["locations"]
    key = line.get("location_id", "")
    if not len(table):
        return {}
    return {
        "location_id": key,
        "location_name": table.rows[key]["location_name"] if key in table.rows else "",
    }


def primary(ledger: Ledger) -> str:
    return next((one["location_id"] for one in ledger.tables["locations"].all() if one["is_primary"]), "")


READ: Reader = on_document
COLUMNS = Columns(
    stored={
        "location_id": "",
        "location_name": "",
        "type": "general",
        "email": "",
        "phone": "",
        "address": {},
        "is_primary": False,
        "status": "active",
        "tax_settings_id": "",
        "parent_location_id": "",
        "associated_series_ids": [],
        "auto_number_generation_id": "",
        "is_all_users_selected": True,
        "associated_users": [],
    }
)


def _address(ledger: Ledger, value: Any, name: str) -> Row:
    given: Row = value if isinstance(value, dict) else {}
    return {part: text(200)(ledger, given.get(part), f"{name}.{part}") for part in _ADDRESS}


def _prepare(ledger: Ledger, location: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        location["location_id"] = ledger.ids.take()
        location["is_primary"] = not len(ledger.tables["locations"])
        location["associated_users"] = [
            {"user_id": one["user_id"], "user_name": one["name"]} for one in ledger.users.all()
        ]
    if (
        body.get("parent_location_id")
        and one_id(body["parent_location_id"], "parent_location_id") == (location["location_id"])
    ):
        raise Refused(2, "Invalid value passed for parent_location_id")


def _deletable(ledger: Ledger, location: Row) -> None:
    if location["is_primary"]:
        raise in_use("The primary location cannot be deleted.")
    key = location["location_id"]
    for name, table in ledger.tables.items():
        if name != "locations" and any(_stands_on(row, key) for row in table.all()):
            raise in_use("Locations that are used in transactions cannot be deleted.")


def _stands_on(record: Row, key: str) -> bool:
    lines = record.get("line_items", ())
    return record.get("location_id") == key or any(line.get("location_id") == key for line in lines)


def _mark_primary(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    chosen = RESOURCE.find(ledger, ids[0])
    if chosen["type"] == ITEM_LEVEL:
        raise Refused(27520, "An Item-Level location cannot be the primary location.")
    for location in ledger.tables["locations"].all():
        location["is_primary"] = location is chosen
    ledger.tables["locations"].changed(chosen)
    return done("The location has been marked as primary.")


def _enable(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    if not len(ledger.tables["locations"]):
        RESOURCE.add(ledger, {"location_name": "Head Office", "type": "general"}, call)
    return done("We're enabling locations for your organization.")


RESOURCE = Resource(
    path="/locations",
    table="locations",
    item_key="locations",
    area="settings",
    listing=Listing(
        table="locations",
        list_key="locations",
        report_name="Locations",
        columns=COLUMNS,
        sorts={"location_name": "location_name"},
        sort_column="location_name",
        shows_context=False,
    ),
    detail=COLUMNS,
    readers={
        "location_name": text(100),
        "type": choice(("general", ITEM_LEVEL)),
        "email": text(100),
        "phone": text(50),
        "address": _address,
        "tax_settings_id": text(30),
        "parent_location_id": ref("locations", UNKNOWN),
        "auto_number_generation_id": text(30),
        "is_all_users_selected": boolean,
    },
    required=("location_name",),
    defaults={"type": "general", "status": "active", "address": {}},
    messages=Messages(
        unknown=UNKNOWN,
        created="Location has been created.",
        updated="Location has been updated.",
        deleted="The location has been deleted..",
        active="The location has been marked as active.",
        inactive="The location has been marked as inactive.",
    ),
    unique={"location_name": (1001, 'The location "{}" already exists.')},
    prepare=_prepare,
    blocks_delete=_deletable,
    extra=(
        Route("POST", "/locations/{}/markasprimary", "settings.CREATE", _mark_primary),
        Route("POST", "/settings/locations/enable", "settings.CREATE", _enable),
    ),
)
ROUTES = tuple(
    route for route in RESOURCE.routes() if (route.method, route.pattern) != ("GET", "/locations/{}")
)
"""The service has no route for one location."""
