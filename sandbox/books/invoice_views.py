"""What list rows and details of invoices show."""

import zlib
from typing import Any

from . import locations
from .addresses import as_default, in_row, on_document
from .arithmetic import Discount
from .balances import receivable, unused
from .call import Row
from .customfields import detail as custom_detail
from .customfields import row as custom_row
from .invoice_lines import shown_line
from .invoice_status import due_days, status
from .ledger import RECEIVABLE, TEMPLATE, TERMS, Ledger
from .money import ZERO, formatted
from .projection import LOCKS, PAGE, SUBMITTER, Columns, blank
from .taxes import components, label
from .times import stamp


def contact_of(ledger: Ledger, invoice: Row) -> Row:
    return ledger.contacts.rows[invoice["customer_id"]]


def _shared(ledger: Ledger, invoice: Row) -> Row:
    contact = contact_of(ledger, invoice)
    currency = ledger.currency(invoice["currency_id"])
    word = status(ledger, invoice)
    person = next((one for one in contact["persons"] if one["is_primary_contact"]), None)
    return {
        "status": word,
        "current_sub_status": word,
        "customer_name": contact["contact_name"],
        "email": person["email"] if person else "",
        "currency_code": currency["currency_code"],
        "currency_symbol": currency["currency_symbol"],
        "is_viewed_by_client": bool(invoice.get("client_viewed_time")),
        "invoice_url": _url(ledger, invoice),
    }


def _url(ledger: Ledger, invoice: Row) -> str:
    mark = zlib.crc32(invoice["invoice_id"].encode())
    return f"https://zohosecurepay.com/books/{ledger.profile.portal}/secure?CInvoiceID=2-{mark:08x}"


