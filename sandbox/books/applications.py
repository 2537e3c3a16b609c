"""How payments and credit notes settle invoices."""

from .call import Row
from .invoices import mark_sent, settle
from .ledger import Ledger
from .money import ZERO
from .settlement import Settlement


def refresh(ledger: Ledger, invoice: Row) -> None:
    """Works an invoice out anew from what was applied to it and stamps it; a paid draft counts as issued."""
    payments = PAYMENTS.shares(ledger, invoice)
    credits = CREDITS.shares(ledger, invoice)
    invoice["payment_made"] = sum((share["amount_applied"] for _, share in payments), ZERO)
    invoice["tax_amount_withheld"] = sum((share["tax_amount_withheld"] for _, share in payments), ZERO)
    invoice["credits_applied"] = sum((share["amount_applied"] for _, share in credits), ZERO)
    invoice["last_payment_date"] = max((payment["date"] for payment, _ in payments), default="")
    if payments or credits:
        mark_sent(ledger, invoice)
    settle(ledger, invoice)
    invoice["last_modified_time"] = ledger.now()
    ledger.invoices.changed(invoice)


PAYMENTS = Settlement(
    source="payments",
    source_key="payment_id",
    target="invoices",
    target_key="invoice_id",
    share_key="invoice_payment_id",
    links="invoice_ids",
    party="customer_id",
    noun="invoice",
    number="invoice_number",
    worth="amount",
    left="unused_amount",
    refresh=refresh,
)
CREDITS = Settlement(
    source="creditnotes",
    source_key="creditnote_id",
    target="invoices",
    target_key="invoice_id",
    share_key="creditnote_invoice_id",
    links="invoice_ids",
    party="customer_id",
    noun="invoice",
    number="invoice_number",
    worth="total",
    left="balance",
    refresh=refresh,
)
