"""Invoices; bills have the same shape."""

from typing import Annotated

from pydantic import Field

from unified_models.allocations import Allocation
from unified_models.documents import Document
from unified_models.fields import read_only, writable
from unified_models.references import Ref
from unified_models.types import Date, SignedMoney, Words

INVOICE_STATUS = Words(
    known=("draft", "submitted", "rejected", "authorised", "partially_paid", "paid", "voided", "deleted"),
    write=("draft", "authorised"),
)


class Invoice(Document):
    """What a customer owes (invoice), or what is owed to a vendor (bill)."""

    type: Annotated[str, Words(("invoice", "bill"))] | None = writable("Default by path", create_only=True)
    reference: Annotated[str, Field(max_length=100)] | None = writable(
        "The caller's key, such as an order id"
    )
    status: Annotated[str, INVOICE_STATUS] | None = writable(
        "In a create body draft or authorised; later changed by actions", create_only=True
    )
    is_overdue: bool | None = read_only("Owed, and due before today in the company's time zone")
    due_date: Date | None = writable("From the terms when absent")
    paid_on_date: Date | None = read_only("When it was paid in full")
    balance: SignedMoney | None = read_only("Still owed")
    allocations: list[Allocation] | None = read_only("Payments and credits that settled it")
    payments: list[Ref] | None = read_only("The payments among them, under Truto's name")
    write_off_amount: SignedMoney | None = read_only("Written off")
