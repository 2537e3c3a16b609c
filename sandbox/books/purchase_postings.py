"""The double entries behind bills, payments made, vendor credits and credit notes."""

from decimal import Decimal

from .balances import NOT_OWED
from .call import Row
from .ledger import (
    BANK_FEES,
    DISCOUNT,
    OTHER_CHARGES,
    PAYABLE,
    PREPAID,
    PURCHASE_DISCOUNT,
    RECEIVABLE,
    SHIPPING,
    TAX_PAYABLE,
    Ledger,
)
from .money import ZERO
from .postings import EXCHANGE, Entry


def bill_entries(ledger: Ledger, bill: Row) -> list[Entry]:
    return _document(ledger, bill, PAYABLE, PURCHASE_DISCOUNT, 1)


def vendor_credit_entries(ledger: Ledger, credit: Row) -> list[Entry]:
    found = _document(ledger, credit, PAYABLE, PURCHASE_DISCOUNT, -1)
    for refund in credit["refunds"]:
        amount = ledger.in_base(refund["amount"], credit["exchange_rate"])
        found += [(refund["account_id"], amount), (ledger.id(PAYABLE), -amount)]
    return found


def credit_note_entries(ledger: Ledger, credit: Row) -> list[Entry]:
    found = _document(ledger, credit, RECEIVABLE, DISCOUNT, 1)
    for refund in credit["refunds"]:
        amount = ledger.in_base(refund["amount"], credit["exchange_rate"])
        found += [(ledger.id(RECEIVABLE), amount), (refund["from_account_id"], -amount)]
    return found


def _document(ledger: Ledger, document: Row, control: str, reduced: str, sign: int) -> list[Entry]:
    """Lines, taxes and charges on the debit side and the control account on the other; `sign` -1 turns both."""
    if document["status"] in NOT_OWED:
        return []

    def base(amount: Decimal) -> Decimal:
        return sign * ledger.in_base(amount, document["exchange_rate"])

    found = [
        (line["account_id"], base(line["item_total"])) for line in document["line_items"] if line["rate"]
    ]
    for account, amount in (
        (control, -document["total"]),
        (reduced, -document["discount_total"] if document["discount_type"] == "entity_level" else ZERO),
        (TAX_PAYABLE, document["tax_total"]),
        (SHIPPING, document["shipping_net"]),
        (OTHER_CHARGES, document["adjustment"] + document["roundoff_value"]),
    ):
        if amount:
            found.append((ledger.id(account), base(amount)))
    off = sum((amount for _, amount in found), ZERO)
    return [*found, (ledger.id(EXCHANGE), -off)] if off else found


def vendor_payment_entries(ledger: Ledger, payment: Row) -> list[Entry]:
    """What is applied leaves what is owed at the rates of the bills; what is not is prepaid."""
    rate = payment["exchange_rate"]
    paid = ledger.in_base(payment["amount"], rate)
    charges = ledger.in_base(payment["bank_charges"], rate)
    found: list[Entry] = [(payment["paid_through_account_id"], -paid - charges)]
    if charges:
        found.append((ledger.id(BANK_FEES), charges))
    for share in payment["applied"]:
        bill = ledger.tables["bills"].rows[share["bill_id"]]
        withheld = ledger.in_base(share["tax_amount_withheld"], bill["exchange_rate"])
        owed = ledger.in_base(share["amount_applied"], bill["exchange_rate"])
        found.append((ledger.id(PAYABLE), owed + withheld))
        if withheld:
            found.append((ledger.id(TAX_PAYABLE), -withheld))
    advance = payment["balance"] + sum((refund["amount"] for refund in payment["refunds"]), ZERO)
    if advance:
        found.append((ledger.id(PREPAID), ledger.in_base(advance, rate)))
    for refund in payment["refunds"]:
        back = ledger.in_base(refund["amount"], rate)
        found += [(refund["to_account_id"], back), (ledger.id(PREPAID), -back)]
    off = sum((amount for _, amount in found), ZERO)
    return [*found, (ledger.id(EXCHANGE), -off)] if off else found
