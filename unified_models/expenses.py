"""Expenses: money spent, without a bill."""

from typing import Annotated

from unified_models.allocations import PAYMENT_METHODS
from unified_models.attachments import AttachedFile
from unified_models.fields import read_only, required, writable
from unified_models.line_items import LineItem, unposted
from unified_models.money import CurrencyBlock, TotalsBlock
from unified_models.record import Record
from unified_models.references import CodeRef, ContactRef, Part, Ref
from unified_models.statuses import BILLABLE_STATUS, EXPENSE_STATUS, REIMBURSEMENT_STATUS
from unified_models.types import Date, Money, Quantity, Words


class Mileage(Part):
    """A trip that is paid by its length."""

    distance: Quantity | None = writable("How far")
    unit: Annotated[str, Words(("km", "mile"))] | None = writable("Unit of the distance")
    rate: Money | None = writable("Paid per unit")


class Expense(TotalsBlock, CurrencyBlock, Record):
    """Money spent. `account` is the money account; what it was for stands on the lines."""

    transaction_date: Date | None = required("When it was spent")
    account: CodeRef | None = required("Bank, card, cash or clearing account it was paid from")
    line_items: list[LineItem] | None = required("What it was for; in PATCH the complete new list")
    contact: ContactRef | None = writable("Vendor")
    employee: Ref | None = writable("Employee who spent it")
    customer: ContactRef | None = writable("Customer it was spent for")
    is_billable: bool | None = writable("May be charged on to the customer")
    payment_method: Annotated[str, PAYMENT_METHODS] | None = writable("How it was paid")
    reference: str | None = writable("The caller's key or the receipt's number")
    memo: str | None = writable("Internal note")
    mileage: Mileage | None = writable("The trip it pays for")
    status: Annotated[str, EXPENSE_STATUS] | None = writable(
        "In a create body draft or authorised", create_only=True
    )
    remote_status: str | None = read_only("The provider's own word for the status")
    billable_status: Annotated[str, BILLABLE_STATUS] | None = read_only("Whether it was charged on")
    reimbursement_status: Annotated[str, REIMBURSEMENT_STATUS] | None = read_only(
        "Whether the employee was paid back"
    )
    has_attachments: bool | None = read_only("Files are attached, such as the receipt")
    attachments: list[AttachedFile] | None = read_only("Files attached to it, the receipt too")

    def lacking(self) -> dict[str, str]:
        """What a new expense lacks beyond its required fields."""
        if self.line_items is not None and not self.line_items:
            return {"line_items": "at least one line is needed"}
        return unposted(self.line_items or ())
