"""What list rows and details of contacts show."""

from datetime import datetime

from . import balances, persons
from .call import Row
from .customfields import detail as custom_detail
from .customfields import row as custom_row
from .ledger import TERMS, Ledger
from .money import ZERO
from .projection import LOCKS, SUBMITTER, Columns, blank, documents
from .times import shown_day, stamp

TEMPLATES = {
    f"{kind}_template_{part}": ""
    for kind in (
        "statement",
        "invoice",
        "bill",
        "estimate",
        "creditnote",
        "paymentthankyou",
        "invoice_email",
        "estimate_email",
        "creditnote_email",
        "paymentthankyou_email",
        "payment_remittance_email",
    )
    for part in ("id", "name")
}


def _money(ledger: Ledger, contact: Row) -> Row:
    owed, ahead = balances.outstanding(ledger, contact), balances.unused(ledger, contact)
    owed_base, ahead_base = balances.base(ledger, contact, owed), balances.base(ledger, contact, ahead)
    mine, other = (
        ("receivable", "payable") if contact["contact_type"] == "customer" else ("payable", "receivable")
    )
    return {
        f"outstanding_{mine}_amount": owed,
        f"outstanding_{mine}_amount_bcy": owed_base,
        f"unused_credits_{mine}_amount": ahead,
        f"unused_credits_{mine}_amount_bcy": ahead_base,
        f"outstanding_{other}_amount": ZERO,
        f"outstanding_{other}_amount_bcy": ZERO,
        f"unused_credits_{other}_amount": ZERO,
        f"unused_credits_{other}_amount_bcy": ZERO,
    }


def mirrors(ledger: Ledger, contact: Row) -> Row:
    """Name, e-mail and telephones of the primary person stand on the contact."""
    person = persons.primary(contact)
    return {part: person.get(part, "") for part in ("first_name", "last_name", "email", "phone", "mobile")}


def _currency(ledger: Ledger, contact: Row) -> Row:
    currency = ledger.currency(contact["currency_id"])
    return {"currency_id": currency["currency_id"], "currency_code": currency["currency_code"]}


def _terms(ledger: Ledger, contact: Row) -> Row:
    days = contact["payment_terms"]
    label = contact.get("payment_terms_label") or TERMS.get(days, f"Net {days}")
    return {
        "payment_terms": days,
        "payment_terms_label": label,
        "payment_terms_id": ledger.id(f"0000000930{81 + list(TERMS).index(days)}") if days in TERMS else "",
    }


