"""How payments to vendors and vendor credits settle bills."""

from .call import Row
from .ledger import Ledger
from .money import ZERO
from .settlement import Settlement


def settle(bill: Row) -> None:
    """Works out what is still owed."""
    covered = bill["payment_made"] + bill["vendor_credits_applied"] + bill["tax_amount_withheld"]
    bill["balance"] = bill["total"] - covered


def mark_open(ledger: Ledger, bill: Row) -> None:
    """A draft becomes owed; nothing happens to others."""
    if bill["status"] in ("draft", "approved"):
        bill["status"] = "open"


def refresh(ledger: Ledger, bill: Row) -> None:
    """Works a bill out anew from its payments and credits and stamps it; a paid draft counts as open."""
    payments = [share for _, share in PAYMENTS.shares(ledger, bill)]
    credits = [share for _, share in CREDITS.shares(ledger, bill)]
    bill["payment_made"] = sum((share["amount_applied"] for share in payments), ZERO)
    bill["tax_amount_withheld"] = sum((share["tax_amount_withheld"] for share in payments), ZERO)
    bill["vendor_credits_applied"] = sum((share["amount_applied"] for share in credits), ZERO)
    if payments or credits:
        mark_open(ledger, bill)
    settle(bill)
    bill["last_modified_time"] = ledger.now()
    bill["last_modified_by"] = ledger.user["name"]
    ledger.tables["bills"].changed(bill)


PAYMENTS = Settlement(
    source="vendorpayments",
    source_key="payment_id",
    target="bills",
    target_key="bill_id",
    share_key="bill_payment_id",
    links="bill_ids",
    party="vendor_id",
    noun="bill",
    number="bill_number",
    worth="amount",
    left="balance",
    refresh=refresh,
)
CREDITS = Settlement(
    source="vendorcredits",
    source_key="vendor_credit_id",
    target="bills",
    target_key="bill_id",
    share_key="vendor_credit_bill_id",
    links="bill_ids",
    party="vendor_id",
    noun="bill",
    number="bill_number",
    worth="total",
    left="balance",
    refresh=refresh,
)
