"""Payments received and made."""

from typing import Annotated

from unified_models.allocations import PAYMENT_METHODS, Allocation, Refund
from unified_models.fields import read_only, required, writable
from unified_models.money import CurrencyBlock
from unified_models.record import Record
from unified_models.references import CodeRef, ContactRef, Part
from unified_models.statuses import PAYMENT_STATUS
from unified_models.types import Date, Money, Words


class PaidDocument(Part):
    """The document a payment settles."""

    id: str | None = read_only("Id of the document")
    type: Annotated[str, Words(("invoice", "bill"))] | None = read_only("Its kind")


class Payment(CurrencyBlock, Record):
    """Money that moved to settle documents, or ahead of them. `account` is the money account."""

    payment_for: Annotated[str, Words(("invoice", "bill"))] | None = writable(
        "invoice: received; bill: made. Needed unless the allocations or the contact tell it",
        create_only=True,
    )
    contact: ContactRef | None = writable("Customer or vendor; needed unless an allocation tells it")
    total_amount: Money | None = required("Gross amount that moved")
    transaction_date: Date | None = writable("Today when absent")
    account: CodeRef | None = writable(
        "Bank, card, cash or clearing account; the default when absent, if the provider has one"
    )
    payment_method: Annotated[str, PAYMENT_METHODS] | None = writable("How it was paid")
    remote_payment_method: str | None = read_only("The provider's own word for the method")
    number: str | None = writable("Payment number")
    reference: str | None = writable("The processor's transaction id")
    memo: str | None = writable("Internal note")
    allocations: list[Allocation] | None = writable(
        "Documents it settles; none is an advance. Later changed by apply and unapply", create_only=True
    )
    unapplied_amount: Money | None = read_only("What no document has used yet")
    fee_amount: Money | None = writable("Fee of the bank or processor")
    fee_account: CodeRef | None = writable("Account of the fee")
    withheld_tax_amount: Money | None = read_only("Tax kept back by whoever paid")
    refunds: list[Refund] | None = read_only("Money paid back")
    is_reconciled: bool | None = read_only("Matched with the bank statement")
    status: Annotated[str, PAYMENT_STATUS] | None = read_only("State")
    remote_status: str | None = read_only("The provider's own word for the status")
    invoice: PaidDocument | None = read_only("The only document it settles, if there is one, as Truto has it")

    def lacking(self) -> dict[str, str]:
        """What a new payment lacks beyond its required fields: an advance tells its contact itself."""
        if self.contact is None and not self.allocations:
            return {"contact": "is needed without allocations"}
        return {}

    def contradictions(self) -> dict[str, str]:
        """Fields that cannot stand together in a request: a payment is received or made, not both."""
        side = self.payment_for
        wrong: dict[str, str] = {}
        for place, each in enumerate(self.allocations or ()):
            if each.type in ("invoice", "bill"):
                side = side or each.type
                if each.type != side:
                    wrong[f"allocations/{place}/type"] = f"the payment is one for {side}s"
        return wrong
