"""What list rows and details of sales orders show, and where an order stands."""

from collections.abc import Callable

from . import locations, sources
from .call import Row
from .customfields import detail as custom_detail
from .customfields import row as custom_row
from .estimate_views import AMOUNTS, FIXED, NOT_ON_LINES, people, submission
from .invoice_lines import shown_line
from .invoice_views import figures
from .ledger import TEMPLATE, TERMS, Ledger
from .money import ZERO
from .projection import Columns, blank
from .times import days_between

NOT_OPEN = ("draft", "void", "pending_approval", "approved", "rejected")
STATES = ("invoiced_status", "paid_status", "shipped_status")


def states(ledger: Ledger, order: Row) -> Row:
    """Four words side by side: of the order itself, and of what was invoiced, paid and shipped of it."""
    if order["status"] in NOT_OPEN:
        found = order["status"]
        return {
            "order_status": "draft" if found == "pending_approval" else found,
            **dict.fromkeys(STATES, ""),
        }
    wanted = {line["line_item_id"]: line["quantity"] for line in order["line_items"] if "taxes" in line}
    had = sources.quantities(ledger, order)
    made = sources.invoices(ledger, order["salesorder_id"], "salesorder_id")
    invoiced = "not_invoiced"
    if made:
        whole = all(had[key] >= quantity for key, quantity in wanted.items())
        invoiced = "invoiced" if whole else "partially_invoiced"
    owed = sum((one["balance"] for one in made), ZERO)
    total = sum((one["total"] for one in made), ZERO)
    paid = "unpaid"
    if made and owed < total:
        paid = "paid" if owed <= 0 else "partially_paid"
    return {
        "order_status": "closed" if invoiced == "invoiced" else "open",
        "invoiced_status": invoiced,
        "paid_status": paid,
        "shipped_status": "",
    }


def status(ledger: Ledger, order: Row) -> str:
    found = states(ledger, order)
    if order["status"] in NOT_OPEN:
        return order["status"]
    if found["invoiced_status"] != "not_invoiced":
        return found["invoiced_status"]
    late = order["shipment_date"] and order["shipment_date"] < ledger.today()
    return "overdue" if late else "open"


def words(ledger: Ledger, order: Row) -> tuple[str, ...]:
    """Every word `status=` finds it by."""
    found = states(ledger, order)
    return (status(ledger, order), found["order_status"], *(found[name] for name in STATES))


def _shared(ledger: Ledger, order: Row) -> Row:
    word = status(ledger, order)
    return {
        "status": word,
        "current_sub_status": word,
        "customer_name": ledger.contacts.rows[order["customer_id"]]["contact_name"],
        "currency_code": ledger.currency(order["currency_id"])["currency_code"],
        **states(ledger, order),
    }


