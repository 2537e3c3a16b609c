"""Invoices; bills have the same shape."""

from typing import Annotated

from unified_models.allocations import Allocation
from unified_models.documents import SalesDocument
from unified_models.fields import read_only, writable
from unified_models.line_items import unposted
from unified_models.parts import PaymentTerms
from unified_models.references import Ref
from unified_models.statuses import INVOICE_STATUS
from unified_models.types import Date, SignedMoney, Words


class Invoice(SalesDocument):
    """What a customer owes (invoice), or what is owed to a vendor (bill)."""

    type: Annotated[str, Words(("invoice", "bill"))] | None = writable("Default by path", create_only=True)
    status: Annotated[str, INVOICE_STATUS] | None = writable(
        "In a create body draft or authorised; later changed by actions", create_only=True
    )
    is_overdue: bool | None = read_only("Owed, and due before today in the company's time zone")
    due_date: Date | None = writable("From the terms when absent")
    paid_on_date: Date | None = read_only("When it was paid in full")
    payment_terms: PaymentTerms | None = writable("When it falls due")
    balance: SignedMoney | None = read_only("Still owed")
    allocations: list[Allocation] | None = read_only("Payments and credits that settled it")
    payments: list[Ref] | None = read_only("The payments among them, under Truto's name")
    write_off_amount: SignedMoney | None = read_only("Written off")

    def lacking(self) -> dict[str, str]:
        """What a new document lacks beyond its required fields; lines of bills need an item or account."""
        missing = super().lacking()
        if self.type == "bill":
            missing |= unposted(self.line_items or ())
        return missing
