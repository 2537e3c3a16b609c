"""The words of `status`, per kind of record, and those of the states beside it.

`write` holds what a create body may ask for (rule 5); everything else changes by actions.
"""

from typing import Annotated

from unified_models.fields import read_only
from unified_models.references import Part
from unified_models.types import Words

INVOICE_STATUS = Words(
    known=("draft", "submitted", "rejected", "authorised", "partially_paid", "paid", "voided", "deleted"),
    write=("draft", "authorised"),
)
CREDIT_STATUS = Words(
    known=("draft", "submitted", "rejected", "authorised", "paid", "voided"), write=("draft", "authorised")
)
SALES_RECEIPT_STATUS = Words(known=("draft", "paid", "voided"), write=("draft", "paid"))
ESTIMATE_STATUS = Words(
    known=("draft", "submitted", "sent", "accepted", "declined", "expired", "invoiced"),
    write=("draft", "sent"),
)
SALES_ORDER_STATUS = Words(
    known=("draft", "submitted", "authorised", "closed", "voided"), write=("draft", "authorised")
)
PURCHASE_ORDER_STATUS = Words(
    known=("draft", "submitted", "rejected", "authorised", "billed", "closed", "cancelled"),
    write=("draft", "authorised"),
)
JOURNAL_STATUS = Words(
    known=("draft", "submitted", "rejected", "posted", "voided"), write=("draft", "posted")
)
PAYMENT_STATUS = Words(("pending", "cleared", "failed", "voided"))
EXPENSE_STATUS = Words(known=("draft", "authorised", "voided"), write=("draft", "authorised"))
BILLABLE_STATUS = Words(("non_billable", "unbilled", "invoiced"))
REIMBURSEMENT_STATUS = Words(("none", "due", "reimbursed"))
TRANSACTION_STATUS = Words(("uncategorized", "categorized", "matched", "excluded"))
MASTER_STATUS = Words(("active", "archived", "pending"))

PROGRESS = Words(("none", "partial", "full"))
"""How much of an order has been billed, shipped or received."""


class MasterBlock(Part):
    """The state of what is used again and again: accounts, contacts, items, projects …"""

    status: Annotated[str, MASTER_STATUS] | None = read_only("Changed by activate and deactivate")
    remote_status: str | None = read_only("The provider's own word for the status")
