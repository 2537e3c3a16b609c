"""Goods and services."""

from collections.abc import Callable

from .call import Answer, Call, Row, done, in_use, invalid
from .customfields import detail as custom_detail
from .customfields import page_context
from .customfields import row as custom_row
from .fields import amount, boolean, choice, ref, text
from .ledger import SALES, Ledger
from .listing import Filter, Listing
from .money import ZERO
from .projection import LOCKS, Columns, blank
from .resource import Messages, Resource, Route, id_list
from .times import stamp

TYPES = ("sales", "purchases", "sales_and_purchases", "inventory")
NO_TAX: Row = {"tax_name": "", "tax_percentage": 0}


def _tax(ledger: Ledger, item: Row) -> Row:
    return ledger.taxes.get(item.get("tax_id", "")) or NO_TAX


def _names(ledger: Ledger, item: Row) -> Row:
    tax = _tax(ledger, item)
    return {
        "account_name": ledger.account_name(item.get("account_id", "")),
        "purchase_account_name": ledger.account_name(item.get("purchase_account_id", "")),
        "tax_name": tax["tax_name"],
        "tax_percentage": tax["tax_percentage"],
        "can_be_sold": item["item_type"] != "purchases",
        "can_be_purchased": item["item_type"] != "sales",
        "track_inventory": item["item_type"] == "inventory",
    }


