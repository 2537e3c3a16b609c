"""What a caller may say with an action; connectors name these in the actions they declare."""

from typing import Annotated

from pydantic import Field

from unified_models.allocations import PAYMENT_METHODS, Allocation
from unified_models.line_items import LineItem
from unified_models.references import CodeRef, ContactRef, Part, RecordRef
from unified_models.transactions import TRANSACTION_TYPES
from unified_models.types import Date, Money, Rate, SignedMoney, Words


class Mail(Part):
    """A mail to the counterparty; what is absent the provider's template fills."""

    to: list[str] | None = Field(
        default=None, description="Addresses; the contact's own when absent", min_length=1
    )
    subject: str | None = Field(default=None, description="Subject", max_length=1000)
    body: str | None = Field(default=None, description="Text, HTML allowed", max_length=5000)


class Apply(Part):
    """Documents to settle with what is unapplied."""

    allocations: list[Allocation] = Field(min_length=1, description="Documents with the amount for each")


class Unapply(Part):
    """Settlements to take back."""

    allocation_ids: list[str] = Field(min_length=1, description="`allocation_id` of each settlement")


class PayBack(Part):
    """Money paid back."""

    transaction_date: Date | None = Field(default=None, description="Today when absent")
    account: CodeRef = Field(description="Money account it went from or to")
    total_amount: Money = Field(description="How much")
    payment_method: Annotated[str, PAYMENT_METHODS] | None = Field(default=None, description="How")
    reference: str | None = Field(default=None, description="The processor's transaction id")
    memo: str | None = Field(default=None, description="Internal note")


class Convert(Part):
    """What a new document is made as."""

    to: Annotated[str, Words(("invoice", "bill", "sales_order"))] = Field(
        description="Kind of the new document"
    )


class Reverse(Part):
    """An entry that takes another one back."""

    transaction_date: Date | None = Field(default=None, description="Day of the reversal; today when absent")


class CategorizedLine(LineItem):
    """What a transaction was for. A sole line without a price stands for the whole amount."""

    def lacking(self) -> dict[str, str]:
        """What a line lacks, by field."""
        missing = super().lacking()
        missing.pop("unit_price", None)
        return missing


class Categorize(Part):
    """What an imported transaction was: for something (lines), a transfer, or a payment of documents."""

    transaction_type: Annotated[str, TRANSACTION_TYPES] = Field(description="What happened")
    line_items: list[CategorizedLine] | None = Field(default=None, description="What it was for")
    account: CodeRef | None = Field(
        default=None, description="Of a transfer out: the money account it went to"
    )
    account_from: CodeRef | None = Field(
        default=None, description="Of a transfer in: the money account it came from"
    )
    contact: ContactRef | None = Field(default=None, description="Customer or vendor")
    allocations: list[Allocation] | None = Field(default=None, description="Invoices or bills it paid")
    payment_method: Annotated[str, PAYMENT_METHODS] | None = Field(default=None, description="How")
    exchange_rate: Rate | None = Field(default=None, description="Base currency per 1 unit")
    reference: str | None = Field(default=None, description="Reference; the bank's when absent")
    description: str | None = Field(default=None, description="Text; the bank's when absent")


class Match(Part):
    """Records of the books an imported transaction stands for."""

    records: list[RecordRef] = Field(min_length=1, description="The records")


class StatementLine(Part):
    """A line of a bank statement."""

    date: Date = Field(description="When")
    amount: SignedMoney = Field(description="Positive into the account, negative out of it")
    description: str | None = Field(default=None, description="What the bank says")
    reference: str | None = Field(default=None, description="The bank's reference")
    payee: str | None = Field(default=None, description="Who it went to or came from")


class ImportStatement(Part):
    """Lines of a bank statement, to be categorized or matched later."""

    lines: list[StatementLine] = Field(min_length=1, max_length=1000, description="The lines")
