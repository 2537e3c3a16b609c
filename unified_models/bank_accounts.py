"""Accounts money is kept in: bank, card, cash and clearing accounts."""

from typing import Annotated

from unified_models.fields import read_only, required, writable
from unified_models.record import Record
from unified_models.references import CodeRef
from unified_models.statuses import MasterBlock
from unified_models.types import SignedMoney, Words

BANK_ACCOUNT_TYPES = Words(("bank", "credit_card", "cash", "payment_clearing"))


class BankAccount(MasterBlock, Record):
    """A money account with what the bank says about it."""

    name: str | None = required("Name")
    account_type: Annotated[str, BANK_ACCOUNT_TYPES] | None = required("Kind of account")
    code: str | None = writable("Account code")
    account_number: str | None = writable("Number at the bank or IBAN; masked when read")
    routing_number: str | None = writable("Routing number, sort code or BIC")
    bank_name: str | None = writable("Name of the bank")
    currency: str | None = writable("ISO 4217 code")
    current_balance: SignedMoney | None = read_only("Balance by the books")
    bank_balance: SignedMoney | None = read_only("Balance by the bank")
    uncategorized_count: int | None = read_only("Imported transactions nobody has categorized yet")
    account: CodeRef | None = read_only("The same account in the chart of accounts")
