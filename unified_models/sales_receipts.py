"""Sales receipts: sales paid on the spot."""

from typing import Annotated

from unified_models.allocations import PAYMENT_METHODS
from unified_models.documents import SalesDocument
from unified_models.fields import required, writable
from unified_models.references import CodeRef, ContactRef
from unified_models.statuses import SALES_RECEIPT_STATUS


class SalesReceipt(SalesDocument):
    """A sale and its payment in one. `account` is the money account."""

    contact: ContactRef | None = required("Customer")
    status: Annotated[str, SALES_RECEIPT_STATUS] | None = writable(
        "In a create body draft or paid; later changed by actions", create_only=True
    )
    account: CodeRef | None = writable(
        "Bank, card, cash or clearing account it was paid into; some providers need it"
    )
    payment_method: Annotated[str, PAYMENT_METHODS] | None = required("How it was paid")
