"""Movements on bank accounts in one shape, whatever recorded them."""

from . import bank_accounts, postings
from .call import Row
from .ledger import Ledger
from .money import ONE, rounded
from .projection import Columns, documents


def movements(ledger: Ledger, account_id: str = "") -> list[Row]:
    """One entry per movement of one account or of all: documents, manual ones and lines that wait."""
    wanted = [account_id] if account_id else [
        one["account_id"] for one in ledger.accounts.all() if one["account_type"] in bank_accounts.TYPES
    ]  # fmt: skip
    posted = postings.by_account(ledger)
    found: dict[tuple[str, str], Row] = {}
    seen: set[str] = set()
    for key in wanted:
        for posting in posted.get(key, ()):
            row = _posted(ledger, key, posting)
            place = (row["transaction_id"], key)
            if place in found:
                found[place] = _together(found[place], row)
            elif account_id or row["transaction_id"] not in seen:
                found[place] = row
                seen.add(row["transaction_id"])
    lines = [line for line in ledger.tables["banktransactions"].all() if line.get("is_imported")]
    waiting = [
        _imported(ledger, line)
        for line in lines
        if line["status"] in ("uncategorized", "excluded") and line["account_id"] in wanted
    ]
    return [*waiting, *(row for row in found.values() if row["amount"])]


def _together(first: Row, second: Row) -> Row:
    signed = (first["amount"] if first["debit_or_credit"] == "debit" else -first["amount"]) + (
        second["amount"] if second["debit_or_credit"] == "debit" else -second["amount"]
    )
    return {**first, "amount": abs(signed), "debit_or_credit": "debit" if signed > 0 else "credit"}


def _posted(ledger: Ledger, account_id: str, posting: postings.Posting) -> Row:
    document, table, base = posting
    source = postings.SOURCES[table]
    key = document[ledger.tables[table].key]
    account = ledger.accounts.rows[account_id]
    rate = document["exchange_rate"] if document["currency_id"] == account["currency_id"] else ONE
    places = ledger.currency(account["currency_id"])["price_precision"]
    line = matched_line(ledger, key)
    is_manual = table == "banktransactions"
    status = "manually_added"
    if line is not None:
        status = "categorized" if line["status"] == "categorized" else "matched"
    contact = document.get(source.contact, "") if source.contact else ""
    return {
        "transaction_id": key,
        "date": document[source.date],
        "amount": rounded(abs(base) / rate, places),
        "transaction_type": document["transaction_type"] if is_manual else source.kind,
        "status": status,
        "source": "manually_added" if line is None else "imported",
        "account_id": account_id,
        "customer_id": contact,
        "payee": "",
        "description": document.get("description") or document.get("notes") or "",
        "currency_id": account["currency_id"],
        "debit_or_credit": "debit" if base > 0 else "credit",
        "offset_id": _offset(ledger, document, account_id, source),
        "reference_number": document.get("reference_number", ""),
        "transaction_number": document.get(source.number, ""),
        "imported_transaction_id": line["transaction_id"] if line else "",
        "table": table,
    }


def _offset(ledger: Ledger, document: Row, account_id: str, source: postings.Source) -> str:
    others = [key for key, _ in source.entries(ledger, document) if key != account_id]
    return others[0] if others else ""


def _imported(ledger: Ledger, line: Row) -> Row:
    return {
        **line,
        "transaction_type": "",
        "source": "imported",
        "customer_id": "",
        "offset_id": "",
        "transaction_number": "",
        "imported_transaction_id": line["transaction_id"],
        "table": "banktransactions",
    }


def matched_line(ledger: Ledger, record_id: str) -> Row | None:
    """The line of a statement that stands for a record."""
    found = ledger.tables["banktransactions"].linked("matched_ids", record_id)
    return found[0] if found else None


def _names(ledger: Ledger, row: Row) -> Row:
    account = ledger.accounts.rows[row["account_id"]]
    currency = ledger.currency(row["currency_id"])
    contact = ledger.contacts.get(row["customer_id"])
    return {
        "account_name": account["account_name"],
        "account_type": account["account_type"],
        "price_precision": currency["price_precision"],
        "currency_code": currency["currency_code"],
        "currency_symbol": currency["currency_symbol"],
        "payee": row["payee"] or (contact["contact_name"] if contact else ""),
        "offset_account_name": ledger.account_name(row["offset_id"]),
        "rule_details": [],
    }


ROW = Columns(
    stored={
        "transaction_id": "",
        "date": "",
        "amount": 0,
        "transaction_type": "",
        "status": "",
        "source": "",
        "account_id": "",
        "customer_id": "",
        "description": "",
        "currency_id": "",
        "debit_or_credit": "",
        "reference_number": "",
        "imported_transaction_id": "",
    },
    constants={"is_paid_via_print_check": False, "is_offsetaccount_matched": False, "is_rule_exist": False},
    spread=(_names,),
)


def _detail(ledger: Ledger, one: Row) -> Row:
    contact = ledger.contacts.get(one["customer_id"])
    name = contact["contact_name"] if contact else ""
    is_vendor = contact is not None and contact["contact_type"] == "vendor"
    line = matched_line(ledger, one["transaction_id"])
    imported: list[Row] = []
    if line is not None:
        names = ("date", "amount", "payee", "description", "reference_number", "status", "account_id")
        imported = [
            {"imported_transaction_id": line["transaction_id"], **{each: line[each] for each in names}}
        ]
    tax: Row = ledger.taxes.get(one["tax_id"]) or {}
    whole = one["amount"]
    shared: Row = {
        "from_account_id": one["from_account_id"],
        "from_account_name": ledger.account_name(one["from_account_id"]),
        "payment_mode": one["payment_mode"],
        "customer_id": "" if is_vendor else one["customer_id"],
        # the service shows an id under this name on lines
        "customer_name": "" if is_vendor else one["customer_id"],
        "vendor_id": one["customer_id"] if is_vendor else "",
        "vendor_name": name if is_vendor else "",
        "sub_total": whole - one["tax_amount"],
        "total": whole,
        "bcy_total": ledger.in_base(whole, one["exchange_rate"]),
        "tags": one.get("tags", []),
    }
    return {
        **shared,
        "to_account_id": one["to_account_id"],
        "to_account_name": ledger.account_name(one["to_account_id"]),
        "currency_code": ledger.currency(one["currency_id"])["currency_code"],
        "customer_name": "" if is_vendor else name,
        "tax_name": tax.get("tax_name", ""),
        "tax_percentage": tax.get("tax_percentage", 0),
        "documents": documents(ledger, one["transaction_id"]),
        "imported_transactions": imported,
        "status": "manually_added" if line is None else line["status"],
        "line_items": [shared],
    }


DETAIL = Columns(
    stored={
        "transaction_id": "",
        "transaction_type": "",
        "currency_id": "",
        "payment_mode": "",
        "exchange_rate": ONE,
        "date": "",
        "reference_number": "",
        "description": "",
        "bank_charges": 0,
        "tax_id": "",
        "is_inclusive_tax": False,
        "tax_amount": 0,
        "amount": 0,
    },
    spread=(_detail,),
)
