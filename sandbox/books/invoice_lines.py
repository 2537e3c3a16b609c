"""The lines of a document: read from a body, priced, and shown as invoices show them."""

from dataclasses import dataclass
from typing import Any

from .arithmetic import NO_DISCOUNT, Discount, Line, Terms, Totals, reckon
from .call import Refused, Row, invalid, missing
from .customfields import read_tags
from .fields import one_id, ref, text
from .ledger import GOODS_SOLD, SALES, Ledger
from .locations import on_line
from .money import HUNDRED, ONE, ZERO, number, rounded
from .projection import blank
from .taxes import components, label

_TEXTS = ("name", "description", "unit")
_KEPT = ("project_id", "header_name", "salesorder_item_id", "expense_id", "bill_id", "bill_item_id")


@dataclass(frozen=True, slots=True)
class Side:
    """What a line takes from its item. Without `account` a line without an item has to name its own."""

    rate: str = "rate"
    description: str = "description"
    item_account: str = "account_id"
    item_default: str = SALES
    account: str = SALES
    kept: tuple[str, ...] = _KEPT


SELLING = Side()


def buying(*kept: str, account: str = "") -> Side:
    """Lines of purchases: prices and accounts as the item is bought; `kept` are texts kept as given."""
    return Side("purchase_rate", "purchase_description", "purchase_account_id", GOODS_SOLD, account, kept)


def read_discount(value: Any, name: str = "discount") -> Discount:
    """ "10%" is a percentage, 10 and "10" an amount; null and "" are none."""
    is_percent = isinstance(value, str) and value.strip().endswith("%")
    bare = value.strip()[:-1].strip() if is_percent else value
    found = number(bare, name, default=ZERO)
    if found < 0 or (is_percent and found > HUNDRED):
        raise invalid(name)
    return Discount(found, is_percent) if found else NO_DISCOUNT


def read_lines(
    ledger: Ledger, invoice: Row, entries: list[Row], key: str = "invoice_id", side: Side = SELLING
) -> list[Row]:
    """The new whole set of lines. An entry with a known line_item_id keeps what it does not name.

    `key` is the field of the document's own id, beside which new lines get theirs.
    """
    known = {line["line_item_id"]: line for line in invoice.get("line_items", ())}
    found: list[Row] = []
    for position, entry in enumerate(entries, 1):
        given = one_id(entry.get("line_item_id") or "", "line_item_id")
        if given and given not in known:
            raise invalid("line_item_id")
        line = _read(ledger, invoice, entry, dict(known[given]) if given else None, key, side)
        line["item_order"] = position
        found.append(line)
    return found


def _read(ledger: Ledger, invoice: Row, entry: Row, line: Row | None, key: str, side: Side) -> Row:
    if line is None:
        line = _fresh(ledger, invoice, entry, key, side)
    elif entry.get("item_id") and one_id(entry["item_id"], "item_id") != line["item_id"]:
        line = {**_fresh(ledger, invoice, entry, key, side), "line_item_id": line["line_item_id"]}
    for name in _TEXTS:
        if name in entry:
            line[name] = text(2000 if name == "description" else 100)(ledger, entry[name], name)
    for name in side.kept:
        if name in entry:
            line[name] = text()(ledger, entry[name], name)
    if "location_id" in entry:
        line["location_id"] = ref("locations", "Location does not exist.")(
            ledger, entry["location_id"], "location_id"
        )
    if "tags" in entry:
        line["tags"] = read_tags(ledger, entry["tags"])
    if line["category"] == "header":
        return line
    if "quantity" in entry:
        line["quantity"] = number(entry["quantity"], "quantity")
    if "rate" in entry:
        line["rate"] = rounded(number(entry["rate"], "rate"), 6)
    if "discount" in entry:
        line["discount"] = read_discount(entry["discount"])
    if "tax_id" in entry:
        line["tax_id"] = _tax_id(ledger, entry["tax_id"])
    if entry.get("account_id"):
        given = one_id(entry["account_id"], "account_id")
        line["account_id"] = ledger.must("accounts", given, "Account does not exist.")["account_id"]
    if line["quantity"] < 0 or line["rate"] is None:
        raise missing("rate") if line["rate"] is None else invalid("quantity")
    if not line["account_id"]:
        raise missing("account_id")
    return line


def _tax_id(ledger: Ledger, value: Any) -> str:
    given = one_id(value or "", "tax_id")
    if not given:
        return ""
    tax = ledger.must("taxes", given, "Tax does not exist.")
    if tax.get("status") == "inactive":
        raise Refused(1002, "Tax does not exist.", 404)
    return given


def _fresh(ledger: Ledger, invoice: Row, entry: Row, key: str, side: Side) -> Row:
    """A new line with what its item says. Item prices are in base currency and turned into the document's."""
    is_header = entry.get("line_item_category") == "header"
    line: Row = {
        "line_item_id": ledger.ids.take_beside(invoice[key]),
        "item_id": "",
        "name": "",
        "description": "",
        "unit": "",
        "quantity": ZERO if is_header else ONE,
        "rate": ZERO if is_header else None,
        "discount": NO_DISCOUNT,
        "tax_id": "",
        "account_id": "" if is_header or not side.account else ledger.id(side.account),
        "category": "header" if is_header else "line_item",
        "item_type": "",
    }
    if entry.get("item_id"):
        item = ledger.must("items", one_id(entry["item_id"], "item_id"), "Item does not exist.")
        if item["status"] != "active":
            raise Refused(2006, "Inactive items cannot be added to transactions.")
        rate = item.get(side.rate) or ZERO
        if invoice["exchange_rate"] != ONE:
            places = ledger.currency(invoice["currency_id"])["price_precision"]
            rate = rounded(rate / invoice["exchange_rate"], places)
        line.update(
            item_id=item["item_id"],
            name=item["name"],
            description=item.get(side.description, ""),
            unit=item.get("unit", ""),
            rate=rate,
            tax_id=item.get("tax_id", ""),
            account_id=item.get(side.item_account) or ledger.id(side.item_default),
            item_type=item["item_type"],
        )
    elif is_header and not entry.get("name") and not entry.get("header_name"):
        raise missing("name")
    elif not is_header and not any(entry.get(name) for name in ("name", "account_id", "description")):
        raise missing("item_id")
    return line


