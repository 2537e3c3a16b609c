"""What contacts owe or are owed and what was paid ahead, kept until one of their documents changes."""

from decimal import Decimal

from .call import Row
from .ledger import Ledger
from .money import ZERO, rounded

NOT_OWED = ("draft", "void", "pending_approval", "approved", "rejected")
_SALES = ("customer_id", "invoices", (("payments", "unused_amount"), ("creditnotes", "balance")))
_PURCHASES = ("vendor_id", "bills", (("vendorpayments", "balance"), ("vendorcredits", "balance")))


def receivable(ledger: Ledger, contact: Row) -> Decimal:
    """What issued invoices still ask, in the contact's currency; drafts and void ones do not count."""
    return outstanding(ledger, contact) if contact["contact_type"] == "customer" else ZERO


def unused(ledger: Ledger, contact: Row) -> Decimal:
    """What payments and credits hold that is applied to nothing, in the contact's currency."""
    return _both(ledger, contact)[1]


def outstanding(ledger: Ledger, contact: Row) -> Decimal:
    """What invoices ask of a customer, or bills of the organisation, in the contact's currency."""
    return _both(ledger, contact)[0]


def base(ledger: Ledger, contact: Row, amount: Decimal) -> Decimal:
    return ledger.in_base(amount, ledger.rate_on(contact["currency_id"], ledger.today()))


def _both(ledger: Ledger, contact: Row) -> tuple[Decimal, Decimal]:
    key = contact["contact_id"]
    found = ledger.balances.get(key)
    if found is None:
        owed = ahead = ZERO
        party, documents, sources = _SALES if contact["contact_type"] == "customer" else _PURCHASES
        for document in ledger.tables[documents].linked(party, key):
            if document["status"] not in NOT_OWED:
                owed += _in_currency(ledger, contact, document["balance"], document)
        for table, left in sources:
            for source in ledger.tables[table].linked(party, key):
                if source.get("status") not in NOT_OWED:
                    ahead += _in_currency(ledger, contact, source[left], source)
        found = ledger.balances[key] = (owed, ahead)
    return found


def _in_currency(ledger: Ledger, contact: Row, amount: Decimal, document: Row) -> Decimal:
    if document["currency_id"] == contact["currency_id"] or not amount:
        return amount
    rate = ledger.rate_on(contact["currency_id"], ledger.today())
    places = ledger.currency(contact["currency_id"])["price_precision"]
    return rounded(amount * document["exchange_rate"] / rate, places)