BOTH = Columns(
    stored={
        "item_id": "",
        "name": "",
        "sku": "",
        "unit": "",
        "status": "active",
        "source": "api",
        "description": "",
        "rate": ZERO,
        "tax_id": "",
        "account_id": "",
        "purchase_account_id": "",
        "purchase_description": "",
        "purchase_rate": ZERO,
        "item_type": "sales",
        "product_type": "goods",
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants={
        **blank("zcrm_product_id", "image_name", "image_type", "product_subtype", "purpose_of_use"),
        "is_linked_with_zohocrm": False,
    },
    spread=(_names,),
)
ROW = BOTH.with_more(
    Columns(
        constants={"has_attachment": False, "image_document_id": "", "vendor_name": ""},
        made={"item_name": lambda ledger, item: item["name"]},
        spread=(lambda ledger, item: _without_hash(custom_row("item")(ledger, item)),),
    )
)


def _without_hash(found: Row) -> Row:
    """Item rows carry the flattened keys alone."""
    return {name: value for name, value in found.items() if name.startswith("cf_")}


def _prices(ledger: Ledger, item: Row) -> Row:
    rate = item.get("rate", ZERO)
    return {
        "pricebook_rate": rate,
        "sales_rate": rate,
        "default_price_brackets": [{"start_quantity": 1, "end_quantity": 1, "pricebook_rate": rate}],
        "created_at": stamp(item["created_time"], ledger.zone)[:10],
        "tax_type": _tax(ledger, item).get("tax_type", ""),
    }


DETAIL = BOTH.with_more(
    Columns(
        stored={"group_id": "", "unit_id": "", "brand": "", "manufacturer": ""},
        constants={
            **LOCKS,
            **blank(
                "crm_owner_id",
                "tax_status",
                "tax_start_date",
                "tax_end_date",
                "tax_groups_details",
                "tax_country_code",
                "tax_information",
                "is_tax_expired",
                "purchase_tax_information",
                "associated_template_id",
                "sales_margin",
                "offline_created_date_with_time",
                "minimum_order_quantity",
                "maximum_order_quantity",
                "default_hosted_page_url",
                *(f"attribute_{part}{number}" for part in ("name", "option_name") for number in (1, 2, 3)),
            ),
            "item_code": {},
            "is_default_tax_applied": False,
            "documents": [],
            "pricing_scheme": "unit",
            "price_brackets": [],
            "locked_fields": {},
            "is_fulfillable": False,
            "sales_channels": [],
            "is_modifier_item": False,
            "integration_references": [],
            "has_variant": False,
        },
        spread=(_prices, custom_detail("item")),
    )
)


def _prepare(ledger: Ledger, item: Row, body: Row, call: Call, is_new: bool) -> None:
    if is_new:
        item["item_id"] = ledger.ids.take()
        item["group_id"] = ledger.ids.take_beside(item["item_id"])
    if item.get("unit"):
        item["unit_id"] = ledger.units.setdefault(item["unit"], "") or ledger.ids.take_beside(item["item_id"])
        ledger.units[item["unit"]] = item["unit_id"]
    if item["item_type"] != "purchases" and not item.get("account_id"):
        item["account_id"] = ledger.id(SALES)


def _deletable(ledger: Ledger, item: Row) -> None:
    tables = (table for table in ledger.tables.values() if table.links("item_ids"))
    if any(table.has_linked("item_ids", item["item_id"]) for table in tables):
        raise in_use("Items which are a part of other transactions cannot be deleted.")


def _details(ledger: Ledger, call: Call, ids: tuple[str, ...]) -> Answer:
    wanted = id_list(call, "item_ids")
    if any(not each.isdigit() for each in wanted):
        raise invalid("item_ids")
    found = [ledger.items.rows[each] for each in wanted if each in ledger.items.rows]
    return done(items=[DETAIL.show(ledger, item) for item in found])


def _kind(*types: str) -> Callable[[Ledger, Row], bool]:
    def test(ledger: Ledger, item: Row) -> bool:
        return item["item_type"] in types

    return test


RESOURCE = Resource(
    path="/items",
    table="items",
    item_key="item",
    area="settings",
    entity="item",
    listing=Listing(
        table="items",
        list_key="items",
        report_name="Items",
        columns=ROW,
        sorts={
            "name": "name",
            "rate": "rate",
            "tax_name": lambda ledger, item: _tax(ledger, item)["tax_name"],
        },
        sort_column="name",
        default_filter="Status.All",
        filters={
            "name": Filter("text", "name"),
            "description": Filter("text", "description"),
            "rate": Filter("amount", "rate"),
            "tax_id": Filter("exact", "tax_id"),
            "tax_name": Filter("exact", lambda ledger, item: _tax(ledger, item)["tax_name"]),
            "is_taxable": Filter("flag", lambda ledger, item: bool(item.get("tax_id"))),
            "account_id": Filter("exact", "account_id"),
        },
        filter_by={
            "Active": lambda ledger, item: item["status"] == "active",
            "Inactive": lambda ledger, item: item["status"] == "inactive",
            "Sales": _kind("sales", "sales_and_purchases", "inventory"),
            "Purchases": _kind("purchases", "sales_and_purchases", "inventory"),
        },
        search=("name", "description", "sku"),
        context=page_context("item"),
        depends=("taxes",),
    ),
    detail=DETAIL,
    readers={
        "name": text(100),
        "rate": amount(),
        "description": text(2000),
        "sku": text(100),
        "unit": text(100),
        "item_type": choice(TYPES),
        "product_type": choice(("goods", "service", "digital_service", "capital_service", "capital_goods")),
        "tax_id": ref("taxes", "Tax does not exist."),
        "account_id": ref("accounts", "Account does not exist."),
        "purchase_account_id": ref("accounts", "Account does not exist."),
        "purchase_rate": amount(),
        "purchase_description": text(2000),
        "brand": text(100),
        "manufacturer": text(100),
        "is_taxable": boolean,
    },
    required=("name", "rate"),
    defaults={"item_type": "sales", "product_type": "goods", "status": "active", "purchase_rate": ZERO},
    messages=Messages(
        unknown="Item does not exist.",
        created="The item has been added.",
        updated="Item details have been saved.",
        deleted="The item has been deleted.",
        active="The item has been marked as active.",
        inactive="The item has been marked as inactive.",
    ),
    unique={
        "name": (1001, 'Item "{}" already exists.'),
        "sku": (1001, 'The SKU "{}" is already used by another item.'),
    },
    prepare=_prepare,
    blocks_delete=_deletable,
    has_tags=True,
    upserts=True,
)
ROUTES = (
    *RESOURCE.routes(),
    Route("GET", "/itemdetails", "settings.READ", _details),
    Route("PUT", "/item/{}/customfields", "settings.UPDATE", RESOURCE.set_custom_fields),
)