BOTH = Columns(
    stored={
        "salesorder_id": "",
        "salesorder_number": "",
        "reference_number": "",
        "customer_id": "",
        "currency_id": "",
        "date": "",
        "shipment_date": "",
        "total": ZERO,
        "salesperson_id": "",
        "salesperson_name": "",
        "delivery_method": "",
        "is_emailed": False,
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants=blank(
        "zcrm_potential_id",
        "zcrm_potential_name",
        "color_code",
        "current_sub_status_id",
        "delivery_method_id",
    ),
    spread=(_shared,),
)


def _row(ledger: Ledger, order: Row) -> Row:
    contact = ledger.contacts.rows[order["customer_id"]]
    had = sources.quantities(ledger, order)
    made = sources.invoices(ledger, order["salesorder_id"], "salesorder_id")
    shipment = order["shipment_date"]
    return {
        "company_name": contact.get("company_name", ""),
        "email": next((one["email"] for one in contact["persons"] if one["is_primary_contact"]), ""),
        "bcy_total": ledger.in_base(order["total"], order["exchange_rate"]),
        "total_invoiced_amount": sum((one["total"] for one in made), ZERO),
        "quantity": quantity(ledger, order),
        "quantity_invoiced": sum(had.values(), ZERO),
        "shipment_days": str(days_between(ledger.today(), shipment)) if shipment else "",
        "due_by_days": "",
        "due_in_days": "",
        "has_attachment": order["salesorder_id"] in ledger.attachments,
    }


def quantity(ledger: Ledger, order: Row) -> object:
    return sum((line["quantity"] for line in order["line_items"]), ZERO)


def _flat(ledger: Ledger, order: Row) -> Row:
    found: Row = custom_row("salesorder")(ledger, order)
    return {name: value for name, value in found.items() if name != "custom_field_hash"}


ROW = BOTH.with_more(
    Columns(
        constants={"is_drop_shipment": False, "is_backorder": False, "sales_channel": "direct_sales"},
        spread=(_row, _flat),
    )
)
_KEPT = frozenset(("item_type", "sales_rate", "stock_on_hand", "account_id", "account_name"))


def _line(ledger: Ledger, order: Row, line: Row, had: Callable[[str], object]) -> Row:
    found = {
        name: value
        for name, value in shown_line(ledger, order, line).items()
        if name not in NOT_ON_LINES or name in _KEPT
    }
    if line["category"] == "header":
        return found
    done = had(line["line_item_id"])
    return {
        **found,
        **blank("warehouse_id", "warehouse_name", "product_id", "document_id"),
        "is_invoiced": done == line["quantity"],
        "quantity_invoiced": done,
        "quantity_packed": 0,
        "quantity_shipped": 0,
        "quantity_cancelled": 0,
        "quantity_backordered": 0,
        "quantity_returned": 0,
        "item_sub_total": line["item_total"],
    }


def _lines(ledger: Ledger, order: Row) -> list[Row]:
    had = sources.quantities(ledger, order)
    return [_line(ledger, order, one, lambda key: had.get(key, ZERO)) for one in order["line_items"]]


def _rest(ledger: Ledger, order: Row) -> Row:
    keys = ("invoice_id", "invoice_number", "reference_number", "date", "due_date", "total", "balance")
    made = sources.invoices(ledger, order["salesorder_id"], "salesorder_id")
    unbilled = order["total"] - sum((one["total"] for one in made), ZERO)
    owed = sum((one["balance"] for one in made), ZERO)
    days = order["payment_terms"]
    return {
        "invoices": [{key: one[key] for key in keys} for one in made],
        "balance": max(unbilled, ZERO) + owed,
        "payment_terms": days,
        "payment_terms_label": order.get("payment_terms_label") or TERMS.get(days, f"Net {days}"),
        "total_quantity": quantity(ledger, order),
        "template_id": ledger.id(TEMPLATE),
        "created_by_name": order.get("created_by", ""),
        "created_by_email": "",
        "has_shipping_address": any(
            order["shipping_address"].get(part) for part in ("address", "city", "zip")
        ),
        "has_discount": bool(order["discount_total"]),
        "discount_amount": order["discount_total"],
        "contact_person_details": people(ledger, order)["contact_persons_details"],
    }


DETAIL = BOTH.with_more(
    Columns(
        stored={**AMOUNTS, "estimate_id": "", "void_reason": ""},
        constants={
            **FIXED,
            **blank(
                "account_identifier",
                "billing_address_id",
                "shipping_address_id",
                "entity_tags",
                "integration_id",
                "merchant_id",
                "merchant_name",
                "offline_created_date_with_time",
                "pickup_location_id",
                "tracking_url",
            ),
            **{
                name: []
                for name in (
                    "packages", "purchaseorders", "salesreturns", "creditnotes", "payments", "refunds", "picklists",
                    "warehouses", "tds_summary",
                )
            },
            **dict.fromkeys(
                (
                    "is_backordered", "is_dropshipped", "is_manually_fulfilled", "is_test_order", "is_taxable",
                    "can_manually_fulfill", "has_qty_cancelled", "has_unconfirmed_line_item",
                    "is_advanced_tracking_missing", "is_adv_tracking_in_package",
                ),
                False,
            ),
            "source": "Api",
            "sales_channel": "direct_sales",
            "computation_type": "basic",
            "invoice_conversion_type": "invoice",
            "template_name": "Standard Template",
            "template_type": "standard",
            "shipping_details": {},
            "so_cycle_preference": {},
        },
        made={"line_items": _lines},
        spread=(figures, people, _rest, submission, locations.shown, custom_detail("salesorder")),
    )
)  # fmt: skip
