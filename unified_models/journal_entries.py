"""Journal entries."""

from decimal import Decimal
from typing import Annotated

from pydantic import field_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from unified_models.attachments import AttachedFile
from unified_models.fields import read_only, required, writable
from unified_models.money import CurrencyBlock
from unified_models.parts import TrackingEntry
from unified_models.record import Record
from unified_models.references import CodeRef, ContactRef, DocumentRef, Part, Ref
from unified_models.statuses import JOURNAL_STATUS
from unified_models.types import Date, Money, SignedMoney, Words, is_reading


class JournalLine(Part):
    """One side of an entry: `type` and `amount`, or `net_amount` alone (positive is debit)."""

    id: str | None = writable("In PATCH: the line that is kept and changed")
    account: CodeRef | None = required("Account it is posted to")
    type: Annotated[str, Words(("debit", "credit"))] | None = writable(
        "Its side; needed unless `net_amount` is given"
    )
    amount: Money | None = writable("How much; needed unless `net_amount` is given")
    net_amount: SignedMoney | None = writable("Positive is debit, negative is credit")
    base_amount: SignedMoney | None = read_only("`amount` in the base currency")
    description: str | None = writable("What it is for")
    contact: ContactRef | None = writable("Customer or vendor; some providers need it on control accounts")
    tax_rate: CodeRef | None = writable("Tax; absent is the provider's default, null is no tax")
    tax_amount: SignedMoney | None = read_only("Tax of this line")
    project: Ref | None = writable("Project it belongs to")
    location: Ref | None = writable("Location or branch")
    tracking_categories: list[TrackingEntry] | None = writable("Tracking categories with their options")

    def net(self) -> Decimal | None:
        """Positive when debited, negative when credited; None when the line does not say."""
        if self.net_amount is not None:
            return self.net_amount
        if self.amount is None or self.type not in ("debit", "credit"):
            return None
        return self.amount if self.type == "debit" else -self.amount

    def lacking(self) -> dict[str, str]:
        """What a new line lacks, by field."""
        if self.net_amount is not None:
            return {}
        return {
            name: "a line needs type and amount, or net_amount"
            for name in ("type", "amount")
            if getattr(self, name) is None
        }

    def contradictions(self) -> dict[str, str]:
        """Fields that cannot stand together in a request, with the reason."""
        net = self.net_amount
        if net is None:
            return {}
        if (self.amount is not None and self.amount != abs(net)) or (
            net != 0 and self.type is not None and (self.type == "debit") != (net > 0)
        ):
            return {"net_amount": "it says something else than type and amount"}
        return {}


class JournalEntry(CurrencyBlock, Record):
    """A posting by hand. Its debits equal its credits."""

    transaction_date: Date | None = required("When it counts")
    lines: list[JournalLine] | None = required("Two lines or more; in PATCH the complete new list")
    status: Annotated[str, JOURNAL_STATUS] | None = writable(
        "In a create body draft or posted; later changed by actions", create_only=True
    )
    remote_status: str | None = read_only("The provider's own word for the status")
    number: str | None = writable("Entry number; numbered by the provider when absent")
    reference: str | None = writable("The caller's key, such as a payroll run")
    memo: str | None = writable("Internal note")
    basis: Annotated[str, Words(("accrual", "cash", "both"))] | None = writable("Reports it counts in")
    total_amount: Money | None = read_only("Sum of the debits")
    reversal_of: DocumentRef | None = read_only("The entry it takes back")
    reversed_by: DocumentRef | None = read_only("The entry that takes it back")
    source: DocumentRef | None = read_only("The document that caused it")
    attachments: list[AttachedFile] | None = read_only("Files attached to it")

    @field_validator("lines")
    @classmethod
    def _balanced(cls, lines: list[JournalLine] | None, info: ValidationInfo) -> list[JournalLine] | None:
        nets = [line.net() for line in lines or ()]
        known = [net for net in nets if net is not None]
        # Lines that keep amounts we do not see here can only be added up with the record they belong to.
        if len(known) == len(nets) and sum(known) != 0 and not is_reading(info):
            debits = sum((net for net in known if net > 0), Decimal(0))
            credits = -sum((net for net in known if net < 0), Decimal(0))
            raise PydanticCustomError(
                "unbalanced",
                "debits of {debits} are not credits of {credits}",
                {"debits": format(debits, "f"), "credits": format(credits, "f")},
            )
        return lines

    def lacking(self) -> dict[str, str]:
        """What a new entry lacks beyond its required fields."""
        if self.lines is not None and len(self.lines) < 2:
            return {"lines": "at least two lines are needed"}
        return {}
