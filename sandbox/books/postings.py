"""The double entries behind invoices and payments, derived from them when asked."""

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
"""The document, its kind and the amount."""


def by_account(ledger: Ledger) -> dict[str, list[Posting]]:
    """Postings per account; remembered until an invoice or a payment changes."""
    query = ("postings", ledger.payments.version)
    return ledger.invoices.remember(query, lambda: [_all(ledger)])[0]


def closing(ledger: Ledger, account_id: str) -> Decimal:
    """Debits less credits."""
    return sum((amount for _, _, amount in by_account(ledger).get(account_id, ())), ZERO)


def rows(ledger: Ledger, account_id: str, last: int = 0) -> list[Row]:
    """The postings of one account as records, oldest first; only the latest when `last` says so."""
    found = sorted(by_account(ledger).get(account_id, ()), key=lambda posting: posting[0]["date"])
    return [_row(account_id, *posting) for posting in found[-last:]]


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


def _all(ledger: Ledger) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = {}
    for invoice in ledger.invoices.all():
        for account, amount in invoice_entries(ledger, invoice):
            found.setdefault(account, []).append((invoice, "invoice", amount))
    for payment in ledger.payments.all():
        for account, amount in payment_entries(ledger, payment):
            found.setdefault(account, []).append((payment, "customer_payment", amount))
    return found


def _row(account: str, document: Row, kind: str, amount: Decimal) -> Row:
    is_invoice = kind == "invoice"
    return {
        "transaction_id": document["invoice_id" if is_invoice else "payment_id"],
        "categorized_transaction_id": document["invoice_id" if is_invoice else "payment_id"],
        "transaction_type": kind,
        "transaction_date": document["date"],
        "account_id": account,
        "customer_id": document["customer_id"],
        "currency_id": document["currency_id"],
        "entry_number": document["invoice_number" if is_invoice else "payment_number"],
        "reference_number": document["reference_number"],
        "net": amount,
        "amount": abs(amount),
    }
