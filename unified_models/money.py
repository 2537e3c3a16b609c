"""The currency and totals blocks of documents (rules 1, 10 and 11)."""

from pydantic import Field

from unified_models.fields import read_only, writable
from unified_models.references import CodeRef, Part
from unified_models.types import Money, Rate, SignedMoney


class CurrencyBlock(Part):
    """What the amounts are in."""

    currency: str | None = writable("ISO 4217 code")
    exchange_rate: Rate | None = writable("Base currency per 1 unit of `currency`")
    base_currency: str | None = read_only("ISO 4217 code of the company's currency")
    base_total_amount: SignedMoney | None = read_only("`total_amount` in the base currency")


class TaxSum(Part):
    """One tax rate's share of a document."""

    tax_rate: CodeRef | None = Field(default=None, description="The rate")
    taxable_amount: SignedMoney | None = Field(default=None, description="What it was charged on")
    tax_amount: SignedMoney | None = Field(default=None, description="The tax")
    is_withheld: bool | None = Field(default=None, description="Withheld by the payer")
    is_reverse_charge: bool | None = Field(default=None, description="Owed by the buyer")


class TotalsBlock(Part):
    """How a document adds up:

    sub_total − discount_amount + total_tax_amount + shipping_amount + adjustment_amount + rounding_amount
    − withheld_tax_amount = total_amount
    """

    tax_inclusive: bool | None = writable("Unit prices contain tax")
    sub_total: Money | None = read_only("Sum of the lines, without tax, after line discounts")
    discount_percentage: Rate | None = writable("Document discount in percent; not together with the amount")
    discount_amount: Money | None = writable("Document discount; not together with the percentage")
    discount_before_tax: bool | None = writable("The document discount lowers the taxable amount")
    total_discount: Money | None = read_only("Document and line discounts together, for display")
    shipping_amount: Money | None = writable("Shipping charge without its tax")
    shipping_tax_rate: CodeRef | None = writable("Tax on shipping")
    adjustment_amount: SignedMoney | None = writable("Free correction of the total")
    adjustment_description: str | None = writable("What the adjustment is")
    rounding_amount: SignedMoney | None = read_only("Rounding of the total")
    total_tax_amount: Money | None = read_only("All taxes")
    withheld_tax_amount: Money | None = read_only("Tax the payer keeps back")
    total_amount: Money | None = writable("What is owed in all; in a create body a control total")
    taxes: list[TaxSum] | None = read_only("Taxes per rate")

    def contradictions(self) -> dict[str, str]:
        """Fields that cannot stand together in a request, with the reason."""
        if self.discount_amount is not None and self.discount_percentage is not None:
            return {"discount_percentage": "give a percentage or an amount, not both"}
        return {}
