"""The chart of accounts."""

from typing import Annotated

from unified_models.fields import read_only, required, writable
from unified_models.record import Record
from unified_models.references import CodeRef
from unified_models.statuses import MasterBlock
from unified_models.types import SignedMoney, Words

CLASSIFICATION = Words(("asset", "liability", "equity", "revenue", "expense"))

ACCOUNT_TYPES = Words(
    (
        "accounts_payable",
        "accounts_receivable",
        "bank",
        "cash",
        "credit_card",
        "current",
        "current_liability",
        "direct_costs",
        "equity",
        "expense",
        "fixed_asset",
        "income",
        "inventory",
        "long_term_liability",
        "other_asset",
        "other_expenses",
        "other_income",
        "other_liability",
        "payment_clearing",
    )
)


class Account(MasterBlock, Record):
    """An account of the general ledger. Its balance is positive on the account's normal side."""

    name: str | None = required("Name")
    type: Annotated[str, ACCOUNT_TYPES] | None = required("Kind of account")
    remote_type: str | None = read_only("The provider's own word for the type")
    classification: Annotated[str, CLASSIFICATION] | None = read_only("Part of the statements it belongs to")
    code: str | None = writable("Account code")
    description: str | None = writable("What it is for")
    parent_account: CodeRef | None = writable("Account it is a part of")
    level: int | None = read_only("Depth below the top, 0 at the top")
    fully_qualified_name: str | None = read_only("Names from the top, joined by colons")
    currency: str | None = writable("ISO 4217 code")
    current_balance: SignedMoney | None = read_only("Balance")
    account_number: str | None = read_only("Number at the bank, masked")
    is_system: bool | None = read_only("Made by the provider; cannot be deleted")
    is_money_account: bool | None = read_only("Bank, card, cash or clearing: payments may name it")
    can_post: bool | None = read_only("Journal lines may name it without a contact")
