"""What list rows and details of quotes show."""

import zlib
from typing import Any

from . import locations, sources
from .addresses import as_default, on_document
from .call import Row
from .customfields import detail as custom_detail
from .customfields import row as custom_row
from .invoice_lines import shown_line
from .invoice_views import figures
from .ledger import Ledger
from .money import ZERO
from .projection import LOCKS, PAGE, SUBMITTER, Columns, blank
from .times import stamp

TEMPLATE = "000000017003"
STORED = ("draft", "declined", "pending_approval", "approved", "rejected")


def status(ledger: Ledger, estimate: Row) -> str:
    """The native word; what was invoiced wins over the answer, the answer over the calendar."""
    made = sources.invoiced(ledger, estimate)
    if made > 0:
        return "invoiced" if made >= estimate["total"] else "partially_invoiced"
    word = estimate["status"]
    if word != "sent":
        return word
    if estimate["expiry_date"] and estimate["expiry_date"] < ledger.today():
        return "expired"
    return "viewed" if estimate.get("client_viewed_time") else "sent"


def _shared(ledger: Ledger, estimate: Row) -> Row:
    word = status(ledger, estimate)
    contact = ledger.contacts.rows[estimate["customer_id"]]
    return {
        "status": word,
        "current_sub_status": word,
        "customer_name": contact["contact_name"],
        "currency_code": ledger.currency(estimate["currency_id"])["currency_code"],
        "is_viewed_by_client": bool(estimate.get("client_viewed_time")),
        "template_id": ledger.id(TEMPLATE),
    }


