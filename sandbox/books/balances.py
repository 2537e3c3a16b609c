"""What contacts owe and what they have paid ahead, kept until one of their documents changes."""

from decimal import Decimal

from .call import Row
from .ledger import Ledger
from .money import ZERO, rounded

NOT_OWED = ("draft", "void", "pending_approval", "approved", "rejected")


def receivable(ledger: Ledger, contact: Row) -> Decimal:
    """What issued invoices still ask, in the contact's currency; drafts and void ones do not count."""
    return _both(ledger, contact)[0]


def unused(ledger: Ledger, contact: Row) -> Decimal:
    """What payments hold that is applied to nothing, in the contact's currency."""
    return _both(ledger, contact)[1]


def base(ledger: Ledger, contact: Row, amount: Decimal) -> Decimal:
    return ledger.in_base(amount, ledger.rate_on(contact["currency_id"], ledger.today()))


def _both(ledger: Ledger, contact: Row) -> tuple[Decimal, Decimal]:
    key = contact["contact_id"]
    found = ledger.balances.get(key)
    if found is None:
        owed = ahead = ZERO
        for invoice in ledger.invoices.linked("customer_id", key):
            if invoice["status"] not in NOT_OWED:
                owed += _in_currency(ledger, contact, invoice["balance"], invoice)
        for payment in ledger.payments.linked("customer_id", key):
            ahead += _in_currency(ledger, contact, payment["unused_amount"], payment)
        found = ledger.balances[key] = (owed, ahead)
    return found


def _in_currency(ledger: Ledger, contact: Row, amount: Decimal, document: Row) -> Decimal:
    if document["currency_id"] == contact["currency_id"] or not amount:
        return amount
    rate = ledger.rate_on(contact["currency_id"], ledger.today())
    places = ledger.currency(contact["currency_id"])["price_precision"]
    return rounded(amount * document["exchange_rate"] / rate, places)