BOTH = Columns(
    stored={
        "invoice_id": "",
        "invoice_number": "",
        "reference_number": "",
        "customer_id": "",
        "currency_id": "",
        "date": "",
        "due_date": "",
        "issued_date": "",
        "exchange_rate": ZERO,
        "total": ZERO,
        "balance": ZERO,
        "adjustment": ZERO,
        "shipping_charge": ZERO,
        "write_off_amount": ZERO,
        "salesperson_id": "",
        "salesperson_name": "",
        "payment_expected_date": "",
        "last_payment_date": "",
        "client_viewed_time": "",
        "is_emailed": False,
        "reminders_sent": 0,
        "last_reminder_sent_date": "",
        "invoice_source": "Api",
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants={
        **blank(
            "zcrm_potential_id", "zcrm_potential_name", "color_code", "current_sub_status_id", "schedule_time"
        ),
        "ach_payment_initiated": False,
        "template_type": "standard",
        "sales_channel": "direct_sales",
        "unprocessed_payment_amount": 0,
    },
    made={"template_id": lambda ledger, invoice: ledger.id(TEMPLATE)},
    spread=(_shared,),
)


def _row(ledger: Ledger, invoice: Row) -> Row:
    contact = contact_of(ledger, invoice)
    billing = invoice["billing_address"]
    return {
        "company_name": contact.get("company_name", ""),
        "country": billing.get("country", ""),
        "phone": billing.get("phone", ""),
        "billing_address": in_row(billing),
        "shipping_address": in_row(invoice["shipping_address"]),
        "due_days": due_days(ledger, invoice),
        "updated_time": invoice["last_modified_time"],
        "has_attachment": invoice["invoice_id"] in ledger.attachments,
    }


ROW = BOTH.with_more(
    Columns(
        stored={"created_by": ""},
        constants={"project_name": "", "transaction_type": "renewal", "documents": ""},
        spread=(_row, custom_row("invoice")),
    )
)


def figures(ledger: Ledger, invoice: Row) -> Row:
    """The amounts a detail of any sales document shows."""
    rate = invoice["exchange_rate"]
    discount: Discount = invoice["discount"]
    look = ledger.look(invoice["currency_id"])
    gross = invoice["shipping_net"] + invoice["shipping_tax"]
    places = ledger.currency(invoice["currency_id"])
    base = {
        f"bcy_{name}": ledger.in_base(invoice[name], rate)
        for name in ("adjustment", "discount_total", "shipping_charge", "sub_total", "tax_total", "total")
    }
    has_tax = bool(invoice["shipping_charge_tax_id"])
    tax: Row = ledger.taxes.get(invoice["shipping_charge_tax_id"]) or {}
    return {
        **base,
        "price_precision": places["price_precision"],
        "currency_name_formatted": f"{places['currency_code']}- {places['currency_name']}",
        "discount": discount.text if discount.is_percent else discount.value,
        "discount_percent": discount.value if discount.is_percent else ZERO,
        "shipping_charge_tax": invoice["shipping_tax"] if has_tax else "",
        "bcy_shipping_charge_tax": ledger.in_base(invoice["shipping_tax"], rate) if has_tax else "",
        "shipping_charge_tax_formatted": formatted(invoice["shipping_tax"], look) if has_tax else "",
        "shipping_charge_tax_name": tax.get("tax_name", ""),
        "shipping_charge_tax_type": tax.get("tax_type", ""),
        "shipping_charge_tax_percentage": tax.get("tax_percentage", ""),
        "shipping_charge_exclusive_of_tax": invoice["shipping_net"],
        "shipping_charge_inclusive_of_tax": gross,
        "shipping_charge_exclusive_of_tax_formatted": formatted(invoice["shipping_net"], look),
        "shipping_charge_inclusive_of_tax_formatted": formatted(gross, look),
        "shipping_charge_taxes": _shipping_taxes(ledger, invoice),
        "taxes": [
            {"tax_name": name, "tax_amount": amount, "tax_amount_formatted": formatted(amount, look)}
            for name, amount in invoice["taxes"]
        ],
    }


def _shipping_taxes(ledger: Ledger, invoice: Row) -> list[Row]:
    known = {
        label(tax.name, tax.percentage): tax for tax in components(ledger, invoice["shipping_charge_tax_id"])
    }
    return [
        {
            "tax_id": known[name].id if name in known else "",
            "tax_name": name,
            "tax_amount": amount,
            "tax_percentage": known[name].percentage if name in known else ZERO,
        }
        for name, amount in invoice["shipping_taxes"]
    ]


def _parties(ledger: Ledger, invoice: Row) -> Row:
    contact = contact_of(ledger, invoice)
    chosen = invoice.get("contact_persons", [])
    people = [one for one in contact["persons"] if one["contact_person_id"] in chosen]
    keys = ("contact_person_id", "first_name", "last_name", "email", "phone", "mobile", "is_primary_contact")
    author = invoice.get("created_by_id", "")
    custom = custom_detail("contact")(ledger, contact)
    return {
        "contact": {
            "customer_balance": receivable(ledger, contact),
            "credit_limit": contact.get("credit_limit", ZERO),
            "unused_customer_credits": unused(ledger, contact),
            "is_credit_limit_migration_completed": True,
        },
        "contact_persons": list(chosen),
        "contact_persons_associated": [{key: one.get(key, "") for key in keys} for one in people],
        "contact_persons_details": [{key: one.get(key, "") for key in keys} for one in people],
        "customer_custom_fields": custom["custom_fields"],
        "customer_custom_field_hash": custom["custom_field_hash"],
        "billing_address": on_document(invoice["billing_address"]),
        "shipping_address": on_document(invoice["shipping_address"]),
        "customer_default_billing_address": as_default(contact["billing_address"]),
        "account_id": ledger.id(RECEIVABLE),
        "account_name": ledger.account_name(ledger.id(RECEIVABLE)),
        "created_by_id": author,
        "created_by_name": invoice.get("created_by", ""),
        "last_modified_by_id": invoice.get("last_modified_by_id", author),
        "created_date": stamp(invoice["created_time"], ledger.zone)[:10],
    }


def _rest(ledger: Ledger, invoice: Row) -> Row:
    days = invoice["payment_terms"]
    files = ledger.attachments.get(invoice["invoice_id"], [])
    return {
        "line_items": [shown_line(ledger, invoice, line) for line in invoice["line_items"]],
        "payment_terms": days,
        "payment_terms_label": invoice.get("payment_terms_label") or TERMS.get(days, f"Net {days}"),
        "attachment_name": files[0]["file_name"] if files else "",
        "can_send_in_mail": bool(files and files[0]["can_send_in_mail"]),
        "documents": [
            {key: each[key] for key in ("document_id", "file_name", "file_type", "file_size")}
            for each in files
        ],
        "transaction_rounding_type": ("round_to_dollar" if ledger.profile.rounds_totals else "no_rounding"),
    }


def _order(ledger: Ledger, invoice: Row) -> Row:
    """The sales order it was made from."""
    order = ledger.tables["salesorders"].get(invoice.get("salesorder_id", ""))
    names = ("salesorder_id", "salesorder_number", "date", "total")
    return {
        "salesorder_number": order["salesorder_number"] if order else "",
        "salesorders": [{name: order[name] for name in names}] if order else [],
    }


_NOTHING: dict[str, Any] = blank(
    "channel_invoice_id",
    "account_identifier",
    "offline_created_date_with_time",
    "recurring_invoice_id",
    "payment_terms_id",
    "early_payment_discount_due_days",
    "discount_account_id",
    "discount_account_name",
    "adjustment_account_id",
    "adjustment_account_name",
    "shipping_charge_tax_exemption_id",
    "shipping_charge_tax_exemption_code",
    "shipping_charge_account_id",
    "shipping_charge_account_name",
    "contact_category",
    "merchant_id",
    "merchant_name",
    "ecomm_operator_id",
    "ecomm_operator_name",
    "next_reminder_date_formatted",
    "subject_content",
    "is_backorder",
)
_LISTS: dict[str, Any] = {
    name: []
    for name in (
        "invoice_installments",
        "retention_items",
        "exceptions",
        "in_process_payments",
        "deliverychallans",
        "shipping_bills",
        "sub_statuses",
        "approvers_list",
        "exchange_invoices",
    )
}
_OFF: dict[str, Any] = dict.fromkeys(
    (
        "is_last_child_invoice",
        "is_early_payment_discount_applicable",
        "is_progress_invoice",
        "can_show_kit_return",
        "is_kit_partial_return",
        "is_autobill_enabled",
        "inprocess_transaction_present",
        "stop_reminder_until_payment_expected_date",
        "ach_supported",
        "reader_offline_payment_initiated",
        "is_client_review_settings_enabled",
        "includes_package_tracking_info",
    ),
    False,
)
DETAIL = BOTH.with_more(
    Columns(
        stored={
            "notes": "",
            "terms": "",
            "adjustment_description": "",
            "is_inclusive_tax": False,
            "is_discount_before_tax": True,
            "discount_type": "entity_level",
            "discount_applied_on_amount": ZERO,
            "discount_total": ZERO,
            "shipping_charge_tax_id": "",
            "sub_total": ZERO,
            "sub_total_inclusive_of_tax": ZERO,
            "tax_total": ZERO,
            "total_taxable_amount": ZERO,
            "tax_rounding": "entity_level",
            "roundoff_value": ZERO,
            "payment_made": ZERO,
            "credits_applied": ZERO,
            "tax_amount_withheld": ZERO,
            "estimate_id": "",
            "salesorder_id": "",
            "payment_reminder_enabled": True,
            "allow_partial_payments": False,
        },
        constants={
            **_NOTHING,
            **_LISTS,
            **_OFF,
            **LOCKS,
            **SUBMITTER,
            **PAGE,
            "early_payment_discount_percentage": 0,
            "early_payment_discount_amount": 0,
            "total_retention_amount": 0,
            "retention_override_preference": "no_override",
            "tax_override_preference": "no_override",
            "rounding_mode": "round_half_up",
            "bcy_rounding_mode": "round_half_up",
            "tds_calculation_type": "tds_item_level",
            "can_send_invoice_sms": True,
            "payment_discount": 0,
            "payment_options": {"payment_gateways": []},
            "computation_type": "basic",
            "template_name": "Standard Template",
            "unused_retainer_payments": 0,
            "qr_code": {
                "qr_source": "invoice_url",
                "is_qr_enabled": False,
                "qr_value": "",
                "qr_description": "Scan the code to see what it holds.",
            },
        },
        spread=(figures, _parties, _rest, _order, locations.shown, custom_detail("invoice")),
    )
)