BOTH = Columns(
    stored={
        "estimate_id": "",
        "estimate_number": "",
        "reference_number": "",
        "customer_id": "",
        "currency_id": "",
        "date": "",
        "expiry_date": "",
        "total": ZERO,
        "salesperson_id": "",
        "salesperson_name": "",
        "client_viewed_time": "",
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants={
        **blank("zcrm_potential_id", "zcrm_potential_name", "color_code", "current_sub_status_id"),
        "template_type": "standard",
    },
    spread=(_shared,),
)


def _without_array(ledger: Ledger, estimate: Row) -> Row:
    found: Row = custom_row("estimate")(ledger, estimate)
    return {name: value for name, value in found.items() if name.startswith("cf_")}


ROW = BOTH.with_more(
    Columns(
        stored={"accepted_date": "", "declined_date": "", "is_emailed": False},
        made={
            "company_name": lambda ledger, one: ledger.contacts.rows[one["customer_id"]].get(
                "company_name", ""
            ),
            "has_attachment": lambda ledger, one: one["estimate_id"] in ledger.attachments,
        },
        spread=(_without_array,),
    )
)

NOT_ON_LINES = frozenset(
    (
        "account_id", "account_name", "discount_account_id", "discount_account_name", "bill_id", "bill_item_id",
        "stock_on_hand", "available_stock", "committed_stock", "available_for_sale_stock", "expense_id",
        "expense_receipt_name", "purchase_rate", "salesorder_item_id", "time_entry_ids", "cost_amount",
        "markup_percent", "is_modifier_item", "sales_rate", "item_type",
    )
)  # fmt: skip


def line(ledger: Ledger, document: Row, one: Row) -> Row:
    """A line without what only invoices tell."""
    found = shown_line(ledger, document, one)
    return {
        **{name: value for name, value in found.items() if name not in NOT_ON_LINES},
        "combo_type": "",
    }


def people(ledger: Ledger, document: Row) -> Row:
    """Whom a sales document is for, and who wrote it."""
    contact = ledger.contacts.rows[document["customer_id"]]
    chosen = document.get("contact_persons", [])
    keys = ("contact_person_id", "first_name", "last_name", "email", "phone", "mobile", "is_primary_contact")
    found = [
        {key: one.get(key, "") for key in keys}
        for one in contact["persons"]
        if one["contact_person_id"] in chosen
    ]
    author = document.get("created_by_id", "")
    return {
        "contact_persons": list(chosen),
        "contact_persons_associated": found,
        "contact_persons_details": found,
        "billing_address": on_document(document["billing_address"]),
        "shipping_address": on_document(document["shipping_address"]),
        "customer_default_billing_address": as_default(contact["billing_address"]),
        "created_by_id": author,
        "last_modified_by_id": document.get("last_modified_by_id", author),
        "created_date": stamp(document["created_time"], ledger.zone)[:10],
        "currency_symbol": ledger.currency(document["currency_id"])["currency_symbol"],
        "sub_total_exclusive_of_discount": document["sub_total"],
        **files(ledger, document, "attachment_name"),
    }


def files(ledger: Ledger, document: Row, name: str) -> Row:
    key = next(iter(document.values()))  # records begin with their id
    found = ledger.attachments.get(key, [])
    keys = ("document_id", "file_name", "file_type", "file_size")
    return {
        name: found[0]["file_name"] if found else "",
        "can_send_in_mail": bool(found and found[0]["can_send_in_mail"]),
        "documents": [{each: one[each] for each in keys} for one in found],
    }


def _conversion(ledger: Ledger, estimate: Row) -> Row:
    found = sources.invoices(ledger, estimate["estimate_id"])
    made = sum((one["total"] for one in found), ZERO)
    orders = ledger.tables["salesorders"].all()
    mine = [one for one in orders if one.get("estimate_id") == estimate["estimate_id"]]
    return {
        "invoice_ids": [one["invoice_id"] for one in found],
        "invoiced_amount": made,
        "uninvoiced_amount": max(estimate["total"] - made, ZERO),
        "is_transaction_created": bool(found or mine),
        "salesorders": [{name: one[name] for name in ("salesorder_id", "salesorder_number")} for one in mine],
    }


SHIPPING: dict[str, Any] = blank(
    "shipping_charge_tax_exemption_id",
    "shipping_charge_tax_exemption_code",
    "shipping_charge_account_id",
    "shipping_charge_account_name",
)
AMOUNTS: dict[str, Any] = {
    "exchange_rate": ZERO,
    "notes": "",
    "terms": "",
    "adjustment": ZERO,
    "adjustment_description": "",
    "is_inclusive_tax": False,
    "is_discount_before_tax": True,
    "discount_type": "entity_level",
    "discount_applied_on_amount": ZERO,
    "discount_total": ZERO,
    "shipping_charge": ZERO,
    "shipping_charge_tax_id": "",
    "sub_total": ZERO,
    "sub_total_inclusive_of_tax": ZERO,
    "tax_total": ZERO,
    "tax_rounding": "entity_level",
    "roundoff_value": ZERO,
}
"""The figures every sales document stores under the name it shows."""
FIXED: dict[str, Any] = {
    **LOCKS,
    **SUBMITTER,
    **PAGE,
    **SHIPPING,
    "sub_statuses": [],
    "approvers_list": [],
    "transaction_rounding_type": "no_rounding",
    "rounding_mode": "round_half_up",
    "bcy_rounding_mode": "round_half_up",
    "tax_override_preference": "no_override",
    "tds_calculation_type": "tds_item_level",
    "contact_category": "",
}


def _url(ledger: Ledger, estimate: Row) -> str:
    mark = zlib.crc32(estimate["estimate_id"].encode())
    return f"https://zohosecurepay.com/books/{ledger.profile.portal}/secure?CEstimateID=2-{mark:08x} "


def submission(ledger: Ledger, document: Row) -> Row:
    names = ("submitted_date", "submitted_by_name", "submitter_id", "approver_id")
    return {name: document[name] for name in names if name in document}


DETAIL = BOTH.with_more(
    Columns(
        stored={**AMOUNTS, "subject_content": ""},
        constants={
            **FIXED,
            **blank("cart_id", "beat_id", "beat_number", "journey_plan_id", "estimate_type"),
            "is_converted_to_open": False,
            "is_progressive_quote": False,
            "exceptions": [],
            "subscription_ids": [],
            "retainerinvoices": [],
            "template_name": "Standard Template",
            "can_send_estimate_sms": True,
            "allow_partial_payments": False,
            "payment_options": {"payment_gateways": []},
        },
        made={
            "estimate_url": _url,
            "line_items": lambda ledger, one: [line(ledger, one, each) for each in one["line_items"]],
        },
        spread=(figures, people, _conversion, submission, locations.shown, custom_detail("estimate")),
    )
)
