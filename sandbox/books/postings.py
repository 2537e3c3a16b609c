"""The double entries behind documents, derived from them when asked."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from .balances import NOT_OWED
from .call import Row
from .ledger import (
    BAD_DEBT,
    BANK_FEES,
    DISCOUNT,
    OTHER_CHARGES,
    RECEIVABLE,
    SHIPPING,
    TAX_PAYABLE,
    Ledger,
)
from .money import ZERO

EXCHANGE = "000000000415"
Entry = tuple[str, Decimal]
"""Account id and amount in base currency: debit positive, credit negative."""
Posting = tuple[Row, str, Decimal]
"""The document, the table it is in and the amount."""


@dataclass(frozen=True, slots=True)
class Source:
    """How the documents of a table post: their kind as transactions name it, and where their parts stand."""

    kind: str
    number: str
    contact: str
    entries: Callable[[Ledger, Row], list[Entry]]
    date: str = "date"


SOURCES: dict[str, Source] = {}
"""By table; every module of documents that post adds its own."""


def by_account(ledger: Ledger) -> dict[str, list[Posting]]:
    """Postings per account; remembered until a document changes."""
    query = ("postings", *(ledger.tables[name].version for name in SOURCES))
    return ledger.invoices.remember(query, lambda: [_all(ledger)])[0]


def closing(ledger: Ledger, account_id: str) -> Decimal:
    """Debits less credits."""
    return sum((amount for _, _, amount in by_account(ledger).get(account_id, ())), ZERO)


def rows(ledger: Ledger, account_id: str, last: int = 0) -> list[Row]:
    """The postings of one account as records, oldest first; only the latest when `last` says so."""
    found = sorted(by_account(ledger).get(account_id, ()), key=date_of)
    return [_row(ledger, account_id, posting) for posting in found[-last:]]


def reconciled(ledger: Ledger, record_id: str) -> bool:
    """Whether a line of a bank statement is matched with the record."""
    return ledger.tables["banktransactions"].has_linked("matched_ids", record_id)


def date_of(posting: Posting) -> str:
    return posting[0][SOURCES[posting[1]].date]


def invoice_entries(ledger: Ledger, invoice: Row) -> list[Entry]:
    """What an issued invoice posts; the entries of one document add up to zero."""
    if invoice["status"] in NOT_OWED:
        return []
    rate = invoice["exchange_rate"]

    def base(amount: Decimal) -> Decimal:
        return ledger.in_base(amount, rate)

    found: list[Entry] = [(ledger.id(RECEIVABLE), base(invoice["total"]))]
    found += [
        (line["account_id"], -base(line["item_total"])) for line in invoice["line_items"] if line["rate"]
    ]
    for account, amount in (
        (DISCOUNT, invoice["discount_total"] if invoice["discount_type"] == "entity_level" else ZERO),
        (TAX_PAYABLE, -invoice["tax_total"]),
        (SHIPPING, -invoice["shipping_net"]),
        (OTHER_CHARGES, -invoice["adjustment"] - invoice["roundoff_value"]),
    ):
        if amount:
            found.append((ledger.id(account), base(amount)))
    off = sum((amount for _, amount in found), ZERO)
    if off:
        found.append((ledger.id(EXCHANGE), -off))
    written = base(invoice["write_off_amount"])
    if written:
        found += [(ledger.id(BAD_DEBT), written), (ledger.id(RECEIVABLE), -written)]
    return found


def payment_entries(ledger: Ledger, payment: Row) -> list[Entry]:
    """What a payment and its refunds post."""
    rate = payment["exchange_rate"]
    amount = ledger.in_base(payment["amount"], rate)
    charges = ledger.in_base(payment["bank_charges"], rate)
    found: list[Entry] = [(payment["account_id"], amount - charges), (ledger.id(RECEIVABLE), -amount)]
    if charges:
        found.append((ledger.id(BANK_FEES), charges))
    for refund in payment["refunds"]:
        back = ledger.in_base(refund["amount"], rate)
        found += [(ledger.id(RECEIVABLE), back), (refund["from_account_id"], -back)]
    return found


SOURCES["invoices"] = Source("invoice", "invoice_number", "customer_id", invoice_entries)
SOURCES["payments"] = Source("customer_payment", "payment_number", "customer_id", payment_entries)


def _all(ledger: Ledger) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = {}
    for name, source in SOURCES.items():
        for document in ledger.tables[name].all():
            for account, amount in source.entries(ledger, document):
                found.setdefault(account, []).append((document, name, amount))
    return found


def _row(ledger: Ledger, account: str, posting: Posting) -> Row:
    document, name, amount = posting
    source, key = SOURCES[name], document[ledger.tables[name].key]
    return {
        "transaction_id": key,
        "categorized_transaction_id": key,
        "transaction_type": source.kind,
        "transaction_date": document[source.date],
        "account_id": account,
        "customer_id": document.get(source.contact, ""),
        "currency_id": document["currency_id"],
        "entry_number": document.get(source.number, ""),
        "reference_number": document.get("reference_number", ""),
        "net": amount,
        "amount": abs(amount),
    }
