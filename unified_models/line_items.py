"""Lines of documents."""

from collections.abc import Iterable
from typing import Annotated

from unified_models.fields import read_only, writable
from unified_models.parts import CustomField, TrackingEntry
from unified_models.references import CodeRef, ContactRef, Part, Ref, SourceRef
from unified_models.types import Money, Quantity, Rate, SignedMoney, Words


class LineItem(Part):
    """One line. It needs an item, an account or a name, and a price; a heading needs a name."""

    id: str | None = writable("In PATCH: the line that is kept and changed")
    type: Annotated[str, Words(("item", "heading"))] | None = writable("heading lines carry no amounts")
    item: CodeRef | None = writable("What is sold or bought")
    account: CodeRef | None = writable("Account it is posted to")
    name: str | None = writable("Short text")
    description: str | None = writable("Long text")
    quantity: Quantity | None = writable("How many; 1 when absent")
    unit: str | None = writable("Unit of the quantity")
    unit_price: SignedMoney | None = writable("Price of one")
    discount_percentage: Rate | None = writable("Line discount in percent; not together with the amount")
    discount_amount: Money | None = writable("Line discount; not together with the percentage")
    tax_rate: CodeRef | None = writable("Tax; absent is the provider's default, null is no tax")
    tax_amount: SignedMoney | None = read_only("Tax of this line")
    sub_total: SignedMoney | None = read_only("Line amount without tax, after its discount")
    total_line_amount: SignedMoney | None = writable("Quantity × price − discount, as the prices are given")
    project: Ref | None = writable("Project it belongs to")
    customer: ContactRef | None = writable("Customer it was bought for")
    is_billable: bool | None = writable("May be charged on to the customer")
    source: SourceRef | None = writable("Document and line it came from")
    tracking_categories: list[TrackingEntry] | None = writable("Tracking categories with their options")
    custom_fields: list[CustomField] | None = writable("Fields the company defined itself")

    def lacking(self) -> dict[str, str]:
        """What a new line lacks, by field."""
        if self.type == "heading":
            return {} if self.name or self.description else {"name": "a heading needs a name"}
        missing: dict[str, str] = {}
        if self.item is None and self.account is None and not self.name:
            missing["item"] = "a line needs an item, an account or a name"
        if self.unit_price is None and self.total_line_amount is None:
            missing["unit_price"] = "a line needs unit_price or total_line_amount"
        return missing

    def contradictions(self) -> dict[str, str]:
        """Fields that cannot stand together in a request, with the reason."""
        if self.discount_amount is not None and self.discount_percentage is not None:
            return {"discount_percentage": "give a percentage or an amount, not both"}
        return {}


def unposted(lines: Iterable[LineItem]) -> dict[str, str]:
    """New lines of a purchase that tell neither item nor account, by their place below the document."""
    return {
        f"line_items/{place}/item": "a purchase line needs an item or an account"
        for place, line in enumerate(lines)
        if line.type != "heading" and line.item is None and line.account is None
    }
