"""Items: /items."""

from typing import Any

from connectors.kit.actions import masters
from connectors.kit.codec import ID, MONEY, QUANTITY, TEXT, CodecError, flag
from connectors.kit.custom_fields import custom_fields
from connectors.kit.faults import FieldError, Rejected
from connectors.kit.flows import Draft
from connectors.kit.http import Flow
from connectors.kit.mapping import (
    ALWAYS,
    CREATE,
    Native,
    Table,
    Words,
    computed,
    field,
    names,
    ref,
    unmapped,
)
from connectors.kit.operations import Context, Op
from connectors.kit.resource import Resource
from connectors.zoho_books.codecs import CUSTOM_FIELDS, INSTANT, MASTER_STATUS, MONEY_TEXT, PRODUCT_TYPE
from connectors.zoho_books.field_names import definitions
from connectors.zoho_books.lookups import ACCOUNTS, ITEMS, TAXES, VENDORS
from connectors.zoho_books.tracking import tracking
from unified_models.items import Item

item = names(Item)

SIDES = {"sales": (True, False), "purchases": (False, True), "sales_and_purchases": (True, True)}
"""item_type → (is sold, is purchased); "inventory" is both."""


def _is_sold(native: Native, ctx: Context) -> bool | None:
    return _side(native, "can_be_sold", 0)


def _is_purchased(native: Native, ctx: Context) -> bool | None:
    return _side(native, "can_be_purchased", 1)


def _side(native: Native, name: str, place: int) -> bool | None:
    told = flag(native.get(name))
    if told is not None:
        return told
    kind = native.get("item_type")
    return True if kind == "inventory" else SIDES.get(str(kind), (None, None))[place]


def _is_inventory(native: Native, ctx: Context) -> bool:
    return flag(native.get("track_inventory")) is True or native.get("item_type") == "inventory"


def _flag(name: str) -> Any:
    def put(value: bool, native: Native, ctx: Context) -> None:
        native.setdefault("sides", {})[name] = value

    return put


def item_type(sold: bool, bought: bool, counted: bool) -> str:
    """The one word Zoho has for what an item may stand on. CodecError where it has none."""
    if counted:
        return "inventory"
    found = next((word for word, sides in SIDES.items() if sides == (sold, bought)), None)
    if found is None:
        raise CodecError("an item is sold, purchased or both", "unsupported_field")
    return found


TABLE = Table(
    Item,
    (
        field(item.id, "item_id", ID),
        field(item.created_at, "created_time", INSTANT),
        field(item.updated_at, "last_modified_time", INSTANT),
        field(
            item.name, "name", TEXT, write=ALWAYS, sort="name",
            filters={Op.EQ: "name", Op.STARTS_WITH: "name_startswith", Op.CONTAINS: "name_contains"},
        ),
        field(item.code, "sku", TEXT, write=ALWAYS, filters={Op.EQ: "search_text"}),
        field(
            item.description, "description", TEXT, write=ALWAYS,
            filters={Op.STARTS_WITH: "description_startswith", Op.CONTAINS: "description_contains"},
        ),
        field(item.purchase_description, "purchase_description", TEXT, write=ALWAYS),
        field(item.type, "product_type", PRODUCT_TYPE, write=ALWAYS),
        computed(
            item.is_sold, _is_sold, uses=("can_be_sold", "item_type"), put=_flag("is_sold"), write=ALWAYS
        ),
        computed(
            item.is_purchased, _is_purchased, uses=("can_be_purchased", "item_type"),
            put=_flag("is_purchased"), write=ALWAYS,
        ),
        computed(
            item.is_inventory, _is_inventory, uses=("track_inventory", "item_type"),
            put=_flag("is_inventory"), write=CREATE,
        ),
        field(item.unit, "unit", TEXT, write=ALWAYS),
        field(
            item.unit_price, "rate", MONEY, write=ALWAYS, sort="rate",
            filters={
                Op.EQ: "rate", Op.LT: "rate_less_than", Op.LTE: "rate_less_equals",
                Op.GT: "rate_greater_than", Op.GTE: "rate_greater_equals",
            },
        ),
        field(item.purchase_price, "purchase_rate", MONEY_TEXT, write=ALWAYS),
        ref(
            item.sales_account, "account_id", name="account_name", to=ACCOUNTS, write=ALWAYS,
            below={"id": {Op.EQ: "account_id"}},
        ),
        ref(
            item.purchase_account, "purchase_account_id", name="purchase_account_name", to=ACCOUNTS, write=ALWAYS
        ),
        ref(
            item.asset_account, "inventory_account_id", to=ACCOUNTS,
            write=ALWAYS, detail_only=True,
        ),
        ref(
            item.sales_tax_rate, "tax_id", name="tax_name", to=TAXES, write=ALWAYS,
            below={"id": {Op.EQ: "tax_id"}, "name": {Op.EQ: "tax_name"}},
        ),
        unmapped(item.purchase_tax_rate, "has one tax rate per item, for sales and purchases"),
        ref(
            item.preferred_vendor, "vendor_id", name="vendor_name", to=VENDORS, write=ALWAYS, detail_only=True,
        ),
        field(item.quantity_on_hand, "stock_on_hand", QUANTITY, detail_only=True),
        field(item.quantity, "stock_on_hand", QUANTITY, detail_only=True),
        unmapped(item.opening_quantity, "opens stock by location; send locations in remote_data"),
        unmapped(item.opening_unit_cost, "opens stock by location; send locations in remote_data"),
        field(
            item.status, "status", MASTER_STATUS,
            filters={Op.EQ: Words("filter_by", {"active": "Status.Active", "archived": "Status.Inactive"})},
        ),
        field(item.remote_status, "status", TEXT),
        custom_fields(item.custom_fields, CUSTOM_FIELDS),
        tracking(item.tracking_categories, located=False),
    ),
)  # fmt: skip


class Items(Resource):
    """Zoho says with one word, item_type, what we say with three."""

    def needs_current(self, body: dict[str, Any], *, replace_lines: bool) -> bool:
        sides = ("is_sold", "is_purchased")
        return any(name in body for name in sides) or super().needs_current(body, replace_lines=replace_lines)

    def prepare(self, draft: Draft) -> Flow[None]:
        sides = draft.native.pop("sides", None)
        if sides is None:
            return
        now = draft.current or {"item_type": "sales"}
        sold = sides.get("is_sold", _is_sold(now, draft.ctx))
        bought = sides.get("is_purchased", _is_purchased(now, draft.ctx))
        counted = sides.get("is_inventory", _is_inventory(now, draft.ctx))
        try:
            draft.native["item_type"] = item_type(bool(sold), bool(bought), bool(counted))
        except CodecError as error:
            raise Rejected(FieldError(error.code, "/is_sold", str(error))) from None
        return
        yield


RESOURCE = Items(
    name="items",
    path="/items",
    one="item",
    many="items",
    table=TABLE,
    ids=r"[0-9]{1,24}",
    actions=masters("/items"),
    own=ITEMS,
    scopes={verb: f"ZohoBooks.settings.{verb.upper()}" for verb in ("create", "read", "update", "delete")},
    repeats=("name", "rate"),
    order="name",
    search="search_text",
    page_link="/app/{organization}#/inventory/items/{id}",
    expansions={"custom_fields": "items"},
    definitions=definitions("item"),
)
