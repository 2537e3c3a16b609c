"""Transactions on money accounts, from the books or from bank statements."""

from typing import Annotated

from unified_models.fields import read_only, required, writable
from unified_models.line_items import LineItem
from unified_models.money import CurrencyBlock
from unified_models.record import Record
from unified_models.references import CodeRef, ContactRef, RecordRef
from unified_models.statuses import TRANSACTION_STATUS
from unified_models.types import Date, Money, SignedMoney, Words

TRANSACTION_TYPES = Words(
    known=(
        "refund",
        "deposit",
        "estimate",
        "transfer",
        "credit_card",
        "spend",
        "receive",
        "receive_overpayment",
        "receive_prepayment",
        "spend_overpayment",
        "spend_prepayment",
    ),
    write=("deposit", "spend", "receive", "refund", "transfer", "credit_card"),
)


class Transaction(CurrencyBlock, Record):
    """Money into or out of a money account. What it was for stands on the lines."""

    transaction_type: Annotated[str, TRANSACTION_TYPES] | None = required("What happened")
    account: CodeRef | None = required("Money account; of a transfer the one that receives")
    transaction_date: Date | None = required("When")
    total_amount: Money | None = required("How much, whichever way")
    account_from: CodeRef | None = writable("Of a transfer: the money account it comes from")
    direction: Annotated[str, Words(("inflow", "outflow"))] | None = read_only("Into or out of `account`")
    net_amount: SignedMoney | None = read_only("Positive into `account`, negative out of it; cards too")
    contact: ContactRef | None = writable("Customer or vendor")
    payee: str | None = read_only("Who the bank says it went to or came from")
    number: str | None = read_only("Number of the transaction")
    reference: str | None = writable("Check number or the bank's reference")
    description: str | None = writable("What the bank or the caller says about it")
    line_items: list[LineItem] | None = writable("What it was for; in PATCH the complete new list")
    match: RecordRef | None = read_only("The record it was matched with")
    status: Annotated[str, TRANSACTION_STATUS] | None = read_only(
        "Changed by categorize, match, unmatch, exclude and restore"
    )
    remote_status: str | None = read_only("The provider's own word for the status")
    running_balance: SignedMoney | None = read_only("Balance of the account after it")

    def lacking(self) -> dict[str, str]:
        """What a new transaction lacks beyond its required fields."""
        if self.transaction_type == "transfer" and self.account_from is None:
            return {"account_from": "a transfer needs the account it comes from"}
        return {}