def price(ledger: Ledger, invoice: Row) -> Totals:
    """Reckons the invoice and writes its figures into it and its lines."""
    places = ledger.currency(invoice["currency_id"])["price_precision"]
    priced = [line for line in invoice["line_items"] if line["category"] != "header"]
    totals = reckon(
        [
            Line(line["rate"], line["quantity"], line["discount"], components(ledger, line["tax_id"]))
            for line in priced
        ],
        Terms(
            places=places,
            is_inclusive_tax=invoice["is_inclusive_tax"],
            discount=invoice["discount"],
            discount_type=invoice["discount_type"],
            is_discount_before_tax=invoice["is_discount_before_tax"],
            shipping=invoice["shipping_charge"],
            shipping_taxes=components(ledger, invoice["shipping_charge_tax_id"]),
            adjustment=invoice["adjustment"],
            tax_rounding=invoice["tax_rounding"],
            rounds_total=ledger.profile.rounds_totals,
        ),
    )
    for line, figures in zip(priced, totals.lines, strict=True):
        line["item_total"] = figures.item_total
        line["inclusive"] = figures.inclusive
        line["discount_amount"] = figures.discount_amount
        line["taxes"] = [
            (tax.id, label(tax.name, tax.percentage), tax.percentage, amount) for tax, amount in figures.taxes
        ]
    item_level = invoice["discount_type"] == "item_level"
    invoice.update(
        sub_total=totals.sub_total,
        sub_total_inclusive_of_tax=totals.sub_total_inclusive,
        discount_total=totals.line_discounts if item_level else totals.discount,
        discount_applied_on_amount=totals.discount_base,
        shipping_net=totals.shipping_net,
        shipping_tax=totals.shipping_tax,
        shipping_taxes=[(label(tax.name, tax.percentage), amount) for tax, amount in totals.shipping_taxes],
        tax_total=totals.tax_total,
        taxes=[(label(tax.name, tax.percentage), amount) for tax, amount in totals.taxes],
        total_taxable_amount=totals.taxable_total,
        adjustment=rounded(invoice["adjustment"], places),
        roundoff_value=totals.roundoff,
        total=totals.total,
        item_ids=[line["item_id"] for line in priced if line["item_id"]],
    )
    return totals


_EMPTY: Row = {
    **blank(
        "internal_name",
        "discount_account_id",
        "discount_account_name",
        "header_id",
        "header_name",
        "pricebook_id",
        "bill_id",
        "bill_item_id",
        "image_document_id",
        "stock_on_hand",
        "available_stock",
        "committed_stock",
        "available_for_sale_stock",
        "project_id",
        "expense_id",
        "expense_receipt_name",
        "purchase_rate",
        "salesorder_item_id",
    ),
    "discounts": [],
    "item_custom_fields": [],
    "pricing_scheme": "unit",
    "tags": [],
    "documents": [],
    "time_entry_ids": [],
    "cost_amount": 0,
    "markup_percent": 0,
    "item_code": {},
    "mapped_items": [],
    "is_modifier_item": False,
}


def plain_line(ledger: Ledger, document: Row, line: Row) -> Row:
    """What lines of every kind of document show; header lines carry no amounts."""
    shared: Row = {
        "line_item_id": line["line_item_id"],
        "item_order": line["item_order"],
        "name": line["name"],
        "description": line["description"],
        "line_item_category": line["category"],
        "tags": line.get("tags", []),
    }
    if line["category"] == "header":
        return {**shared, "header_name": line.get("header_name") or line["name"]}
    tax = ledger.taxes.get(line["tax_id"])
    discount: Discount = line["discount"]
    found: Row = {
        **shared,
        "item_id": line["item_id"],
        "unit": line["unit"],
        "quantity": line["quantity"],
        "rate": line["rate"],
        "bcy_rate": ledger.in_base(line["rate"], document["exchange_rate"]),
        "discount": discount.text if discount.is_percent else discount.value,
        "account_id": line["account_id"],
        "account_name": ledger.account_name(line["account_id"]),
        "tax_id": line["tax_id"],
        "tax_name": tax["tax_name"] if tax else "",
        "tax_type": tax["tax_type"] if tax else "tax",
        "tax_percentage": tax["tax_percentage"] if tax else 0,
        "item_total": line["item_total"],
        "line_item_taxes": [
            {
                "tax_id": key,
                "tax_name": name,
                "tax_amount": amount,
                "tax_percentage": percentage,
                "tax_specific_type": "",
            }
            for key, name, percentage, amount in line["taxes"]
        ],
        "item_type": line["item_type"],
        **on_line(ledger, line),
    }
    if document["is_inclusive_tax"]:
        found["item_total_inclusive_of_tax"] = line["inclusive"]
    return found


def shown_line(ledger: Ledger, invoice: Row, line: Row) -> Row:
    """A line as the detail of an invoice shows it."""
    found = plain_line(ledger, invoice, line)
    if line["category"] == "header":
        return found
    return {
        **_EMPTY,
        **{name: line[name] for name in _KEPT if name in line},
        **found,
        "sales_rate": line["rate"],
        "discount_amount": line["discount_amount"],
    }
