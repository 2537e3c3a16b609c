"""Locations: /locations, places transactions are booked at. Our ids begin `loc_`.

There is no call for one location: it is found in the list, which is short and complete.
"""

from typing import Any

from connectors.kit.actions import masters
from connectors.kit.codec import TEXT, Codec
from connectors.kit.faults import Fault, Kind
from connectors.kit.flows import Draft
from connectors.kit.http import Flow, Json, Request
from connectors.kit.mapping import ALWAYS, CREATE, Native, Table, When, computed, field, names, ref, unmapped
from connectors.kit.operations import Context, Record
from connectors.kit.paging import Paging, merged_query, rows_of
from connectors.kit.resource import Issues, Resource
from connectors.zoho_books.lookups import LOCATIONS
from unified_models.tracking_categories import TrackingCategory

category = names(TrackingCategory)

PREFIX = LOCATIONS.prefix
LOCATION_ID: Codec[str] = Codec(
    "id",
    lambda value: f"{PREFIX}{value}",
    lambda id: id.removeprefix(PREFIX),
    lambda text: text,
)


def _status(native: Native, ctx: Context) -> str:
    return "archived" if str(native.get("status")).casefold() == "inactive" else "active"


TABLE = Table(
    TrackingCategory,
    (
        field(category.id, "location_id", LOCATION_ID),
        unmapped(category.created_at, "does not tell when a location was created"),
        unmapped(category.updated_at, "does not tell when a location was changed"),
        field(category.name, "location_name", TEXT, write=ALWAYS),
        computed(category.category_type, lambda native, ctx: "location", write=CREATE),
        unmapped(category.is_required, "puts every transaction at a location, the primary one where none is said"),
        unmapped(category.options, "has no options of locations: a location is chosen itself"),
        ref(category.parent_category, "parent_location_id", to=LOCATIONS, write=ALWAYS),
        computed(category.status, _status, uses=("status",)),
        field(category.remote_status, "status", TEXT),
        unmapped(category.custom_fields, "has no custom fields on locations"),
        unmapped(category.tracking_categories, "puts tags on transactions, not on locations"),
    ),
)  # fmt: skip


class Locations(Resource):
    """Zoho wants the country and the tax settings with every write: those that stand, or the primary place's."""

    def at(self, id: str) -> str:
        return super().at(id).replace(f"/{PREFIX}", "/")

    def complete(self, record: Record, native: Any, ctx: Context, issues: Issues, *, detail: bool) -> None:
        record["remote_id"] = str(native["location_id"])

    def fetch(self, id: str, ctx: Context, step: str) -> Flow[Json]:
        self.at(id)
        for row in (yield from self._all(ctx, step)):
            if f"{PREFIX}{row.get('location_id')}" == id:
                return row
        raise Fault(Kind.NOT_FOUND, message="no such location", phase="idle")

    def _all(self, ctx: Context, step: str) -> Flow[list[Native]]:
        reply = yield Request("GET", self.path, merged_query((), ctx), step=step)
        return rows_of(reply.body, self.many)

    def needs_current(self, body: Record, *, replace_lines: bool) -> bool:
        return True

    def prepare(self, draft: Draft) -> Flow[None]:
        if draft.when is When.CREATE:
            rows = yield from self._all(draft.ctx, "read the primary location")
            usual = next((row for row in rows if row.get("is_primary")), rows[0] if rows else {})
            extra = draft.body.get("remote_data") or {}
        else:
            usual, extra = draft.current or {}, {}
        address = usual.get("address")
        told = {
            "country": address.get("country") if isinstance(address, dict) else None,
            "tax_settings_id": usual.get("tax_settings_id"),
        }
        draft.native.update(
            {name: value for name, value in told.items() if value not in (None, "") and name not in extra}
        )

    def describe(self) -> dict[str, Any]:
        told = super().describe()
        return {**told, "calls": {**told["calls"], "create": 2, "update": 2}}


RESOURCE = Locations(
    name="tracking_categories",
    path="/locations",
    one="locations",
    many="locations",
    table=TABLE,
    paging=Paging(whole=True),
    ids=PREFIX + r"[0-9]{1,24}",
    actions=masters("/locations"),
    own=LOCATIONS,
    repeats=("location_name",),
    scopes={verb: f"ZohoBooks.settings.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
)