BOTH = Columns(
    stored={
        "contact_id": "",
        "contact_name": "",
        "company_name": "",
        "contact_type": "customer",
        "customer_sub_type": "business",
        "website": "",
        "language_code": "",
        "status": "active",
        "source": "api",
        "twitter": "",
        "facebook": "",
        "track_1099": False,
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants={
        "language_code_formatted": "",
        "is_linked_with_zohocrm": False,
        "portal_status": "disabled",
        "ach_supported": False,
    },
    spread=(mirrors, _currency, _terms, _money),
)
ROW = BOTH.with_more(
    Columns(
        constants={
            "portal_status_formatted": "Disabled",
            "contactperson_custom_fields": [],
        },
        made={
            "has_attachment": lambda ledger, one: one["contact_id"] in ledger.attachments,
            "customer_name": lambda ledger, contact: contact["contact_name"],
            "vendor_name": lambda ledger, contact: contact["contact_name"],
            "contact_type_formatted": lambda ledger, contact: (
                "Customer" if contact["contact_type"] == "customer" else "Vendors"
            ),
            "created_time_formatted": lambda ledger, contact: _day(ledger, contact["created_time"]),
            "last_modified_time_formatted": lambda ledger, contact: _day(
                ledger, contact["last_modified_time"]
            ),
        },
        spread=(custom_row("contact"),),
    )
)


def _day(ledger: Ledger, instant: datetime) -> str:
    return shown_day(stamp(instant, ledger.zone)[:10])


def _summaries(ledger: Ledger, contact: Row) -> list[Row]:
    currency = ledger.currency(contact["currency_id"])
    keys = ("currency_id", "currency_code", "currency_symbol", "price_precision", "is_base_currency")
    is_customer = contact["contact_type"] == "customer"
    return [
        {
            **{key: currency[key] for key in keys},
            "currency_name_formatted": f"{currency['currency_code']}- {currency['currency_name']}",
            "outstanding_receivable_amount": balances.receivable(ledger, contact),
            "unused_credits_receivable_amount": balances.unused(ledger, contact) if is_customer else ZERO,
        }
    ]


def _author(ledger: Ledger, contact: Row) -> Row:
    author = contact.get("created_by_id", "")
    return {
        "created_by_id": author,
        "created_by_name": contact.get("created_by", ""),
        "last_modified_by_id": contact.get("last_modified_by_id", author),
        "created_date": _day(ledger, contact["created_time"]),
    }


def _number(ledger: Ledger, contact: Row) -> Row:
    """Only organisations that number their contacts show it."""
    return {"contact_number": contact["contact_number"]} if contact.get("contact_number") else {}


DETAIL = BOTH.with_more(
    Columns(
        stored={
            "notes": "",
            "billing_address": {},
            "shipping_address": {},
            "addresses": [],
            "entity_address_id": "",
            "payment_reminder_enabled": True,
            "tax_id_type": "",
            "tax_id_value": "",
            "tax_reg_label": "",
            "owner_id": "",
            "owner_name": "",
            "opening_balance_amount": ZERO,
            "department": "",
            "designation": "",
            "contact_salutation": "",
            "credit_limit": ZERO,
        },
        constants={
            **blank(
                "contact_tax_information",
                "photo_url",
                "invited_by",
                "contact_relation_type",
                "zcrm_account_id",
                "zcrm_contact_id",
                "crm_owner_id",
                "exchange_rate",
                "opening_balance_amount_bcy",
                "consent_date",
                "account_id",
                "account_name",
                "contact_category",
                "pricebook_id",
                "pricebook_name",
                "zohopeople_client_id",
            ),
            **LOCKS,
            **SUBMITTER,
            "is_bcy_only_contact": True,
            "is_credit_limit_migration_completed": True,
            "is_client_review_asked": False,
            "is_crm_customer": False,
            "credit_limit_exceeded_amount": ZERO,
            "can_show_customer_ob": True,
            "can_show_vendor_ob": True,
            "outstanding_ob_receivable_amount": ZERO,
            "outstanding_ob_payable_amount": ZERO,
            "unused_retainer_payments": ZERO,
            "is_sms_enabled": True,
            "is_consent_agreed": False,
            "is_client_review_settings_enabled": False,
            "sales_channel": "direct_sales",
            "portal_receipt_count": 0,
            "opening_balances": [],
            "default_templates": TEMPLATES,
            "associated_with_square": False,
            "cards": [],
            "checks": [],
            "upi_mandates": [],
            "bank_accounts": [],
            "vpa_list": [],
            "approvers_list": [],
            "integration_references": [],
        },
        made={
            "documents": lambda ledger, one: documents(ledger, one["contact_id"]),
            "currency_symbol": lambda ledger, one: ledger.currency(one["currency_id"])["currency_symbol"],
            "price_precision": lambda ledger, one: ledger.currency(one["currency_id"])["price_precision"],
            "has_transaction": lambda ledger, one: trades(ledger, one),
            "contact_persons": lambda ledger, one: [persons.shown(person) for person in one["persons"]],
            "primary_contact_id": lambda ledger, one: persons.primary(one).get("contact_person_id", ""),
            "customer_currency_summaries": _summaries,
        },
        spread=(_author, _number, custom_detail("contact")),
    )
)


def trades(ledger: Ledger, contact: Row) -> bool:
    """Whether documents name the contact."""
    key = contact["contact_id"]
    return any(
        table.has_linked(link, key)
        for table in ledger.tables.values()
        for link in ("customer_id", "vendor_id")
        if table.links(link)
    )
