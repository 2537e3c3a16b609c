"""What list rows and details of journal entries show, and the ledger lines of any document."""

from . import locations
from .call import Row
from .ledger import Ledger
from .money import ONE, ZERO
from .projection import SUBMITTER, Columns, blank, documents
from .times import stamp

ROW = Columns(
    stored={
        "journal_id": "",
        "journal_date": "",
        "entry_number": "",
        "reference_number": "",
        "currency_id": "",
        "status": "published",
        "notes": "",
        "journal_type": "both",
        "total": ZERO,
        "tags": [],
        "last_modified_time": "",
        "created_by_id": "",
    },
    constants={"entity_type": "journal"},
    made={
        "bcy_total": lambda ledger, one: ledger.in_base(one["total"], one["exchange_rate"]),
        "created_by_name": lambda ledger, one: one.get("created_by", ""),
    },
)


def _name(ledger: Ledger, contact_id: str) -> str:
    contact = ledger.contacts.get(contact_id)
    return contact["contact_name"] if contact else ""


def _line(ledger: Ledger, journal: Row, line: Row) -> Row:
    tax: Row = ledger.taxes.get(line.get("tax_id", "")) or {}
    project: Row = ledger.tables["projects"].get(line.get("project_id", "")) or {}
    return {
        "line_id": line["line_id"],
        "account_id": line["account_id"],
        "customer_id": line.get("customer_id", ""),
        "item_order": line["item_order"],
        "customer_name": _name(ledger, line.get("customer_id", "")),
        "account_name": ledger.account_name(line["account_id"]),
        "description": line.get("description", ""),
        "debit_or_credit": line["debit_or_credit"],
        **blank("tax_exemption_id", "tax_exemption_type", "tax_authority_id"),
        "tax_id": line.get("tax_id", ""),
        "tax_name": tax.get("tax_name", ""),
        "tax_type": tax.get("tax_type", "tax"),
        "tax_percentage": tax.get("tax_percentage", ""),
        "line_item_taxes": [],
        "amount": line["amount"],
        "bcy_amount": ledger.in_base(line["amount"], journal["exchange_rate"]),
        "project_name": project.get("project_name", ""),
        "project_id": line.get("project_id", ""),
        "tags": line.get("tags", []),
        **locations.on_line(ledger, line),
    }


def _detail(ledger: Ledger, journal: Row) -> Row:
    currency = ledger.currency(journal["currency_id"])
    project: Row = ledger.tables["projects"].get(journal.get("project_id", "")) or {}
    comments = ledger.comments.get(journal["journal_id"], ())
    names = (
        "comment_id", "comment_type", "commented_by_id", "commented_by", "description", "date", "operation_type",
    )  # fmt: skip
    custom: Row = journal.get("custom") or {}
    fields = ledger.definitions.get("journal", ()) if custom else ()
    shown = [
        {
            **{name: one[name] for name in ("customfield_id", "api_name", "label", "data_type", "index")},
            "value": value,
        }
        for one in fields
        if (value := custom.get(one["api_name"])) is not None
    ]
    return {
        "journal_number_suffix": journal["entry_number"],
        "fiscal_year": int(journal["journal_date"][:4]),
        "currency_code": currency["currency_code"],
        "currency_symbol": currency["currency_symbol"],
        "price_precision": currency["price_precision"],
        "bcy_total": ledger.in_base(journal["total"], journal["exchange_rate"]),
        "line_item_total": journal["total"],
        "line_items": [_line(ledger, journal, line) for line in journal["line_items"]],
        "documents": documents(ledger, journal["journal_id"]),
        "comments": [
            {**{name: one[name] for name in names}, "transaction_type": "journal"} for one in comments
        ],
        "project_name": project.get("project_name", ""),
        "custom_fields": shown or "",
    }


DETAIL = Columns(
    stored={
        "journal_id": "",
        "entry_number": "",
        "reversal_date": "",
        "reference_number": "",
        "notes": "",
        "is_scheduled_reversal": False,
        "currency_id": "",
        "exchange_rate": ONE,
        "journal_date": "",
        "journal_type": "both",
        "status": "published",
        "total": ZERO,
        "project_id": "",
        "created_time": "",
        "last_modified_time": "",
        "tags": [],
    },
    constants={
        **SUBMITTER,
        **blank("journal_template_name", "journal_number_prefix"),
        "is_period_end_journal": False,
        "is_accrual_journal": False,
        "branch_difference": [],
        "taxes": [],
        "available_receivables_credits": 0,
        "available_payables_credits": 0,
        "imported_transactions": [],
        "invoices_credited": [],
        "bills_credited": [],
        "approvers_list": [],
    },
    spread=(_detail, locations.shown),
)


def _transaction(ledger: Ledger, record: Row) -> Row:
    source, entries = record["_source"], record["_entries"]
    contact = record.get(source.contact, "") if source.contact else ""
    lines = [
        {
            "line_id": "",
            "account_id": account,
            "account_name": ledger.account_name(account),
            "customer_id": contact,
            "customer_name": _name(ledger, contact),
            "description": "",
            "debit_or_credit": "debit" if amount > 0 else "credit",
            "amount": abs(amount),
            "bcy_amount": abs(amount),
            **blank("tax_id", "tax_name", "tax_percentage", "project_id", "project_name"),
            "tax_type": "tax",
            "tags": [],
        }
        for account, amount in entries
        if amount
    ]
    total = sum((amount for _, amount in entries if amount > 0), ZERO)
    base = ledger.base
    return {
        "journal_id": next(iter(record.values())),
        "entry_number": record.get(source.number, ""),
        "reference_number": record.get("reference_number", ""),
        "notes": record.get("notes", ""),
        "transaction_type": source.kind,
        "journal_date": record[source.date],
        "journal_type": "both",
        "status": "published" if lines else "draft",
        "currency_id": base["currency_id"],
        "currency_code": base["currency_code"],
        "currency_symbol": base["currency_symbol"],
        "exchange_rate": 1,
        "line_items": lines,
        "line_item_total": total,
        "total": total,
        "bcy_total": total,
        "price_precision": base["price_precision"],
        "taxes": [],
        "created_time": stamp(record["created_time"], ledger.zone) if record.get("created_time") else "",
        "last_modified_time": record.get("last_modified_time", ""),
        "custom_fields": "",
        "tags": record.get("tags", []),
    }


TRANSACTION = Columns(spread=(_transaction,))
