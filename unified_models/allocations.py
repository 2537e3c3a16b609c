"""How payments and credits settle documents."""

from typing import Annotated

from unified_models.fields import read_only, required, writable
from unified_models.references import CodeRef, Part
from unified_models.types import Date, Money, Words

ALLOCATION_TYPES = Words(("invoice", "bill", "credit_note", "vendor_credit", "payment", "journal_entry"))
PAYMENT_METHODS = Words(("cash", "check", "card", "bank_transfer", "direct_debit", "online", "other"))


class Allocation(Part):
    """A settlement; `type` and `id` name the other document, amounts are in its currency."""

    allocation_id: str | None = read_only("Id of the settlement, for unapply")
    type: Annotated[str, ALLOCATION_TYPES] | None = required("Kind of the other document")
    id: str | None = required("Id of the other document")
    number: str | None = read_only("Its number")
    amount: Money | None = required("Amount settled")
    date: Date | None = writable("When; the payment's date when absent")
    discount_amount: Money | None = writable("Early payment discount")
    withheld_tax_amount: Money | None = writable("Tax withheld with it")


class Refund(Part):
    """Money paid back."""

    id: str | None = read_only("Id of the refund")
    transaction_date: Date | None = required("When")
    account: CodeRef | None = required("Money account it went from or to")
    total_amount: Money | None = required("How much")
    payment_method: Annotated[str, PAYMENT_METHODS] | None = writable("How")
    reference: str | None = writable("The processor's transaction id")
    memo: str | None = writable("Internal note")
