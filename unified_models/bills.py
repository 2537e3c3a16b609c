"""Bills: what is owed to vendors, also reached as invoices of type bill."""

from typing import Annotated

from unified_models.fields import required, writable
from unified_models.invoices import Invoice
from unified_models.line_items import unposted
from unified_models.references import ContactRef
from unified_models.types import Words


class Bill(Invoice):
    """What is owed to a vendor."""

    type: Annotated[str, Words(("bill",))] | None = writable("Always bill", create_only=True)
    number: str | None = writable("The vendor's number; some providers need it")
    contact: ContactRef | None = required("Vendor")

    def lacking(self) -> dict[str, str]:
        """What a new bill lacks beyond its required fields."""
        return super().lacking() | unposted(self.line_items or ())
